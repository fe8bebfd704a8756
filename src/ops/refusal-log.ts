/**
 * Log lines about refused requests: one for each offender and kind of offence in a while, with a count of the rest. A flood
 * of requests must not become a flood of lines, since a full disk is an outage too. Metrics count every one.
 */

import type { FailureCode } from '../domain/failure.ts';
import type { Clock } from '../time/clock.ts';

export interface Refusal {
  readonly code: FailureCode;
  /** null: the peer had gone before it could be asked. */
  readonly address: string | null;
  readonly device?: string | null;
  readonly detail: string;
}

export interface RefusalLogOptions {
  readonly clock: Clock;
  readonly write: (fields: Readonly<Record<string, unknown>>) => void;
  /** How long an offender is remembered from its first line on. */
  readonly quietMs?: number;
  /** Offenders remembered at once, and so the first lines in that time; the others are counted together. */
  readonly maxOffenders?: number;
}

export interface RefusalLog {
  refused(refusal: Refusal): void;
  stop(): void;
}

const QUIET_MS = 60_000;
const MAX_OFFENDERS = 200;

interface Offender {
  readonly code: FailureCode;
  readonly address: string | null;
  readonly until: number;
  suppressed: number;
}

export function createRefusalLog(options: RefusalLogOptions): RefusalLog {
  const { clock, write, quietMs = QUIET_MS, maxOffenders = MAX_OFFENDERS } = options;
  /** In the order in which they end. */
  const offenders = new Map<string, Offender>();
  /** Refused while there was no room for another offender. */
  let others = 0;
  let cancel: (() => void) | null = null;

  const forget = () => {
    cancel = null;
    const now = clock.now();
    for (const [key, { code, address, until, suppressed }] of offenders) {
      if (until > now) break;
      offenders.delete(key);
      if (suppressed > 0) write({ code, address, detail: 'the same again', times: suppressed });
    }
    if (others > 0)
      write({ code: null, address: null, detail: 'from more addresses than are kept apart', times: others });
    others = 0;
    arm();
  };
  const arm = () => {
    const [first] = offenders.values();
    // At most quietMs, also when the clock was set back meanwhile.
    if (cancel === null && first !== undefined) {
      cancel = clock.after(Math.min(quietMs, Math.max(0, first.until - clock.now())), forget);
    }
  };

  return {
    refused({ code, address, device, detail }) {
      const key = `${code} ${address}`;
      const known = offenders.get(key);
      if (known !== undefined) {
        known.suppressed += 1;
      } else if (offenders.size >= maxOffenders) {
        others += 1;
      } else {
        offenders.set(key, { code, address, until: clock.now() + quietMs, suppressed: 0 });
        write({ code, address, ...(device === undefined ? {} : { device }), detail });
        arm();
      }
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}
