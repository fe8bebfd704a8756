/**
 * The link of a proxy's facts to Redis or Valkey. What changes here is written there; what others wrote is asked for again and
 * again. After each new connection, and every minute, all is read anew and what is newer here is written back: nothing of what
 * went wrong on the way lasts longer. Nobody waits for any of this (docs/shared-memory.md).
 */

import { randomUUID } from 'node:crypto';
import type { RedisConfig } from '../config/config.ts';
import type { Report, StoreState } from '../domain/events.ts';
import { isNewer, type Register } from '../domain/register.ts';
import { refusesWritesOnly, type StoreFault } from '../domain/store-fault.ts';
import type { StoreStatus } from '../domain/store-status.ts';
import { urlHost } from '../text/url-host.ts';
import type { Clock } from '../time/clock.ts';
import { type ClockOffset, createClockOffset } from './clock-offset.ts';
import type { FactKind, FactLink } from './facts.ts';
import { createStoreClaims } from './redis-claims.ts';
import { createRedisConnection, type RedisConnection, type RedisReply } from './redis-connection.ts';
import {
  AUDIT_STREAMS,
  EXPIRE_SCRIPT,
  factAt,
  HASHES,
  isKnownLayout,
  OUTAGE_DEVICES_MS,
  parseRegister,
  placeOf,
  SCHEMA,
} from './redis-layout.ts';
import {
  answerOf,
  createStoreReader,
  type LogEntry,
  PORTION,
  parseReached,
  parseStreams,
  parseTime,
  StoreError,
  type StoreReader,
} from './redis-reader.ts';
import { createStoreWriter } from './redis-writer.ts';
import { createRefusedFacts } from './refused-facts.ts';
import { MAX_BEHIND_MS, type Replica, TRUSTED_AHEAD_MS } from './replica.ts';
import { type SharedTrail, TRAIL_PARTS, type TrailPart } from './shared-trail.ts';
import { createStorePeers } from './store-peers.ts';

export interface RedisLink extends FactLink {
  start(): void;
  stop(withinMs: number): Promise<void>;
  status(): StoreStatus;
  append(entry: string, part: TrailPart): void;
}

export interface RedisLinkOptions {
  readonly redis: RedisConfig;
  readonly facts: Replica;
  readonly trail: SharedTrail;
  readonly clock: Clock;
  readonly report: Report;
  /** Another connection than a real one, for tests. */
  readonly connect?: typeof createRedisConnection;
}

/** Nothing heard for so long: it is gone. A blip that is shorter concerns nobody. */
const GONE_AFTER_MS = 1000;
/** An outage older than this is told of by no proxy any more; its devices are read once for each connection. */
const OUTAGE_LIVE_MS = 3_600_000;
/** A hash of devices has ended by then: the record is told of once more when its outage is, and they for half a day after t0. */
const OUTAGE_ENDED_MS = OUTAGE_DEVICES_MS + 86_400_000;
const CHANGES_AT_ONCE = 1000;
/** Between two attempts to read everything. */
const RETRY_MS = 250;
const REREAD_AGAIN_MS = 5000;
/** Nothing is that old. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** What is polled: the log of changes, then the audit trail. */
const STREAMS = ['log', ...TRAIL_PARTS.map((part) => AUDIT_STREAMS[part].key)];

