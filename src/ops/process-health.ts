/** The processes that serve phones, as `/health` shows them. Pure. */

import type { PhoneProcessStatus } from '../domain/phone-process.ts';

export interface ProcessEntry {
  readonly process: number;
  /** null: there is none at this moment. */
  readonly pid: number | null;
  readonly state: PhoneProcessStatus['state'];
  readonly since: string;
  readonly restarts: number;
  /** How the one before ended; null: there was none. */
  readonly ended: string | null;
}

export function renderProcess({ process, pid, state, since, restarts, ended }: PhoneProcessStatus): ProcessEntry {
  return { process, pid, state, since: new Date(since).toISOString(), restarts, ended };
}

/** Those that are to serve phones and do not, once more than a moment has passed. */
export function decideProcesses(processes: readonly PhoneProcessStatus[]): string[] {
  const away = processes.filter(({ state, restarts }) => state !== 'serving' && restarts > 0);
  if (away.length === 0) return [];
  const serving = processes.filter(({ state }) => state === 'serving').length;
  const each = away.map(({ process, ended }) => `process ${process} is started again (${ended ?? 'it ended'})`);
  return [`phones are served by ${serving} of ${processes.length} processes: ${each.join(', ')}`];
}
