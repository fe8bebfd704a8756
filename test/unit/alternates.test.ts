import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, decideUnfitFor, selectAlternates } from '../../src/domain/alternates.ts';
import type { ServiceStatus, SystemInfo } from '../../src/domain/model.ts';
import { START } from '../fake-clock.ts';
import { INFO } from '../scripted-probe.ts';
import { serviceStatus } from '../service-status.ts';

const FRESH_MS = 10_000;
const FAILED = serviceStatus({ id: 'a', name: 'Finesse A', state: 'out-of-service', confirmedAt: START - 30_000 });

function refusal(but: Partial<ServiceStatus> = {}, failed = FAILED, now = START): string | null {
  return decideUnfitFor({ status: serviceStatus(but), freshForMs: FRESH_MS }, failed, now);
}

function info(but: Partial<SystemInfo>): { info: SystemInfo } {
  return { info: { ...INFO, ...but } };
}

const FAILURE = { code: 'unauthorized', detail: 'SystemInfo answered 401' } as const;

describe('alternates', () => {
  it('B50 a service that is in service, ready and freshly confirmed is offered', () => {
    expect(refusal()).toBeNull();
  });

  it.each(['unknown', 'reconnecting', 'out-of-service'] as const)('B50 one that is %s is not', (state) => {
    expect(refusal({ state })).toContain(state);
  });

  it('B50 nor one whose last probe was not confirmed, 401 included', () => {
    expect(refusal({ failure: FAILURE })).toContain('unauthorized');
  });

  it.each(['drain', 'maint'] as const)('B51 nor one that the operator set to %s', (admin) => {
    expect(refusal({ admin: { admin, reason: null, until: null } })).toContain(admin);
    expect(refusal({ admin: { admin: 'ready', reason: null, until: null } })).toBeNull();
  });

  it('B52 nor one that was never confirmed, or longer ago than two of its probe intervals', () => {
    expect(refusal({ confirmedAt: null })).toContain('too old');
    expect(refusal({}, FAILED, START + FRESH_MS)).toBeNull();
    expect(refusal({}, FAILED, START + FRESH_MS + 1)).toContain('too old');
  });

  it('B53 a CTI heartbeat that is reported must be success', () => {
    expect(refusal(info({ lastCtiHeartbeatStatus: 'failure' }))).toContain('heartbeat');
    expect(refusal(info({ lastCtiHeartbeatStatus: 'anything' }))).toContain('heartbeat');
    expect(refusal(info({ lastCtiHeartbeatStatus: null }))).toBeNull();
  });

  it('B54 a server in Finesse maintenance mode is not offered; a mode that has ended or failed is no hindrance', () => {
    expect(refusal(info({ finesseMMode: 'IN_PROGRESS' }))).toContain('maintenance');
    for (const mode of ['COMPLETED', 'FAILED', null]) expect(refusal(info({ finesseMMode: mode }))).toBeNull();
  });

  it('B55 nor one of another pair: other peripheral, or other primary and secondary nodes', () => {
    expect(refusal(info({ peripheralId: '5001' }))).toContain('peripheral 5001');
    const others = { primaryHost: 'x.example.com', secondaryHost: 'y.example.com' };
    expect(refusal(info({ ...others, peripheralId: null }))).toContain('not the same Finesse cluster');
    // 5000 is the first peripheral of every installation.
    expect(refusal(info(others))).toContain('not the same Finesse cluster');
  });

  it('B56 only evidence against counts: what is not reported is no reason', () => {
    expect(refusal({ info: null })).toBeNull();
    expect(refusal({}, { ...FAILED, info: null })).toBeNull();
    expect(refusal(info({ peripheralId: null }))).toBeNull();
    const otherButSingle = { peripheralId: null, primaryHost: 'x.example.com', secondaryHost: null };
    expect(refusal(info(otherButSingle))).toBeNull();
    const swapped = { primaryHost: 'FIN-B.example.com', secondaryHost: 'Fin-A.example.com' };
    expect(refusal(info(swapped))).toBeNull();
  });

  it('B57 nor one whose phone pages fail', () => {
    expect(refusal({ fippaFailing: true })).toContain('phone pages fail');
  });

  it('B58 they come in the order of the configuration, without the failed service itself', () => {
    const cluster = ['c', 'a', 'b', 'd'].map((id) => ({
      status: serviceStatus({ id, ...(id === 'b' ? { fippaFailing: true } : {}) }),
      freshForMs: FRESH_MS,
    }));
    expect(selectAlternates(FAILED, cluster, START).map(({ id }) => id)).toEqual(['c', 'd']);
    expect(selectAlternates(FAILED, [], START)).toEqual([]);
  });

  it('B50 to B57 none is ever offered that breaks a rule, and none refused that keeps them all', () => {
    const hosts = fc.constantFrom(null, 'fin-a.example.com', 'FIN-B.example.com', 'other.example.com');
    const anyInfo = fc.record({
      lastCtiHeartbeatStatus: fc.constantFrom(null, 'success', 'failure'),
      finesseMMode: fc.constantFrom(null, 'IN_PROGRESS', 'FAILED'),
      peripheralId: fc.constantFrom(null, '5000', '5001'),
      primaryHost: hosts,
      secondaryHost: hosts,
    });
    const anyStatus = fc.record({
      state: fc.constantFrom('unknown', 'in-service', 'in-service', 'in-service', 'reconnecting', 'out-of-service'),
      failure: fc.constantFrom(null, null, null, FAILURE),
      fippaFailing: fc.constantFrom(false, false, false, true),
      confirmedAt: fc.option(fc.integer({ min: START - 12_000, max: START }), { freq: 8 }),
      info: fc.option(
        anyInfo.map((but) => ({ ...INFO, ...but })),
        { freq: 8 },
      ),
      admin: fc.constantFrom('ready', 'ready', 'ready', 'drain', 'maint'),
    });
    const candidate = anyStatus.map(
      ({ admin, ...but }): Candidate => ({
        status: serviceStatus({ ...but, admin: { admin, reason: null, until: null } } as Partial<ServiceStatus>),
        freshForMs: FRESH_MS,
      }),
    );
    fc.assert(
      fc.property(candidate, candidate, (one, failed) => {
        expect(decideUnfitFor(one, failed.status, START) === null).toBe(mayBeOffered(one.status, failed.status));
      }),
      { numRuns: 5000 },
    );
  });
});

/** finesse-health.md §3 once more, as one condition. */
function mayBeOffered(status: ServiceStatus, failed: ServiceStatus): boolean {
  const hosts = ({ info: found }: ServiceStatus) =>
    found?.primaryHost && found.secondaryHost ? [found.primaryHost, found.secondaryHost] : [];
  const theirs = new Set(hosts(failed).map((host) => host.toLowerCase()));
  const mine = hosts(status).map((host) => host.toLowerCase());
  const peripherals = new Set([status.info?.peripheralId ?? '', failed.info?.peripheralId ?? '']);
  peripherals.delete('');
  return (
    status.state === 'in-service' &&
    status.admin.admin === 'ready' &&
    status.failure === null &&
    !status.fippaFailing &&
    status.confirmedAt !== null &&
    status.confirmedAt >= START - FRESH_MS &&
    [null, undefined, 'success'].includes(status.info?.lastCtiHeartbeatStatus) &&
    status.info?.finesseMMode !== 'IN_PROGRESS' &&
    peripherals.size < 2 &&
    (mine.length === 0 || theirs.size === 0 || mine.filter((host) => theirs.has(host)).length > 0)
  );
}
