/**
 * The other proxies: this one says every second, and whenever something changes, that it is alive and how it sees each service,
 * and hands what the others say to the health of the services (domain/health/peers.ts).
 */

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Report, StoreState } from '../domain/events.ts';
import type { PeerEvent } from '../domain/health/peers.ts';
import { selectOwnT0 } from '../domain/health/peers.ts';
import type { PeerView, ServiceStatus } from '../domain/model.ts';
import {
  GONE_AFTER_MS,
  nameProxyShortly,
  type ProxyService,
  type ProxyStatus,
  SHOWN_FOR_MS,
} from '../domain/proxies.ts';
import type { Register } from '../domain/register.ts';
import type { Facts } from '../shared/facts.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { type Heartbeat, parseHeartbeat, renderHeartbeat } from './heartbeat.ts';

export interface Peers {
  start(): void;
  /** Says that this proxy is gone. */
  stop(): void;
  reconfigure(site: string | null): void;
  /** All of them, this one first; none where there is nobody to share with. */
  all(): readonly ProxyStatus[];
  /** Whether a proxy has been heard of lately. */
  isAlive(id: string): boolean;
  /** Whether a proxy is of this site, or may be: of one that was never heard nobody knows. */
  isOfThisSite(id: string): boolean;
  /** Whether a phone is one of this site, by the proxy that it used last. */
  isNear(device: string): boolean;
  /** Whether a phone has used this proxy last. */
  isHere(device: string): boolean;
  /** What is wrong between them, for operators. */
  problems(store?: StoreState): readonly string[];
}

export interface PeersOptions {
  readonly facts: Facts;
  readonly store: Pick<ServiceStore, 'all' | 'get' | 'state' | 'onHealthChange'>;
  /** Hands it to the health of a service. */
  readonly heard: (service: string, event: PeerEvent) => void;
  readonly signedIn: (service: string) => number;
  readonly name: string;
  readonly site: string | null;
  readonly version: string;
  readonly clock: Clock;
  readonly report: Report;
}

export const NO_PEERS: Peers = {
  start: () => {},
  stop: () => {},
  reconfigure: () => {},
  all: () => [],
  isAlive: () => false,
  isOfThisSite: () => true,
  isNear: () => true,
  isHere: () => true,
  problems: () => [],
};

const EVERY_MS = 1000;
/** A server may take so long to fail for one proxy after it did for another: until then their difference is no news. */
const DISAGREE_AFTER_MS = 10_000;

