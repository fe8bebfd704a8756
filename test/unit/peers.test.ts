/** What proxies say of themselves and of the services, and what an operator sees of it. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { renderHealthReport } from '../../src/commands/status.ts';
import { renderConsolePage } from '../../src/ops/console-page.ts';
import { renderHealth } from '../../src/ops/health.ts';
import { problemsBesideReasons, splitDissent } from '../../src/ops/service-reason.ts';
import { createPeers } from '../../src/peers/peers.ts';
import { readProxyId } from '../../src/shared/proxy-id.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createEventRecord } from '../event-record.ts';
import { createFactHub } from '../fact-hub.ts';
import { createFakeClock } from '../fake-clock.ts';
import { CONFIRMED, failed } from '../scripted-probe.ts';

const SETTINGS = { intervalMs: 5000, attempts: 3 };

function setUp(...names: string[]) {
  const clock = createFakeClock();
  const hub = createFactHub(clock);
  const proxies = names.map((name) => {
    const facts = createFacts({ proxy: name, clock });
    hub.join(facts);
    const definition = { id: 'a', name: 'Finesse A', cluster: 'main', probeIntervalMs: 5000 };
    const store = createServiceStore([definition], SETTINGS, clock);
    const record = createEventRecord(clock);
    const probes: string[] = [];
    const peers = createPeers({
      ...{ facts, store, clock, report: record.report, name: `host-${name}`, site: null, version: '1.0' },
      signedIn: () => 7,
      heard: (id, event) => {
        for (const effect of store.apply(id, event)) if (effect.kind === 'probe') probes.push(effect.limit);
      },
    });
    const probe = (isUp: boolean) =>
      store.apply('a', {
        ...{ kind: 'probe', at: clock.now(), startedAt: clock.now() - 5, latencyMs: 5 },
        outcome: isUp ? CONFIRMED : failed('refused'),
      });
    const health = () =>
      renderHealth({
        clusters: [{ id: 'main', candidates: store.candidates('main') }],
        signedIn: () => 7,
        ...{ version: '1.0', startedAt: clock.now(), now: clock.now(), problems: peers.problems() },
        proxies: peers.all(),
      });
    probe(true);
    peers.start();
    return { name, facts, store, peers, probes, probe, health, events: record.events };
  });
  const [one, two] = proxies;
  if (one === undefined || two === undefined) throw new Error('two at least');
  return { clock, hub, one, two };
}

describe('proxies', () => {
  it('B674 are in `proxies` of `/health` with how each sees every service; one that was not `heard` for 5 s is in `problems`', async () => {
    const { clock, hub, one, two } = setUp('one', 'two');
    await clock.advance(1000);
    for (const { health } of [one, two]) {
      expect(
        health()
          .proxies.map(({ id, heard }) => [id, heard])
          .toSorted(),
      ).toEqual([
        ['one', true],
        ['two', true],
      ]);
    }
    expect(one.health().proxies[0]).toMatchObject({ id: 'one', self: true, name: 'host-one', version: '1.0' });
    expect(one.health().proxies[1]?.services).toMatchObject([{ id: 'a', state: 'in-service', phones: 7 }]);
    expect(one.health().problems).toEqual([]);
    hub.cut('two');
    await clock.advance(4000);
    expect(one.peers.isAlive('two')).toBe(true);
    await clock.advance(3000);
    expect(one.health().proxies[1]).toMatchObject({ id: 'two', heard: false });
    expect(one.health().problems.join()).toMatch(
      /host-two \(two\) has not been heard since .*: it is down, or it cannot reach the store\.$/,
    );
    // It may be well, for all that is known.
    expect(one.peers.problems('gone').join()).toMatch(/this proxy does not reach the store, so it cannot know/);
    hub.heal('two');
    await clock.advance(1000);
    expect(one.health().problems).toEqual([]);
    const told = one.events.map(({ kind }) => kind).filter((kind) => kind.startsWith('proxy-'));
    expect(told).toEqual(['proxy-heard', 'proxy-gone', 'proxy-heard']);
    two.peers.stop();
    expect(one.health().proxies.map(({ id }) => id)).toEqual(['one']);
    expect(one.peers.isAlive('two')).toBe(false);
  });

  it('B675 that see the opposite have both views in `seenOtherwise`, `reason` and `problems`, and after 10 s `proxies-disagree` is reported', async () => {
    const { clock, one, two } = setUp('one', 'two');
    await clock.advance(100);
    one.probe(false);
    await clock.advance(0);
    expect(two.probes).toEqual(['fresh']);
    const [mine] = one.health().services;
    expect(mine?.seenOtherwise).toMatchObject([{ proxy: 'two', name: 'host-two', state: 'in-service' }]);
    expect(mine?.reason).toContain('This proxy sees it reconnecting, host-two (two) sees it in-service');
    const [its] = two.health().services;
    expect(its?.seenOtherwise).toMatchObject([{ proxy: 'one', state: 'reconnecting', attempt: 1 }]);
    expect(its?.reason).toContain('This proxy sees it in-service, host-one (one) sees it reconnecting');
    expect(two.health().problems.join()).toContain('a: proxies disagree.');
    const disagreed = () => two.events.filter(({ kind }) => kind === 'proxies-disagree' || kind === 'proxies-agree');
    await clock.advance(9000);
    expect(disagreed()).toEqual([]);
    await clock.advance(3000);
    expect(disagreed()).toMatchObject([{ service: 'a', state: 'in-service', others: ['host-one (one)'] }]);
    one.probe(true);
    await clock.advance(1500);
    expect(disagreed().map(({ kind }) => kind)).toEqual(['proxies-disagree', 'proxies-agree']);
    expect(two.health().services[0]?.seenOtherwise).toEqual([]);
    // It was asked once.
    expect(two.probes).toEqual(['fresh']);
  });

  it.each([90_000, 3 * 86_400_000])(
    'B822 are there still when the clock of the store leaps ahead by %d ms',
    async (byMs) => {
      const { clock, one, two } = setUp('one', 'two');
      await clock.advance(1000);
      for (const { facts } of [one, two]) facts.heardTime(clock.now() + byMs);
      for (let second = 0; second < 30; second += 1) {
        await clock.advance(1000);
        for (const { peers } of [one, two]) expect(peers.all().map(({ alive }) => alive)).toEqual([true, true]);
      }
      for (const { events } of [one, two]) {
        expect(events.filter(({ kind }) => kind === 'proxy-gone')).toEqual([]);
        expect(events.filter(({ kind }) => kind === 'proxy-heard')).toHaveLength(1);
      }
    },
  );

  it('B850 are there still when this proxy has stood still for long, as a machine does that is moved', async () => {
    const { clock, one, two } = setUp('one', 'two');
    await clock.advance(1500);
    await clock.suspend(20_000);
    await clock.advance(3000);
    for (const { events, peers } of [one, two]) {
      expect(events.filter(({ kind }) => kind === 'proxy-gone')).toEqual([]);
      expect(peers.all().map(({ alive }) => alive)).toEqual([true, true]);
    }
    // What counts is what was not heard while it could have been.
    two.peers.stop();
    expect(one.peers.isAlive('two')).toBe(false);
  });

  it('B828 say of themselves all that there is to say: nothing stays of what a newer version of them had said', async () => {
    const { clock, one, two } = setUp('one', 'two');
    await clock.advance(1000);
    const { at, value } = two.facts.get('proxies', 'one') as { at: number; value: object };
    for (const { facts } of [one, two])
      facts.receive('proxies', 'one', { at: at + 1, proxy: 'one', value: { ...value, load: 0.7 } });
    expect(two.facts.get('proxies', 'one')?.value).toHaveProperty('load');
    await clock.advance(2000);
    expect(two.facts.get('proxies', 'one')?.value).toEqual(value);
  });

  it('B838 `status` says a disagreement once, beside what the service itself has', async () => {
    const { clock, one, two } = setUp('one', 'two');
    await clock.advance(100);
    one.probe(false);
    await clock.advance(0);
    const printed = renderHealthReport(two.health(), clock.now());
    expect(printed).toContain(
      '\n! a: proxies disagree. This proxy sees it in-service, host-one (one) sees it reconnecting',
    );
    expect(printed.match(/This proxy sees it/g)).toHaveLength(1);
    expect(printed.match(/Look at the network/g)).toHaveLength(1);
    const failing = renderHealthReport(one.health(), clock.now());
    const [mine] = one.health().services;
    const failure = mine?.reason?.split(' This proxy sees it')[0];
    expect(failing).toContain(`\na: ${failure}\n`);
    expect(failing.match(/This proxy sees it/g)).toHaveLength(1);
  });

  it('B894 the console says a disagreement at the service, with its help, and not among the problems', async () => {
    const { clock, one, two } = setUp('one', 'two');
    await clock.advance(100);
    one.probe(false);
    await clock.advance(0);
    const inBrowser = await import(String(new URL('../../console/verdict.js', import.meta.url)));
    for (const { health } of [one, two]) {
      const report = health();
      expect(report.problems).toHaveLength(1);
      expect(problemsBesideReasons({ ...report, problems: [...report.problems, 'a: more', 'else'] })).toEqual([
        'a: more',
        'else',
      ]);
      expect(inBrowser.problemsBesideReasons(report)).toEqual([]);
      for (const service of report.services) {
        const { failed: own, dissent } = splitDissent(service);
        expect(dissent).toMatch(/^This proxy sees it .* Look at the network between \w+ proxy and the server\.$/);
        expect(own === null).toBe(service.state === 'in-service');
        expect([own, dissent].filter((words) => words !== null).join(' ')).toBe(service.reason);
        expect(inBrowser.splitDissent(service)).toEqual({ failed: own, dissent });
      }
    }
    const words = JSON.parse(readFileSync(new URL('../../console/words/en.json', import.meta.url), 'utf8'));
    const page = renderConsolePage('<!-- FACTS -->', {
      ...{ report: one.health(), outages: [], words, language: 'en', translate: null, operator: null },
      ...{ canSignIn: false, now: clock.now() },
    });
    expect(page.match(/This proxy sees it/g)).toHaveLength(1);
    expect(page).toContain('href="/console/help/runbook#proxies-see-a-service-differently"');
    expect(page).toContain('href="/console/help/runbook#refused"');
  });

  it('B670 that both see it have one t0, by the clock of the store whatever their own clocks say', async () => {
    const { clock, one, two } = setUp('one', 'two');
    one.facts.heardTime(clock.now() + 3_600_000);
    two.facts.heardTime(clock.now() + 3_600_000);
    await clock.advance(1000);
    one.probe(false);
    const t0 = clock.now();
    await clock.advance(3000);
    two.probe(false);
    await clock.advance(1000);
    for (const { store } of [one, two]) expect(store.get('a')).toMatchObject({ t0, state: 'reconnecting' });
    expect(one.health().services[0]?.seenOtherwise).toEqual([]);
  });
});

it('B676 a proxy keeps its id in `state.folder`, and `problems` says when another one has the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-proxy-id-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const state = { folder };
  const id = readProxyId(state.folder);
  expect(id).toMatch(/^[0-9a-f]{12}$/);
  expect(readProxyId(state.folder)).toBe(id);
  expect(readProxyId(null)).not.toBe(readProxyId(null));
  const { clock, hub, one } = setUp('one', 'two');
  const twin = createFacts({ proxy: 'one', clock });
  hub.join(twin);
  await clock.advance(1000);
  expect(one.peers.problems()).toEqual([]);
  const own = one.facts.get('proxies', 'one')?.value as Record<string, never>;
  one.facts.receive('proxies', 'one', { at: clock.now() + 1, proxy: 'one', value: { ...own, boot: 'another' } });
  expect(one.peers.problems().join()).toContain('another proxy goes by the id of this one (one)');
  // It was mended. That the clock of the store is set back then, too, is no reason to say it for longer.
  one.facts.heardTime(clock.now() - 3 * 86_400_000);
  await clock.advance(10_000);
  expect(one.peers.problems().join()).not.toContain('goes by the id');
});
