import { describe, expect, it } from 'vitest';
import { type FailureCode, failures } from '../../src/domain/failure.ts';
import type { ServiceStatus } from '../../src/domain/model.ts';
import { FIVE_MINUTES_MS } from '../../src/domain/outage.ts';
import { decideOutageWords } from '../../src/domain/outage-words.ts';
import { classifyAnswer } from '../../src/health/probe.ts';
import { START } from '../fake-clock.ts';
import { INFO } from '../scripted-probe.ts';
import { serviceStatus } from '../service-status.ts';

const failure = (code: FailureCode) => ({ code, detail: '' });
const out = (code: FailureCode, but: Partial<ServiceStatus> = {}) =>
  serviceStatus({ state: 'out-of-service', t0: START, failure: failure(code), ...but });
const words = (status: ServiceStatus, others: readonly ServiceStatus[] = [], failed: FailureCode | null = null) =>
  decideOutageWords(status, others, failed, START + 20_000);
const CCX = { info: { ...INFO, deploymentType: 'UCCX' } };
const CCE = { info: { ...INFO, deploymentType: 'UCCE' } };

describe('what has failed', () => {
  it.each([
    ['unreachable', 'noAnswer'],
    ['refused', 'noAnswer'],
    ['timeout', 'noAnswer'],
    ['http-status', 'badAnswer'],
    ['cti-lost', 'ctiLost'],
    ['out-of-service', 'outOfService'],
    ['notification-presence', 'restarting'],
    ['notification-awaited', 'restarting'],
    ['notification-lost', 'notNotified'],
    ['notification-unreachable', 'notNotified'],
    ['notification-refused', 'notificationDown'],
    ['unauthorized', null],
  ] as const)('B452 %s is %s to agents', (code, cause) => {
    expect(words(out(code)).cause).toBe(cause);
    expect(words(out(code, { state: 'reconnecting' })).cause).toBe(cause);
  });

  it('B452 a service that is in service has no such words, whatever its last probe said', () => {
    expect(words(serviceStatus({ failure: failure('unauthorized') })).cause).toBeNull();
  });

  it('B456 while fippa fails it is the phone pages', () => {
    expect(words(serviceStatus({ fippaFailing: true }))).toEqual({ cause: 'pagesFail', callStays: true, hurry: false });
  });

  it('B451 OUT_OF_SERVICE is cti-lost with a failed heartbeat, else out-of-service', () => {
    const code = (lastCtiHeartbeatStatus: string | null) => {
      const outcome = classifyAnswer(200, { ...INFO, status: 'OUT_OF_SERVICE', lastCtiHeartbeatStatus });
      return outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;
    };
    expect(['failure', 'success', null].map(code)).toEqual(['cti-lost', 'out-of-service', 'out-of-service']);
  });
});

describe('B454 that a call stays up', () => {
  it('is said in an outage, whatever it is by', () => {
    for (const [code, { cause }] of Object.entries(failures)) {
      if (cause === 'server') expect(words(out(code as FailureCode)).callStays).toBe(true);
    }
  });

  it('is not said of the outage that follows the end of an island: one node drops the calls that it handled', () => {
    const after = (ms: number) => words(out('cti-lost', { rejoinedAt: START - ms })).callStays;
    expect([0, 299_999, 300_000, -1].map(after)).toEqual([false, false, true, true]);
  });

  it('is said after a failure of the server, but not where nothing of the vendor has failed', () => {
    expect(words(serviceStatus(), [], 'timeout').callStays).toBe(true);
    for (const code of ['busy', 'internal', 'request-path'] as const)
      expect(words(serviceStatus(), [], code).callStays).toBe(false);
    const maint = serviceStatus({ admin: { admin: 'maint', reason: 'patching', until: null } });
    expect(words(maint).callStays).toBe(false);
  });
});

describe('B455 the five minutes', () => {
  it('are those of Unified CCX', () => {
    expect(words(out('refused', CCX)).hurry).toBe(true);
    expect(words(out('refused', CCE)).hurry).toBe(false);
    expect(words(out('refused', { info: null })).hurry).toBe(false);
    expect(words(out('refused', { info: null }), [serviceStatus(CCX)]).hurry).toBe(true);
  });

  it('end five minutes after t0', () => {
    const hurry = (afterMs: number) => decideOutageWords(out('refused', CCX), [], null, START + afterMs).hurry;
    expect([FIVE_MINUTES_MS - 1, FIVE_MINUTES_MS].map(hurry)).toEqual([true, false]);
  });
});