export function createRedisLink(options: RedisLinkOptions): RedisLink {
  const { redis, facts, trail, clock, report, connect = createRedisConnection } = options;
  const { prefix } = redis;
  const server = redis.name ?? redis.servers.map(({ host, port }) => `${urlHost(host)}:${port}`).join();
  const connection: RedisConnection = connect({
    ...{ redis, name: `ippa-proxy-${facts.proxy}` },
    onUp: () => begin(),
    onDown: () => leave(),
  });
  const reader: StoreReader = createStoreReader(connection, prefix);
  const writer = createStoreWriter({ connection, prefix, facts, clock, onAttempt: (fault) => attempted(fault) });
  const claims = createStoreClaims({ connection, prefix, proxy: facts.proxy, clock, isRead: () => cursor !== null });
  const peers = createStorePeers(facts.proxy, clock);
  const refused = createRefusedFacts(clock, report);
  let offset: ClockOffset = createClockOffset();
  let state: StoreState = 'connecting';
  let since = clock.now();
  let fault: StoreFault | null = null;
  let writeFault: StoreFault | null = null;
  /** A hash that holds something else, as the last full read found. The others are read all the same. */
  let damage: StoreFault | null = null;
  /** Of the connection that is there: what is heard for another one is passed over. */
  let generation = 0;
  let epoch: string | null = null;
  /** Where the next poll goes on; null: nothing was read by this connection yet. */
  let cursor: ReadonlyMap<string, string> | null = null;
  let heardAt: number | null = null;
  let startedAt = clock.passed();
  let rereadAt = 0;
  let isRunning = false;
  let isBusy = false;
  let cancelTick = () => {};

  const enter = (next: StoreState, because: StoreFault | null) => {
    fault = because;
    if (next === state) return;
    const from = state;
    state = next;
    since = clock.now();
    report({ kind: 'store-changed', at: since, from, to: next, fault: because });
  };
  const heard = () => {
    heardAt = clock.passed();
    settle();
  };
  const settle = () => {
    const because = damage ?? writeFault;
    if (because === null) enter('connected', null);
    else enter('reading-only', because);
  };
  const attempted = (found: StoreFault | null) => {
    // Without an answer nobody knows whether writes are refused; that it is silent the poll says.
    const because = found !== null && (refusesWritesOnly(found) || isAnswer(found)) ? found : null;
    if (found !== null && because === null) return;
    // Which key it is a full read says.
    if (because?.code === 'store-key' && writeFault?.code !== 'store-key') rereadAt = 0;
    writeFault = because;
    if (state === 'connected' || state === 'reading-only') settle();
  };
  const failed = (found: StoreFault) => {
    // At the start too it may take a moment to connect.
    const silentFor = clock.passed() - (heardAt ?? startedAt);
    if (found.code === 'store-newer') enter('refused', found);
    else if (silentFor >= GONE_AFTER_MS && state !== 'refused') enter('gone', found);
  };
  const leave = () => {
    generation += 1;
    cursor = null;
    writer.allow(false);
  };
  /** A new connection, or another store: whatever was known of it is void but for the facts themselves. */
  const begin = () => {
    leave();
    offset = createClockOffset();
    if (isBusy || !isRunning) return;
    cancelTick();
    void tick();
  };

  /** The order is what makes it whole: what changes while it is read is in the log after `last`, and seen twice at worst. */
  const readAll = async (current: number, isFirst: boolean) => {
    try {
      const last = new Map<string, string>();
      for (const key of STREAMS) last.set(key, await reader.lastId(key));
      await readHead();
      if (current !== generation) return;
      await readTime();
      writer.allow(true);
      let found: StoreFault | null = null;
      for (const hash of HASHES) found = (await tryHash(hash)) ?? found;
      // Which outages there are is known by now.
      for (const outage of liveOutages(isFirst)) found = (await tryHash(`outage:${outage}`)) ?? found;
      if (isFirst) await readTrail();
      await claims.tellDone(isFirst);
      if (current !== generation) return;
      cursor = isFirst || cursor === null ? last : cursor;
      damage = found;
      rereadAt = clock.passed() + (damage === null ? redis.rereadMs : Math.min(redis.rereadMs, REREAD_AGAIN_MS));
      heard();
    } catch (error) {
      // What changes is asked for meanwhile, also where reading all of it fails again and again.
      rereadAt = clock.passed() + Math.min(redis.rereadMs, REREAD_AGAIN_MS);
      if (current === generation) failed(faultOf(error));
    }
  };

  const readHead = async () => {
    const head = await reader.head();
    if (!isKnownLayout(head.schema)) {
      // Nothing is read of it either, until the layout is one that is known.
      cursor = null;
      writer.allow(false);
      const detail = `layout ${head.schema?.slice(0, 40)}, known here is ${SCHEMA}`;
      throw new StoreError({ code: 'store-newer', detail });
    }
    let now = head.epoch;
    if (now === null) {
      await connection.run([
        ['SET', `${prefix}schema`, SCHEMA, 'NX'],
        ['SET', `${prefix}epoch`, randomUUID(), 'NX'],
      ]);
      // Somebody else may have been first. A store that takes no writes stays without one.
      now = (await reader.head()).epoch;
    }
    if (epoch !== null && now !== epoch)
      report({ kind: 'store-replaced', at: clock.now(), flushed: head.epoch === null });
    epoch = now;
  };

  const readTime = async () => {
    const askedAt = clock.passed();
    const [reply, reached] = await connection.run([['TIME'], ['GET', `${prefix}clock`]]);
    setTime(parseTime(answerOf(reply)), askedAt, readReached(reached));
  };
  const readReached = (reply: RedisReply | undefined) => parseReached(answerOf(reply, `${prefix}clock`));
  const setTime = (said: number, askedAt: number, reached: number) => {
    const heardNow = clock.passed();
    facts.heardTime(offset.add({ said, askedAt, heardAt: heardNow }) + heardNow, reached);
  };

  /** null: it was read. A fault: the key holds something else, and the rest of the store is to be had. */
  const tryHash = async (hash: string): Promise<StoreFault | null> => {
    try {
      await readHash(hash);
      return null;
    } catch (error) {
      const found = faultOf(error);
      if (found.code !== 'store-key') throw error;
      return found;
    }
  };

  /** What one place of the store says: `null` nothing that can be taken, `ahead` something that is to be gone. */
  const readFact = (hash: string, name: string, text: string): Fact | 'ahead' | null => {
    const at = factAt(hash, name);
    if (at === null) return null;
    const register = parseRegister(text);
    if (register !== null && facts.trusts(register)) return { ...at, register };
    refused.refuse(register === null ? 'form' : 'ahead', hash, name, text);
    return register === null ? null : 'ahead';
  };
  /** Whatever one of them does to whoever reads it, the next ones are read. */
  const guard = (hash: string, name: string, text: string, run: () => void) => {
    try {
      run();
    } catch {
      refused.refuse('fault', hash, name, text);
    }
  };
  const receive = ({ kind, field, register }: Fact) => {
    if (facts.receive(kind, field, register, link)) peers.heard(register.proxy);
  };

  /** Takes what is newer there, and has written what is newer here or not there at all. */
  const readHash = async (hash: string) => {
    const found = new Set<string>();
    const over = new Map<number, string[]>();
    for await (const portion of reader.fields(hash)) {
      for (const [name, text] of portion) {
        guard(hash, name, text, () => {
          const fact = readFact(hash, name, text);
          if (fact === null) return;
          const ageMs = fact === 'ahead' ? NEVER_MS : facts.overAfter(fact.kind, fact.register);
          const names = ageMs === null ? undefined : over.get(ageMs);
          if (names !== undefined) names.push(name);
          else if (ageMs !== null) over.set(ageMs, [name]);
          if (fact === 'ahead' || ageMs !== null) return;
          const known = facts.get(fact.kind, fact.field);
          if (known === null || !isNewer(known, fact.register)) found.add(fact.field);
          receive(fact);
        });
      }
    }
    for (const [kind, field] of await factsOf(hash)) if (!found.has(field)) writer.changed(kind, field);
    for (const [ageMs, names] of over) {
      for (let first = 0; first < names.length; first += PORTION) {
        const part = names.slice(first, first + PORTION);
        const head = ['EVAL', EXPIRE_SCRIPT, 2, `${prefix}${hash}`, `${prefix}clock`] as const;
        await connection.run([[...head, facts.now(), MAX_BEHIND_MS, ageMs, TRUSTED_AHEAD_MS, ...part]]);
      }
    }
  };
  const factsOf = async (hash: string): Promise<(readonly [FactKind, string])[]> => {
    const kind = factAt(hash, '')?.kind ?? 'devices';
    const list: (readonly [FactKind, string])[] = [];
    for (const [field] of facts.entries(kind)) if (placeOf(kind, field).hash === hash) list.push([kind, field]);
    return list;
  };
  const liveOutages = (isFirst: boolean): readonly string[] => {
    const ids = new Set([...facts.entries('outage-devices')].map(([field]) => field.slice(0, field.indexOf('/'))));
    const since = facts.now() - (isFirst ? OUTAGE_ENDED_MS : OUTAGE_LIVE_MS);
    for (const [id, { at }] of facts.entries('outages')) if (at > since) ids.add(id);
    return [...ids];
  };

  /** Its streams may be new: then the entries of this proxy are added again. A full one keeps its own. */
  const readTrail = async () => {
    const there = new Set<string>();
    const isFull = new Map<TrailPart, boolean>();
    for (const part of TRAIL_PARTS) {
      const { key, length } = AUDIT_STREAMS[part];
      let count = 0;
      for await (const portion of reader.entries(key)) {
        count += portion.length;
        for (const entry of portion) takeEntry(entry, there);
      }
      isFull.set(part, count >= length);
    }
    for (const part of TRAIL_PARTS) {
      if (isFull.get(part)) continue;
      for (const entry of trail.own(part)) if (!there.has(entry)) writer.append(entry, part);
    }
  };
  const takeEntry = ({ fields }: LogEntry, there?: Set<string>) => {
    const text = fields.get('e');
    if (text === undefined) return;
    guard('audit', '', text, () => {
      const known = trail.heard(text);
      if (known !== null) there?.add(known);
    });
  };

  const poll = async () => {
    if (cursor === null) return;
    const current = generation;
    const from = cursor;
    const idOf = (key: string) => from.get(key) ?? '0-0';
    const askedAt = clock.passed();
    const [epochNow, time, news, reached] = await connection.run([
      ['GET', `${prefix}epoch`],
      ['TIME'],
      ['XREAD', 'COUNT', CHANGES_AT_ONCE, 'STREAMS', ...STREAMS.map((key) => `${prefix}${key}`), ...STREAMS.map(idOf)],
      // Last: it has come as far as whoever wrote the news.
      ['GET', `${prefix}clock`],
    ]);
    if (current !== generation) return;
    const found = parseStreams(answerOf(news, `${prefix}log or ${prefix}audit`));
    const epochThere = answerOf(epochNow, `${prefix}epoch`);
    setTime(parseTime(answerOf(time)), askedAt, readReached(reached));
    const newOf = (key: string) => found.get(`${prefix}${key}`) ?? [];
    const changes = newOf('log');
    for (const key of STREAMS) {
      if (key === 'log') for (const { fields } of changes) takeChange(fields);
      else for (const entry of newOf(key)) takeEntry(entry);
    }
    cursor = new Map(STREAMS.map((key) => [key, newOf(key).at(-1)?.id ?? idOf(key)]));
    heard();
    if (epochThere !== epoch) return leave();
    if (changes.length < CHANGES_AT_ONCE) return;
    // So far behind that the log may have been cut off before it was read.
    const first = await reader.firstId('log');
    if (first !== null && isBefore(idOf('log'), first)) await readAll(current, false);
  };
  const takeChange = (fields: ReadonlyMap<string, string>) => {
    const [hash, name, text] = ['h', 'f', 'r'].map((each) => fields.get(each) ?? '') as [string, string, string];
    guard(hash, name, text, () => {
      const fact = readFact(hash, name, text);
      if (fact !== null && fact !== 'ahead') receive(fact);
    });
  };

  const tick = async () => {
    const current = generation;
    isBusy = true;
    try {
      if (!connection.isUp()) failed(connection.fault() ?? { code: 'store-unreachable', detail: 'not connected yet' });
      else if (cursor === null) await readAll(current, true);
      else if (clock.passed() >= rereadAt) await readAll(current, false);
      else await poll();
    } catch (error) {
      if (current === generation) failed(faultOf(error));
    }
    isBusy = false;
    const delayMs = cursor === null && current === generation ? Math.max(RETRY_MS, redis.pollMs) : redis.pollMs;
    if (isRunning) cancelTick = clock.after(delayMs, () => void tick());
  };

  const link: RedisLink = {
    send: (kind, field) => writer.changed(kind, field),
    ...{ claim: claims.claim, finish: claims.finish },
    append: writer.append,
    start() {
      isRunning = true;
      startedAt = clock.passed();
      connection.open();
      facts.link(link);
      cancelTick = clock.after(redis.pollMs, () => void tick());
    },
    async stop(withinMs) {
      isRunning = false;
      cancelTick();
      facts.unlink(link);
      if (connection.isUp()) await writer.stop(withinMs);
      connection.close();
    },
    status: () => ({
      ...{ server, state, since, fault },
      lagMs: heardAt === null ? null : Math.max(0, Math.round(clock.passed() - heardAt)),
      ...{ waiting: writer.waiting(), written: writer.written() },
      ...{ refused: refused.total(), facts: facts.size(), peers: peers.all() },
    }),
  };
  return link;
}

interface Fact {
  readonly kind: FactKind;
  readonly field: string;
  readonly register: Register;
}

/** It was heard and is no refusal that is known: whatever it is about, it was not written. */
function isAnswer({ code }: StoreFault): boolean {
  return code === 'store-other' || code === 'store-key';
}

function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreError) return error.fault;
  return { code: 'store-other', detail: error instanceof Error ? error.message : String(error) };
}

/** Ids of a stream are `MS-COUNT`. */
function isBefore(one: string, other: string): boolean {
  const [[ms = 0, count = 0], [otherMs = 0, otherCount = 0]] = [one, other].map((id) => id.split('-').map(Number)) as [
    number[],
    number[],
  ];
  return ms < otherMs || (ms === otherMs && count < otherCount);
}
