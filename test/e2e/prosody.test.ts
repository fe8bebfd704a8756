/**
 * The vendor's scenarios and recovery rules (reference/high-availability.md) against a real XMPP server. Every time from
 * fault to state is printed; what is asserted are the bounds of the promise with room for a slow machine.
 */

import { afterEach, describe, expect, it } from 'vitest';
import type { NotificationConfig } from '../../src/config/config.ts';
import type { ServiceEntry, SignalsEntry } from '../../src/ops/health.ts';
import { type CuttingRelay, startCuttingRelay } from '../cutting-relay.ts';
import { createProsody, FINESSE_USER, PROXY_USER, type Prosody, type ProsodyOptions } from '../prosody.ts';
import { type Rig, type RigOptions, startRig } from '../rig.ts';
import { XmppUser } from '../xmpp-user.ts';

let rig: Rig | null = null;
let prosody: Prosody;
let relay: CuttingRelay | null = null;
/** What the proxy was started with. */
let settings: RigOptions;
let finesse: XmppUser;

afterEach(async () => {
  finesse?.close();
  await rig?.stop();
  await relay?.stop();
  await prosody.remove();
  [rig, relay] = [null, null];
});

interface Settings extends ProsodyOptions {
  readonly notification?: Partial<NotificationConfig>;
  readonly intervalMs?: number;
  readonly pollMs?: number;
  /** Nobody but finesse may subscribe to SystemInfo. */
  readonly closed?: boolean;
  /** Through a relay that can be cut. */
  readonly relayed?: boolean;
}

const CLOSED_NODE =
  "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='/finesse/api/SystemInfo'/><configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field><field var='pubsub#access_model'><value>whitelist</value></field></x></configure></pubsub>";

/** Polls are three intervals apart: what is noticed sooner, they did not notice. */
async function start({
  notification = {},
  intervalMs = 1000,
  pollMs = 3 * intervalMs,
  relayed = false,
  closed = false,
  ...options
}: Settings = {}) {
  prosody = await createProsody(options);
  await prosody.start();
  if (options.requireTls !== true) await finesseComes();
  if (closed) await finesse.iq(CLOSED_NODE, `pubsub.${prosody.domain}`);
  const direct = (notification.tls ?? 'direct') === 'direct';
  const port = direct ? prosody.directPort : prosody.plainPort;
  if (relayed) relay = await startCuttingRelay(port);
  const used: NotificationConfig = {
    ...{ host: '127.0.0.1', port: relay?.port ?? port, tls: 'direct', ...PROXY_USER, ca: prosody.ca, fingerprints: [] },
    ...{ advisory: false, domain: null, pubsub: null, deadAfterMs: 2000 },
    ...notification,
  };
  settings = {
    intervalMs,
    config: (config) => ({
      ...config,
      clusters: config.clusters.map((cluster) => ({
        ...cluster,
        services: cluster.services.map((service) => ({
          ...service,
          notification: service.id === 'a' ? used : null,
          probe: { ...service.probe, intervalMs: pollMs },
        })),
      })),
    }),
  };
  rig = await startRig(settings);
  return rig;
}

/** The server and then Finesse, which says on its return that it is in service. */
async function restart() {
  await prosody.start();
  await finesseComes();
  await finesse.publishStatus('IN_SERVICE');
}

async function finesseComes() {
  finesse = await XmppUser.logIn(prosody.plainPort, prosody.domain, FINESSE_USER.username, FINESSE_USER.password);
  finesse.available();
}

type Entry = Pick<ServiceEntry, 'state' | 'reason' | 'since' | 'attempt'> & { readonly signals: SignalsEntry };

async function entry(): Promise<Entry> {
  const found = (await rig?.health())?.services.find(({ id }) => id === 'a');
  return found as unknown as Entry;
}

