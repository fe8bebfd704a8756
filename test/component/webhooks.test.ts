/** Events to real receivers: signed, in order, tried again, kept, given up. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WebhookConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { systemClock } from '../../src/time/clock.ts';
import { post } from '../../src/webhooks/post.ts';
import { createWebhooks, type Webhooks, type WebhooksOptions } from '../../src/webhooks/webhooks.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { startRig } from '../rig.ts';
import { OTHER_SECRET, SECRET, startReceiver, webhookConfig } from '../webhook-receiver.ts';

const MINUTE = 60_000;

interface Bench {
  readonly webhooks: Webhooks;
  readonly clock: FakeClock;
  readonly reported: ProxyEvent[];
  /** An operator sets a service, which makes an event. */
  tell(reason?: string): void;
  stop(): Promise<void>;
}

interface BenchOptions extends Partial<Pick<WebhooksOptions, 'claim' | 'maxWaiting' | 'post'>> {
  readonly folder?: string | null;
}

/** With a clock that is moved by hand, and real sockets. */
function start(configs: readonly WebhookConfig[], { folder = null, ...more }: BenchOptions = {}): Bench {
  const clock = createFakeClock();
  const reported: ProxyEvent[] = [];
  const webhooks = createWebhooks({
    config: { webhooks: configs, state: { folder } },
    sender: { proxy: 'proxy-1', version: '0.0.0' },
    facts: {
      service: (id) => ({ name: `Finesse ${id.toUpperCase()}`, cluster: 'main' }),
      outage: () => null,
      latestOutage: () => '20261127-100000-a',
    },
    ...{ clock, random: () => 0, report: (event: ProxyEvent) => void reported.push(event) },
    ...more,
  });
  webhooks.read();
  webhooks.begin();
  const bench: Bench = {
    ...{ webhooks, clock, reported },
    tell(reason = 'patching') {
      const to = { admin: 'drain', reason, until: null, by: { who: 'ann', at: clock.now() } } as const;
      const from = { admin: 'ready', reason: null, until: null } as const;
      const event: ProxyEvent = {
        ...{ kind: 'service-set', at: clock.now(), service: 'a', from, to, who: 'ann', address: '10.0.0.1' },
      };
      webhooks.handlers['service-set']?.(event as never);
    },
    stop: () => webhooks.stop(0),
  };
  onTestFinished(() => bench.stop());
  return bench;
}

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-webhooks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const ofKind = (bench: Bench, kind: ProxyEvent['kind']) => bench.reported.filter((event) => event.kind === kind);
const reasons = (requests: readonly { json: { data: { reason: string } } }[]) =>
  requests.map(({ json }) => json.data.reason);

