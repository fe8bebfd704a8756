/** Records of outages as lines of their file, and lines back to records: of what is no record nothing is taken. Pure. */

import { z } from 'zod';
import { type FailureCode, failures } from '../domain/failure.ts';
import { countDevices, type Outage, type OutageDevice } from '../domain/outage.ts';
import { isDeviceName } from '../domain/phone-url.ts';

/** About the outage itself. */
export function renderOutageLine({ id, ...outage }: Outage): object {
  return { outage: id, ...outage };
}

/** About one of its devices. */
export function renderDeviceLine(id: string, { device, ...rest }: OutageDevice): object {
  return { outage: id, device, ...rest };
}

export interface ReadOutage {
  readonly outage: Outage;
  readonly devices: readonly OutageDevice[];
}

const time = z.number().int().min(0).max(8.64e15);
const short = z.string().max(64);
const count = z.number().int().min(0);

const outageLine = z.strictObject({
  outage: short.regex(/^[A-Za-z0-9_-]+$/),
  ...{ service: short, name: short, cluster: short, drill: z.boolean() },
  ...{ startedAt: time, verdictAt: time.nullable(), endedAt: time.nullable() },
  cause: z
    .strictObject({
      code: z.custom<FailureCode>((code) => typeof code === 'string' && Object.hasOwn(failures, code)),
      detail: z.string(),
    })
    .nullable(),
  decidedBy: z.enum(['systemInfo', 'connection', 'presence', 'notified']).nullable(),
  ...{ signedIn: count, told: count, elsewhere: count, returned: count, missing: count },
  ...{ withinFiveMinutes: count.nullable(), summarisedAt: time.nullable() },
});

const deviceLine = z.strictObject({
  outage: short,
  device: z.string().refine(isDeviceName),
  ...{ agent: short.nullable(), extension: short.nullable(), told: z.boolean() },
  outcome: z.enum(['elsewhere', 'returned', 'missing']),
  ...{ service: short.nullable(), at: time.nullable(), backAt: time.nullable() },
});

/** In order of their beginning. Of several lines about the same thing the last one counts. */
export function parseOutageLines(lines: readonly unknown[]): readonly ReadOutage[] {
  const outages = new Map<string, { outage: Outage; devices: Map<string, OutageDevice> }>();
  for (const line of lines) {
    const ofDevice = typeof line === 'object' && line !== null && 'device' in line;
    if (ofDevice) {
      const parsed = deviceLine.safeParse(line);
      if (!parsed.success) continue;
      const { outage, ...device } = parsed.data;
      outages.get(outage)?.devices.set(device.device, device);
    } else {
      const parsed = outageLine.safeParse(line);
      if (!parsed.success) continue;
      const { outage: id, ...outage } = parsed.data;
      outages.set(id, { outage: { id, ...outage }, devices: outages.get(id)?.devices ?? new Map() });
    }
  }
  return [...outages.values()]
    .map(({ outage, devices }) => ({ outage: recount(outage, devices), devices: [...devices.values()] }))
    .sort((one, other) => one.outage.startedAt - other.outage.startedAt);
}

/** Without devices, because those of old records go first, the counts are all there is. */
function recount(outage: Outage, devices: ReadonlyMap<string, OutageDevice>): Outage {
  const { signedIn, elsewhere, returned } = outage;
  if (devices.size > 0) return { ...outage, ...countDevices(signedIn, devices.values()) };
  return { ...outage, missing: Math.max(0, signedIn - elsewhere - returned) };
}