async function until(fits: (entry: Entry) => boolean): Promise<Entry> {
  for (;;) {
    const found = await entry();
    if (fits(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Who is subscribed to SystemInfo, as its owner sees it. */
function subscriptions(): Promise<string> {
  const query = "<subscriptions node='/finesse/api/SystemInfo'/>";
  const payload = `<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>${query}</pubsub>`;
  return finesse.iq(payload, `pubsub.${prosody.domain}`, 'get');
}

const state = (wanted: string) => until((found) => found.state === wanted);
const listening = () => until(({ signals }) => signals.presence.says === 'available');
const connection = (says: string) => until(({ signals }) => signals.connection.says === says);

/** How long after `fault` the state is there, in ms; printed. */
async function timed(what: string, fault: () => unknown, wanted: string): Promise<{ ms: number; found: Entry }> {
  const began = performance.now();
  await fault();
  const found = await state(wanted);
  const ms = Math.round(performance.now() - began);
  console.log(`  ${what}: ${wanted} after ${ms} ms, decided by ${found.signals.decidedBy}`);
  return { ms, found };
}

describe('scenario: the Notification Service goes down', () => {
  it('killed: noticed at once; restarted: back after SystemInfo and a new login', async () => {
    await start();
    await listening();
    const { ms, found } = await timed('killed', () => prosody.signal('SIGKILL'), 'reconnecting');
    expect(ms).toBeLessThan(2000);
    expect(found).toMatchObject({ attempt: 1, signals: { connection: { says: 'lost' }, decidedBy: 'connection' } });
    expect(found.reason).toMatch(/^Notification Service: the connection is lost/);
    const back = await timed('restarted', restart, 'in-service');
    expect(back.found.signals).toMatchObject({ connection: { says: 'up' }, systemInfo: { says: 'in-service' } });
    expect(rig?.logged()).not.toContain(PROXY_USER.password);
  });

  it('B263 stays down: out of service after three attempts, an alternate is offered, and it is found again later', async () => {
    const { get, finesse: servers } = await start({ relayed: true });
    await listening();
    const logins = relay?.connections() ?? 0;
    const { ms, found } = await timed('stopped', () => prosody.signal('SIGTERM'), 'out-of-service');
    expect(found.reason).toMatch(/^Notification Service: /);
    const said = rig?.lines.filter(({ event, service }) => event === 'service-state' && service === 'a') ?? [];
    expect(said.filter(({ to }) => to === 'reconnecting' || to === 'out-of-service')).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/^Notification Service: /) }),
      expect.objectContaining({ reason: expect.stringMatching(/^Notification Service: /) }),
    ]);
    expect(ms).toBeGreaterThan(2500);
    const tries = (relay?.connections() ?? 0) - logins;
    console.log(`  logins tried until then: ${tries}`);
    // One in each attempt; a slow machine may miss one, none may have two.
    expect([2, 3]).toContain(tries);
    expect((await get('/a/fippa/SEP1')).body).toContain('Finesse B');
    expect(servers[0]?.requests.at(-1)?.target).toContain('SystemInfo');
    await timed('restarted after the verdict', restart, 'in-service');
  });

  it('frozen: noticed although the connection stays up', async () => {
    await start();
    await listening();
    const { ms, found } = await timed('frozen', () => prosody.signal('SIGSTOP'), 'reconnecting');
    expect(ms).toBeLessThan(5000);
    expect(found.reason).toMatch(/nothing was heard/);
    await timed('thawed', () => prosody.signal('SIGCONT'), 'in-service');
  });

  it('frozen, with the intervals of a real installation: noticed within 10 s', { timeout: 120_000 }, async () => {
    await start({ intervalMs: 5000, notification: { deadAfterMs: 8000 } });
    await listening();
    const { ms } = await timed('frozen, real intervals', () => prosody.signal('SIGSTOP'), 'reconnecting');
    expect(ms).toBeLessThan(12_000);
    await timed('thawed, real intervals', () => prosody.signal('SIGCONT'), 'in-service');
  });
});

