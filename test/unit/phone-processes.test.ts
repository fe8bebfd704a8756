/** When a process that serves phones is taken for one that hangs, or does not begin. */

import { expect, it } from 'vitest';
import { loadPages } from '../../src/pages/templates.ts';
import type { PhoneProcessListener } from '../../src/processes/phone-process-handle.ts';
import { createPhoneProcesses, type PhoneProcessesOptions } from '../../src/processes/phone-processes.ts';
import type { MainWord } from '../../src/processes/words.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock } from '../fake-clock.ts';

const ALIVE = { kind: 'alive', cpuSeconds: 1, residentBytes: 1 } as const;

/** Two processes; those in `frozen` answer nothing, by their number in the order of their starts. */
function startTwo() {
  const clock = createFakeClock();
  const killedAt: number[] = [];
  const frozen = new Set<number>();
  let started = 0;
  const startProcess = (listener: PhoneProcessListener) => {
    const pid = ++started;
    const answer = (word: MainWord) => {
      if (frozen.has(pid)) return;
      if (word.kind === 'serve') listener.heard({ n: 1, words: [{ kind: 'serving', addresses: [] }] });
      if (word.kind === 'alive') listener.heard({ n: 1, words: [ALIVE] });
    };
    // Answers are heard after what was said, as over a real channel.
    const say = (word: MainWord) => queueMicrotask(() => answer(word));
    const kill = () => {
      killedAt.push(clock.passed());
      listener.ended('it was ended by SIGKILL');
    };
    return { pid, channel: { say, flush: () => {} }, kill } as never;
  };
  const nothing = { all: () => [], cutOff: () => [[], null], onStateChange: () => {}, onCutOffChange: () => {} };
  const processes = createPhoneProcesses({
    config: { processes: 2, phones: { listeners: [] } },
    ...{
      templates: loadPages({ folder: null, languages: ['en'], help: null }),
      store: nothing,
      drills: nothing,
      monitor: {},
      addresses: {},
    },
    ...{ devices: createDeviceRegistry(), clock, report: createEventRecord(clock).report, startProcess },
  } as unknown as PhoneProcessesOptions);
  return { clock, killedAt, frozen, processes };
}

it('B848 after 4 to 4.5 s without an answer, so that a phone has its answer from another one within 5 s', async () => {
  const { clock, killedAt, frozen, processes } = startTwo();
  await processes.start();
  await clock.advance(30_200);
  expect(killedAt).toEqual([]);

  frozen.add(1);
  const from = clock.passed();
  await clock.advance(3_900);
  expect(killedAt).toEqual([]);
  await clock.advance(600);
  expect(killedAt).toHaveLength(1);
  expect((killedAt[0] ?? 0) - from).toBeLessThanOrEqual(4_500);
  expect(processes.status()[0]?.ended).toMatch(/^it hung: it answered nothing for 4 s/);
  await clock.advance(10_000);
  expect(killedAt).toHaveLength(1);
});

it('B803 one that does not begin to serve is replaced after half a minute, whatever the clock is set to', async () => {
  const { clock, killedAt, frozen, processes } = startTwo();
  frozen.add(2);
  const start = processes.start();
  clock.set(3_600_000);
  await clock.advance(29_000);
  expect(killedAt).toEqual([]);
  clock.set(-7_200_000);
  await clock.advance(2_000);
  expect(killedAt).toHaveLength(1);
  await start;
  expect(processes.status()[1]).toMatchObject({ state: 'serving', ended: 'it did not begin to serve' });
});
