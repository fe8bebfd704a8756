/** The proxies that share what they know, this one among them, as each says of itself. Pure data. */

import type { AdminState, HealthState } from './health/state.ts';

/** How a proxy sees a service. Times are epoch ms by the clock of this machine. */
export interface ProxyService {
  readonly id: string;
  readonly state: HealthState;
  readonly attempt: number | null;
  readonly since: number | null;
  readonly t0: number | null;
  readonly ownT0: number | null;
  /** It stands at the site of that proxy. */
  readonly isNear: boolean;
  readonly admin: AdminState;
  /** Phones signed in there, as that proxy knows. */
  readonly phones: number;
}

export interface ProxyStatus {
  readonly id: string;
  /** Of its machine. */
  readonly name: string;
  readonly site: string | null;
  readonly version: string;
  readonly isSelf: boolean;
  /** It has been heard of lately. */
  readonly alive: boolean;
  readonly heardAt: number;
  readonly services: readonly ProxyService[];
}

/** A proxy is gone when it has said nothing for so long. */
export const GONE_AFTER_MS = 5000;
/** One that is gone is shown for so long. */
export const SHOWN_FOR_MS = 86_400_000;

export function nameProxyShortly({ id, name }: Pick<ProxyStatus, 'id' | 'name'>): string {
  return `${name} (${id})`;
}
