/** The soak's judges, against logs that must not pass. */

import { expect, it } from 'vitest';
import { checkTimelines, floorsOf, type LogLine, outagesIn } from '../soak/checks.ts';

const change = (at: number, from: string, to: string, attempt: number | null = null): LogLine => {
  const event = from === to ? 'service-attempt' : 'service-state';
  return { at, event, service: 'a', from, to, attempt };
};
const OUTAGE = [
  change(0, 'unknown', 'in-service'),
  change(1000, 'in-service', 'reconnecting', 1),
  change(2001, 'reconnecting', 'reconnecting', 2),
  change(3001, 'reconnecting', 'reconnecting', 3),
  change(4002, 'reconnecting', 'out-of-service'),
  change(9000, 'out-of-service', 'in-service'),
];
const without = (index: number) => OUTAGE.filter((_, at) => at !== index);

it('an outage as it has to be', () => {
  expect(checkTimelines(OUTAGE, 1000, 3)).toEqual({ outages: 1, verdicts: 1, problems: [] });
  expect(outagesIn(OUTAGE, 'a', 500, 5000)).toHaveLength(1);
  expect(outagesIn(OUTAGE, 'b', 500, 5000)).toHaveLength(0);
});

it.each<[string, LogLine[]]>([
  ['an attempt left out', without(3)],
  ['a verdict twice', [...OUTAGE.slice(0, 5), change(4003, 'reconnecting', 'out-of-service')]],
  ['no beginning', without(1)],
  ['a verdict too early', [...OUTAGE.slice(0, 4), change(3500, 'reconnecting', 'out-of-service')]],
  ['a verdict too late', [...OUTAGE.slice(0, 4), change(5500, 'reconnecting', 'out-of-service')]],
  ['an outage out of another', [...OUTAGE.slice(0, 5), change(5000, 'out-of-service', 'reconnecting', 1)]],
])('%s', (_, lines) => {
  expect(checkTimelines(lines, 1000, 3).problems).not.toEqual([]);
});

it('late is excused only when the machine stood still', () => {
  const late = [...OUTAGE.slice(0, 4), change(5500, 'reconnecting', 'out-of-service')];
  expect(checkTimelines(late, 1000, 3, (from, to) => from <= 4500 && to >= 4500).problems).toEqual([]);
});

it('floors forgive what is in flight, not what stays', () => {
  expect(floorsOf([10, 90, 11, 50, 60, 70, 12, 99, 80])).toEqual({ first: 10, last: 12 });
  expect(floorsOf([10, 20, 30, 40, 50, 60])).toEqual({ first: 10, last: 50 });
});
