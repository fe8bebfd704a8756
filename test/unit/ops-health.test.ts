import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_SIGNALS } from '../../src/domain/health/state.ts';
import type { ServiceStatus } from '../../src/domain/model.ts';
import { renderHealth } from '../../src/ops/health.ts';
import { reasonBesideProblems } from '../../src/ops/service-reason.ts';
import { INFO } from '../scripted-probe.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');

function status(id: string, over: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    id,
    name: `Finesse ${id.toUpperCase()}`,
    cluster: 'main',
    ...{ site: null, isNear: true, isCutOff: false, rejoinedAt: null },
    state: 'in-service',
    attempt: null,
    attempts: 3,
    attemptEndsAt: null,
    since: NOW - 60_000,
    t0: null,
    failure: null,
    lastProbeAt: NOW - 1000,
    latencyMs: 12.4,
    confirmedAt: NOW - 1000,
    info: null,
    fippaFailing: false,
    signals: { ...NO_SIGNALS, notification: 'off', decidedBy: 'systemInfo' },
    admin: { admin: 'ready', reason: null, until: null },
    dissent: [],
    ...over,
  };
}

const OUT = { state: 'out-of-service' } as const;
const MAINT = { admin: { admin: 'maint', reason: 'patching', until: null } } as const;

const DRAIN = { admin: { ...MAINT.admin, admin: 'drain' } } as const;

function report(...services: ServiceStatus[]) {
  const clusters = [...new Set(services.map(({ cluster }) => cluster))].map((id) => ({
    id,
    candidates: services.filter(({ cluster }) => cluster === id).map((each) => ({ status: each, freshForMs: 10_000 })),
  }));
  const signedIn = (id: string) => (id === 'a' ? 7 : 0);
  return renderHealth({ clusters, signedIn, version: '0.1.0', startedAt: NOW - 90_500, now: NOW, problems: [] });
}

