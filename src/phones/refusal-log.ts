/** Log lines about refused requests: one for each offender and kind of offence in a while. Metrics count every one. */

import type { FailureCode } from '../domain/failure.ts';
import { createRepeatLog, type RepeatLogOptions } from '../time/repeat-log.ts';

export interface Refusal {
  readonly code: FailureCode;
  /** null: the peer had gone before it could be asked. */
  readonly address: string | null;
  readonly device?: string | null;
  readonly detail: string;
}

export interface RefusalLog {
  refused(refusal: Refusal): void;
  stop(): void;
}

const OTHERS = { code: null, address: null, detail: 'from more addresses than are kept apart' };

export function createRefusalLog(options: Omit<RepeatLogOptions, 'others'>): RefusalLog {
  const log = createRepeatLog({ ...options, others: OTHERS });
  return {
    refused({ code, address, device, detail }) {
      const first = { code, address, ...(device === undefined ? {} : { device }), detail };
      log.happened(`${code} ${address}`, first, { code, address, detail: 'the same again' });
    },
    stop: log.stop,
  };
}
