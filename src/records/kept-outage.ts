/** A record of an outage as it is held: what all proxies say of it, and what became of each device. */

import type { Outage, OutageDevice } from '../domain/outage.ts';
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