describe('what a receiver gets', () => {
  it('B600 is a CloudEvent whose signature the reference library accepts, with either key while it changes', async () => {
    const receiver = await startReceiver();
    const bench = start([webhookConfig(receiver.url, { secrets: [SECRET, OTHER_SECRET] })]);
    bench.clock.set(Date.now() - bench.clock.now());
    bench.tell('Büro 東京 "quoted"');
    const [got] = await receiver.saw(1);
    if (got === undefined) throw new Error('nothing came');
    for (const secret of [SECRET, OTHER_SECRET]) {
      expect(new Webhook(secret).verify(got.body, got.headers)).toEqual(got.json);
    }
    expect(() => new Webhook(SECRET).verify(got.body.replace('drain', 'maint'), got.headers)).toThrow();
    expect(got.headers['content-type']).toMatch(/^application\/cloudevents\+json/);
    expect(got.json).toEqual({
      ...{ specversion: '1.0', id: got.headers['webhook-id'], source: '/ippa-proxy/proxy-1' },
      ...{ type: 'ippa-proxy.service.set', subject: 'a', datacontenttype: 'application/json' },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: {
        ...{ service: 'a', name: 'Finesse A', cluster: 'main', from: 'ready', admin: 'drain', until: null, who: 'ann' },
        ...{ reason: 'Büro 東京 "quoted"', message: 'Finesse A is drain now, by ann (Büro 東京 "quoted").' },
      },
    });
  });

  it('B601 comes in order, again under the same `webhook-id` and with the time of the attempt', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(503).end();
    const bench = start([webhookConfig(receiver.url)]);
    for (const reason of ['one', 'two', 'three']) bench.tell(reason);
    await receiver.saw(1);
    await until(() => ofKind(bench, 'webhook-failed').length === 1);
    await bench.clock.advance(4999);
    expect(receiver.requests).toHaveLength(1);
    receiver.answer = (response) => response.writeHead(200).end('ok');
    await bench.clock.advance(1);
    const requests = await receiver.saw(4);
    expect(reasons(requests)).toEqual(['one', 'one', 'two', 'three']);
    const ids = requests.map(({ headers }) => headers['webhook-id']);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    const times = requests.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(5);
    await until(() => ofKind(bench, 'webhook-delivered').length === 3);
    expect(ofKind(bench, 'webhook-delivered')[0]).toMatchObject({ failures: 1 });
    expect(bench.webhooks.status()).toMatchObject([{ state: 'ok', waiting: 0, lost: 0, reason: null }]);
  });

  it('B602 waits as long as Retry-After says', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': '90' }).end();
    const bench = start([webhookConfig(receiver.url)]);
    bench.tell();
    await receiver.saw(1);
    await until(() => ofKind(bench, 'webhook-failed').length === 1);
    await bench.clock.advance(89_999);
    expect(receiver.requests).toHaveLength(1);
    await bench.clock.advance(1);
    await receiver.saw(2);
  });

  it('B609 in Slack is a line that calls nobody and holds no link', async () => {
    const receiver = await startReceiver();
    const bench = start([webhookConfig(receiver.url, { format: 'slack', secrets: [] })]);
    bench.tell('<!channel> <https://evil.example|click> & more');
    const [got] = await receiver.saw(1);
    expect(got?.json.text).toBe(
      ':large_blue_circle: Finesse A is drain now, by ann (&lt;!channel&gt; &lt;https://evil.example|click&gt; &amp; more).',
    );
    expect(got?.json.blocks).toHaveLength(2);
    expect(got?.headers['webhook-signature']).toBeUndefined();
  });

  it('B606 has the headers of the configuration', async () => {
    const receiver = await startReceiver();
    const headers = [{ name: 'Authorization', value: 'Bearer CANARY' }];
    start([webhookConfig(receiver.url, { headers })]).tell();
    const [got] = await receiver.saw(1);
    expect(got?.headers.authorization).toBe('Bearer CANARY');
  });
});

