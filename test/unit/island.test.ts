import { describe, expect, it } from 'vitest';
import { decideUnfitFor, selectAlternates } from '../../src/domain/alternates.ts';
import type { FailureCode } from '../../src/domain/failure.ts';
import { UNKNOWN_HEALTH } from '../../src/domain/health/state.ts';
import {
  type CutOffSite,
  decideNature,
  type IslandChange,
  reduceIslands,
  type SiteService,
  type SiteWord,
  selectAnswers,
  selectIslandWakeAt,
  selectWords,
} from '../../src/domain/island.ts';
import type { ProxyStatus } from '../../src/domain/proxies.ts';
import { selectFrontDoor } from '../../src/domain/routing.ts';
import { isNearSite } from '../../src/domain/site.ts';
import { selectCutSince } from '../../src/records/island-records.ts';
import { createIslands } from '../../src/store/islands.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock, START } from '../fake-clock.ts';
import { serviceStatus } from '../service-status.ts';

const SETTINGS = { suspectAfterMs: 60_000, warnAfterMs: 345_600_000 };
const DAY_MS = 86_400_000;

const SILENT = { systemInfo: { says: 'not-confirmed', since: START } } as const;
const near = (state: SiteService['state'] = 'in-service'): SiteService => ({
  site: 'east',
  isNear: true,
  state,
  failure: null,
  signals: SILENT,
});
const far = (code: FailureCode | null, state: SiteService['state'] = 'out-of-service', site = 'west'): SiteService => {
  return { site, isNear: false, state, failure: code === null ? null : { code, detail: '' }, signals: SILENT };
};

/** What changed, by `seconds: change`, when these services were seen at these times. */
function story(...seen: (readonly [seconds: number, services: readonly SiteService[]])[]) {
  let sites: readonly CutOffSite[] = [];
  const told: string[] = [];
  for (const [seconds, services] of seen) {
    const step = reduceIslands(sites, services, START + seconds * 1000, SETTINGS);
    sites = step.sites;
    told.push(...step.changes.map((change) => `${seconds}: ${render(change)}`));
  }
  return told;
}
function render(change: IslandChange): string {
  const since = (change.since - START) / 1000;
  return `${change.kind} ${change.site} since ${since}${change.kind === 'island-ended' ? `, ${change.because}` : ''}`;
}

describe('where things stand', () => {
  it('B400 what has no site stands where the proxy does, and without a site of the proxy everything is near', () => {
    expect(isNearSite(null, 'east')).toBe(true);
    expect(isNearSite('east', 'east')).toBe(true);
    expect(isNearSite('west', 'east')).toBe(false);
    expect(isNearSite('west', null)).toBe(true);
  });

  const at = (id: string, isNear: boolean, but: Parameters<typeof serviceStatus>[0] = {}) => ({
    status: serviceStatus({ id, isNear, site: isNear ? 'east' : 'west', ...but }),
    freshForMs: 10_000,
  });

  it('B401 menus take the own site first, then the order of the configuration', () => {
    const failed = serviceStatus({ id: 'a', state: 'out-of-service' });
    const cluster = [at('b', false), at('c', true), at('d', false), at('e', true)];
    expect(selectAlternates(failed, cluster, START).map(({ id }) => id)).toEqual(['c', 'e', 'b', 'd']);
  });

  it('B401 front doors do too, among services that are equally good', () => {
    const select = (...cluster: ReturnType<typeof at>[]) => selectFrontDoor(cluster, null, START).id;
    expect(select(at('b', false), at('c', true), at('d', true))).toBe('c');
    const OUT = { state: 'out-of-service' } as const;
    expect(select(at('b', false), at('c', true, OUT))).toBe('b');
    expect(select(at('b', false, OUT), at('c', true, OUT))).toBe('c');
    expect(select(at('b', true, OUT), at('c', false, { state: 'reconnecting' }))).toBe('c');
    expect(selectFrontDoor([at('b', false, OUT), at('c', true)], 'b', START).id).toBe('b');
  });
});

