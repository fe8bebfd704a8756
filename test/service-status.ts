import { NO_SIGNALS } from '../src/domain/health/state.ts';
import { READY, type ServiceStatus } from '../src/domain/model.ts';
import { START } from './fake-clock.ts';
import { INFO } from './scripted-probe.ts';

/** A service that is in service and confirmed at START, but for what is said otherwise. */
export function serviceStatus(but: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    id: 'b',
    name: 'Finesse B',
    cluster: 'main',
    ...{ site: null, isNear: true, isCutOff: false, rejoinedAt: null },
    state: 'in-service',
    attempt: null,
    attempts: 3,
    attemptEndsAt: null,
    since: START - 60_000,
    t0: null,
    failure: null,
    lastProbeAt: START,
    latencyMs: 20,
    confirmedAt: START,
    info: INFO,
    fippaFailing: false,
    signals: { ...NO_SIGNALS, notification: 'off', decidedBy: 'systemInfo' },
    admin: READY,
    dissent: [],
    ...but,
  };
}
