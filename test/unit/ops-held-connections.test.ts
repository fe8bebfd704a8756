import { expect, it } from 'vitest';
import { type Held, selectVictim } from '../../src/ops/held-connections.ts';

/** Names of connections, oldest first, each with its address and its requests under way. */
const victim = (...held: readonly [string, string, number?][]) =>
  selectVictim(new Map(held.map(([name, address, requests = 0]): [string, Held] => [name, { address, requests }])));

it('B287 the connection that goes is the oldest idle one of the address with the most', () => {
  expect(victim(['a', '10.0.0.1'], ['b', '10.0.0.2'], ['c', '10.0.0.2'])).toBe('b');
  expect(victim(['a', '10.0.0.1', 1], ['b', '10.0.0.1'], ['c', '10.0.0.2', 1], ['d', '10.0.0.2', 1])).toBe('b');
  expect(victim(['a', '10.0.0.1', 1], ['b', '10.0.0.2', 1], ['c', '10.0.0.2', 1])).toBe('b');
  expect(victim()).toBeUndefined();
});