describe('status', () => {
  it.each<[string, string, ServiceStatus[]]>([
    ['ok', 'all in service', [status('a'), status('b')]],
    ['ok', 'one in maint and out', [status('a'), status('b', { ...OUT, ...MAINT })]],
    ['ok', 'one in maint whose phone pages fail', [status('a'), status('b', { fippaFailing: true, ...MAINT })]],
    ['degraded', 'one out', [status('a'), status('b', OUT)]],
    ['degraded', 'one drained and out', [status('a'), status('b', { ...OUT, ...DRAIN })]],
    ['ok', 'one drained and in service', [status('a'), status('b', DRAIN)]],
    ['degraded', 'one unknown', [status('a'), status('b', { state: 'unknown' })]],
    ['degraded', 'phone pages of one fail', [status('a'), status('b', { fippaFailing: true })]],
    ['degraded', 'phone pages of a drained one fail', [status('a'), status('b', { fippaFailing: true, ...DRAIN })]],
    [
      'degraded',
      'one refuses the credentials of the probe',
      [status('a'), status('b', { failure: { code: 'unauthorized', detail: '' } })],
    ],
    [
      'degraded',
      'one in Finesse’s maintenance mode',
      [status('a'), status('b', { info: { ...INFO, finesseMMode: 'IN_PROGRESS' } })],
    ],
    [
      'degraded',
      'one without CTI heartbeat',
      [status('a'), status('b', { info: { ...INFO, lastCtiHeartbeatStatus: 'failure' } })],
    ],
    ['degraded', 'one not confirmed for long', [status('a'), status('b', { confirmedAt: NOW - 10_001 })]],
    [
      'degraded',
      'two of different Finesse clusters',
      [status('a', { info: INFO }), status('b', { info: { ...INFO, peripheralId: '5001' } })],
    ],
    ['down', 'one drained, the other in maint', [status('a', DRAIN), status('b', MAINT)]],
    ['down', 'the one that admits is out', [status('a', DRAIN), status('b', OUT)]],
    ['down', 'none in service', [status('a', OUT), status('b', { state: 'reconnecting' })]],
    ['down', 'all in maint and out', [status('a', { ...OUT, ...MAINT })]],
    ['down', 'before the first probe', [status('a', { state: 'unknown' })]],
  ])('B280 B281 %s: %s', (level, _, services) => {
    expect(report(...services).status).toBe(level);
  });

  it('is down when one cluster of several has none in service', () => {
    const { status: overall, clusters } = report(status('a'), status('c', { cluster: 'west', ...OUT }));
    expect(overall).toBe('down');
    expect(clusters).toEqual([
      { id: 'main', status: 'ok' },
      { id: 'west', status: 'down' },
    ]);
  });

  it('B280 is ok only if every service not in maint is in service, and down exactly if a cluster admits nobody', () => {
    const arbitrary = fc.array(
      fc.record({
        cluster: fc.constantFrom('main', 'west'),
        state: fc.constantFrom('unknown', 'in-service', 'reconnecting', 'out-of-service'),
        admin: fc.constantFrom('ready', 'drain', 'maint'),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(arbitrary, (drawn) => {
        const services = drawn.map(({ cluster, state, admin }, index) =>
          status(`s${index}`, { cluster, state, admin: { admin, reason: null, until: null } }),
        );
        const without = services.filter(
          ({ cluster }) =>
            !services.some((each) => each.cluster === cluster && each.state === 'in-service') ||
            !services.some(
              ({ cluster: of, state, admin: { admin } }) =>
                of === cluster && admin === 'ready' && ['in-service', 'unknown'].includes(state),
            ),
        );
        const fine = services.every((each) => each.admin.admin === 'maint' || each.state === 'in-service');
        expect(report(...services).status).toBe(without.length > 0 ? 'down' : fine ? 'ok' : 'degraded');
      }),
    );
  });
});

describe('the report', () => {
  it('has the fields of the contract, in its order', () => {
    const health = report(status('a'), status('b'));
    expect(Object.keys(health).slice(0, 5)).toEqual(['status', 'version', 'uptimeSeconds', 'clusters', 'services']);
    expect(Object.keys(health.services[0]!).slice(0, 11)).toEqual([
      'id',
      'name',
      'cluster',
      'state',
      'admin',
      'attempt',
      'since',
      'reason',
      'lastProbe',
      'latencyMs',
      'phones',
    ]);
    expect(health).toMatchObject({ status: 'ok', version: '0.1.0', uptimeSeconds: 90 });
    expect(health.services[0]).toEqual({
      id: 'a',
      name: 'Finesse A',
      cluster: 'main',
      state: 'in-service',
      admin: 'ready',
      attempt: null,
      since: '2026-11-01T11:59:00.000Z',
      reason: null,
      lastProbe: '2026-11-01T11:59:59.000Z',
      latencyMs: 12,
      phones: 7,
      runbook: null,
      fippaFailing: false,
      signals: {
        systemInfo: { says: 'unknown', since: null, reason: null },
        connection: { says: 'unknown', since: null, reason: 'the Notification Service is not configured' },
        presence: { says: 'unknown', since: null, reason: null },
        notified: { says: 'unknown', since: null, reason: null },
        decidedBy: 'systemInfo',
        notification: 'off',
      },
      adminReason: null,
      until: null,
      ...{ maintAt: null, setBy: null, setAt: null, finesseDrains: false },
      notAlternateBecause: null,
      site: null,
      certificate: null,
      drill: null,
      seenOtherwise: [],
    });
  });

  it('has null for what is not known yet', () => {
    const unknown = { state: 'unknown', since: null, lastProbeAt: null, latencyMs: null, confirmedAt: null } as const;
    expect(report(status('a', unknown)).services[0]).toMatchObject({ since: null, lastProbe: null, latencyMs: null });
  });

  it('says what failed, what to do and what was found', () => {
    const { services } = report(
      status('a', { state: 'reconnecting', attempt: 2, failure: { code: 'refused', detail: 'port 8445' } }),
      status('b', { failure: { code: 'unauthorized', detail: '' } }),
    );
    expect(services[0]).toMatchObject({ attempt: 2, notAlternateBecause: 'it is reconnecting' });
    expect(services[0]?.reason).toMatch(/^Connection refused.*\(port 8445\)$/);
    expect(services[1]?.reason).toMatch(/probe\.username and probe\.password/);
    expect(services[1]?.reason).not.toContain('()');
  });

  it.each(['out-of-service', 'reconnecting'] as const)(
    'B270 B838 says that the credentials keep it out, and a command that once: %s',
    (state) => {
      const failure = { code: 'unauthorized', detail: 'SystemInfo answered 401' } as const;
      const { services, problems } = report(status('a', { state, failure }), status('b'));
      const words = /probe\.username and probe\.password.* The credentials keep it out of service: a 401/;
      expect(services[0]?.reason).toMatch(words);
      expect(problems).toEqual([expect.stringMatching(/^a: SystemInfo asks for credentials/)]);
      expect(problems[0]).toMatch(words);
      expect(reasonBesideProblems(services[0] ?? { id: '', reason: '' }, problems)).toBeNull();
      // In service they keep nothing out.
      const well = report(status('a', { failure }), status('b'));
      expect([well.problems, well.services[0]?.reason]).toEqual([[], expect.not.stringContaining('keep it out')]);
    },
  );

  it('says fippa failing', () => {
    expect(report(status('a', { fippaFailing: true })).services[0]?.reason).toMatch(/^fippa failing/);
  });

  it('B450 leads to the part of the runbook that is about the reason', () => {
    const runbookOf = (over: Partial<ServiceStatus>) => report(status('a', over)).services[0]?.runbook;
    expect(runbookOf({ failure: { code: 'cti-lost', detail: '' } })).toBe('docs/runbook.md#cti-lost');
    expect(runbookOf({ fippaFailing: true })).toBe('docs/runbook.md#fippa-failing');
    expect(runbookOf({})).toBeNull();
  });

  it('says what the operator set', () => {
    const admin = { admin: 'drain', reason: 'patching', until: NOW + 60_000 } as const;
    expect(report(status('a', { admin }), status('b')).services[0]).toMatchObject({
      admin: 'drain',
      adminReason: 'patching',
      until: '2026-11-01T12:01:00.000Z',
      notAlternateBecause: 'the operator set it to drain',
    });
  });

  it('B281 says that operators have shut everybody out', () => {
    const words = 'main: no service admits new agents: a is set to drain, b is out-of-service';
    expect(report(status('a', DRAIN), status('b', OUT)).problems).toEqual([words]);
    expect(report(status('a', OUT), status('b', OUT)).problems).toEqual([]);
    expect(report(status('a'), status('b', MAINT)).problems).toEqual([]);
  });

  it('says that the only service of a cluster is nobody’s alternate', () => {
    expect(report(status('a')).services[0]?.notAlternateBecause).toMatch(/only service/);
    const fippaFailing = status('a', { fippaFailing: true });
    expect(report(fippaFailing).services[0]?.notAlternateBecause).toMatch(/phone pages fail/);
  });
});

describe('signals', () => {
  const signals = (over: Partial<ServiceStatus['signals']>) =>
    report(status('a', { signals: { ...NO_SIGNALS, notification: 'on', decidedBy: 'systemInfo', ...over } }))
      .services[0]?.signals;
  const up = { says: 'up', since: NOW, failure: null } as const;
  const gone = { says: 'unavailable', since: NOW, seen: true } as const;
  const wait = { because: 'presence', since: NOW } as const;

  it('says what each of them says, since when, and which decided', () => {
    const failure = { code: 'notification-lost', detail: 'the server closed it' } as const;
    const lost = signals({ connection: { says: 'lost', since: NOW, failure }, decidedBy: 'connection' });
    expect(lost).toMatchObject({
      connection: { says: 'lost', since: '2026-11-01T12:00:00.000Z', reason: expect.stringMatching(/lost.*closed it/) },
      presence: { says: 'unknown', since: null, reason: null },
      decidedBy: 'connection',
      notification: 'on',
    });
  });

  it.each<[RegExp, ServiceStatus['signals']['presence'], ServiceStatus['signals']['wait']]>([
    [/no presence.*told/, NO_SIGNALS.presence, null],
    [/^AVAILABLE is awaited, whatever .*notification.advisory: true/, gone, { ...wait, for: 'available' }],
    [
      /^AVAILABLE is awaited, .* 30 s; .*notification.advisory: true/,
      NO_SIGNALS.presence,
      { ...wait, for: 'available' },
    ],
    [/not counted: the Notification Service is advisory/, gone, null],
    [/not available since/, { ...gone, seen: false }, null],
  ])('B260 of the presence: %s', (words, presence, waiting) => {
    expect(signals({ connection: up, presence, wait: waiting })?.presence.reason).toMatch(words);
  });

  it('of what is awaited, and of a connection that is not there yet', () => {
    const available = { says: 'available', since: NOW, seen: true } as const;
    const waiting = signals({ connection: up, presence: available, wait: { ...wait, for: 'in-service' } });
    expect(waiting?.presence.reason).toBeNull();
    expect(waiting?.notified.reason).toMatch(/^IN_SERVICE is awaited, .* 30 s; with notification.advisory: true/);
    expect(signals({})?.connection.reason).toMatch(/not connected yet/);
  });
});

describe('a Notification Service that was never reached', () => {
  const withConnection = (
    connection: ServiceStatus['signals']['connection'],
    notification: 'on' | 'advisory' | 'off' = 'on',
  ) => report(status('a', { signals: { ...NO_SIGNALS, connection, notification, decidedBy: 'systemInfo' } })).problems;
  const failure = { code: 'notification-login', detail: 'not-authorized' } as const;

  it.each(['on', 'advisory'] as const)('is a problem, because no state shows it: %s', (notification) => {
    const problems = withConnection({ says: 'unknown', since: NOW, failure }, notification);
    expect(problems).toEqual([expect.stringMatching(/^a: Notification Service: the login is refused.*not-authorized/)]);
  });

  it.each(['on', 'advisory'] as const)('B264 so is a subscription that is refused: %s', (notification) => {
    const notified = { ...NO_SIGNALS.notified, refused: 'forbidden' };
    const connection = { says: 'up', since: NOW, failure: null } as const;
    const signals = { ...NO_SIGNALS, connection, notified, notification, decidedBy: 'systemInfo' } as const;
    const { problems, services } = report(status('a', { signals }));
    expect(problems).toEqual([expect.stringMatching(/^a: Notification Service: the subscription .*\(forbidden\)/)]);
    expect(services[0]?.signals.notified.reason).toMatch(/forbidden/);
  });

  it('is none without a failure, nor once the state shows it', () => {
    expect(withConnection({ says: 'unknown', since: null, failure: null })).toEqual([]);
    expect(withConnection({ says: 'lost', since: NOW, failure })).toEqual([]);
    expect(withConnection({ says: 'unknown', since: NOW, failure }, 'off')).toEqual([]);
  });
});

describe('certificates', () => {
  const DAY_MS = 86_400_000;
  const held = { listener: 'phones.listeners[0]', subject: 'CN=x', problem: null };
  const health = (...certificates: Parameters<typeof renderHealth>[0]['certificates'] & object) =>
    renderHealth({
      ...{ clusters: [], signedIn: () => 0, version: '0.1.0', startedAt: NOW, now: NOW, problems: ['another'] },
      certificates,
    });

  it('stand there with the days they have left', () => {
    const { certificates, problems } = health({ ...held, validTo: NOW + 90.5 * DAY_MS });
    expect(certificates).toEqual([{ ...held, validTo: '2027-01-31T00:00:00.000Z', days: 90 }]);
    expect(problems).toEqual(['another']);
  });

  it.each([
    [30 * DAY_MS, null, null],
    [30 * DAY_MS - 1, null, 'the certificate expires on 2026-12-01; renew it'],
    [-1, null, 'the certificate expired on 2026-11-01, and phones refuse it; renew it'],
    [
      90 * DAY_MS,
      'p.key is the key of another certificate',
      'not in use, because p.key is the key of another certificate',
    ],
  ])('B282 %d ms before their end and with the problem %s: %s', (leftMs, problem, expected) => {
    const { problems, status: level } = health({ ...held, problem, validTo: NOW + leftMs });
    expect(problems.slice(1)).toEqual(expected === null ? [] : [expect.stringContaining(expected)]);
    // A pair that does not fit changes nothing yet: the old certificate stays in use.
    expect(level).toBe(leftMs < 30 * DAY_MS ? 'degraded' : 'ok');
  });

  it.each([
    [30 * DAY_MS, false, 'ok', null],
    [30 * DAY_MS - 1, false, 'degraded', 'a: Finesse’s certificate expires on 2026-12-01; renew it there'],
    [-1, false, 'degraded', 'a: Finesse’s certificate expired on 2026-11-01, and the proxy refuses it; renew it there'],
    [-1, true, 'ok', null],
  ])('B282 of Finesse, %d ms before the end and pinned %s: %s', (leftMs, pinned, level, expected) => {
    const certificate = { subject: 'CN=finesse-a', validTo: NOW + leftMs, pinned };
    const clusters = [{ id: 'main', candidates: [{ status: status('a'), freshForMs: 10_000 }] }];
    const { services, problems, ...rest } = renderHealth({
      ...{ clusters, signedIn: () => 0, version: '0.1.0', startedAt: NOW, now: NOW, problems: [] },
      certificateOf: () => certificate,
    });
    expect(services[0]?.certificate).toMatchObject({ subject: 'CN=finesse-a', days: Math.floor(leftMs / DAY_MS) });
    expect(problems).toEqual(expected === null ? [] : [expected]);
    expect([rest.status, rest.clusters[0]?.status]).toEqual([level, level]);
  });
});
