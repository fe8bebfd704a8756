import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../fake-clock.ts';
import { checkedFetch, request } from './checked-answers.ts';
import { type OpsRig, startOps, TOKEN } from './ops-rig.ts';

const BEARER = `Bearer ${TOKEN}`;

let rig: OpsRig;
const running: OpsRig[] = [];
const start = async (...over: Parameters<typeof startOps>) => {
  const started = await startOps(...over);
  running.push(started);
  return started;
};
beforeEach(async () => {
  rig = await start();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

const post = (body: unknown, { id = 'a', to = rig } = {}) =>
  request(to.origin)
    .post(`/services/${id}`)
    .set('Authorization', BEARER)
    .send(body as object);

async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('reading', () => {
  it('is alive whatever Finesse does', async () => {
    await request(rig.origin).get('/livez').expect(200);
    await request(rig.origin).head('/livez').expect(200);
  });

  it('is ready from the end of the first round of probes until shutdown', async () => {
    let ready = false;
    const other = await start({ isReady: () => ready });
    const { body } = await request(other.origin).get('/readyz').expect(503);
    expect(body.error.code).toBe('not-ready');
    ready = true;
    await request(other.origin).get('/readyz').expect(200);
    ready = false;
    await request(other.origin).get('/readyz').expect(503);
  });

  it('answers /health with 503 for down and 200 for degraded and ok', async () => {
    const status = async (code: number) => (await request(rig.origin).get('/health').expect(code)).body.status;
    expect(await status(503)).toBe('down');
    rig.setState('a', 'in-service');
    rig.setState('b', 'out-of-service');
    expect(await status(200)).toBe('degraded');
    rig.setState('b', 'in-service');
    expect(await status(200)).toBe('ok');
    rig.setState('a', 'out-of-service');
    rig.setState('b', 'out-of-service');
    expect(await status(503)).toBe('down');
  });

  it('shows the devices signed in and the problems in /health', async () => {
    const other = await start({ problems: () => ['x is claimed by a and b'] });
    other.devices.relayed('SEP1', 'b', 'other', false, Date.now());
    const { body } = await request(other.origin).get('/health');
    expect(body.services.map((service: { phones: number }) => service.phones)).toEqual([0, 1]);
    expect(body.problems).toEqual(['x is claimed by a and b']);
    expect(JSON.stringify(body)).not.toContain('SEP1');
  });

  it('serves metrics as text and an index that names the paths', async () => {
    const relayed = {
      kind: 'page-relayed',
      at: 0,
      service: 'a',
      device: 'SEP1',
      page: 'other',
      durationMs: 1,
    } as const;
    rig.metrics.handlers['page-relayed']?.(relayed);
    const metrics = await request(rig.origin).get('/metrics').expect(200);
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4; charset=utf-8/);
    expect(metrics.text).toContain('ippa_phone_requests_total{service="a",outcome="relayed"} 1\n');
    const index = await request(rig.origin).get('/').expect(200);
    expect(index.text).toContain('<script type="module" src="/console/main.js">');
  });

  it('takes a target that no URL can be made of for what its path says', async () => {
    const answer = await raw(
      rig.port,
      'GET http://x:99999/outages?since=never HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*bad-query/);
    expect(rig.lines).toEqual([]);
  });

  it('is neither stored nor sniffed, and does not name its framework', async () => {
    const { headers } = await request(rig.origin).get('/health');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
  });

  it('says in JSON what it does not have', async () => {
    const missing = await request(rig.origin).get('/nothing').expect(404);
    expect(missing.body.error).toMatchObject({ code: 'not-found', message: expect.any(String) });
    const malformed = await request(rig.origin).post('/services/%ff').set('Authorization', BEARER).expect(400);
    expect(malformed.body.error.code).toBe('bad-request');
  });

  it.each([
    ['post', '/health', 'GET, HEAD'],
    ['delete', '/metrics', 'GET, HEAD'],
    ['options', '/', 'GET, HEAD'],
    ['get', '/services/a', 'POST'],
    ['put', '/services/a', 'POST'],
  ] as const)('refuses %s %s and says what is allowed', async (method, path, allow) => {
    const { body, headers } = await request(rig.origin)[method](path).expect(405);
    expect(headers.allow).toBe(allow);
    expect(body.error.code).toBe('method-not-allowed');
  });
});

describe('the Host header', () => {
  it.each(['evil.example.com', 'localhost.evil.example.com', ''])('refuses %j on every path', async (host) => {
    for (const path of ['/', '/health', '/metrics', '/livez', '/nothing']) {
      const { body } = await request(rig.origin).get(path).set('Host', host).expect(403);
      expect(body.error.code).toBe('foreign-host');
    }
    await request(rig.origin).post('/services/a').set('Host', host).set('Authorization', BEARER).expect(403);
  });

  it.each(['127.0.0.1', '10.9.8.7:80', '[::1]:8090', 'localhost:1', 'LocalHost'])('serves %s', async (host) => {
    await request(rig.origin).get('/livez').set('Host', host).expect(200);
  });

  it('serves the configured name', async () => {
    const other = await start({ host: 'localhost' });
    await request(`http://localhost:${other.port}`).get('/livez').expect(200);
  });

  it('refuses two, and serves HTTP/1.0 without one', async () => {
    const two = await raw(
      rig.port,
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n',
    );
    expect(two).toMatch(/^HTTP\/1\.1 403 /);
    expect(await raw(rig.port, 'GET /livez HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('POST /services/ID', () => {
  it('sets the service, answers with its entry, and logs who set what', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await post({ admin: 'drain', reason: 'patching', until }).expect(200);
    expect(body).toMatchObject({ id: 'a', admin: 'drain', adminReason: 'patching', until });
    expect(rig.store.get('a')?.admin).toEqual({
      admin: 'drain',
      reason: 'patching',
      until: Date.parse(until),
      by: { who: 'token', at: expect.any(Number) },
    });
    const health = await request(rig.origin).get('/health');
    expect(health.body.services[0]).toEqual(body);
    const fields = {
      service: 'a',
      from: 'ready',
      to: 'drain',
      reason: 'patching',
      until,
      who: 'token',
      address: '127.0.0.1',
    };
    expect(rig.lines).toEqual([{ level: 'info', event: 'service-admin', fields }]);
  });

  it('B284 warns that nobody is admitted any more, and that the setting is not kept', async () => {
    const other = await start({ notKept: () => 'the disk is full' });
    const first = await post({ admin: 'drain', reason: 'x' }, { to: other }).expect(200);
    expect(first.body.warnings).toEqual(['it will not survive a restart: the disk is full']);
    const { body } = await post({ admin: 'maint', reason: 'x' }, { id: 'b', to: other }).expect(200);
    expect(body).toMatchObject({ id: 'b', admin: 'maint' });
    expect(body.warnings).toEqual([
      'main: no service admits new agents: a is set to drain, b is set to maint',
      'it will not survive a restart: the disk is full',
    ]);
  });

  it('sets it back', async () => {
    await post({ admin: 'maint', reason: 'x' }).expect(200);
    await post({ admin: 'ready' }).expect(200);
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
  });

  it.each([
    ['none', undefined],
    ['a wrong one', 'Bearer wrong'],
    ['an empty one', 'Bearer '],
    ['another scheme', `Basic ${Buffer.from(TOKEN).toString('base64')}`],
    ['one that goes on', `${BEARER}x`],
  ])('refuses %s token, without telling whether there is such a service', async (_, authorization) => {
    const answers = [];
    for (const id of ['a', 'nothing']) {
      const asked = request(rig.origin).post(`/services/${id}`);
      if (authorization !== undefined) asked.set('Authorization', authorization);
      const { body, headers } = await asked.send({ admin: 'maint', reason: 'x' }).expect(401);
      expect(headers['www-authenticate']).toMatch(/^Bearer/);
      answers.push(body);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0].error.code).toBe('unauthorized');
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
    expect(JSON.stringify(rig.lines)).not.toContain('canary-token');
  });

  it('refuses everything while no token is configured, and says so', async () => {
    const other = await start({ operators: () => [] });
    for (const authorization of ['Bearer ', 'Bearer null', 'Bearer undefined']) {
      const asked = request(other.origin).post('/services/a').set('Authorization', authorization);
      const { body } = await asked.send({ admin: 'ready' }).expect(401);
      expect(body.error.message).toContain('ops.token');
    }
  });

  it('names the services there are', async () => {
    const { body } = await post({ admin: 'ready' }, { id: 'c' }).expect(404);
    expect(body.error).toMatchObject({ code: 'unknown-service', message: expect.stringContaining('a, b') });
  });

  it.each([
    [400, 'bad-setting', 'application/json', '{"admin": "off", "reason": "x"}'],
    [400, 'bad-setting', 'application/json', '{"admin": "drain"}'],
    [400, 'bad-setting', 'application/json', '[]'],
    [400, 'not-json', 'application/json', '{"admin": '],
    [400, 'bad-setting', 'application/json', 'null'],
    [400, 'not-json', 'application/json', ''],
    [400, 'not-json', 'application/x-www-form-urlencoded', 'admin=drain&reason=x'],
    [400, 'bad-setting', 'application/x-www-form-urlencoded', '{"admin": "off", "reason": "x"}'],
    [413, 'body-too-large', 'application/json', JSON.stringify({ admin: 'drain', reason: 'x'.repeat(5000) })],
  ])('answers %i %s to %s %j', async (status, code, type, text) => {
    const asked = request(rig.origin).post('/services/a').set('Authorization', BEARER).set('Content-Type', type);
    const { body } = await asked.send(text).expect(status);
    expect(body.error).toMatchObject({ code, message: expect.any(String) });
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
    expect(rig.lines).toEqual([]);
  });

  it.each([['application/x-www-form-urlencoded'], ['text/plain; charset=x-nothing'], [';']])(
    'takes JSON with Content-Type %s',
    async (type) => {
      const asked = request(rig.origin).post('/services/a').set('Authorization', BEARER).set('Content-Type', type);
      const { body } = await asked.send('{"admin": "drain", "reason": "Prüfung"}').expect(200);
      expect(body).toMatchObject({ id: 'a', admin: 'drain' });
      expect(rig.store.get('a')?.admin.reason).toBe('Prüfung');
    },
  );

  it('takes JSON without a Content-Type, and refuses what is not UTF-8', async () => {
    const send = (body: Buffer) =>
      checkedFetch(`${rig.origin}/services/a`, {
        method: 'POST',
        headers: { authorization: BEARER },
        body: new Uint8Array(body),
      });
    expect((await send(Buffer.from('{"admin": "maint", "reason": "x"}'))).status).toBe(200);
    const refused = await send(Buffer.from('{"admin": "drain", "reason": "\xfc"}', 'latin1'));
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'not-json' } }]);
  });

  it('refuses a compressed body', async () => {
    const asked = post({ admin: 'ready' }).set('Content-Encoding', 'gzip');
    const { body } = await asked.expect(400);
    expect(body.error.code).toBe('not-json');
  });
});