describe('an island', () => {
  it.each(['refused', 'unreachable', 'connect-timeout', 'timeout'] as const)(
    'B402 is suspected after a minute of %s',
    (code) => {
      const cut = [near(), far(code), far('timeout', 'reconnecting')];
      expect(story([0, cut], [59, cut], [60, cut], [61, cut])).toEqual(['60: island-suspected west since 0']);
    },
  );

  it.each([
    ['a server says itself that it is out of service', [near(), far('refused'), far('out-of-service')]],
    ['one answers anything', [near(), far('http-status')]],
    ['one refuses credentials', [near(), far('unauthorized', 'in-service')]],
    ['one is in service', [near(), far('refused'), far(null, 'in-service')]],
    ['one was reset, which a server does too', [near(), far('reset')]],
    ['a name does not resolve', [near(), far('name-not-found')]],
    ['the own site is not in service', [near('out-of-service'), far('refused')]],
    ['there is none of the own site', [far('refused')]],
    ['nothing is known yet', [near(), far(null, 'unknown')]],
    ['everything is near', [near(), { ...far('refused'), isNear: true }]],
  ])('B402 is not suspected when %s', (_, services) => {
    expect(story([0, services], [3600, services])).toEqual([]);
  });

  it('B402 each other site counts for itself', () => {
    const seen = [near(), far('refused'), far('timeout', 'out-of-service', 'north'), far(null, 'in-service', 'north')];
    expect(story([0, seen], [60, seen])).toEqual(['60: island-suspected west since 0']);
  });

  it('B403 ends when something there answers, a first good probe included', () => {
    const cut = [near(), far('timeout'), far('timeout')];
    const begun = [
      [0, cut],
      [60, cut],
    ] as const;
    const one = 'island-suspected west since 0';
    const confirmed = { ...far(null), signals: { systemInfo: { says: 'in-service', since: START } } } as const;
    // Whatever the Notification Service says beside it.
    const lost = { ...far('notification-lost'), signals: confirmed.signals };
    for (const untold of ['reset', 'name-not-found', 'notification-lost'] as const) {
      expect(story(...begun, [70, [near(), far(untold), far('timeout')]])).toEqual([`60: ${one}`]);
    }
    const ended = '70: island-ended west since 0, reached';
    for (const reached of [far(null, 'in-service'), confirmed, lost]) {
      expect(story(...begun, [70, [near(), reached, far('timeout')]])).toEqual([`60: ${one}`, ended]);
    }
    expect(story(...begun, [70, [near(), far('out-of-service'), far('timeout')]])).toEqual([`60: ${one}`, ended]);
    expect(story(...begun, [70, [near()]])).toEqual([`60: ${one}`, '70: island-ended west since 0, configuration']);
  });

  it('B403 a later cut begins anew', () => {
    const cut = [near(), far('timeout')];
    const back = [near(), far(null, 'in-service')];
    expect(story([0, cut], [60, cut], [70, back], [80, cut], [139, cut], [140, cut])).toEqual([
      '60: island-suspected west since 0',
      '70: island-ended west since 0, reached',
      '140: island-suspected west since 80',
    ]);
  });

  it('B403 while the own site is out too nothing is suspected; afterwards it counts from the same moment', () => {
    const cut = [near(), far('timeout')];
    const allOut = [near('out-of-service'), far('timeout')];
    expect(story([0, cut], [60, cut], [70, allOut], [200, cut])).toEqual([
      '60: island-suspected west since 0',
      '70: island-ended west since 0, own-site-out',
      '200: island-suspected west since 0',
    ]);
  });

  it('B550 ends when a node for reports there answers, and counts from its last answer', () => {
    const answered = (seconds: number) => new Map([['west', START + seconds * 1000]]);
    const cut = [near(), far('timeout')];
    const at = (sites: readonly CutOffSite[], seconds: number, answers: ReadonlyMap<string, number>) =>
      reduceIslands(sites, cut, START + seconds * 1000, SETTINGS, answers);
    // An answer from before the cut says nothing.
    const begun = at([], 0, answered(-5)).sites;
    expect(at(begun, 60, answered(-5)).changes.map(render)).toEqual(['island-suspected west since 0']);
    const suspected = at(begun, 60, answered(-5)).sites;
    const reached = at(suspected, 70, answered(70));
    expect(reached.changes.map(render)).toEqual(['island-ended west since 0, reached']);
    expect(at(reached.sites, 129, answered(70)).changes).toEqual([]);
    expect(at(reached.sites, 130, answered(70)).changes.map(render)).toEqual(['island-suspected west since 70']);
  });

  it('B550 of a node any answer counts, of the own site none', () => {
    const node = (
      site: string | null,
      isNear: boolean,
      code: FailureCode | null = null,
      lastProbeAt: number | null = 1,
    ) => ({ site, isNear, failure: code === null ? null : { code, detail: '' }, lastProbeAt }) as const;
    const answer = (...nodes: Parameters<typeof selectAnswers>[0]) => [...selectAnswers(nodes)];
    expect(answer(node('west', false), node('west', false, 'report-status', 2))).toEqual([['west', 2]]);
    expect(
      answer(node('west', false, 'timeout'), node('west', false, 'reset'), node('west', false, null, null)),
    ).toEqual([]);
    expect(answer(node('east', true), node(null, true))).toEqual([]);
  });

  it('B404 that lasts four days is told once more', () => {
    const cut = [near(), far('timeout')];
    const days = (count: number) => (count * DAY_MS) / 1000;
    expect(story([0, cut], [60, cut], [days(4) - 1, cut], [days(4), cut], [days(5), cut])).toEqual([
      '60: island-suspected west since 0',
      `${days(4)}: island-long west since 0`,
    ]);
  });

  it('B403 a clock that was set back does not make it longer', () => {
    const cut = [near(), far('timeout')];
    expect(story([1000, cut], [0, cut], [59, cut], [60, cut])).toEqual(['60: island-suspected west since 0']);
  });

  it('looks again when time alone may change something', () => {
    const site = { site: 'west', since: START, suspected: false, long: false };
    expect(selectIslandWakeAt([site], START, SETTINGS)).toBe(START + 60_000);
    expect(selectIslandWakeAt([site], START + 60_000, SETTINGS)).toBe(START + 4 * DAY_MS);
    expect(selectIslandWakeAt([site], START + 4 * DAY_MS, SETTINGS)).toBeNull();
    expect(selectIslandWakeAt([], START, SETTINGS)).toBeNull();
  });

  it('B405 its services are not offered', () => {
    const candidate = { status: serviceStatus({ isCutOff: true }), freshForMs: 10_000 };
    expect(decideUnfitFor(candidate, serviceStatus({ id: 'a' }), START)).toContain('island');
  });
});

