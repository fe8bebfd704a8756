/** An ops port of its own on a free port, with stores that a test can write to and a log that it can read. */

import { createCaptures } from '../../src/capture/captures.ts';
import type { OperatorConfig } from '../../src/config/config.ts';
import { createChanges } from '../../src/ops/changes.ts';
import { createEventLog } from '../../src/ops/event-log.ts';
import { createEventStream } from '../../src/ops/event-stream.ts';
import { createLiveEvents } from '../../src/ops/live-events.ts';
import { createLiveStreams, type LiveStreamsOptions } from '../../src/ops/live-stream.ts';
import type { Log, LogFields } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { createProbeSeries } from '../../src/ops/probe-series.ts';
import { reportHealth } from '../../src/ops/routes.ts';
import { createOpsServer, type OpsServerOptions } from '../../src/ops/server.ts';
import { createSessions } from '../../src/ops/sessions.ts';
import { createAuditTrail } from '../../src/records/audit.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createDrills } from '../../src/store/drills.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { systemClock } from '../../src/time/clock.ts';

export const TOKEN = 'canary-token';

export const READ_TOKEN = 'canary-read-token';
export const OPERATORS: readonly OperatorConfig[] = [
  { name: 'token', token: TOKEN, may: 'set' },
  { name: 'wall', token: READ_TOKEN, may: 'read' },
];

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

function createLogRecord(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void lines.push({ level, event, fields });
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  return { log, lines };
}

export async function startOps(over: Partial<OpsServerOptions> & { readonly live?: Partial<LiveStreamsOptions> } = {}) {
  const { clock = systemClock } = over;
  const services = ['a', 'b'].map((id) => ({ id, name: `Finesse ${id}`, cluster: 'main', probeIntervalMs: 5000 }));
  const store = createServiceStore(services, { intervalMs: 5000, attempts: 3 }, clock);
  const devices = createDeviceRegistry();
  const { log, lines } = createLogRecord();
  const stream = createEventStream((...fault) => log.error('subscriber-fault', { fault }));
  const drills = createDrills({ store, reconnect: { intervalMs: 5000, attempts: 3 }, clock, report: stream.report });
  stream.subscribe('drills', drills.handlers);
  const captures = createCaptures({
    surroundings: () => ({ services: [], listeners: [], version: '0.1.0' }),
    serviceOf: () => null,
    ...{ clock, report: stream.report },
  });
  const health = {
    store,
    devices,
    clock,
    version: '0.1.0',
    startedAt: clock.now(),
    problems: () => [],
    drills,
    captures,
  };
  const metrics = createMetrics({ ...health, health: () => reportHealth(health) });
  stream.subscribe('log', createEventLog(log, clock).handlers);
  const audit = createAuditTrail({ clock, report: stream.report });
  stream.subscribe('audit', audit.handlers);
  const probes = createProbeSeries((id) => store.get(id) !== null);
  stream.subscribe('probes', probes.handlers);
  const changes = createChanges();
  stream.subscribe('changes', changes.handlers);
  const { operators = () => OPERATORS } = over;
  const sessions = createSessions(operators, clock);
  sessions.onEnd(() => streams.recheck());
  const streams = createLiveStreams({
    clock,
    snapshot: () => reportHealth(health),
    onFault: (error) => log.error('fault', { error }),
    ...over.live,
  });
  const { outages = { all: () => [], get: () => null, devices: () => [] } } = over;
  stream.subscribe('streams', createLiveEvents({ streams, outages, clock, health: () => reportHealth(health) }));
  const server = createOpsServer({
    host: '127.0.0.1',
    port: 0,
    ...{ operators, sessions, streams },
    ...health,
    audit,
    ...{ probes, changes },
    reconnect: () => ({ intervalMs: 5000, attempts: 3 }),
    outages,
    metrics,
    report: stream.report,
    isReady: () => true,
    ...over,
  });
  await server.start();
  const setState = (id: string, state: 'in-service' | 'out-of-service') => {
    const now = clock.now();
    const phase =
      state === 'in-service' ? { state, since: now } : { state, since: now, t0: now - 15_000, confirmedInARow: 0 };
    const failure = state === 'in-service' ? null : ({ code: 'refused', detail: 'port 8445' } as const);
    store.restore(id, {
      health: { ...store.health(id), phase, failure, confirmedAt: now, lastProbeAt: now, latencyMs: 3 },
    });
  };
  const { port } = server.address();
  return {
    report: stream.report,
    captures,
    streams,
    server,
    store,
    devices,
    metrics,
    lines,
    setState,
    port,
    origin: `http://127.0.0.1:${port}`,
  };
}

export type OpsRig = Awaited<ReturnType<typeof startOps>>;
