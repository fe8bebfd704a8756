/** Records of outages as lines of their file, and lines back to records: of what is no record nothing is taken. Pure. */

import { z } from 'zod';
import { LATEST_TIME } from '../domain/fact-time.ts';
import { type FailureCode, failures } from '../domain/failure.ts';
import { countDevices, type Outage, type OutageDevice } from '../domain/outage.ts';
import type { OutageHead, OutageSides } from '../domain/outage-sides.ts';
import { isDeviceName } from '../domain/phone-url.ts';
import { fieldOf, type Json, keepUnknown } from '../domain/register.ts';

/** About the outage itself; `sides` where it is shared with other proxies. */
export function renderOutageLine({ id, ...outage }: Outage, sides: OutageSides | null = null): object {
  return { outage: id, ...outage, ...(sides === null ? {} : { sides }) };
}

/** About one of its devices. */
export function renderDeviceLine(id: string, { device, ...rest }: OutageDevice): object {
  return { outage: id, device, ...rest };
}

export interface ReadOutage {
  readonly outage: Outage;
  /** null: it was not shared. */
  readonly sides: OutageSides | null;
  readonly devices: readonly OutageDevice[];
}

const time = z.number().int().min(0).max(LATEST_TIME);
const short = z.string().max(64);
const count = z.number().int().min(0);

const cause = z
  .object({
    code: z.custom<FailureCode>((code) => typeof code === 'string' && Object.hasOwn(failures, code)),
    detail: z.string(),
  })
  .nullable();
const decidedBy = z.enum(['systemInfo', 'connection', 'presence', 'notified']).nullable();
const side = z.object({
  ...{ from: time, verdictAt: time.nullable(), until: time.nullable(), saidAt: time },
  ...{ cause, decidedBy },
});
const sides = z.record(short, side);
const cut = z.strictObject({
  ...{ site: short, since: time, until: time },
  nature: z.enum(['island', 'outage', 'unknown']),
});

const outageLine = z.object({
  outage: short.regex(/^[A-Za-z0-9_-]+$/),
  ...{ service: short, name: short, cluster: short, drill: z.boolean() },
  ...{ startedAt: time, verdictAt: time.nullable(), endedAt: time.nullable() },
  ...{ cause, decidedBy },
  ...{ signedIn: count, told: count, elsewhere: count, returned: count, missing: count },
  ...{ withinFiveMinutes: count.nullable(), summarisedAt: time.nullable() },
  sides: sides.optional(),
  cut: cut.optional(),
});

const deviceLine = z.object({
  outage: short,
  device: z.string().refine(isDeviceName),
  ...{ agent: short.nullable(), extension: short.nullable(), told: z.boolean() },
  outcome: z.enum(['elsewhere', 'returned', 'missing']),
  ...{ service: short.nullable(), at: time.nullable(), backAt: time.nullable() },
  leftAt: time.optional(),
  pushed: z.array(short).max(8).optional(),
});

/** In order of their beginning. Of several lines about the same thing the last one counts. */
export function parseOutageLines(lines: readonly unknown[]): readonly ReadOutage[] {
  const outages = new Map<string, Omit<ReadOutage, 'devices'> & { devices: Map<string, OutageDevice> }>();
  for (const line of lines) {
    const ofDevice = typeof line === 'object' && line !== null && 'device' in line;
    if (ofDevice) {
      const parsed = deviceLine.safeParse(line);
      if (!parsed.success) continue;
      const { outage, ...device } = parsed.data;
      outages.get(outage)?.devices.set(device.device, definedOf(device));
    } else {
      const parsed = outageLine.safeParse(line);
      if (!parsed.success) continue;
      const { outage: id, sides: read = null, cut: was, ...rest } = parsed.data;
      const outage = { id, ...rest, ...(was === undefined ? {} : { cut: was }) };
      outages.set(id, { outage, sides: read, devices: outages.get(id)?.devices ?? new Map() });
    }
  }
  return [...outages.values()]
    .map(({ devices, ...read }) => ({ ...read, outage: recount(read.outage, devices), devices: [...devices.values()] }))
    .sort((one, other) => one.outage.startedAt - other.outage.startedAt);
}

