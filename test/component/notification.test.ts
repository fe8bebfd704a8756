/** The whole proxy and the Notification Service of the simulated Finesse. */

import { afterEach, describe, expect, it } from 'vitest';
import type { Config, NotificationConfig } from '../../src/config/config.ts';
import type { ServiceEntry } from '../../src/ops/health.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { type Rig, startRig } from '../rig.ts';

const ACCOUNT = { username: 'ippa-proxy', password: 'canary-listener' };
let rig: Rig;
let finesse: Finesse[];
let config: Config;

afterEach(async () => {
  await rig.stop();
  await Promise.all(finesse.map((server) => server.stop()));
});

async function start(ids: readonly string[] = ['a'], but: Partial<NotificationConfig> = {}, tls = false) {
  finesse = ['a', 'b'].map((id) => {
    const name = `finesse-${id}.example.com`;
    return createFinesse({ name, peer: 'finesse-z.example.com', notification: ACCOUNT, ...(tls ? { tls: true } : {}) });
  });
  await Promise.all(finesse.map((server) => server.start()));
  rig = await startRig({
    servers: 2,
    intervalMs: 1000,
    urls: finesse.map(({ url }) => url),
    config: (base) => {
      config = withNotification(base, (id, index) => (ids.includes(id) ? configOf(finesse[index], but) : null));
      return config;
    },
  });
  for (const id of ids) await until(id, ({ signals }) => signals.presence.says === 'available');
}

function withNotification(base: Config, of: (id: string, index: number) => NotificationConfig | null): Config {
  const clusters = base.clusters.map((cluster) => ({
    ...cluster,
    services: cluster.services.map((service, index) => ({
      ...service,
      ca: finesse[index]?.certificate ?? null,
      notification: of(service.id, index),
    })),
  }));
  return { ...base, clusters };
}

function configOf(server: Finesse | undefined, but: Partial<NotificationConfig>): NotificationConfig {
  return {
    ...{ host: '127.0.0.1', port: server?.notification?.port ?? 0, ...ACCOUNT, ca: server?.certificate ?? null },
    ...{ tls: server?.certificate === null ? 'unencrypted' : 'direct', fingerprints: [], advisory: false },
    ...{ domain: null, pubsub: null, deadAfterMs: 1000 },
    ...but,
  };
}