describe('wrong tokens', () => {
  const guess = (token: string, to = rig) =>
    checkedFetch(`${to.origin}/services/a`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{"admin": "drain", "reason": "x"}',
    });

  it('B286 are answered later and later, by address; the right one passes at once meanwhile', async () => {
    const clock = createFakeClock();
    const other = await start({ clock });
    for (let n = 0; n < 10; n++) expect((await guess(`wrong-${n}`, other)).status).toBe(401);
    let answered = 0;
    const slowed = ['x', 'y', 'z'].map(async (token) => {
      const { status } = await guess(token, other);
      answered += 1;
      return status;
    });
    while (clock.armed() < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await guess(TOKEN, other)).status).toBe(200);
    expect(answered).toBe(0);
    await clock.advance(3000);
    expect(await Promise.all(slowed)).toEqual([401, 401, 401]);
  });

  it('B286 are counted together, whatever path they were tried on', async () => {
    const clock = createFakeClock();
    const other = await start({ clock });
    for (let n = 0; n < 10; n++) expect((await guess(`wrong-${n}`, other)).status).toBe(401);
    let answered = false;
    const elsewhere = fetch(`${other.origin}/devices`, { headers: { authorization: 'Bearer no' } });
    void elsewhere.then(() => {
      answered = true;
    });
    // One of the log, and the answer that waits.
    await expect.poll(() => answered || clock.armed() === 2).toBe(true);
    expect(answered).toBe(false);
    await clock.advance(3000);
    expect((await elsewhere).status).toBe(401);
  });

  it('B286 are told once for each address and minute, with a count of the rest', async () => {
    const clock = createFakeClock();
    const other = await start({ clock });
    for (let n = 0; n < 9; n++) await guess(`wrong-${n}`, other);
    const line = { level: 'warn', event: 'ops-unauthorized' };
    expect(other.lines).toEqual([{ ...line, fields: { who: '127.0.0.1', path: '/services/a' } }]);
    await clock.advance(60_000);
    const again = { who: '127.0.0.1', detail: 'the same again', times: 8 };
    expect(other.lines.slice(1)).toEqual([{ ...line, fields: again }]);
  });

  it('B286 that are sent all at once hold no memory, and the right one passes afterwards as before', async () => {
    const clock = createFakeClock();
    const other = await start({ clock });
    const one = 'POST /services/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer no\r\nContent-Length: 0\r\n\r\n';
    for (let times = 0; times < 3; times++) {
      const quiet = clock.armed();
      const socket = connect(other.port, '127.0.0.1');
      socket.on('error', () => {});
      const closed = new Promise((resolve) => void socket.once('close', resolve));
      socket.write(one.repeat(2000));
      await closed;
      // And one of the log, for the count of the rest.
      expect(clock.armed() - quiet).toBeLessThanOrEqual(256 + 1);
      expect((await guess(TOKEN, other)).status).toBe(200);
      await clock.advance(3000);
    }
    const late = guess('wrong', other);
    while (clock.armed() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(3000);
    expect((await late).status).toBe(401);
  });
});

