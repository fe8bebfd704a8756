/** Which of several proxies tells a phone, so that each is told once: by the one that it used last, or, if that is gone, another. */

import type { PushReason } from '../domain/events.ts';
import type { Claim, Facts } from '../shared/facts.ts';

export interface PushSharing {
  /** Id of this proxy. */
  readonly self: string;
  /** The proxy that the phone used last, or this one if nobody knows better. */
  homeOf(device: string): string;
  /** This proxy tells phones of that one: it is this one, or gone. */
  tellsFor(proxy: string): boolean;
  /** What a round is about, the same for all proxies. */
  nameRound(service: string, reason: PushReason): string;
  wasTold(round: string, reason: PushReason, device: string): boolean;
  /** Says to all, before it is done, that this proxy tells the phone. */
  claim(round: string, reason: PushReason, device: string): Promise<Claim>;
  /** It is about to be told. */
  note(round: string, reason: PushReason, device: string): void;
}

/** What the records of outages know of pushes. */
export interface PushNotes {
  latest(service: string): string | null;
  wasPushed(id: string, device: string, reason: string): boolean;
  notePush(id: string, device: string, reason: string): void;
}

/** Nobody else. */
export const ALONE: PushSharing = {
  self: '',
  homeOf: () => '',
  tellsFor: () => true,
  nameRound: () => '',
  wasTold: () => false,
  claim: async () => 'ours',
  note: () => {},
};

/** Longer than any round takes. */
const CLAIM_MS = 3_600_000;

export function createPushSharing(
  facts: Facts,
  notes: PushNotes,
  /** Another proxy that lives, or is of another site. */
  isElsewhere: (proxy: string) => boolean,
  /** When the maintenance of a service begins. */
  maintenanceOf: (service: string) => string,
): PushSharing {
  return {
    self: facts.proxy,
    homeOf(device) {
      const register = facts.get('devices', device);
      return register === null || register.value === null ? facts.proxy : register.proxy;
    },
    tellsFor: (proxy) => proxy === facts.proxy || !isElsewhere(proxy),
    nameRound: (service, reason) =>
      reason === 'maintenance'
        ? `maintenance-${service}-${maintenanceOf(service)}`
        : (notes.latest(service) ?? `none-${service}`),
    wasTold: (round, reason, device) => notes.wasPushed(round, device, reason),
    claim: (round, reason, device) => facts.claim(`push/${round}/${reason}/${device}`, CLAIM_MS),
    note: (round, reason, device) => notes.notePush(round, device, reason),
  };
}
