/** Which entries of two configurations are the same listener: one socket cannot become another while phones use it. Pure. */

import type { ListenerConfig } from './config.ts';

/** The same socket: what differs beside this can be changed while it listens. */
function isSameListener(a: ListenerConfig, b: ListenerConfig): boolean {
  const protocol = ({ tls }: ListenerConfig) => (tls === null ? 'http' : (tls.profile ?? 'modern'));
  return a.host === b.host && a.port === b.port && protocol(a) === protocol(b);
}

/** For each listener of `before` what it is in `after`, or null; each of `after` once. */
export function matchListeners(
  before: readonly ListenerConfig[],
  after: readonly ListenerConfig[],
): readonly (ListenerConfig | null)[] {
  const left = [...after];
  return before.map((listener) => {
    const index = left.findIndex((other) => isSameListener(listener, other));
    return index === -1 ? null : (left.splice(index, 1)[0] ?? null);
  });
}