describe('a receiver that fails', () => {
  it('B603 is not followed by redirects, to wherever they lead', async () => {
    const [receiver, other] = [await startReceiver(), await startReceiver()];
    receiver.answer = (response) => response.writeHead(307, { location: other.url }).end();
    const bench = start([webhookConfig(receiver.url)]);
    bench.tell();
    await until(() => ofKind(bench, 'webhook-failed').length === 1);
    expect(bench.webhooks.problems()).toEqual([
      'webhook noc: status 307, a redirect, which is not followed; 1 events wait',
    ]);
    expect(other.requests).toHaveLength(0);
  });

  it('B603 with 410 gets nothing more, until its configuration changes; what waited is lost and counted', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(410).end();
    const bench = start([webhookConfig(receiver.url)]);
    for (const reason of ['one', 'two']) bench.tell(reason);
    await until(() => ofKind(bench, 'webhook-stopped').length === 1);
    bench.tell('three');
    await bench.clock.advance(2 * MINUTE);
    expect(receiver.requests).toHaveLength(1);
    expect(bench.webhooks.status()).toMatchObject([{ state: 'stopped', waiting: 0, lost: 3 }]);
    expect(bench.webhooks.problems()[0]).toContain('answered 410');
    receiver.answer = (response) => response.writeHead(204).end();
    bench.webhooks.reconfigure({
      ...{ webhooks: [webhookConfig(`${receiver.url}/new`)], state: { folder: null } },
    } as never);
    bench.tell('four');
    expect(reasons(await receiver.saw(2))).toEqual(['one', 'four']);
  });

  it('B603 that refuses one event gets the next one; the loss is said', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response, { json }) => response.writeHead(json.data.reason === 'bad' ? 400 : 204).end();
    const bench = start([webhookConfig(receiver.url)]);
    bench.tell('bad');
    await until(() => ofKind(bench, 'webhook-lost').length === 1);
    expect(bench.webhooks.status()).toMatchObject([{ state: 'refused', lost: 1 }]);
    expect(bench.webhooks.problems()).toEqual([
      'webhook noc: it refused the last event (status 400); 0 events wait, 1 are lost',
    ]);
    bench.tell('good');
    await receiver.saw(2);
    await until(() => ofKind(bench, 'webhook-delivered').length === 1);
    expect(bench.webhooks.problems()).toEqual([]);
  });

  it('B604 and is killed gets all of it in order once it is back', async () => {
    const receiver = await startReceiver();
    const bench = start([webhookConfig(receiver.url)]);
    await receiver.kill();
    for (let number = 0; number < 20; number++) bench.tell(String(number));
    await until(() => ofKind(bench, 'webhook-failed').length === 1);
    expect(bench.webhooks.problems()[0]).toMatch(
      /^webhook noc: refused \(ECONNREFUSED 127.0.0.1:\d+\); 20 events wait$/,
    );
    await receiver.revive();
    await bench.clock.advance(5000);
    expect(reasons(await receiver.saw(20))).toEqual(Array.from({ length: 20 }, (_, number) => String(number)));
  });

  it('B605 for a day loses what is as old, and no more than it has to', async () => {
    const bench = start([webhookConfig('http://127.0.0.1:1/')], {
      post: async () => ({ kind: 'failed', detail: 'x' }),
    });
    bench.tell('old');
    await bench.clock.advance(23 * 60 * MINUTE);
    bench.tell('young');
    await bench.clock.advance(2 * 60 * MINUTE);
    expect(ofKind(bench, 'webhook-lost')).toMatchObject([{ webhook: 'noc', events: 1, because: 'too-old' }]);
    expect(bench.webhooks.status()).toMatchObject([{ waiting: 1, lost: 1, state: 'waiting' }]);
    // A day has some thirty attempts, however many events wait.
    expect(ofKind(bench, 'webhook-failed').length).toBeLessThan(35);
  });

  it('B605 for a day is not made one by a clock that jumps', async () => {
    const bench = start([webhookConfig('http://127.0.0.1:1/')], {
      post: async () => ({ kind: 'failed', detail: 'x' }),
    });
    bench.tell();
    bench.clock.set(30 * 24 * 60 * MINUTE);
    await bench.clock.advance(10 * MINUTE);
    bench.clock.set(-60 * 24 * 60 * MINUTE);
    await bench.clock.advance(10 * MINUTE);
    expect(bench.webhooks.status()).toMatchObject([{ waiting: 1, lost: 0 }]);
  });

  it('B605 while 10,000 things happen costs the memory of a thousand; the newest are kept, the rest is counted', async () => {
    const folder = stateFolder();
    const receiver = await startReceiver();
    await receiver.kill();
    const bench = start([webhookConfig(receiver.url)], { folder });
    const before = process.memoryUsage().heapUsed;
    for (let number = 0; number < 10_000; number++) {
      bench.tell(String(number));
      if (number % 500 === 0) await bench.clock.advance(300);
    }
    await bench.clock.advance(1000);
    expect(bench.webhooks.status()).toMatchObject([{ waiting: 1000, lost: 9000 }]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    await receiver.revive();
    await bench.clock.advance(60 * MINUTE);
    const got = reasons(await receiver.saw(1000));
    expect([got[0], got[1], got.at(-1)]).toEqual(['0', '9001', '9999']);
    await bench.stop();
    expect(readFileSync(join(folder, 'webhooks.jsonl')).length).toBeLessThan(4 * 1024 * 1024);
  });

  it('B607 by silence, slowly or endlessly holds nothing up for longer than 5 s; what it said counts', async () => {
    const request = { body: '{}', headers: {} };
    const attempt = (url: string) => post(webhookConfig(url), request, new AbortController().signal);
    const receiver = await startReceiver();
    receiver.answer = (response) => {
      response.writeHead(200);
      const more = () => response.writable && response.write('x'.repeat(65_536), more);
      more();
    };
    expect(await attempt(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    };
    expect(await attempt(receiver.url)).toMatchObject({ kind: 'answered', status: 200 });
    // Never reads; and one that sends a byte of its answer each 100 ms.
    const startedAt = performance.now();
    const silent = createServer((socket) => void socket.on('error', () => {}).pause());
    const slow = createServer((socket) => {
      socket.on('error', () => {});
      const timer = setInterval(() => socket.write('H'), 100);
      socket.on('close', () => clearInterval(timer));
    });
    const ends = await Promise.all(
      [silent, slow].map(async (server) => {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        onTestFinished(() => void server.close());
        const { port } = server.address() as { port: number };
        return attempt(`http://127.0.0.1:${port}/`);
      }),
    );
    expect(ends[0]).toEqual({ kind: 'failed', detail: 'no answer within 5 s' });
    expect(ends[1]?.kind).toBe('failed');
    // Byte by byte it would go on for ever.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('B608 to be who it should be is sent nothing: its certificate is checked, with a CA of its own or by fingerprint', async () => {
    const folder = stateFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=hooks', '-addext', 'subjectAltName=IP:127.0.0.1'];
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      ...subject,
    ]);
    const pem = readFileSync(cert, 'utf8');
    const receiver = await startReceiver({ cert: pem, key: readFileSync(key, 'utf8') });
    const attempt = (more: Partial<WebhookConfig>) =>
      post(webhookConfig(receiver.url, more), { body: '{}', headers: {} }, new AbortController().signal);
    const untrusted = await attempt({});
    expect(untrusted).toMatchObject({ kind: 'failed', detail: expect.stringContaining('certificate-untrusted') });
    expect(receiver.requests).toHaveLength(0);
    expect(await attempt({ ca: pem })).toMatchObject({ status: 204 });
    expect(await attempt({ ca: pem, certificateNames: ['other.example.com'] })).toMatchObject({ kind: 'failed' });
  });
});

