/** The checker of several proxies sees what does not hold: each of its rules, broken once. */

import { expect, it } from 'vitest';
import {
  checkAnswers,
  checkPushes,
  checkRecords,
  checkSummaries,
  checkTimeline,
  checkTokens,
  type Episode,
  type OutageSeen,
} from '../pair/checker.ts';
import type { SeenPage } from '../pair/phones.ts';
import type { LogLine } from '../pair/proxies.ts';

const T0 = 1_800_000_000_000;
const TIMING = { intervalMs: 1000, slackMs: 300 };
const EPISODE: Episode = {
  ...{ service: 'a', fault: 'refuse', stage: 'none', withStore: true },
  ...{ beganAt: T0 - 500, endedAt: T0 + 8000, settledAt: T0 + 12_000 },
};
const OUTAGE: OutageSeen = {
  ...{ id: 'x', service: 'a', signedIn: 3, elsewhere: 1, returned: 1, missing: 1 },
  startedAt: new Date(T0).toISOString(),
  verdictAt: new Date(T0 + 3000).toISOString(),
  endedAt: new Date(T0 + 9000).toISOString(),
  cause: { code: 'refused' },
};

const state = (to: string, afterMs: number): LogLine => ({
  at: T0 + afterMs,
  event: 'service-state',
  service: 'a',
  to,
});
const history = (name: string, ...lines: LogLine[]) => ({ name, lines, away: [] });
const page = (attempt: number, afterMs: number, tookMs = 10): SeenPage => {
  return { at: T0 + afterMs, device: 'SEP1', proxy: 0, kind: 'reconnecting', attempt, service: 'a', tookMs };
};
const push = (afterMs: number) => ({ at: T0 + afterMs, device: 'SEP1', url: 'http://127.0.0.1:1/a/fippa/SEP1' });

it('sees a request that came twice, and a phone that waited too long', () => {
  expect(checkTokens(['/x?token=1-1', '/x?token=1-2', '/y'])).toEqual([]);
  expect(checkTokens(['/x?token=1-1', '/y?token=1-1'])).toHaveLength(1);
  expect(checkAnswers([page(1, 0, 4900)])).toEqual([]);
  expect(checkAnswers([page(1, 0, 5100)])).toHaveLength(1);
});

it('sees proxies and pages that do not keep to one grid', () => {
  const good = [history('one', state('reconnecting', 0), state('out-of-service', 3000))];
  const late = history('two', state('reconnecting', 1900), state('out-of-service', 4900));
  expect(checkTimeline(EPISODE, good, [page(2, 1500)], TIMING)).toEqual([]);
  expect(checkTimeline(EPISODE, [...good, late], [], TIMING)).toEqual([
    expect.stringContaining('two has a verdict at t0+4900 ms'),
  ]);
  expect(checkTimeline(EPISODE, good, [page(1, 1500)], TIMING)).toHaveLength(1);
  expect(checkTimeline({ ...EPISODE, withStore: false }, [...good, late], [], TIMING)).toEqual([]);
});

it('sees records that differ, do not add up, have not ended or are two', () => {
  expect(checkRecords(EPISODE, [[OUTAGE], [OUTAGE]])).toEqual([]);
  expect(checkRecords(EPISODE, [[OUTAGE], []])).toHaveLength(1);
  expect(checkRecords(EPISODE, [[{ ...OUTAGE, missing: 2 }]])).toHaveLength(1);
  expect(checkRecords(EPISODE, [[{ ...OUTAGE, endedAt: null }]])).toHaveLength(1);
  expect(checkRecords(EPISODE, [[OUTAGE, { ...OUTAGE, id: 'y' }]])).toHaveLength(1);
  // The server was well, and a busy machine asked it too late.
  const busy = { ...OUTAGE, id: 'y', cause: { code: 'timeout' }, startedAt: new Date(T0 + 8500).toISOString() };
  expect(checkRecords(EPISODE, [[OUTAGE, busy]])).toEqual([]);
  expect(checkRecords(EPISODE, [[OUTAGE, { ...busy, startedAt: new Date(T0 + 7000).toISOString() }]])).toHaveLength(1);
});

it('sees a push that came twice, and a summary that was written twice or not at all', () => {
  expect(checkPushes(EPISODE, [OUTAGE], [push(3100), push(9100)])).toEqual([]);
  expect(checkPushes(EPISODE, [OUTAGE], [push(3100), push(3200)])).toHaveLength(1);
  expect(checkPushes(EPISODE, [OUTAGE], [push(3100), push(9100), push(9200)])).toHaveLength(1);
  const summary: LogLine = { at: T0 + 7000, event: 'outage-summary', outage: 'x' };
  expect(checkSummaries([OUTAGE], [history('one', summary), history('two')])).toEqual([]);
  expect(checkSummaries([OUTAGE], [history('one', summary), history('two', summary)])).toHaveLength(1);
  expect(checkSummaries([OUTAGE], [history('one')])).toHaveLength(1);
});