describe('what is kept over a restart', () => {
  const content = (writtenAt: number, ...lines: object[]) => ({ writtenAt, lines, damage: null });
  const cut = { site: 'west', since: START - DAY_MS };

  it('B407 is believed unless the proxy was away for more than an hour', () => {
    expect(selectCutSince(content(START, cut), START + 3_600_000)).toEqual([cut]);
    expect(selectCutSince(content(START, cut), START + 3_600_001)).toEqual([]);
    const lately = { ...cut, since: START + 1000 };
    expect(selectCutSince(content(START - DAY_MS, lately), START + 3_600_000)).toEqual([lately]);
    expect(selectCutSince({ writtenAt: null, lines: [], damage: null }, START)).toEqual([]);
  });

  it('B407 the last line of a site counts, and what is no such line is passed over', () => {
    const north = { ...cut, site: 'north' };
    const lines = [
      cut,
      north,
      { site: 'west', since: null },
      { site: 7 },
      'x',
      { ...cut, site: 'ahead', since: START + 9 },
    ];
    expect(selectCutSince(content(START, ...(lines as object[])), START)).toEqual([
      north,
      { site: 'ahead', since: START },
    ]);
  });

  it('B407 nothing is suspected before it is seen that the site cannot be reached', () => {
    const kept = [{ ...cut, suspected: false, long: false }];
    const look = (services: readonly SiteService[]) => reduceIslands(kept, services, START, SETTINGS);
    expect(look([near(), far(null, 'unknown')])).toMatchObject({ sites: kept, changes: [] });
    expect(look([near(), far('timeout')]).changes).toEqual([{ kind: 'island-suspected', ...cut }]);
    expect(look([near(), far(null, 'in-service')])).toMatchObject({ sites: [], changes: [] });
  });
});