describe('what waits', () => {
  it('B604 is kept over a restart, without what is secret, and comes again under the same `webhook-id`', async () => {
    const folder = stateFolder();
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(500).end();
    const config = webhookConfig(`${receiver.url}?key=CANARYurl`, {
      headers: [{ name: 'x-key', value: 'CANARYheader' }],
      ...{ format: 'pagerduty', secrets: [], routingKey: 'CANARYrouting' },
    });
    const configs = [webhookConfig(receiver.url, { name: 'one' }), { ...config, name: 'two' }];
    const first = start(configs, { folder });
    first.tell('kept');
    await receiver.saw(1);
    await first.stop();
    const kept = readFileSync(join(folder, 'webhooks.jsonl'), 'utf8');
    expect(kept).toContain('kept');
    expect(kept).not.toMatch(/CANARY|whsec|http/);
    expect(ofKind(first, 'webhook-lost')).toEqual([]);
    const second = start(configs, { folder });
    await until(() => ofKind(second, 'webhook-failed').length === 1);
    await second.clock.advance(300);
    await until(() => readFileSync(join(folder, 'webhooks.jsonl'), 'utf8').includes('kept'));
    receiver.answer = (response) => response.writeHead(204).end();
    await second.clock.advance(5000);
    const [before, , after] = await receiver.saw(3);
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
    await until(() => ofKind(second, 'webhook-delivered').length === 1);
    // Appended, not written anew: as it is found after kill -9.
    await until(() => {
      void second.clock.advance(300);
      return readFileSync(join(folder, 'webhooks.jsonl'), 'utf8').includes('"gone"');
    });
    await second.stop();
    const third = start(configs, { folder });
    await third.clock.advance(60 * MINUTE);
    expect(receiver.requests).toHaveLength(3);
  });

  it('B612 without a folder is lost with the process, which says so', async () => {
    const receiver = await startReceiver();
    await receiver.kill();
    const bench = start([webhookConfig(receiver.url)]);
    bench.tell();
    await until(() => ofKind(bench, 'webhook-failed').length === 1);
    await bench.stop();
    expect(ofKind(bench, 'webhook-lost')).toMatchObject([{ events: 1, because: 'ended' }]);
  });

  it('B605 on a full disk is sent all the same, and `/health` says that it is not kept', async () => {
    const folder = stateFolder();
    const receiver = await startReceiver();
    const bench = start([webhookConfig(receiver.url)], { folder });
    await bench.clock.advance(300);
    await until(() => existsSync(join(folder, 'webhooks.jsonl')));
    // What a full disk is to root, too: nothing can be opened for writing there.
    rmSync(join(folder, 'webhooks.jsonl'));
    spawnSync('mkdir', ['-p', join(folder, 'webhooks.jsonl'), join(folder, 'webhooks.jsonl.new')]);
    bench.tell();
    await receiver.saw(1);
    await until(() => {
      void bench.clock.advance(300);
      return ofKind(bench, 'records-not-kept').length > 0;
    });
    expect(bench.webhooks.problems()[0]).toMatch(/webhooks.jsonl cannot be written \(EISDIR\)/);
    bench.tell('next');
    await receiver.saw(2);
  });

  it('B611 for a receiver that is removed goes, and a changed one is tried at once', async () => {
    const [receiver, other] = [await startReceiver(), await startReceiver()];
    receiver.answer = (response) => response.writeHead(500).end();
    const configs = [webhookConfig(receiver.url, { name: 'one' }), webhookConfig(receiver.url, { name: 'two' })];
    const bench = start(configs);
    bench.tell('moved');
    await until(() => ofKind(bench, 'webhook-failed').length === 2);
    bench.webhooks.reconfigure({
      ...{ webhooks: [webhookConfig(other.url, { name: 'two' })], state: { folder: null } },
    } as never);
    expect(reasons(await other.saw(1))).toEqual(['moved']);
    expect(ofKind(bench, 'webhook-lost')).toMatchObject([{ webhook: 'one', events: 1, because: 'removed' }]);
    expect(bench.webhooks.status().map(({ name }) => name)).toEqual(['two']);
  });

  it('B614 is left to the proxy that has claimed it; where nobody can say, it is sent', async () => {
    const receiver = await startReceiver();
    const answers = ['theirs', 'unknown', 'ours'] as const;
    const names: string[] = [];
    const bench = start([webhookConfig(receiver.url)], {
      claim: async (name) => answers[names.push(name) - 1] ?? 'ours',
    });
    for (const reason of ['one', 'two', 'three']) {
      await bench.clock.advance(1);
      bench.tell(reason);
    }
    expect(reasons(await receiver.saw(2))).toEqual(['two', 'three']);
    expect(names[0]).toMatch(/^webhook:noc:a:\d+:service.set$/);
  });
});

