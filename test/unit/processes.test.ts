/** What processes that share the work for phones say to each other, and what comes of it in whatever order it arrives. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { newDevice } from '../../src/domain/device.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { selectRestartPause } from '../../src/domain/phone-process.ts';
import { createClientLimits } from '../../src/http/server/client-limits.ts';
import { decideProcesses } from '../../src/ops/process-health.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { createBarriers } from '../../src/processes/barriers.ts';
import { createChannel, type Message } from '../../src/processes/channel.ts';
import { createDeviceReplica } from '../../src/processes/device-replica.ts';
import { parseTemplates, renderTemplates } from '../../src/processes/template-text.ts';
import { eventOf, eventWord, type PhonesWord } from '../../src/processes/words.ts';
import { createDeviceRegistry, type DeviceFields } from '../../src/store/devices.ts';

const NEVER = { after: () => () => {} };
const overJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));

describe('the pace of restarts', () => {
  it('B804 is none for the first three in a minute, then doubles from a second to half a minute', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((count) =>
      selectRestartPause(
        Array.from({ length: count }, (_, index) => index * 10),
        count * 10,
      ),
    );
    expect(pauses).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(selectRestartPause([0, 1, 2, 3, 61_000], 61_001)).toBe(0);
  });

  it('B804 is a problem for operators only once a process was lost', () => {
    const one = { process: 1, pid: 7, state: 'serving', since: 0, restarts: 0, ended: null } as const;
    const used = { cpuSeconds: 0, residentBytes: 0 };
    expect(decideProcesses([{ ...one, ...used, state: 'starting' }])).toEqual([]);
    const lost = { ...one, ...used, state: 'ended', restarts: 3, ended: 'it ended with 1' } as const;
    expect(
      decideProcesses([
        { ...one, ...used },
        { ...lost, process: 2 },
      ]),
    ).toEqual(['phones are served by 1 of 2 processes: process 2 is started again (it ended with 1)']);
  });
});

describe('a channel', () => {
  it('sends what can wait along with what cannot, in order, and asks for a late word as it leaves', () => {
    const sent: Message<string>[] = [];
    const channel = createChannel<string>((message) => sent.push(message), NEVER);
    let value = 'early';
    channel.say('one', 'later');
    channel.say(() => value, 'soon');
    value = 'late';
    expect(channel.next()).toBe(1);
    channel.say('now', 'now');
    channel.flush();
    expect(sent).toEqual([{ n: 1, words: ['one', 'late', 'now'] }]);
    expect(channel.next()).toBe(2);
  });

  it('says soon what others wait for: in the same turn for all that came at once', async () => {
    const sent: Message<string>[] = [];
    const channel = createChannel<string>((message) => sent.push(message), NEVER);
    channel.say('a', 'soon');
    channel.say('b', 'soon');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual([{ n: 1, words: ['a', 'b'] }]);
  });
});

describe('words', () => {
  it('keep the errors of events over JSON, and page templates as they were checked', () => {
    const error = Object.assign(new Error('boom'), { code: 'EMFILE' });
    const event: ProxyEvent = { kind: 'internal-fault', at: 1, where: 'phones', error };
    const heard = eventOf(overJson(eventWord(event) as PhonesWord & { kind: 'event' }));
    expect(heard).toMatchObject({ kind: 'internal-fault', at: 1, where: 'phones', error: { message: 'boom' } });
    expect((heard as { error: Error & { code: string } }).error).toMatchObject({ code: 'EMFILE', stack: error.stack });
    const templates = loadPages({ folder: null, languages: ['en', 'de'], help: 'Help desk: 4711' });
    expect(parseTemplates(renderTemplates(templates))).toEqual(templates);
  });
});

describe('a barrier', () => {
  it('is passed when each has passed or ended, and at once where there is nobody', () => {
    const barriers = createBarriers();
    const done: string[] = [];
    barriers.raise([], () => done.push('nobody'));
    const one = barriers.raise([1, 2], () => done.push('both'));
    barriers.passed(one, 1);
    barriers.passed(one, 1);
    expect(done).toEqual(['nobody']);
    barriers.ended(2);
    barriers.passed(one, 2);
    expect(done).toEqual(['nobody', 'both']);
  });
});

/** The process that there is one of, with two that note what phones do; messages arrive when the test says so. */
class Shared {
  readonly main = createDeviceRegistry();
  readonly workers = [0, 1].map((number) => {
    const own = createDeviceRegistry();
    const toMain: Message<PhonesWord>[] = [];
    const channel = createChannel<PhonesWord>((message) => toMain.push(overJson(message)), NEVER);
    const toWorker: (() => void)[] = [];
    return { number, own, channel, toMain, toWorker, replica: createDeviceReplica(own, channel) };
  });

  constructor() {
    this.main.onOwnUpdate((name, fields) => this.#tell(null, name, fields));
  }

  #tell(but: number | null, name: string, fields: DeviceFields | null): void {
    for (const other of this.workers) {
      if (other.number !== but) other.toWorker.push(() => other.replica.noted(name, fields));
    }
  }