describe('scenario: the network between', () => {
  it('is cut: noticed although both ends live; mended: back', async () => {
    await start({ relayed: true });
    await listening();
    const { ms, found } = await timed('cut off', () => relay?.cut(), 'reconnecting');
    expect(ms).toBeLessThan(5000);
    expect(found.signals.decidedBy).toBe('connection');
    await timed('mended', () => relay?.mend(), 'in-service');
  });
});

describe('scenario: Tomcat or the web application goes down', () => {
  it('finesse unavailable: noticed at once; AVAILABLE, then IN_SERVICE, bring it back', async () => {
    await start();
    await listening();
    const { ms, found } = await timed('finesse unavailable', () => finesse.unavailable(), 'reconnecting');
    expect(ms).toBeLessThan(2000);
    expect(found.signals).toMatchObject({ presence: { says: 'unavailable' }, decidedBy: 'presence' });
    await finesse.publishStatus('IN_SERVICE');
    await until(({ signals }) => signals.notified.says === 'in-service');
    expect((await entry()).state).not.toBe('in-service');
    finesse.available();
    const waiting = await until(({ signals }) => signals.presence.says === 'available');
    expect(waiting.state).not.toBe('in-service');
    expect((await until(({ signals }) => signals.notified.reason !== null)).signals.notified.reason).toMatch(/awaited/);
    await timed('AVAILABLE, then IN_SERVICE notified', () => finesse.publishStatus('IN_SERVICE'), 'in-service');
  });

  it('its connection breaks: the same', async () => {
    await start();
    await listening();
    const { found } = await timed('finesse disconnected', () => finesse.close(), 'reconnecting');
    expect(found.signals.decidedBy).toBe('presence');
  });

  it('B260 B261 SystemInfo alone does not bring it back; once AVAILABLE, 30 s of it do', {
    timeout: 240_000,
  }, async () => {
    await start({ relayed: true });
    await listening();
    finesse.unavailable();
    await state('out-of-service');
    const stays = async (ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end) expect((await until(() => true)).state).not.toBe('in-service');
    };
    await stays(32_000);
    const waiting = await entry();
    expect(waiting.reason).toMatch(/AVAILABLE is awaited.*notification.advisory: true/);
    expect(waiting.signals.presence.reason).toMatch(/AVAILABLE is awaited.*notification.advisory: true/);
    // A reconnect finds it away still.
    relay?.cut();
    await connection('lost');
    relay?.mend();
    await until(({ signals }) => signals.presence.says === 'unavailable');
    await stays(5000);
    finesse.available();
    const began = performance.now();
    await timed('AVAILABLE, and nothing notified', () => undefined, 'in-service');
    expect(performance.now() - began).toBeGreaterThan(28_000);
  });
});

describe('scenario: Finesse loses its CTI server', () => {
  it('OUT_OF_SERVICE notified: asked at once; IN_SERVICE notified: asked again', async () => {
    const { finesse: servers } = await start({ intervalMs: 2000 });
    await listening();
    while (!(await subscriptions()).includes(PROXY_USER.username));
    await servers[0]?.fault('out-of-service');
    const { ms, found } = await timed('OUT_OF_SERVICE', () => finesse.publishStatus('OUT_OF_SERVICE'), 'reconnecting');
    expect(ms).toBeLessThan(2000);
    expect(found.reason).toMatch(/OUT_OF_SERVICE/);
    await servers[0]?.fault('none');
    await timed('IN_SERVICE', () => finesse.publishStatus('IN_SERVICE'), 'in-service');
  });

  it('a notified OUT_OF_SERVICE that SystemInfo denies changes nothing', async () => {
    const { finesse: servers } = await start({ intervalMs: 5000 });
    await listening();
    const asked = servers[0]?.nextRequest(({ target }) => target.includes('SystemInfo'));
    await finesse.publishStatus('OUT_OF_SERVICE');
    await asked;
    const { signals } = await until((e) => e.signals.notified.says === 'out-of-service');
    expect(signals.notified.reason).toBeNull();
    expect((await entry()).state).toBe('in-service');
  });
});