describe('the watch of the sites', () => {
  it('B403 B404 B406 follows the services by itself, and afterwards an outage is an ordinary one', async () => {
    const clock = createFakeClock();
    const { events, report, lines } = createEventRecord(clock);
    const define = { cluster: 'main', probeIntervalMs: 5000 };
    const store = createServiceStore(
      [
        { id: 'a', name: 'A', ...define, site: 'east' },
        { id: 'b', name: 'B', ...define, site: 'west', isNear: false },
      ],
      { intervalMs: 5000, attempts: 3 },
      clock,
    );
    const islands = createIslands(store, SETTINGS, clock, report);
    const up = () => ({ ...UNKNOWN_HEALTH, phase: { state: 'in-service', since: clock.now() } as const });
    const out = (code: FailureCode) => ({
      ...UNKNOWN_HEALTH,
      phase: { state: 'out-of-service', since: clock.now(), t0: clock.now(), confirmedInARow: 0 } as const,
      failure: { code, detail: '' },
    });
    store.restore('a', { health: up() });
    store.restore('b', { health: out('timeout') });
    expect(islands.suspected()).toEqual([]);
    await clock.advance(60_000);
    expect(islands.suspected()).toEqual([{ site: 'west', since: START, suspected: true, long: false }]);
    expect(store.get('b')?.isCutOff).toBe(true);
    expect(store.get('a')?.isCutOff).toBe(false);
    await clock.advance(4 * DAY_MS);
    expect(islands.suspected()).toMatchObject([{ long: true }]);

    store.restore('b', { health: up() });
    expect(islands.suspected()).toEqual([]);
    expect(store.get('b')?.isCutOff).toBe(false);
    store.restore('b', { health: out('out-of-service') });
    await clock.advance(DAY_MS);
    expect(islands.suspected()).toEqual([]);
    expect(store.get('b')?.isCutOff).toBe(false);
    expect(events.map(({ kind }) => kind)).toEqual(['island-suspected', 'island-long', 'island-ended']);
    expect(lines.at(-1)).toEqual([
      'island-ended',
      { site: 'west', since: new Date(START).toISOString(), seconds: 345_660, because: 'reached' },
    ]);
    expect(clock.armed()).toBe(0);
    islands.stop();
  });

  it('B404 other thresholds hold at once', () => {
    const clock = createFakeClock();
    const { events, report } = createEventRecord(clock);
    const define = { cluster: 'main', probeIntervalMs: 5000 };
    const store = createServiceStore(
      [
        { id: 'a', name: 'A', ...define },
        { id: 'b', name: 'B', ...define, site: 'west', isNear: false },
      ],
      { intervalMs: 5000, attempts: 3 },
      clock,
    );
    const islands = createIslands(store, SETTINGS, clock, report);
    store.restore('a', { health: { ...UNKNOWN_HEALTH, phase: { state: 'in-service', since: START } } });
    const phase = { state: 'reconnecting', t0: START, attempt: 1, stage: 'full' } as const;
    store.restore('b', { health: { ...UNKNOWN_HEALTH, phase, failure: { code: 'timeout', detail: '' } } });
    clock.set(1000);
    islands.reconfigure({ suspectAfterMs: 500, warnAfterMs: 900 });
    expect(events.map(({ kind }) => kind)).toEqual(['island-suspected', 'island-long']);
    islands.stop();
  });
});