it('B614 what an earlier process had is sent although a claim of its own stands against it', async () => {
  const folder = stateFolder();
  const receiver = await startReceiver();
  await receiver.kill();
  const first = start([webhookConfig(receiver.url)], { folder, claim: async () => 'ours' });
  first.tell('kept');
  await until(() => ofKind(first, 'webhook-failed').length === 1);
  await first.stop();
  await receiver.revive();
  start([webhookConfig(receiver.url)], { folder, claim: async () => 'theirs' });
  expect(reasons(await receiver.saw(1))).toEqual(['kept']);
});

describe('an outage, as receivers are told of it', () => {
  it('B610 B613 opens an incident at the verdict and closes it when it is over, under the id of the record', async () => {
    const [noc, pager] = [await startReceiver(), await startReceiver()];
    const webhooks = [
      webhookConfig(noc.url, { events: ['service', 'outage'] }),
      webhookConfig(pager.url, { name: 'pager', format: 'pagerduty', secrets: [], routingKey: 'KEY' }),
    ];
    const rig = await startRig({
      config: (config) => ({ ...config, webhooks, outages: { ...config.outages, summaryAfterMs: 6000 } }),
    });
    onTestFinished(() => rig.stop());
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    const types = () => noc.requests.map(({ json }) => json.type);
    await until(() => types().includes('ippa-proxy.outage.summary'));
    await rig.finesse[0]?.fault('none');
    await until(() => types().includes('ippa-proxy.outage.ended'));
    const { outages } = JSON.parse((await rig.get(`${rig.ops}/outages`)).body);
    const [{ id }] = outages;
    expect(types()).toEqual([
      'ippa-proxy.service.reconnecting',
      'ippa-proxy.outage.began',
      'ippa-proxy.service.out',
      'ippa-proxy.outage.summary',
      'ippa-proxy.service.back',
      'ippa-proxy.outage.ended',
    ]);
    const ended = noc.requests.at(-1)?.json;
    const { withinFiveMinutes: _, ...record } = outages[0];
    expect(ended.data).toMatchObject(record);
    expect(ended.id).toBe(`${id}:outage.ended`);
    await until(() => pager.requests.some(({ json }) => json.event_action === 'resolve' && json.dedup_key === id));
    const incident = pager.requests.map(({ json }) => json).filter(({ dedup_key: key }) => key === id);
    expect(incident).toMatchObject([
      {
        ...{ routing_key: 'KEY', event_action: 'trigger', dedup_key: id },
        payload: { severity: 'critical', component: 'a', group: 'main', class: 'service.out' },
      },
      { routing_key: 'KEY', event_action: 'resolve', dedup_key: id },
    ]);
    // What a receiver has got is with the proxy once its answer is.
    await expect
      .poll(async () => (await rig.health()).webhooks)
      .toMatchObject([
        { name: 'noc', state: 'ok', waiting: 0, lost: 0 },
        { name: 'pager', state: 'ok', waiting: 0, lost: 0 },
      ]);
  }, 120_000);

  it('B610 opens none for a drill', async () => {
    const pager = await startReceiver();
    const config = webhookConfig(pager.url, { format: 'pagerduty', secrets: [], routingKey: 'KEY' });
    const rig = await startRig({ config: (base) => ({ ...base, webhooks: [config] }) });
    onTestFinished(() => rig.stop());
    const began = await fetch(`${rig.ops}/drills`, {
      ...{ method: 'POST', headers: { authorization: 'Bearer test-token', 'content-type': 'application/json' } },
      body: JSON.stringify({ service: 'a', forSeconds: 5 }),
    });
    expect(began.status).toBeLessThan(300);
    await until(() => rig.lines.some(({ event }) => event === 'drill-ended'));
    await new Promise((resolve) => systemClock.after(200, () => resolve(null)));
    expect(pager.requests.map(({ json }) => json.event_action)).not.toContain('trigger');
  });
});