async function until(id: string, fits: (entry: ServiceEntry) => boolean): Promise<ServiceEntry> {
  for (;;) {
    const entry = (await rig.health()).services.find((service) => service.id === id) as unknown as ServiceEntry;
    if (fits(entry)) return entry;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const state = (id: string, wanted: string) => until(id, (entry) => entry.state === wanted);

describe('the Notification Service', () => {
  it.each([
    ['notification-down', {}, 'connection'],
    ['notification-down', { how: 'silent' }, 'connection'],
    ['presence-unavailable', {}, 'presence'],
  ])(
    '%s %j takes the service out, though SystemInfo is fine, and its end brings it back',
    async (fault, args, signal) => {
      await start();
      await finesse[0]?.fault(fault, args);
      const entry = await state('a', 'reconnecting');
      expect(entry.signals).toMatchObject({ decidedBy: signal, systemInfo: { says: 'in-service' } });
      expect((await state('a', 'out-of-service')).signals.decidedBy).toBe(signal);
      const menu = await rig.get('/a/fippa/SEP1');
      expect(menu.body).toContain('Finesse B');
      await finesse[0]?.fault('none');
      expect((await state('a', 'in-service')).reason).toBeNull();
    },
  );

  it.each([
    [{}, 'notification-refused', 'The Notification Service of Finesse A is down.'],
    [{ how: 'silent' }, 'notification-timeout', 'or the network to it, is down.'],
  ])('B453 %j is told apart by the attempts to connect again: %s', async (args, code, said) => {
    await start();
    await finesse[1]?.fault('refuse');
    await finesse[0]?.fault('notification-down', args);
    expect((await state('a', 'reconnecting')).runbook).toBe('docs/runbook.md#notification-lost');
    const { reason, runbook } = await state('a', 'out-of-service');
    expect(runbook).toBe(`docs/runbook.md#${code}`);
    expect(reason).toMatch(/^Notification Service: /);
    expect((await rig.get('/a/fippa/SEP1')).body).toContain(said);
    const { outages } = JSON.parse((await rig.get(`${rig.ops}/outages?service=a`)).body);
    expect(outages[0]).toMatchObject({ decidedBy: 'connection', cause: { code } });
  });

  it('B463 tries no login before SystemInfo says IN_SERVICE again, though the Notification Service would take it', async () => {
    await start();
    await finesse[0]?.fault('notification-down');
    await state('a', 'reconnecting');
    // The Notification Service is open again, and SystemInfo is not.
    await finesse[0]?.fault('503');
    const seen = new Set<string>();
    await until('a', (entry) => {
      seen.add(entry.signals.connection.says);
      return entry.state === 'out-of-service' && (entry.reason ?? '').includes('503');
    });
    expect(seen).not.toContain('up');
    await finesse[0]?.fault('none');
    const { signals } = await state('a', 'in-service');
    expect(signals.connection.says).toBe('up');
  });

  it('what it notifies wrongly is asked about and forgotten', async () => {
    await start();
    await finesse[0]?.fault('notify-out-of-service');
    const { signals } = await until('a', (entry) => entry.signals.notified.says === 'out-of-service');
    expect(signals.notified.reason).toBeNull();
    expect((await until('a', () => true)).state).toBe('in-service');
    await finesse[0]?.fault('none');
    await until('a', (entry) => entry.signals.notified.says === 'in-service');
  });

  it('a server that loses its CTI connection is out at once, and back when it says so', async () => {
    await start();
    await finesse[0]?.fault('out-of-service');
    expect((await state('a', 'reconnecting')).reason).toContain('OUT_OF_SERVICE');
    await finesse[0]?.fault('none');
    await state('a', 'in-service');
  });

  it('a service whose connection is lost is no alternate', async () => {
    await start(['a', 'b']);
    await finesse[1]?.fault('notification-down');
    expect((await state('b', 'reconnecting')).notAlternateBecause).not.toBeNull();
    await finesse[0]?.fault('refuse');
    await state('a', 'out-of-service');
    const page = await rig.get('/a/fippa/SEP1');
    expect(page.body).not.toContain('<MenuItem>');
    await finesse[1]?.fault('none');
    await state('b', 'in-service');
    expect((await rig.get('/a/fippa/SEP1')).body).toContain('<MenuItem><Name>Sign in on Finesse B</Name>');
  });

  it('advisory changes nothing', async () => {
    await start(['a'], { advisory: true });
    await finesse[0]?.fault('notification-down');
    const entry = await until('a', ({ signals }) => signals.connection.says === 'lost');
    expect(entry).toMatchObject({ state: 'in-service', reason: null, notAlternateBecause: null });
    expect(entry.signals).toMatchObject({ notification: 'advisory', decidedBy: 'systemInfo' });
  });

  it('is spoken to over TLS, with the certificate checked', async () => {
    await start(['a'], {}, true);
    expect(finesse[0]?.notification?.subscribers).toEqual([
      expect.stringMatching(/^ippa-proxy@finesse-a.*\/ippa-proxy-/),
    ]);
  });

  it('is left with nothing subscribed, and no word of the password anywhere', async () => {
    await start();
    await finesse[0]?.fault('notification-down');
    await state('a', 'reconnecting');
    const metrics = (await rig.get(`${rig.ops}/metrics`)).body;
    expect(metrics).toContain('ippa_notification_connected{service="a"} 0');
    expect(metrics).not.toContain('ippa_notification_connected{service="b"}');
    expect(metrics).toMatch(/ippa_notifications_total\{service="a",says="available"\} [1-9]/);
    expect(metrics).toMatch(/ippa_notification_disconnects_total\{service="a",code="notification-lost"\} 1/);
    await finesse[0]?.fault('none');
    await state('a', 'in-service');
    await rig.app.stop(4000);
    expect(finesse[0]?.notification?.subscribers).toEqual([]);
    expect(rig.logged() + metrics).not.toContain(ACCOUNT.password);
  });

  it('B268 keeps its connection and what is awaited over a reload that does not concern them', async () => {
    await start();
    await finesse[0]?.fault('presence-unavailable');
    const before = (await state('a', 'out-of-service')).signals;
    const reload = (but: Partial<NotificationConfig>, intervalMs: number) => {
      const used = withNotification(config, (_, index) => (index === 0 ? configOf(finesse[0], but) : null));
      const clusters = used.clusters.map((cluster) => ({
        ...cluster,
        services: cluster.services.map((service) => ({
          ...service,
          name: `${service.name} renamed`,
          aliases: ['other.example.com'],
          probe: { ...service.probe, intervalMs },
        })),
      }));
      rig.app.apply({ ...used, clusters });
    };
    const logins = () => rig.lines.filter(({ event }) => event === 'notification-connected').length;
    const probed = async (times: number) => {
      const isProbe = ({ target }: { readonly target: string }) => target.includes('SystemInfo');
      for (let time = 0; time < times; time++) await finesse[0]?.nextRequest(isProbe);
    };
    reload({}, 1000);
    expect(await until('a', () => true)).toMatchObject({ name: 'Finesse A renamed', state: 'out-of-service' });
    await probed(3);
    reload({}, 300);
    await probed(4);
    const { signals, state: found } = await until('a', () => true);
    expect(found).toBe('out-of-service');
    expect([signals.connection, signals.presence]).toEqual([before.connection, before.presence]);
    reload({ advisory: true }, 300);
    expect((await state('a', 'in-service')).signals.presence).toMatchObject({ since: before.presence.since });
    expect(logins()).toBe(1);
    reload({ advisory: true, deadAfterMs: 1500 }, 300);
    await until(
      'a',
      ({ signals: { presence } }) => presence.since !== null && presence.since !== before.presence.since,
    );
    expect(logins()).toBe(2);
  });

  it('is no longer believed, and no longer waited for, when the configuration drops it', async () => {
    await start();
    await finesse[0]?.fault('notification-down');
    await state('a', 'out-of-service');
    // Another change of the same service leaves the outage as it is.
    const used = withNotification(config, (_, index) => (index === 0 ? configOf(finesse[0], {}) : null));
    const renamed = used.clusters.map((c) => ({ ...c, services: c.services.map((s) => ({ ...s, site: 'east' })) }));
    rig.app.apply({ ...used, clusters: renamed });
    const appliedAt = Date.now();
    await until('a', (entry) => entry.lastProbe !== null && Date.parse(entry.lastProbe) > appliedAt);
    expect((await until('a', () => true)).signals).toMatchObject({
      connection: { says: 'lost' },
      decidedBy: 'connection',
    });
    rig.app.apply(withNotification(config, () => null));
    const { signals } = await state('a', 'in-service');
    expect(signals).toMatchObject({ notification: 'off', connection: { says: 'unknown' }, decidedBy: 'systemInfo' });
  });
});
