/**
 * What other proxies say of the same service, and what follows from it: who sees the same failure counts from the same t0,
 * and who does not see it asks the server and joins nothing. Pure; times are epoch milliseconds by the clock of this machine.
 */

import type { HealthSettings, HealthState, PeerView, Phase, ServiceHealth } from './state.ts';

/** Another proxy has said how it sees the service, or nothing of it has been heard for long (`alive` is false). */
export interface PeerEvent {
  readonly kind: 'peer';
  readonly at: number;
  readonly view: PeerView;
}

/** What it said counts no longer: it has been gone for long. */
export interface PeerForgotten {
  readonly kind: 'peer-forgotten';
  readonly at: number;
  readonly proxy: string;
}

/**
 * How far apart two proxies may have established what is the same failure. Two intervals: a server that fell silent costs a
 * probe its whole time-out and a repeat, which is an interval and more after a poll, and news of it takes a moment. Never so
 * far that less than the last attempt would be the proxy's own: whoever joins still sees that attempt's probes fail before its
 * verdict.
 */
export function joinWithinMs({ intervalMs, attempts }: HealthSettings): number {
  return Math.min(2, attempts - 1) * intervalMs;
}

/** What proxies tell each other of one moment differs by as much, since clocks are compared over a network. */
const SAME_MS = 100;

export function isDown(state: HealthState): boolean {
  return state === 'reconnecting' || state === 'out-of-service';
}

/** When this proxy established the failure itself; null: it sees none. */
export function selectOwnT0(phase: Phase): number | null {
  if (phase.state !== 'reconnecting' && phase.state !== 'out-of-service') return null;
  return phase.ownT0 ?? phase.t0;
}

export function reducePeers(views: readonly PeerView[], event: PeerEvent | PeerForgotten): readonly PeerView[] {
  const proxy = event.kind === 'peer' ? event.view.proxy : event.proxy;
  const others = views.filter((view) => view.proxy !== proxy);
  return event.kind === 'peer' ? [...others, event.view] : others;
}

/**
 * The phase with the t0 that counts: the earliest of those that were established within the window before the own one. It
 * depends on what was established and not on the order in which proxies heard of it, and only ever becomes earlier. What a
 * proxy said before it died counts as well.
 *
 * One that has never seen the service up, because it has just started, cannot know when the failure began: it joins the
 * timeline of those who are alive, however far that has come.
 */
export function joinTimeline({ phase, confirmedAt }: ServiceHealth, views: readonly PeerView[], within: number): Phase {
  if (phase.state !== 'reconnecting' && phase.state !== 'out-of-service') return phase;
  const own = phase.ownT0 ?? phase.t0;
  const isNewHere = confirmedAt === null;
  const said = views
    .filter(({ state, alive }) => isDown(state) && (alive || !isNewHere))
    .map(({ t0, ownT0 }) => (isNewHere ? t0 : ownT0))
    .filter((t0) => t0 !== null && (isNewHere || own - t0 <= within));
  const earliest = Math.min(...said.filter((t0) => t0 !== null));
  return earliest < phase.t0 - SAME_MS ? { ...phase, t0: earliest, ownT0: own } : phase;
}

/**
 * Whether the server is to be asked at once: a living proxy sees a failure that this one does not, or sees the service back
 * that is out here. Once for each such piece of news, since proxies repeat what they say.
 */
export function isNews(before: readonly PeerView[], { view }: PeerEvent, own: HealthState): boolean {
  if (!view.alive || own === 'unknown' || own === 'reconnecting') return false;
  const known = before.find(({ proxy }) => proxy === view.proxy);
  if (own === 'in-service') return isDown(view.state) && !isSameFailure(known, view);
  return view.state === 'in-service' && known?.state !== 'in-service';
}

function isSameFailure(known: PeerView | undefined, { ownT0 }: PeerView): boolean {
  if (known === undefined || !known.alive || known.ownT0 === null || ownT0 === null) return false;
  return Math.abs(known.ownT0 - ownT0) <= SAME_MS;
}

/** Living proxies whose probes say the opposite; one that does not know yet has no opinion. */
export function selectDissenters(own: HealthState, views: readonly PeerView[]): readonly PeerView[] {
  if (own === 'unknown') return [];
  return views.filter(({ alive, state }) => alive && state !== 'unknown' && isDown(state) !== isDown(own));
}