/** Time enough for a login on a busy machine: four fifths of the interval. */
const PATIENT = { intervalMs: 2500, pollMs: 2000 };

describe('what is no outage', () => {
  it('a wrong password: one login, and words', async () => {
    await start({ relayed: true, notification: { password: 'canary-wrong-password' }, ...PATIENT });
    const { signals } = await until((e) => e.signals.connection.reason?.includes('login') === true);
    expect(signals.connection).toMatchObject({ says: 'unknown' });
    expect(signals.connection.reason).toMatch(/30 minutes.*not-authorized/);
    // After another failure a probe would lead to another login by now.
    await new Promise((resolve) => setTimeout(resolve, PATIENT.intervalMs + 2 * PATIENT.pollMs));
    expect(relay?.connections()).toBe(1);
    expect((await entry()).state).toBe('in-service');
    expect(rig?.logged()).not.toContain('canary');
  });

  it('an untrusted certificate', async () => {
    await start({ notification: { ca: null } });
    const { signals, state: found } = await until((e) => e.signals.connection.reason?.includes('trusted') === true);
    expect([found, signals.connection.says]).toEqual(['in-service', 'unknown']);
  });

  it.each([
    ['the domain that SystemInfo tells', ['finesse-a.example.com'], /set notification.domain to finesse-a.example.com/],
    ['another host', ['other.example.com'], /it is for other.example.com: .*set notification.host/],
  ])('B265 a certificate for %s, which says what to set', async (_, certificateNames, words) => {
    await start({ certificateNames });
    const { signals, state: found } = await until((e) => e.signals.connection.reason?.includes('carries') === true);
    expect([found, signals.connection.says]).toEqual(['in-service', 'unknown']);
    expect(signals.connection.reason).toMatch(words);
  });

  it('B265 a certificate for the domain, once that is set', async () => {
    await start({
      certificateNames: ['finesse-a.example.com'],
      notification: { domain: 'finesse-a.example.com' },
    });
    await listening();
    expect((await entry()).signals.connection).toMatchObject({ says: 'up', reason: null });
  });

  it('B265 a server that demands TLS says "set starttls"', async () => {
    await start({ notification: { tls: 'unencrypted' }, requireTls: true });
    await until((e) => e.signals.connection.reason?.includes('set starttls') === true);
    expect((await entry()).state).toBe('in-service');
  });

  it('B264 a subscription that is refused', async () => {
    const { health } = await start({ closed: true });
    await connection('up');
    await until((e) => e.signals.notified.reason?.includes('(forbidden)') === true);
    const { problems } = await health();
    expect(problems).toEqual([expect.stringMatching(/^a: Notification Service: the subscription .*\(forbidden\)/)]);
    expect((await entry()).state).toBe('in-service');
  });

  it.each([
    ['unencrypted', /stream error host-unknown: .* set notification.domain/],
    ['direct', /TLS alert unrecognized_name: .* set notification.domain/],
  ] as const)('B265 an unknown host, %s', async (tls, words) => {
    await start({ notification: { domain: 'other.example.com', tls }, ...PATIENT });
    const { signals, state: found } = await until((e) => words.test(e.signals.connection.reason ?? ''));
    expect([found, signals.connection.says]).toEqual(['in-service', 'unknown']);
  });

  it('nobody there', async () => {
    await start({ notification: { port: 1 } });
    const { signals, state: found } = await until((e) => e.signals.connection.reason !== null);
    expect([found, signals.connection.says]).toEqual(['in-service', 'unknown']);
    expect(signals.connection.reason).toMatch(/^Notification Service: .*connection refused|not connected yet/);
  });

  it('a presence that never comes, or was never there', async () => {
    await start({ roster: false });
    await connection('up');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { signals, state: found } = await entry();
    expect([found, signals.connection.says]).toEqual(['in-service', 'up']);
    expect(signals.presence.reason).toMatch(/no presence|not counted/);
  });

  it('anything, when it is advisory', async () => {
    await start({ notification: { advisory: true } });
    await listening();
    await prosody.signal('SIGKILL');
    const { signals, state: found } = await connection('lost');
    expect([found, signals.notification, signals.decidedBy]).toEqual(['in-service', 'advisory', 'systemInfo']);
    expect(signals.connection.reason).toMatch(/lost/);
  });
});

