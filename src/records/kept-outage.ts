/** A record of an outage as it is held: what all proxies say of it, and what became of each device. */

import { countDevices, type Outage, type OutageCounts, type OutageDevice } from '../domain/outage.ts';
import type { OutageSides } from '../domain/outage-sides.ts';

export interface Kept {
  outage: Outage;
  /** By proxy, this one's included; without others it is the only one. */
  sides: OutageSides;
  readonly devices: Map<string, OutageDevice>;
  /** Its summary is left to another proxy until then, and how often that has been so. */
  summaryNotBefore: number;
  summaryTries: number;
}

export function keep(outage: Outage, sides: OutageSides, devices: readonly OutageDevice[]): Kept {
  const each = new Map(devices.map((device) => [device.device, device]));
  return { outage, sides, devices: each, summaryNotBefore: 0, summaryTries: 0 };
}

/** With another t0 others were signed in on the service. */
export function countsFrom({ outage, devices }: Kept, startedAt: number): OutageCounts {
  if (startedAt === outage.startedAt) return countsOf(outage);
  const countOf = (from: number) => countDevices({ startedAt: from, signedIn: 0 }, devices.values()).signedIn;
  const signedIn = outage.signedIn - countOf(outage.startedAt) + countOf(startedAt);
  return countDevices({ startedAt, signedIn }, devices.values());
}

export function countsOf({ signedIn, told, elsewhere, returned, missing }: OutageCounts): OutageCounts {
  return { signedIn, told, elsewhere, returned, missing };
}
