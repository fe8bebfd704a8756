import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { createFinesse, type Finesse, type FinesseOptions, OrderError } from '../../src/simulators/finesse.ts';
import { ask } from './simulated-finesse-client.ts';

const running: Finesse[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const finesse of running.splice(0)) await finesse.stop();
});

async function start(options: FinesseOptions = {}): Promise<Finesse> {
  const finesse = createFinesse({ name: 'fin-a.example.com', ...options });
  running.push(finesse);
  await finesse.start();
  return finesse;
}

const INFO = '/finesse/api/SystemInfo';
const FIPPA = '/fippa/SEP001122334455';

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

test('refuse: the port is closed and open connections are cut; afterwards the same port serves again', async () => {
  const finesse = await start();
  await ask(`${finesse.url}${FIPPA}?id=1001&password=cisco&extension=2001`);
  const socket = await open(finesse.port);
  const cut = once(socket, 'close');
  await finesse.fault('refuse');
  await cut;
  await expect(ask(finesse.url + INFO)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await finesse.fault('none');
  expect((await ask(finesse.url + INFO)).status).toBe(200);
  expect((await ask(finesse.url + FIPPA)).body).toContain('1001 Not Ready');
  await finesse.fault('die', { sessions: 'lose' });
  await finesse.fault('recover');
  expect((await ask(finesse.url + FIPPA)).body).toContain('CiscoIPPhoneInput');
});

test('reset: at once, or after the request was read', async () => {
  const finesse = await start();
  await finesse.fault('reset', { count: 2 });
  for (const path of [INFO, FIPPA]) await expect(ask(finesse.url + path)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(finesse.requests).toEqual([]);
  expect((await ask(finesse.url + INFO)).status).toBe(200);
  await finesse.fault('reset', { when: 'request', count: 1 });
  await expect(ask(finesse.url + INFO)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(finesse.requests.map((request) => request.fault)).toEqual(['none', 'reset']);
  expect((await ask(finesse.url + INFO)).status).toBe(200);
});

test('reset acts below TLS too', async () => {
  const finesse = await start({ tls: true });
  const ca = finesse.certificate!;
  for (const when of ['connect', 'request']) {
    await finesse.fault('reset', { when });
    await expect(ask(finesse.url + INFO, { ca })).rejects.toMatchObject({ code: 'ECONNRESET' });
  }
});

// Only Linux drops the packets of connections for which a full queue has no room; others refuse them.
test.runIf(process.platform === 'linux')(
  'drop: new connections hang until packets pass again, open ones fall silent',
  async () => {
    const finesse = await start();
    const before = await open(finesse.port);
    await finesse.fault('drop');
    const hanging = connect(finesse.port, '127.0.0.1');
    sockets.push(hanging);
    let connected = false;
    hanging.on('connect', () => {
      connected = true;
    });
    let heard = false;
    before.on('data', () => {
      heard = true;
    });
    const arrived = finesse.nextRequest();
    before.write(get(INFO));
    await arrived;
    await pause(300);
    expect([connected, heard, before.destroyed]).toEqual([false, false, false]);
    await finesse.fault('none');
    await once(hanging, 'connect');
    expect((await ask(finesse.url + INFO)).status).toBe(200);
    await finesse.fault('drop');
    await finesse.fault('drop');
    await finesse.fault('refuse');
    await expect(ask(finesse.url + INFO)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  },
);

test('silent: the request is read and never answered, and acted on only if told so', async () => {
  const finesse = await start();
  await ask(`${finesse.url}${FIPPA}?id=1001&password=cisco&extension=2001`);
  for (const processed of ['no', 'yes']) {
    await finesse.fault('silent', { processed });
    const abort = new AbortController();
    const arrived = finesse.nextRequest();
    const answer = ask(`${finesse.url}${FIPPA}/ready`, { signal: abort.signal });
    await arrived;
    await pause(50);
    abort.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  }
  expect(finesse.actions.map((action) => action.action)).toEqual(['SIGN_IN', 'READY']);
});

test('slow and trickle: the right answer, late', async () => {
  const finesse = await start();
  await finesse.fault('slow', { ms: 200 });
  const began = performance.now();
  expect((await ask(finesse.url + INFO)).body).toContain('IN_SERVICE');
  expect(performance.now() - began).toBeGreaterThan(190);
  await finesse.fault('trickle', { ms: 1, scope: 'fippa' });
  expect((await ask(finesse.url + FIPPA)).body).toMatch(/<\/CiscoIPPhoneInput>$/);
});

test('answers that are not what was asked for', async () => {
  const finesse = await start();
  const look = async (name: string, path: string, args: Record<string, unknown> = {}) => {
    await finesse.fault(name, args);
    const { status, headers, body } = await ask(finesse.url + path);
    return [status, headers['content-type'] ?? null, body.slice(0, 80)] as const;
  };
  expect(await look('503', INFO)).toEqual([
    503,
    'application/xml;charset=utf-8',
    expect.stringContaining('<ApiErrors>'),
  ]);
  expect(await look('503', FIPPA)).toEqual([503, 'text/html;charset=utf-8', expect.stringContaining('<html')]);
  const phoneXml = await look('503', FIPPA, { body: 'phone-xml' });
  expect(phoneXml).toEqual([503, 'text/xml; charset=utf-8', expect.stringContaining('<CiscoIPPhoneText>')]);
  expect(await look('503', FIPPA, { body: 'empty' })).toEqual([503, null, '']);
  expect(await look('500', INFO)).toEqual([500, 'text/html;charset=utf-8', expect.stringContaining('<html')]);
  for (const path of [INFO, FIPPA])
    expect(await look('html', path)).toEqual([200, 'text/html;charset=utf-8', expect.stringContaining('<html')]);
  expect((await look('html', FIPPA, { type: 'xml' }))[1]).toBe('text/xml; charset=utf-8');
  expect(await look('json', INFO)).toEqual([200, 'application/json', '{"status":"IN_SERVICE"}']);
  expect(await look('empty', FIPPA)).toEqual([200, 'text/xml; charset=utf-8', '']);
  expect((await look('unauthorized', INFO))[0]).toBe(401);
  expect((await look('unauthorized', INFO, { status: 403 }))[0]).toBe(403);
  expect((await look('unauthorized', FIPPA))[0]).toBe(200);
});

test('large, compressed and chunked answers', async () => {
  const finesse = await start();
  await finesse.fault('large');
  expect((await ask(finesse.url + FIPPA)).body.length).toBeGreaterThan(256 * 1024);
  await finesse.fault('gzip');
  const packed = await ask(finesse.url + INFO, { encoding: 'latin1' });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(Buffer.from(packed.body, 'latin1')).toString()).toContain('IN_SERVICE');
  await finesse.fault('chunked');
  const chunked = await ask(finesse.url + INFO);
  expect([chunked.headers['content-length'], chunked.headers['transfer-encoding']]).toEqual([undefined, 'chunked']);
  expect(chunked.body).toMatch(/<\/SystemInfo>$/);
});

test('truncated: the connection closes too early, or the XML ends too early', async () => {
  const finesse = await start();
  await finesse.fault('truncated');
  await expect(ask(finesse.url + INFO)).rejects.toThrow('aborted');
  await finesse.fault('truncated', { variant: 'cut' });
  const answer = await ask(finesse.url + INFO);
  expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
  expect(answer.body).not.toContain('</SystemInfo>');
});

test('redirect: out of the server, or so many hops within it', async () => {
  const finesse = await start({ baseUrl: 'host' });
  await finesse.fault('redirect');
  expect((await ask(finesse.url + FIPPA)).headers.location).toBe(`http://elsewhere.invalid${FIPPA}`);
  await finesse.fault('redirect', { hops: '2' });
  let url = `${finesse.url}${FIPPA}?id=1001`;
  for (const hop of [1, 2]) {
    const { status, headers } = await ask(url);
    expect([status, headers.location]).toEqual([302, `${finesse.url}${FIPPA}?id=1001&hop=${hop}`]);
    url = headers.location!;
  }
  expect((await ask(url)).body).toContain('<DefaultValue>1001<');
});

test('out of service: SystemInfo says so, REST refuses, and fippa gives up after 15 s', async () => {
  let now = Date.UTC(2026, 0, 5);
  const finesse = await start({ now: () => now });
  const url = finesse.url + FIPPA;
  await ask(`${url}?id=1001&password=cisco&extension=2001`);
  const told = once(finesse, 'status-changed');
  await finesse.fault('out-of-service', { reason: 'CTI link down' });
  expect((await told)[0]).toMatchObject({ inService: false, heartbeat: 'failure' });
  const info = await ask(finesse.url + INFO);
  expect(info.status).toBe(200);
  expect(info.body).toContain('<status>OUT_OF_SERVICE</status><statusReason>CTI link down</statusReason>');
  const rest = await ask(`${finesse.url}/finesse/api/User/1001`, { auth: '1001:cisco' });
  expect([rest.status, rest.body]).toEqual([503, expect.stringContaining('SERVER_OUT_OF_SERVICE')]);
  now += 14_999;
  expect((await ask(`${url}/home`)).body).toContain('1001 Not Ready');
  expect((await ask(`${url}/ready`)).body).toContain('Not changed');
  now += 1;
  const page = (await ask(`${url}/home`)).body;
  expect(page).toContain('<Prompt>Server unavailable</Prompt>');
  for (const key of ['Retry', 'Exit']) expect(page).toContain(`<Name>${key}</Name>`);
  await finesse.fault('none');
  expect((await ask(url)).body).toContain('CiscoIPPhoneInput');
  await finesse.fault('out-of-service');
  await finesse.fault('none');
});

test('an outage shorter than 15 s leaves agents signed in', async () => {
  const finesse = await start();
  await ask(`${finesse.url}${FIPPA}?id=1001&password=cisco&extension=2001`);
  await finesse.fault('out-of-service');
  expect((await ask(`${finesse.url}/fippa/SEP000000000002`)).body).toContain('Server unavailable');
  await finesse.fault('none');
  expect((await ask(`${finesse.url}${FIPPA}`)).body).toContain('1001 Not Ready');
});

test('when fippa gives up, phones are told', async () => {
  const finesse = await start({ patienceMs: 20 });
  await ask(`${finesse.url}${FIPPA}?id=1001&password=cisco&extension=2001`);
  const told = once(finesse, 'screen-changed');
  await finesse.fault('out-of-service');
  expect((await told)[0]).toMatchObject({ device: 'SEP001122334455' });
  expect((await ask(`${finesse.url}${FIPPA}/home`)).body).toContain('Server unavailable');
});

test('maintenance: in service, but nobody may sign in', async () => {
  const finesse = await start({ peer: 'fin-b.example.com' });
  await finesse.fault('maintenance');
  const { body } = await ask(finesse.url + INFO);
  expect(body).toContain('<status>IN_SERVICE</status>');
  expect(body).toContain('<finesseMMode>IN_PROGRESS</finesseMMode>');
  expect((await ask(finesse.url + FIPPA)).body).toContain('CiscoIPPhoneInput');
  const notice = await ask(`${finesse.url}${FIPPA}/signin?id=1001&password=cisco&extension=2001`);
  expect(notice.body).toContain('<Text>This Finesse Service is unavailable due to maintenance. ');
  expect(finesse.actions).toEqual([]);
});

test('heartbeat failure: in service, but the CTI heartbeat failed', async () => {
  const finesse = await start();
  await finesse.fault('heartbeat-failure');
  const { body } = await ask(finesse.url + INFO);
  expect(body).toContain('<status>IN_SERVICE</status>');
  expect(body).toContain('<lastCTIHeartbeatStatus>failure</lastCTIHeartbeatStatus>');
});

test('fippa only: SystemInfo is fine while phones get errors', async () => {
  const finesse = await start();
  const statuses = { '500': 500, '503': 503, html: 200, empty: 200 };
  for (const [variant, status] of Object.entries(statuses)) {
    await finesse.fault('fippa-only', { variant });
    expect((await ask(finesse.url + INFO)).body).toContain('IN_SERVICE');
    const answer = await ask(finesse.url + FIPPA);
    expect([variant, answer.status]).toEqual([variant, status]);
    expect(answer.body).not.toContain('CiscoIPPhone');
  }
  await finesse.fault('fippa-only', { variant: 'truncated' });
  await expect(ask(finesse.url + FIPPA)).rejects.toThrow('aborted');
  await finesse.fault('fippa-only', { variant: 'reset' });
  await expect(ask(finesse.url + FIPPA)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await finesse.fault('fippa-only', { variant: 'silent' });
  const abort = new AbortController();
  const arrived = finesse.nextRequest();
  const answer = ask(finesse.url + FIPPA, { signal: abort.signal });
  await arrived;
  abort.abort();
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  expect((await ask(finesse.url + INFO)).status).toBe(200);
});

test('a fault ends after its time or its number of requests; a scope spares the others', async () => {
  const finesse = await start();
  await finesse.fault('503', { count: 3, scope: 'system-info' });
  const statuses: number[] = [];
  for (const path of [INFO, FIPPA, INFO, INFO, INFO]) statuses.push((await ask(finesse.url + path)).status);
  expect(statuses).toEqual([503, 200, 503, 503, 200]);
  expect(finesse.currentFault.name).toBe('none');
  const over = new Promise<void>((resolve) => {
    finesse.on('fault-changed', (fault) => fault.name === 'none' && resolve());
  });
  await finesse.fault('refuse', { for: '50ms' });
  await over;
  await finesse.fault('none');
  expect((await ask(finesse.url + INFO)).status).toBe(200);
});

test('what makes no sense is refused in plain words and changes nothing', async () => {
  const finesse = await start();
  await finesse.fault('503');
  const refused = (name: string, args: Record<string, unknown>, words: string) =>
    expect(finesse.fault(name, args)).rejects.toThrow(new OrderError(words));
  await expect(finesse.fault('explode')).rejects.toThrow('There is no fault "explode". There are: none, refuse, ');
  await refused('slow', { speed: 1 }, '"slow" knows no "speed". It knows: ms, for, count, scope.');
  await refused('slow', { ms: 'soon' }, '"ms" is a whole number, not "soon".');
  await refused('refuse', { for: '3h' }, '"for" is a time such as 10s, 500ms or 2m, not "3h".');
  await refused('refuse', { count: 3 }, '"refuse" knows no "count". It knows: sessions, for.');
  await refused('truncated', { variant: 'x' }, '"variant" is closed or cut, not "x".');
  await refused('fippa-only', { scope: 'all' }, '"fippa-only" knows no "scope". It knows: variant, for, count.');
  expect(finesse.currentFault.name).toBe('503');
});

test('stop cuts every connection, whatever fault is on', async () => {
  for (const fault of ['none', 'silent', 'slow', 'drop', 'refuse']) {
    const finesse = await start({ httpPort: 0 });
    const socket = await open(finesse.port);
    const arrived = finesse.nextRequest();
    socket.resume().write(get(INFO));
    await arrived;
    const closed = once(socket, 'close');
    await finesse.fault(fault);
    await finesse.stop();
    await closed;
    expect(finesse.connections).toBe(0);
    await expect(ask(finesse.url + INFO)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  }
});
