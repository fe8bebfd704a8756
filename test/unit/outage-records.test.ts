import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushOutcome, PushReason } from '../../src/domain/events.ts';
import type { HealthState } from '../../src/domain/model.ts';
import { FIVE_MINUTES_MS } from '../../src/domain/outage.ts';
import { createEventStream } from '../../src/ops/event-stream.ts';
import { createOutageRecords, type OutageRecordsOptions } from '../../src/records/outages.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createFakeClock } from '../fake-clock.ts';

const HOUR = 3_600_000;

function setUp(more: Partial<OutageRecordsOptions> = {}, clock = createFakeClock()) {
  const definitions = ['a', 'b'].map((id) => ({ id, name: id, cluster: 'main', probeIntervalMs: 5000 }));
  const store = createServiceStore(definitions, { intervalMs: 5000, attempts: 3 }, clock);
  const devices = createDeviceRegistry();
  const events = createEventStream((...fault) => {
    throw new Error(`a subscriber failed: ${fault.join(' ')}`);
  });
  const summaries: string[] = [];
  const settings = { summaryAfterMs: FIVE_MINUTES_MS, keepForMs: 400 * 24 * HOUR };
  const records = createOutageRecords({ settings, store, devices, clock, report: events.report, ...more });
  events.subscribe('outages', records.handlers);
  events.subscribe('test', { 'outage-summary': ({ outage }) => summaries.push(outage) });
  const failure = { code: 'refused', detail: '' } as const;
  const change = (service: string, from: HealthState, to: HealthState) => {
    const at = clock.now();
    const attempt = to === 'reconnecting' ? 1 : null;
    events.report({ kind: 'service-changed', at, service, from, to, attempt, since: at, failure, decidedBy: null });
  };
  const page = (service: string, device: string) => {
    devices.relayed(device, service, 'other', false, clock.now());
    events.report({ kind: 'page-relayed', at: clock.now(), service, device, page: 'other', durationMs: 0 });
  };
  const push = (device: string, reason: PushReason, outcome: PushOutcome) => {
    const rest = { detail: null, address: null };
    events.report({ kind: 'own-push-ended', at: clock.now(), service: 'a', device, reason, outcome, ...rest });
  };
  const outage = (service = 'a') => {
    change(service, 'in-service', 'reconnecting');
    change(service, 'reconnecting', 'in-service');
  };
  return { clock, records, devices, summaries, change, page, push, outage };
}

const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'ippa-outage-records-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
};

describe('records of outages', () => {
  it('B352 devices are followed for 12 hours after t0, or for as long as the outage is on', async () => {
    const { clock, records, change, page } = setUp();
    records.begin();
    for (const name of ['p', 'q']) page('a', name);
    change('a', 'in-service', 'reconnecting');
    await clock.advance(13 * HOUR);
    page('b', 'p');
    expect(records.all()[0]).toMatchObject({ elsewhere: 1, missing: 1 });
    expect(records.missing('a')).toBe(1);
    change('a', 'out-of-service', 'in-service');
    await clock.advance(HOUR);
    page('b', 'q');
    expect(records.all()[0]).toMatchObject({ elsewhere: 1, missing: 1 });
    expect(records.missing('a')).toBe(0);
  });

  it('B356 those older than outages.keepFor go, and of very many the oldest: first their devices, then they', async () => {
    const { clock, records, outage, page } = setUp({
      settings: { summaryAfterMs: 1000, keepForMs: 10 * HOUR },
      bounds: { records: 3, devices: 5 },
    });
    records.begin();
    for (const name of ['p', 'q']) page('a', name);
    for (let count = 0; count < 5; count++) {
      outage();
      await clock.advance(HOUR);
    }
    const all = records.all();
    expect(all).toHaveLength(3);
    expect(all.map(({ id }) => records.devices(id).length)).toEqual([2, 2, 0]);
    expect(all.map(({ signedIn, missing }) => [signedIn, missing])).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    await clock.advance(12 * HOUR);
    expect(records.all()).toEqual([]);
  });

  it('B355 has one summary for each outage, also for one that was due while the proxy was away', async () => {
    const kept = folder();
    const first = setUp();
    first.records.read(kept);
    first.records.begin();
    first.outage('a');
    await first.clock.advance(FIVE_MINUTES_MS);
    first.change('b', 'in-service', 'reconnecting');
    await first.records.stop();
    expect(first.summaries).toEqual([first.records.all()[1]?.id]);

    await first.clock.advance(HOUR);
    const second = setUp({}, first.clock);
    second.records.read(kept);
    expect(second.records.all()).toEqual(first.records.all());
    second.records.begin();
    await second.clock.advance(1);
    expect(second.summaries).toEqual([first.records.all()[0]?.id]);
    await second.records.stop();
  });

  it('B354 who was back within five minutes is known after a restart too', async () => {
    const kept = folder();
    const first = setUp();
    first.records.read(kept);
    first.records.begin();
    for (const name of ['p', 'q']) first.page('a', name);
    first.change('a', 'in-service', 'reconnecting');
    first.page('b', 'p');
    await first.clock.advance(FIVE_MINUTES_MS + 1);
    first.page('b', 'q');
    await first.records.stop();
    const second = setUp({}, first.clock);
    second.records.read(kept);
    expect(second.records.all()[0]).toMatchObject({ elsewhere: 2, withinFiveMinutes: 1 });
  });

  it('B351 a clock that is set back after t0 makes nobody missing who signed in again', async () => {
    const { clock, records, change, page } = setUp();
    records.begin();
    for (const name of ['p', 'q']) page('a', name);
    change('a', 'in-service', 'reconnecting');
    clock.set(-HOUR);
    page('b', 'p');
    change('a', 'reconnecting', 'in-service');
    page('a', 'q');
    expect(records.all()[0]).toMatchObject({ signedIn: 2, elsewhere: 1, returned: 1, missing: 0 });
  });

  it('B980 a clock that is set back puts no verdict and no end before t0', async () => {
    const { clock, records, change } = setUp();
    records.begin();
    const t0 = clock.now();
    change('a', 'in-service', 'reconnecting');
    clock.set(-HOUR);
    await clock.advance(1000);
    change('a', 'reconnecting', 'out-of-service');
    expect(records.all()[0]).toMatchObject({ startedAt: t0, verdictAt: t0 });
    change('a', 'out-of-service', 'in-service');
    expect(records.all()[0]).toMatchObject({ startedAt: t0, verdictAt: t0, endedAt: t0 });
  });

  it('B353 a push tells of the outage if it was delivered and says so', () => {
    const { records, change, page, push } = setUp();
    records.begin();
    for (const name of ['p', 'q', 'r']) page('a', name);
    change('a', 'in-service', 'reconnecting');
    push('p', 'first-failure', 'delivered');
    push('p', 'verdict', 'delivered');
    push('q', 'verdict', 'push-phone-gone');
    push('r', 'recovery', 'delivered');
    expect(records.all()[0]?.told).toBe(1);
  });

  it('two outages of a service within a second have records of their own, and both are followed', async () => {
    const { records, outage, page } = setUp();
    records.begin();
    page('a', 'p');
    outage();
    outage();
    page('b', 'p');
    const ids = records.all().map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(records.all().map(({ elsewhere }) => elsewhere)).toEqual([1, 1]);
  });
});
