/** Outages and devices as the ops port shows them (contract.md, "Ops port"). Pure. */

import { RUNBOOK, renderFailure, runbookOf } from '../domain/failure.ts';
import type { SignalName } from '../domain/health/state.ts';
import type { CutNature } from '../domain/island.ts';
import type { Outage, OutageCut, OutageDevice, Outcome } from '../domain/outage.ts';
import { selectWithinFiveMinutes } from '../domain/outage.ts';
import type { KnownDevice } from '../store/devices.ts';

export interface OutageEntry {
  readonly id: string;
  readonly service: string;
  readonly name: string;
  readonly cluster: string;
  readonly drill: boolean;
  readonly startedAt: string;
  readonly verdictAt: string | null;
  readonly endedAt: string | null;
  /** `runbook`: the page and the part of it that are about this failure. */
  readonly cause: { readonly code: string; readonly words: string; readonly runbook: string };
  readonly decidedBy: SignalName | null;
  readonly signedIn: number;
  readonly told: number;
  readonly elsewhere: number;
  readonly returned: number;
  readonly missing: number;
  readonly withinFiveMinutes: number | null;
  /** Of a service of another site that could not be reached: what that turned out to be; null: nothing is known of the kind. */
  readonly cut: OutageCutEntry | null;
}

export interface OutageCutEntry {
  readonly site: string;
  readonly nature: CutNature;
  readonly since: string;
  readonly until: string;
  readonly seconds: number;
}

export interface OutageDeviceEntry {
  readonly device: string;
  readonly agent: string | null;
  readonly extension: string | null;
  readonly outcome: Outcome;
  readonly service: string | null;
  readonly at: string | null;
  /** From t0 to `at`. */
  readonly seconds: number | null;
}

export interface DeviceEntry {
  readonly device: string;
  readonly model: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  readonly extension: string | null;
  readonly service: string | null;
  readonly since: string | null;
  readonly seenAt: string;
}

export function renderOutage(outage: Outage, now: number): OutageEntry {
  const { id, service, name, cluster, drill, cause, decidedBy } = outage;
  const { signedIn, told, elsewhere, returned, missing } = outage;
  return {
    ...{ id, service, name, cluster, drill },
    startedAt: new Date(outage.startedAt).toISOString(),
    verdictAt: renderTime(outage.verdictAt),
    endedAt: renderTime(outage.endedAt),
    cause: drill ? DRILL : renderCause(cause),
    decidedBy,
    ...{ signedIn, told, elsewhere, returned, missing },
    withinFiveMinutes: selectWithinFiveMinutes(outage, now),
    cut: outage.cut === undefined ? null : renderCut(outage.cut),
  };
}

function renderCut({ site, nature, since, until }: OutageCut): OutageCutEntry {
  const times = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  return { site, nature, ...times, seconds: Math.round((until - since) / 1000) };
}

const DRILL = { code: 'drill', words: 'A drill: nothing failed.', runbook: 'docs/operations.md#drills' };

function renderCause(cause: Outage['cause']): OutageEntry['cause'] {
  if (cause === null) return { code: 'unknown', words: 'What failed is not known.', runbook: RUNBOOK };
  return { code: cause.code, words: renderFailure(cause), runbook: runbookOf(cause.code) };
}

export function renderOutageDevice(
  { startedAt }: Pick<Outage, 'startedAt'>,
  { device, agent, extension, outcome, service, at }: OutageDevice,
): OutageDeviceEntry {
  const seconds = at === null ? null : Math.max(0, Math.round((at - startedAt) / 100) / 10);
  return { device, agent, extension, outcome, service, at: renderTime(at), seconds };
}

export function renderDevice({ name, model, place, from, prefill, service, since, seenAt }: KnownDevice): DeviceEntry {
  return {
    device: name,
    model,
    // Where pushes go, or, without those, where it signed in from.
    address: (place ?? from)?.address ?? null,
    agent: prefill?.id ?? null,
    extension: prefill?.extension ?? null,
    service,
    since: renderTime(since),
    seenAt: new Date(seenAt).toISOString(),
  };
}

/** Whether some field of the device holds the text, in capitals or not; an empty text is in all. */
export function matchesDevice(device: KnownDevice, text: string): boolean {
  if (text === '') return true;
  const wanted = text.toLowerCase();
  const { name, model, place, from, prefill, service } = device;
  const fields = [name, model, (place ?? from)?.address, prefill?.id, prefill?.extension, service];
  return fields.some((field) => field?.toLowerCase().includes(wanted));
}

/** An outage is one of those since then if it was not over before. */
export function isSince({ endedAt }: Outage, since: number | null): boolean {
  return since === null || endedAt === null || endedAt >= since;
}

export function isUntil({ startedAt }: Outage, until: number | null): boolean {
  return until === null || startedAt <= until;
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