/** Without devices, because those of old records go first, the counts are all there is. */
function recount(outage: Outage, devices: ReadonlyMap<string, OutageDevice>): Outage {
  const { signedIn, elsewhere, returned } = outage;
  if (devices.size > 0) return { ...outage, ...countDevices(outage, devices.values()) };
  return { ...outage, missing: Math.max(0, signedIn - elsewhere - returned) };
}

type ParsedDevice = Omit<z.infer<typeof deviceLine>, 'outage'>;

/** Keys that are absent stay so. */
function definedOf({ leftAt, pushed, ...device }: ParsedDevice): OutageDevice {
  return { ...device, ...(leftAt === undefined ? {} : { leftAt }), ...(pushed === undefined ? {} : { pushed }) };
}

// What other proxies say of an outage. What only a later version understands is passed over: fields, failures, whole sides.
const sharedSide = side.extend({ cause: cause.catch(null), decidedBy: decidedBy.catch(null) });
const sharedSides = z
  .record(z.string(), sharedSide.nullable().catch(null))
  .transform((all) =>
    Object.fromEntries(
      Object.entries(all).flatMap(([proxy, said]) =>
        said === null || proxy.length > 64 ? [] : [[proxy, said] as const],
      ),
    ),
  )
  .refine((all) => Object.keys(all).length > 0);
const head = z.object({
  ...{ service: short, name: short, cluster: short, drill: z.boolean(), sides: sharedSides },
  ...{ signedIn: count, told: count, elsewhere: count, returned: count, missing: count },
  ...{ withinFiveMinutes: count.nullable(), summarisedAt: time.nullable() },
  cut: z.object(cut.shape).optional(),
});
const merged = z.object({ into: short });
const sharedDevice = z.object(deviceLine.shape).omit({ outage: true, device: true });

/** What a register says of an outage: the record, or that it is part of another one; null: neither. */
export function parseHead(id: string, value: unknown): OutageHead | { readonly into: string } | null {
  const parsed = head.safeParse(value);
  if (parsed.success) {
    const { cut: was, ...rest } = parsed.data;
    return { id, ...rest, ...(was === undefined ? {} : { cut: was }) };
  }
  return merged.safeParse(value).data ?? null;
}

export function parseDevice(device: string, value: unknown): OutageDevice | null {
  const { data } = sharedDevice.safeParse(value);
  return data === undefined || !isDeviceName(device) ? null : definedOf({ device, ...data });
}

const KEYS = {
  head: [...Object.keys(head.shape), 'into'],
  side: Object.keys(side.shape),
  device: Object.keys(sharedDevice.shape),
};

/** What is said of an outage, with what a newer version has said more of it, and of what each proxy saw: that changes, and is the same. */
export function renderHead({ id: _, sides: each, ...rest }: OutageHead, before: Json | undefined): Json {
  const { data: known } = head.safeParse(before);
  const sidesBefore = fieldOf(before, 'sides');
  const all = Object.entries(each).map(([proxy, said]): [string, Json] => {
    const was = fieldOf(sidesBefore, proxy);
    return [proxy, keepUnknown(asFields(said), was, KEYS.side, known?.sides[proxy])];
  });
  const sides = keepUnknown(Object.fromEntries(all), known && sidesBefore, Object.keys(known?.sides ?? {}), undefined);
  return keepUnknown({ ...asFields(rest), sides }, before, KEYS.head, known);
}

export function renderDevice({ device: _, ...rest }: OutageDevice, before: Json | undefined): Json {
  return keepUnknown(asFields(rest), before, KEYS.device, sharedDevice.safeParse(before).data);
}

/** As it is carried: keys that are not there are gone. */
function asFields(value: object): { readonly [key: string]: Json } {
  return JSON.parse(JSON.stringify(value));
}
