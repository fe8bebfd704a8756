import { expect, it } from 'vitest';
import { createReloader } from '../../src/commands/reload.ts';
import type { Config } from '../../src/config/config.ts';
import type { LoadResult } from '../../src/config/load.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock } from '../fake-clock.ts';
import { change, load, VALID } from './config-files.ts';

const TEMPLATES = loadPages({ folder: null, languages: ['en'], help: null });

async function configOf(text: string): Promise<Config> {
  const result = await load(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

interface World {
  readonly reload: () => Promise<void>;
  readonly problems: () => readonly string[];
  readonly applied: Config[];
  /** Events with what matters of their fields, since the last call. */
  readonly events: () => string[];
  /** What the next reloads find, in turn. */
  readonly finds: (...results: (LoadResult | Promise<LoadResult>)[]) => void;
}

async function create(apply: (config: Config) => void = () => {}): Promise<World> {
  const clock = createFakeClock();
  const { report, lines } = createEventRecord(clock);
  const applied: Config[] = [];
  const results: (LoadResult | Promise<LoadResult>)[] = [];
  const reloader = createReloader({
    file: 'ippa.yaml',
    initial: await configOf(VALID),
    apply(config) {
      apply(config);
      applied.push(config);
    },
    ...{ report, clock },
    load: async () => ({ templates: TEMPLATES, ...((await results.shift()) as LoadResult) }),
  });
  return {
    reload: () => reloader.reload('SIGHUP'),
    problems: reloader.problems,
    applied,
    events: () =>
      lines.splice(0).map(([event, fields]) => [event, fields.key, fields.change].filter(Boolean).join(' ')),
    finds: (...found) => void results.push(...found),
  };
}

it('B201 B205 says what changed, and until the restart what waits for it', async () => {
  const world = await create();
  const moved = change('port: 8082', 'port: 8083');
  world.finds(await load(`${moved}reconnect: { attempts: 4 }\n`), await load(moved), await load(VALID));
  await world.reload();
  const waiting = [
    'restart-needed phones.listeners[0] (http on 127.0.0.1 port 8082) removed',
    'restart-needed phones.listeners[0] (http on 127.0.0.1 port 8083) added',
  ];
  const changed = 'configuration-changed reconnect.attempts';
  expect(world.events()).toEqual(['reloading', `${changed} from 3 to 4`, ...waiting, 'reloaded']);
  await world.reload();
  expect(world.events()).toEqual(['reloading', `${changed} from 4 to 3`, ...waiting, 'reloaded']);
  await world.reload();
  expect(world.events()).toEqual(['reloading', 'reloaded']);
});

it('B200 applies nothing of a file with a fault, and all of the next one', async () => {
  const world = await create();
  world.finds(await load(change('id: a', 'id: fippa')), await load(`${VALID}stop: { pause: 1s }\n`));
  await world.reload();
  expect(world.applied).toEqual([]);
  expect(world.events()).toEqual(['reloading', 'reload-refused clusters[0].services[0].id', 'reload-refused']);
  await world.reload();
  expect(world.events()).toContain('configuration-changed stop.pause from 0ms to 1s');
});

it('does one after the other, the last one asked for last', async () => {
  const world = await create();
  const slow = Promise.withResolvers<LoadResult>();
  world.finds(slow.promise, await load(`${VALID}stop: { pause: 2s }\n`));
  const both = [world.reload(), world.reload()];
  slow.resolve(await load(`${VALID}stop: { pause: 1s }\n`));
  await Promise.all(both);
  expect(world.applied.map(({ stop }) => stop.pauseMs)).toEqual([1000, 2000]);
});

it('survives a fault of its own', async () => {
  let isBroken = true;
  const world = await create(() => {
    if (isBroken) throw new Error('broken');
  });
  world.finds(await load(VALID), await load(VALID));
  await world.reload();
  expect(world.events()).toEqual(['reloading', 'reload-fault']);
  isBroken = false;
  await world.reload();
  expect(world.events()).toEqual(['reloading', 'reloaded']);
});

it('B288 a refused reload, one that waits for a restart and a fault stand in the problems until a reload is fine', async () => {
  let isBroken = false;
  const world = await create(() => {
    if (isBroken) throw new Error('broken');
  });
  const moved = await load(change('port: 8082', 'port: 8083'));
  const refused = await load(change('id: a', 'id: fippa').replace('name: Finesse A', 'name: 5'));
  world.finds(moved, refused, moved, await load(VALID), await load(VALID));
  expect(world.problems()).toEqual([]);
  await world.reload();
  const waits = expect.stringMatching(/^a restart is needed before these changes hold: phones\.listeners\[0\] \(http/);
  expect(world.problems()).toEqual([waits]);
  await world.reload();
  const words =
    /^the last reload was refused, and nothing has changed: \S+:\d+: clusters\[0\]\S+: found .*allowed: .* \(and 1 more/;
  expect(world.problems()).toEqual([expect.stringMatching(words), waits]);
  await world.reload();
  expect(world.problems()).toEqual([waits]);
  isBroken = true;
  await world.reload();
  expect(world.problems()).toEqual([expect.stringContaining('reload-fault'), waits]);
  isBroken = false;
  await world.reload();
  expect(world.problems()).toEqual([]);
});
