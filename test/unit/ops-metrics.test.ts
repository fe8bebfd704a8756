import { describe, expect, it } from 'vitest';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createEventStream } from '../../src/ops/event-stream.ts';
import { metricDefinitions } from '../../src/ops/metric-definitions.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createServiceStore } from '../../src/store/services.ts';

const NOW = 1_800_000_000_000;

function setUp() {
  const clock = { now: () => NOW, passed: () => 0, after: () => () => {} };
  const definitions = ['a', 'b'].map((id) => ({ id, name: id, cluster: 'main', probeIntervalMs: 5000 }));
  const store = createServiceStore(definitions, { intervalMs: 5000, attempts: 3 }, clock);
  const devices = createDeviceRegistry();
  const shown = { subject: 'CN=a', validTo: NOW + 1000 };
  const metrics = createMetrics({
    ...{ store, devices, version: '0.1.0', clock },
    health: () => ({ status: 'degraded', clusters: [{ id: 'main', status: 'degraded' }] }),
    certificateOf: (id) => ({ ...shown, pinned: id === 'b' }),
  });
  const stream = createEventStream((...fault) => {
    throw new Error(`a subscriber failed: ${fault.join(' ')}`);
  });
  stream.subscribe('metrics', metrics.handlers);
  const report = (event: ProxyEvent | Omit<ProxyEvent, 'at'>) => stream.report({ ...event, at: NOW } as ProxyEvent);
  return { store, devices, metrics, report };
}

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** The Prometheus text format, strictly: what this does not know is an error. */
function parseExposition(text: string) {
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    const help = /^# HELP (\S+) \S.*$/.exec(line);
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/.exec(line);
    if (type !== null) {
      expect(types.has(type[1]!)).toBe(false);
      types.set(type[1]!, type[2]!);
    } else if (help !== null) helps.add(help[1]!);
    else if (sample !== null) {
      const labels = [...(sample[2] ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map((match) => [match[1], match[2]]);
      const value = sample[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample[3]);
      expect(Number.isNaN(value)).toBe(false);
      const family = types.has(sample[1]!) ? sample[1]! : sample[1]!.replace(/_(bucket|sum|count)$/, '');
      expect(types.has(family)).toBe(true);
      samples.push({ name: sample[1]!, labels: Object.fromEntries(labels), value });
    } else throw new Error(`not the Prometheus text format: ${line}`);
  }
  const find = (name: string, labels: Record<string, string> = {}) =>
    samples.filter(
      (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
    );
  const value = (name: string, labels: Record<string, string> = {}) => {
    const found = find(name, labels);
    expect(found).toHaveLength(1);
    return found[0]!.value;
  };
  return { types, helps, samples, find, value };
}

async function scrape(metrics: ReturnType<typeof setUp>['metrics']) {
  const { body, contentType } = await metrics.render();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  return parseExposition(body);
}

describe('metrics', () => {
  it('shows every defined metric, with its type and help, and no other', async () => {
    const { types, helps } = await scrape(setUp().metrics);
    const defined = Object.entries(metricDefinitions).map(([name, { type }]) => [name, type]);
    expect([...types].toSorted()).toEqual(defined.toSorted());
    expect([...helps].toSorted()).toEqual(defined.map(([name]) => name).toSorted());
  });

  it('B283 shows the status of /health, and when the certificates of Finesse end', async () => {
    const { value, find } = await scrape(setUp().metrics);
    const levels = { ok: 0, degraded: 1, down: 0 };
    for (const [status, one] of Object.entries(levels)) {
      expect(value('ippa_status', { status })).toBe(one);
      expect(value('ippa_cluster_status', { cluster: 'main', status })).toBe(one);
    }
    expect(find('ippa_service_certificate_end_timestamp_seconds')).toMatchObject([
      { labels: { service: 'a' }, value: (NOW + 1000) / 1000 },
    ]);
  });

  it('names follow the rules: counters end in _total, times in _seconds, nothing else does', () => {
    for (const [name, { type }] of Object.entries(metricDefinitions)) {
      expect(name).toMatch(/^(ippa|process)_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('shows what can be counted from the start, at 0', async () => {
    const { value } = await scrape(setUp().metrics);
    expect(value('ippa_phone_requests_total', { service: 'b', outcome: 'failed' })).toBe(0);
    expect(value('ippa_verdicts_total', { service: 'a' })).toBe(0);
    expect(value('ippa_requests_refused_total', { code: 'request-path' })).toBe(0);
  });

  it('counts what happened, also over several scrapes', async () => {
    const { metrics, report } = setUp();
    for (let scrapes = 1; scrapes <= 2; scrapes += 1) {
      const failure = { code: 'reset', detail: '' } as const;
      const change = {
        kind: 'service-changed',
        service: 'a',
        attempt: null,
        since: null,
        failure,
        decidedBy: null,
      } as const;
      report({ kind: 'page-relayed', service: 'a', device: 'SEP1', page: 'other', durationMs: 1 });
      report({
        kind: 'page-served',
        service: 'a',
        device: 'SEP1',
        page: 'unavailable',
        after: 'failure',
        durationMs: 1,
      });
      report({
        ...{ kind: 'request-refused', service: null, device: null, address: null },
        failure: { code: 'request-device', detail: '' },
      });
      report({ kind: 'request-failed', service: 'a', device: 'SEP1', failure });
      report({ kind: 'url-overlong', service: 'b', urls: 1 });
      report({ kind: 'agent-steered', device: 'SEP1', from: 'a', to: 'b', result: 'confirmed' });
      report({ ...change, from: 'in-service', to: 'reconnecting' });
      report({ ...change, from: 'reconnecting', to: 'out-of-service' });
      report({ ...change, from: 'out-of-service', to: 'in-service' });
      const { value } = await scrape(metrics);
      expect(value('ippa_phone_requests_total', { service: 'a', outcome: 'relayed' })).toBe(scrapes);
      expect(value('ippa_pages_served_total', { service: 'a', page: 'unavailable' })).toBe(scrapes);
      expect(value('ippa_requests_refused_total', { code: 'request-device' })).toBe(scrapes);
      expect(value('ippa_relay_failures_total', { service: 'a', code: 'reset' })).toBe(scrapes);
      expect(value('ippa_overlong_urls_total', { service: 'b' })).toBe(scrapes);
      expect(value('ippa_steered_total', { from: 'a', to: 'b', result: 'confirmed' })).toBe(scrapes);
      expect(value('ippa_reconnect_attempts_total', { service: 'a' })).toBe(scrapes);
      expect(value('ippa_verdicts_total', { service: 'a' })).toBe(scrapes);
      expect(value('ippa_recoveries_total', { service: 'a' })).toBe(scrapes);
    }
  });

  it('keeps histograms cumulative, with the bound in its bucket', async () => {
    const { metrics, report } = setUp();
    for (const durationMs of [5, 6, 100_000])
      report({ kind: 'page-relayed', service: 'a', device: 'SEP1', page: 'other', durationMs });
    const failed = { kind: 'failed', failure: { code: 'refused', detail: '' }, info: null } as const;
    report({ kind: 'probe-ended', service: 'a', latencyMs: 300, outcome: failed });
    const { find, value } = await scrape(metrics);
    const buckets = find('ippa_phone_answer_duration_seconds_bucket');
    expect(buckets.slice(0, 3).map((each) => each.value)).toEqual([1, 2, 2]);
    expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: 3 });
    expect(value('ippa_phone_answer_duration_seconds_count')).toBe(3);
    expect(value('ippa_phone_answer_duration_seconds_sum')).toBeCloseTo(100.011);
    expect(value('ippa_probe_duration_seconds_count', { service: 'a', outcome: 'failed' })).toBe(1);
  });

  it('a clock that was set back while a page was made takes nothing off a sum', async () => {
    const { metrics, report } = setUp();
    const page = { kind: 'page-relayed', service: 'a', device: 'SEP1', page: 'other' } as const;
    for (const durationMs of [5, -3_600_000]) report({ ...page, durationMs });
    report({
      ...{ kind: 'page-served', service: 'a', device: 'SEP1', page: 'waiting', after: 'request' },
      durationMs: -3_600_000,
    });
    const { value } = await scrape(metrics);
    expect(value('ippa_phone_answer_duration_seconds_sum')).toBeCloseTo(0.005);
    expect(value('ippa_phone_answer_duration_seconds_count')).toBe(3);
  });

  it('shows the state of every service at the time of the scrape', async () => {
    const { store, devices, metrics } = setUp();
    expect((await scrape(metrics)).find('ippa_service_confirmation_age_seconds')).toEqual([]);
    const phase = { state: 'in-service', since: NOW - 9000 } as const;
    store.restore('a', { health: { ...store.health('a'), phase, confirmedAt: NOW - 2500 } });
    store.setAdmin('b', { admin: 'drain', reason: 'x', until: null });
    for (const device of ['SEP1', 'SEP2', 'SEP1']) store.requestFailed('a', device);
    devices.relayed('SEP1', 'a', 'other', false, NOW);
    devices.prefilled('SEP2', { id: '1', extension: null }, '10.0.0.1', NOW);
    const { value } = await scrape(metrics);
    expect(value('ippa_service_info', { service: 'a', cluster: 'main', name: 'a' })).toBe(1);
    expect(value('ippa_service_state', { service: 'a', state: 'in-service' })).toBe(1);
    expect(value('ippa_service_state', { service: 'a', state: 'unknown' })).toBe(0);
    expect(value('ippa_service_state', { service: 'b', state: 'unknown' })).toBe(1);
    expect(value('ippa_service_admin', { service: 'b', admin: 'drain' })).toBe(1);
    expect(value('ippa_service_admin', { service: 'b', admin: 'ready' })).toBe(0);
    expect(value('ippa_service_fippa_failing', { service: 'a' })).toBe(1);
    expect(value('ippa_service_confirmation_age_seconds', { service: 'a' })).toBe(2.5);
    expect(value('ippa_service_devices', { service: 'a' })).toBe(1);
    expect(value('ippa_devices')).toBe(2);
    expect(value('ippa_build_info', { version: '0.1.0' })).toBe(1);
  });

  it('does not grow with what phones send', async () => {
    const { metrics, report } = setUp();
    for (let n = 0; n < 100; n += 1) {
      const service = `SEP${n}`;
      const failure = { code: 'request-path', detail: '' } as const;
      report({ kind: 'request-refused', service, device: null, address: null, failure });
      report({ kind: 'page-served', service, device: 'SEP1', page: 'error', after: 'failure', durationMs: 1 });
      report({ kind: 'agent-steered', device: 'SEP1', from: service, to: 'a', result: 'gone' });
    }
    const { find, value } = await scrape(metrics);
    expect(value('ippa_phone_requests_total', { service: 'none', outcome: 'refused' })).toBe(100);
    expect(find('ippa_pages_served_total', { page: 'error' })).toHaveLength(3);
    expect(value('ippa_steered_total')).toBe(100);
  });
});
