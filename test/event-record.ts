/** What was reported, and the log lines that come of it, for tests of whoever reports. */

import type { ProxyEvent, Report } from '../src/domain/events.ts';
import { createEventLog } from '../src/ops/event-log.ts';
import { createEventStream } from '../src/ops/event-stream.ts';
import type { Log, LogFields } from '../src/ops/log.ts';
import type { Clock } from '../src/time/clock.ts';

export interface EventRecord {
  readonly report: Report;
  readonly events: ProxyEvent[];
  /** Lines above debug: name and fields. */
  readonly lines: [string, LogFields][];
}

export function createEventRecord(clock: Clock): EventRecord {
  const events: ProxyEvent[] = [];
  const lines: [string, LogFields][] = [];
  const note = (name: string, fields: LogFields = {}) => void lines.push([name, fields]);
  const log: Log = { debug: () => {}, info: note, warn: note, error: note, child: () => log };
  const stream = createEventStream((...fault) => {
    throw new Error(`a subscriber failed: ${fault.join(' ')}`);
  });
  stream.subscribe('log', createEventLog(log, clock).handlers);
  return {
    report(event) {
      events.push(event);
      stream.report(event);
    },
    events,
    lines,
  };
}