it('B606 no secret of a receiver is in log, health or metrics, whatever it answers', async () => {
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(302, { location: '/CANARYlocation' }).end('CANARYanswer');
  const url = receiver.url.replace('/hook', '/CANARYpath?token=CANARYquery');
  const key = `whsec_${Buffer.from('CANARYsecretCANARYsecret').toString('base64')}`;
  const headers = [{ name: 'authorization', value: 'CANARYheader' }];
  const webhooks = [
    webhookConfig(url, { secrets: [key], headers }),
    webhookConfig(url.replace('http:', 'https:'), { name: 'tls', secrets: [key] }),
    webhookConfig('http://127.0.0.1:1/CANARYpath', { name: 'away', format: 'slack', secrets: [] }),
    webhookConfig(url, {
      name: 'pager',
      format: 'pagerduty',
      secrets: [],
      routingKey: 'CANARYrouting',
      events: ['reports'],
    }),
  ];
  const folder = stateFolder();
  const rig = await startRig({ config: (config) => ({ ...config, webhooks, state: { folder } }) });
  onTestFinished(() => rig.stop());
  rig.app.report({ kind: 'state-not-kept', at: Date.now(), error: new Error('x') });
  rig.app.report({ kind: 'state-kept', at: Date.now() });
  await until(() => rig.lines.filter(({ event }) => event === 'webhook-failed').length >= 4);
  rig.app.apply({ ...rig.config, state: { folder }, webhooks: [webhookConfig(`${url}&more`, { secrets: [key] })] });
  const metrics = (await rig.get(`${rig.ops}/metrics`)).body;
  const health = (await rig.get(`${rig.ops}/health`)).body;
  await until(() => existsSync(join(folder, 'webhooks.jsonl')));
  const outbox = readFileSync(join(folder, 'webhooks.jsonl'), 'utf8');
  const all = [rig.logged(), metrics, health, outbox].join('\n');
  expect(all).not.toContain('CANARY');
  expect(all).not.toContain(Buffer.from('CANARYsecret').toString('base64').slice(0, 14));
  expect(metrics).toMatch(/ippa_webhook_deliveries_total\{webhook="noc",outcome="failed"\} [1-9]/);
  expect(rig.lines.filter(({ event }) => event === 'webhook-failed').map(({ webhook }) => webhook)).toContain('tls');
  chmodSync(folder, 0o700);
  writeFileSync(join(folder, 'done'), '');
});