describe('what proxies of the other site say', () => {
  const words = (says: 'fine' | 'out', since = START): SiteWord[] => [{ site: 'west', says, since }];
  const step = (before: readonly CutOffSite[], seconds: number, services: SiteService[], heard: readonly SiteWord[]) =>
    reduceIslands(before, services, START + seconds * 1000, SETTINGS, new Map(), heard);

  it('B690 that its services are fine proves the island: it is one as soon as all of them stand `out-of-service` here', () => {
    const waiting = step([], 0, [near(), far('timeout', 'reconnecting')], words('fine'));
    expect(waiting.sites).toEqual([{ site: 'west', since: START, suspected: false, long: false }]);
    const proven = step(waiting.sites, 16, [near(), far('timeout')], words('fine'));
    expect(proven.sites).toMatchObject([{ suspected: true, proof: 'island' }]);
    expect(proven.changes).toMatchObject([{ kind: 'island-suspected', site: 'west' }]);
  });

  it('B690 that they are out themselves proves that there is none: nothing is suspected, and what was ends as `site-out`', () => {
    const none = step([], 0, [near(), far('timeout')], words('out'));
    const later = step(none.sites, 120, [near(), far('timeout')], words('out'));
    expect(later.changes).toEqual([]);
    expect(later.sites).toMatchObject([{ suspected: false, proof: 'outage' }]);
    const alone = step(later.sites, 130, [near(), far('timeout')], []);
    expect(alone.sites).toMatchObject([{ suspected: true }]);
    const told = step(alone.sites, 140, [near(), far('timeout')], words('out'));
    expect(told.changes).toMatchObject([{ kind: 'island-ended', because: 'site-out' }]);
  });

  it('B691 what a cut was is known once the site is reached: an `island` if a service there was in service during it', () => {
    const cut = { site: 'west', since: START, until: START + 300_000 };
    const [word] = words('fine', START - 60_000);
    expect(decideNature(cut, word ?? null, cut.until)).toBe('island');
    // Their engines had failed over when the link was cut.
    expect(decideNature(cut, { site: 'west', says: 'fine', since: START + 90_000 }, cut.until)).toBe('island');
    expect(decideNature(cut, { site: 'west', says: 'fine', since: cut.until + 2000 }, cut.until)).toBe('outage');
    expect(decideNature(cut, { site: 'west', says: 'out', since: START }, cut.until)).toBeNull();
    expect(decideNature(cut, null, cut.until + 59_000)).toBeNull();
    expect(decideNature(cut, null, cut.until + 60_000)).toBe('unknown');
  });

  it('B691 the nature and the length are reported when a proxy there is heard again', () => {
    const clock = createFakeClock();
    const store = createServiceStore(
      [
        { id: 'a', name: 'A', cluster: 'main', probeIntervalMs: 5000, site: 'east', isNear: true },
        { id: 'b', name: 'B', cluster: 'main', probeIntervalMs: 5000, site: 'west', isNear: false },
      ],
      { intervalMs: 5000, attempts: 3 },
      clock,
    );
    const record = createEventRecord(clock);
    let heard: SiteWord[] = [];
    const islands = createIslands(
      store,
      SETTINGS,
      clock,
      record.report,
      () => new Map(),
      () => heard,
    );
    const up = { ...UNKNOWN_HEALTH, phase: { state: 'in-service', since: clock.now() } } as const;
    store.restore('a', { health: up });
    store.restore('b', {
      health: {
        ...UNKNOWN_HEALTH,
        failure: { code: 'timeout', detail: '' },
        phase: { state: 'out-of-service', since: clock.now(), t0: clock.now(), confirmedInARow: 0 },
      },
    });
    clock.set(200_000);
    store.restore('b', { health: { ...up, phase: { state: 'in-service', since: clock.now() } } });
    const natures = () => record.events.filter(({ kind }) => kind === 'site-reached');
    expect(natures()).toEqual([]);
    heard = words('fine', START - 1000);
    islands.look();
    expect(natures()).toMatchObject([{ site: 'west', since: START, until: START + 200_000, nature: 'island' }]);
    islands.look();
    expect(natures()).toHaveLength(1);
    islands.stop();
  });

  it('B690 of several proxies of a site the one counts that sees a service there in service, and none of the own site does', () => {
    const proxy = (
      id: string,
      site: string | null,
      state: 'in-service' | 'out-of-service',
      alive = true,
    ): ProxyStatus => ({
      ...{ id, name: id, site, version: '1', isSelf: false, alive, heardAt: START },
      services: [
        {
          ...{ id: 'b', state, attempt: null, since: START, admin: 'ready', phones: 0, isNear: true },
          ...(state === 'in-service' ? { t0: null, ownT0: null } : { t0: START, ownT0: START }),
        },
      ],
    });
    expect(selectWords([proxy('p', 'west', 'out-of-service'), proxy('q', 'west', 'in-service')], 'east')).toMatchObject(
      [{ site: 'west', says: 'fine' }],
    );
    expect(selectWords([proxy('p', 'west', 'out-of-service')], 'east')).toMatchObject([{ says: 'out' }]);
    expect(selectWords([proxy('p', 'west', 'in-service', false), proxy('q', 'east', 'in-service')], 'east')).toEqual(
      [],
    );
  });
});