export function createPeers(options: PeersOptions): Peers {
  const { facts, store, clock, report } = options;
  const boot = randomBytes(6).toString('hex');
  let { site } = options;
  let isRunning = false;
  let cancel = () => {};
  /** By `clock.passed()`. */
  let beatAt = clock.passed();
  let said: readonly ProxyService[] = [];
  /** Somebody else goes by its id: when that was heard last, by `clock.passed()`. */
  let twinAt: number | null = null;
  const known = new Map<string, ProxyStatus>();
  /** When each said something last, by `clock.passed()`: the store's clock may leap ahead. */
  const spoke = new Map<string, number>();
  /** Services about which they disagree: since when, by `clock.passed()`, and whether that was reported. */
  const disputes = new Map<string, { readonly since: number; reported: boolean }>();

  const aheadMs = () => facts.now() - clock.now();

  const look = (): Heartbeat => {
    const services = store.all().map((status) => renderOwn(status, store, options.signedIn(status.id)));
    return { boot, name: options.name, site, version: options.version, services };
  };
  const say = () => {
    const own = look();
    said = own.services;
    facts.set('proxies', facts.proxy, renderHeartbeat(own, aheadMs()));
  };
  const changed = () => {
    if (isRunning && !isDeepStrictEqual(look().services.map(withoutPhones), said.map(withoutPhones))) say();
  };

  const tell = (proxy: ProxyStatus, before: ProxyStatus | undefined) => {
    for (const each of proxy.services) {
      const view = viewOf(proxy, each);
      const was = before?.services.find(({ id }) => id === each.id);
      if (was !== undefined && before !== undefined && isDeepStrictEqual(viewOf(before, was), view)) continue;
      if (store.get(each.id) !== null) options.heard(each.id, { kind: 'peer', at: clock.now(), view });
    }
  };
  const put = (proxy: ProxyStatus) => {
    const before = known.get(proxy.id);
    known.set(proxy.id, proxy);
    if (proxy.alive !== (before?.alive ?? false)) {
      const { id, name, site: at } = proxy;
      const fields = { at: clock.now(), proxy: id, name, site: at };
      if (proxy.alive) report({ kind: 'proxy-heard', ...fields, version: proxy.version });
      else report({ kind: 'proxy-gone', ...fields, heardAt: proxy.heardAt });
    }
    tell(proxy, before);
    const seen = ({ services }: ProxyStatus) => services.map(({ id, state }) => `${id} ${state}`).join();
    if (before !== undefined && seen(before) !== seen(proxy))
      report({ kind: 'proxy-said', at: clock.now(), proxy: proxy.id, site: proxy.site });
  };

  const hear = (id: string, register: Register) => {
    const { at, value } = register;
    const heartbeat = parseHeartbeat(register, aheadMs());
    if (id === facts.proxy) {
      // This proxy answers to its own boot alone: somebody else goes by its id.
      if (heartbeat !== null && heartbeat.boot !== boot && isRunning) twinAt = clock.passed();
      return;
    }
    const before = known.get(id);
    if (value === null) {
      if (before?.alive === true) put({ ...before, alive: false });
      spoke.delete(id);
      return void known.delete(id);
    }
    if (heartbeat === null) return;
    const { boot: _, ...rest } = heartbeat;
    const heardAt = Math.round(at - aheadMs());
    if (!isShown(at)) return;
    const spokeAt = clock.passed() - Math.max(0, facts.now() - at);
    spoke.set(id, Math.max(spokeAt, spoke.get(id) ?? spokeAt));
    put({ ...rest, id, isSelf: false, alive: isHeard(id), heardAt });
  };

  const isHeard = (id: string) => clock.passed() - (spoke.get(id) ?? Number.NEGATIVE_INFINITY) <= GONE_AFTER_MS;
  const isShown = (at: number) => facts.now() - at <= SHOWN_FOR_MS;

  const check = () => {
    for (const proxy of [...known.values()]) {
      const at = facts.get('proxies', proxy.id)?.at ?? 0;
      // One that lives has said so, whatever time it is by now.
      if (!isShown(at) && !isHeard(proxy.id)) {
        known.delete(proxy.id);
        spoke.delete(proxy.id);
      } else if (proxy.alive !== isHeard(proxy.id)) put({ ...proxy, alive: isHeard(proxy.id) });
    }
    if (twinAt !== null && clock.passed() - twinAt > GONE_AFTER_MS) twinAt = null;
    checkDisputes();
  };
  const checkDisputes = () => {
    const now = clock.passed();
    for (const { id, state, dissent } of store.all()) {
      const dispute = disputes.get(id);
      if (dissent.length === 0) {
        if (dispute?.reported === true) report({ kind: 'proxies-agree', at: clock.now(), service: id, state });
        disputes.delete(id);
      } else if (dispute === undefined) disputes.set(id, { since: now, reported: false });
      else if (!dispute.reported && now - dispute.since >= DISAGREE_AFTER_MS) {
        dispute.reported = true;
        const others = dissent.map(({ proxy }) => nameProxyShortly(known.get(proxy) ?? { id: proxy, name: proxy }));
        report({ kind: 'proxies-disagree', at: clock.now(), service: id, state, others });
      }
    }
  };

  /** While this proxy stood still it could hear nobody: that time does not count. */
  const catchUp = () => {
    const lateMs = clock.passed() - beatAt - EVERY_MS;
    beatAt = clock.passed();
    if (lateMs > EVERY_MS) for (const [id, at] of spoke) spoke.set(id, Math.min(at + lateMs, beatAt));
  };
  const beat = () => {
    catchUp();
    say();
    check();
    cancel = clock.after(EVERY_MS, beat);
  };
  facts.subscribe('proxies', (id, register, origin) => {
    if (origin === 'elsewhere' && isRunning) hear(id, register);
  });
  store.onHealthChange(changed);

  const isOfThisSite = (id: string) => {
    const found = known.get(id);
    return found === undefined || found.site === null || found.site === site;
  };
  const self = (): ProxyStatus => {
    const { boot: _, ...rest } = look();
    return { ...rest, id: facts.proxy, isSelf: true, alive: true, heardAt: clock.now() };
  };

  return {
    start() {
      isRunning = true;
      for (const [id, register] of [...facts.entries('proxies')]) if (id !== facts.proxy) hear(id, register);
      beatAt = clock.passed();
      beat();
    },
    stop() {
      if (!isRunning) return;
      isRunning = false;
      cancel();
      facts.set('proxies', facts.proxy, null);
    },
    reconfigure(next) {
      site = next;
      if (isRunning) say();
      // A service that is new here may be known to others.
      for (const proxy of known.values()) tell(proxy, undefined);
    },
    all: () => [self(), ...[...known.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))],
    isAlive: (id) => id === facts.proxy || known.get(id)?.alive === true,
    isOfThisSite,
    isNear: (device) => isOfThisSite(facts.get('devices', device)?.proxy ?? ''),
    isHere: (device) => [undefined, facts.proxy].includes(facts.get('devices', device)?.proxy),
    problems: (store = 'connected') => [
      ...(twinAt === null
        ? []
        : [
            `another proxy goes by the id of this one (${facts.proxy}): was its state.folder copied? Remove the file proxy-id from one of the two and restart it.`,
          ]),
      ...[...known.values()]
        .filter(({ alive }) => !alive)
        .map((proxy) => {
          const { heardAt } = proxy;
          const since = `proxy ${nameProxyShortly(proxy)} has not been heard since ${new Date(heardAt).toISOString()}`;
          return store === 'gone' || store === 'refused'
            ? `${since}: this proxy does not reach the store, so it cannot know how that one is.`
            : `${since}: it is down, or it cannot reach the store.`;
        }),
    ],
  };
}

function renderOwn(status: ServiceStatus, store: PeersOptions['store'], phones: number): ProxyService {
  const { id, state, attempt, since, t0, isNear, admin } = status;
  const ownT0 = selectOwnT0(store.state(id).health.phase);
  return { id, state, attempt, since, t0, ownT0, isNear, admin: admin.admin, phones };
}

/** Their number changes all the time; a second is soon enough for it. */
function withoutPhones(service: ProxyService): ProxyService {
  return { ...service, phones: 0 };
}

function viewOf({ id, alive }: ProxyStatus, { state, attempt, since, t0, ownT0 }: ProxyService): PeerView {
  return { proxy: id, alive, state, attempt, since, t0, ownT0 };
}