describe('ways to connect', () => {
  it('STARTTLS, with the certificate checked', async () => {
    await start({ notification: { tls: 'starttls' }, relayed: true });
    await listening();
    expect(relay?.sent()).toContain('<starttls');
    expect(relay?.sent()).not.toContain('mechanism');
  });

  it('STARTTLS with an untrusted certificate: no login', async () => {
    await start({ notification: { tls: 'starttls', ca: null } });
    await until((e) => e.signals.connection.reason?.includes('trusted') === true);
  });

  it('a server without STARTTLS: no login', async () => {
    await start({ notification: { tls: 'starttls' }, relayed: true, extra: 'modules_disabled = { "s2s", "tls" }' });
    await until((e) => e.signals.connection.reason?.includes('does not offer STARTTLS') === true);
    expect(relay?.sent()).not.toContain('<auth');
  });

  it('unencrypted, because it was asked for by name', async () => {
    await start({ notification: { tls: 'unencrypted' }, relayed: true });
    await listening();
    expect(relay?.sent()).toContain("mechanism='SCRAM-SHA-256'");
    expect(relay?.sent()).not.toContain(Buffer.from(PROXY_USER.password).toString('base64').slice(0, -4));
  });

  it.each(['SCRAM-SHA-1', 'PLAIN'])('%s, where the server has nothing better', async (mechanism) => {
    const better = ['SCRAM-SHA-256', 'SCRAM-SHA-1'].filter((name) => name > mechanism);
    const extra = `disable_sasl_mechanisms = { ${better.map((name) => `"${name}"`).join(', ')} }`;
    await start({ notification: { tls: 'unencrypted' }, relayed: true, extra });
    await listening();
    expect(relay?.sent()).toContain(`mechanism='${mechanism}'`);
  });

  it('on the way out it unsubscribes and says good-bye', async () => {
    await start({ notification: { tls: 'unencrypted' }, relayed: true });
    await listening();
    expect(await subscriptions()).toContain(`${PROXY_USER.username}@${prosody.domain}/ippa-proxy-`);
    await rig?.stop();
    rig = null;
    expect(await subscriptions()).not.toContain(PROXY_USER.username);
    expect(relay?.sent()).toMatch(/<unsubscribe .*<presence type='unavailable'\/><\/stream:stream>$/s);
  });
});

describe('subscriptions', () => {
  it('B267 do not pile up, however often the proxy comes back', { timeout: 120_000 }, async () => {
    await start({ relayed: true });
    const proxies = async () =>
      (await subscriptions()).match(new RegExp(`${PROXY_USER.username}@[^'"]*/ippa-proxy-[^'"]*`, 'g')) ?? [];
    for (let round = 0; round < 3; round++) {
      await listening();
      while ((await proxies()).length === 0);
      // The network fails, and is back.
      relay?.cut();
      await connection('lost');
      relay?.mend();
      await connection('up');
      await listening();
      // The proxy dies without a word, and is started again.
      relay?.cut();
      await rig?.stop();
      relay?.mend();
      rig = await startRig(settings);
    }
    await listening();
    const [first, ...more] = await proxies();
    expect(first).toMatch(/ippa-proxy-[0-9a-f]{8}$/);
    expect(more).toEqual([]);
  });
});