describe('connections', () => {
  it('B287 that are only held keep no operator out', async () => {
    const idle = Array.from({ length: 300 }, () => connect(rig.port, '127.0.0.1'));
    try {
      for (const socket of idle) socket.on('error', () => {});
      await Promise.all(idle.map((socket) => once(socket, 'connect')));
      const half = 'GET /health HTTP/1.1\r\nHost: localhost\r\n';
      for (const socket of idle) socket.write(half);
      await request(rig.origin).get('/livez').expect(200);
      await post({ admin: 'drain', reason: 'x' }).expect(200);
    } finally {
      for (const socket of idle) socket.destroy();
    }
  });
});

describe('faults and lifetime', () => {
  it('answers a fault of its own without telling what it was, and logs it', async () => {
    const other = await start({
      problems: () => {
        throw new Error('canary');
      },
    });
    const { body, text } = await request(other.origin).get('/health').expect(500);
    expect(body.error.code).toBe('internal');
    expect(text).not.toContain('canary');
    expect(other.lines).toMatchObject([{ level: 'error', event: 'ops-fault' }]);
  });

  it('names the key when the port is in use', async () => {
    await expect(startOps({ port: rig.port })).rejects.toMatchObject({
      key: 'ops.port',
      message: `ops.port: port ${rig.port} on 127.0.0.1 is already in use; stop the other program or choose another port`,
    });
  });

  it('names the key when the host is not of this machine', async () => {
    await expect(startOps({ host: '192.0.2.1' })).rejects.toThrow(/^ops\.host: 192\.0\.2\.1 is not an address/);
  });

  it('stops although a connection is open, and may be stopped again', async () => {
    const socket = connect(rig.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await rig.server.stop();
    await closed;
    await rig.server.stop();
  });
});