  arrive(at: 'main' | 'worker', number: number): void {
    const worker = this.workers[number];
    if (worker === undefined) return;
    if (at === 'worker') {
      worker.toWorker.shift()?.();
      return;
    }
    const message = worker.toMain.shift();
    if (message === undefined) return;
    for (const word of message.words) {
      if (word.kind !== 'device') continue;
      this.main.update(word.name, word.fields);
      this.#tell(number, word.name, word.fields);
    }
    worker.toWorker.push(() => worker.replica.heard(message.n));
  }

  settle(): void {
    for (const { channel } of this.workers) channel.flush();
    while (this.workers.some(({ toMain, toWorker }) => toMain.length + toWorker.length > 0)) {
      for (const number of [0, 1]) for (const at of ['main', 'worker'] as const) this.arrive(at, number);
    }
  }
}

const NAMES = ['SEP1', 'SEP2'];
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('sign-in', 'sign-out', 'look', 'leave', 'offer', 'prefill', 'choose'),
    worker: fc.integer({ min: 0, max: 1 }),
    name: fc.constantFrom(...NAMES),
    service: fc.constantFrom('a', 'b'),
  }),
  fc.record({ do: fc.constant('flush'), worker: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ do: fc.constantFrom('at-main', 'at-worker'), worker: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ do: fc.constant('place'), worker: fc.constant(0), name: fc.constantFrom(...NAMES) }),
);

describe('devices of several processes', () => {
  it('B800 end as the same in all of them, in whatever order notes are taken and arrive', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const shared = new Shared();
        let at = 1000;
        for (const one of steps) {
          at += 1;
          const worker = shared.workers[one.worker];
          if (worker === undefined) continue;
          const { devices } = worker.replica;
          const { name = '', service = '' } = one as { name?: string; service?: string };
          if (one.do === 'flush') worker.channel.flush();
          else if (one.do === 'at-main') shared.arrive('main', one.worker);
          else if (one.do === 'at-worker') shared.arrive('worker', one.worker);
          else if (one.do === 'place') shared.main.setPlace(name, { address: `10.0.0.${at % 9}`, origin: 'http://x' });
          else if (one.do === 'sign-in') devices.relayed(name, service, 'other', false, at);
          else if (one.do === 'sign-out') devices.relayed(name, service, 'other', true, at);
          else if (one.do === 'look') devices.looksAt(name, service, at, 'not-done');
          else if (one.do === 'leave') devices.looksAt(name, null, at);
          else if (one.do === 'offer') devices.offer(name, at);
          else if (one.do === 'choose') devices.choose(name, service);
          else devices.prefilled(name, { id: `${at}`, extension: null }, '10.0.0.1', at);
        }
        shared.settle();
        for (const name of NAMES) {
          const [main, ...others] = [shared.main, ...shared.workers.map(({ own }) => own)].map((registry) => {
            const device = registry.get(name);
            return { ...(device ?? newDevice(0)), place: registry.place(name), seenAt: null };
          });
          for (const other of others) expect(overJson(other)).toEqual(overJson(main));
        }
        for (const service of ['a', 'b']) {
          expect(shared.workers.map(({ own }) => own.signedIn(service))).toEqual(
            Array(2).fill(shared.main.signedIn(service)),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('B800 that one forgets are forgotten by all', () => {
    const shared = new Shared();
    shared.workers[0]?.replica.devices.relayed('SEP1', 'a', 'other', false, 1000);
    shared.settle();
    expect(shared.workers.map(({ own }) => own.signedIn('a'))).toEqual([1, 1]);
    shared.main.forget(2000);
    shared.settle();
    expect(shared.workers.map(({ own }) => [own.signedIn('a'), own.size()])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('limits of clients that several processes serve', () => {
  const limits = { ...DEFAULT_LIMITS.perAddress, connections: 8, requestsPerSecond: 1, burst: 20, exempt: [] };
  const create = () =>
    [1, 2].map(() => createClientLimits({ limits, trustedFronts: [] }, { passed: () => 0 }, undefined, 2));
  const exchange = (all: ReturnType<typeof create>) => {
    for (const [from, one] of all.entries()) {
      const use = one.takeUse();
      if (use !== null) for (const other of all) if (other !== one) other.usedElsewhere(from, overJson(use));
    }
  };

  it('B809 count requests together once an address has used half of what it may at once', () => {
    const all = create();
    let served = 0;
    for (let n = 0; n < 100; n++) {
      if (all[n % 2]?.requested('10.0.0.1', undefined).verdict === 'serve') served += 1;
      exchange(all);
    }
    // Half a burst more for the second process, at most.
    expect(served).toBeGreaterThanOrEqual(20);
    expect(served).toBeLessThanOrEqual(30);
    // One that asks little is nobody else's business.
    const quiet = create();
    for (let n = 0; n < 9; n++) quiet[0]?.requested('10.0.0.2', undefined);
    expect(quiet[0]?.takeUse()).toBeNull();
  });

  it('B809 count connections together, and forget those of a process that has ended', () => {
    const all = create();
    let open = 0;
    for (let n = 0; n < 20; n++) {
      if (all[n % 2]?.opened('10.0.0.1')) open += 1;
      exchange(all);
    }
    expect(open).toBe(8);
    all[0]?.endedElsewhere(1);
    expect(all[0]?.opened('10.0.0.1')).toBe(true);
    for (let n = 0; n < 4; n++) all[1]?.closed('10.0.0.1');
    exchange(all);
    expect(all[0]?.opened('10.0.0.1')).toBe(true);
  });
});
