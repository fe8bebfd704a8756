import { constants } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpExchange } from '../../src/http/server/exchange.ts';
import { ListenerError } from '../../src/http/server/listener-error.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { cleanUp, type RunOptions, startListener } from './listener-rig.ts';
import { openRaw, sendRaw } from './raw-sockets.ts';

const GET = 'GET /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\n\r\n';

type OnRequest = (exchange: HttpExchange) => void;

const answer = (text = '<x/>') => ({ body: Buffer.from(text), contentType: 'text/xml; charset=utf-8' });
const answerAtOnce: OnRequest = (exchange) => exchange.answer(answer());

const start = (onRequest: OnRequest = answerAtOnce, options: RunOptions = {}) => startListener(onRequest, options);

describe('answers', () => {
  test('have a length and nothing superfluous, and the connection stays', async () => {
    const { port } = await start((exchange) =>
      exchange.answer({ ...answer('<é/>'), refresh: '5; url=x', expires: '-1', setCookies: ['A=1', 'B=2'] }),
    );
    const client = openRaw(port);
    client.write(GET);
    const text = await client.received('<\u00c3\u00a9/>');
    expect(text.replace(/Date: [^\r]*/, 'Date: now')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 5\r\nRefresh: 5; url=x\r\nExpires: -1\r\nSet-Cookie: A=1\r\nSet-Cookie: B=2\r\nConnection: keep-alive\r\nDate: now\r\n\r\n<\u00c3\u00a9/>',
    );
    client.write(GET);
    await client.received(/<\u00c3\u00a9\/>[\s\S]*<\u00c3\u00a9\/>/);
    client.socket.destroy();
  });

  test('HTTP/1.0 gets HTTP/1.1 and a close, or a kept connection if it asks for one', async () => {
    const { port } = await start();
    const plain = await sendRaw(port, 'GET /a/fippa/SEP1 HTTP/1.0\r\n\r\n');
    expect(plain.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close[\s\S]*<x\/>$/);
    const client = openRaw(port);
    client.write('GET /a/fippa/SEP1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await client.received('<x/>')).toContain('Connection: keep-alive');
    client.socket.destroy();
  });

  test('HEAD gets the length and no body', async () => {
    const { port } = await start();
    const { text } = await sendRaw(port, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/Content-Length: 4\r\n/);
    expect(text.endsWith('\r\n\r\n')).toBe(true);
  });

  test('a header value that would break the answer is left out', async () => {
    const { port } = await start((exchange) =>
      exchange.answer({ ...answer(), refresh: 'a\r\nX: y', setCookies: ['A=\u20ac', 'B=\u00e9'] }),
    );
    const { text } = await sendRaw(port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect(text).not.toMatch(/Refresh|X: y|A=/);
    expect(text).toContain('Set-Cookie: B=\u00e9\r\n');
  });
});

describe('limits', () => {
  test('headers that do not end get a page and a close', async () => {
    const { port, refused } = await start(answerAtOnce, { limits: { headersMs: 200, requestMs: 400, checkMs: 50 } });
    const client = openRaw(port);
    client.write('GET /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nX: ');
    const drip = setInterval(() => client.write('x'), 20);
    const { text } = await client.closed;
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*<refused>malformed<\/refused>$/);
    expect(refused).toEqual([{ code: 'malformed', detail: 'the request did not end in time' }]);
  });

  test('a connection on which nothing is asked is closed without a word', async () => {
    const { port, refused } = await start(answerAtOnce, { limits: { headersMs: 100, requestMs: 200, checkMs: 50 } });
    expect(await sendRaw(port)).toEqual({ text: '', orderly: true });
    expect(refused).toEqual([]);
  });

  test('a form that does not end gets its page in time', async () => {
    const { port } = await start(
      async (exchange) => {
        const form = await exchange.readForm();
        if (!form.ok) exchange.closeAfter();
        exchange.answer(answer(form.ok ? 'ok' : form.fault.code));
      },
      // Its headers may take their time on a busy machine.
      { limits: { headersMs: 1500, requestMs: 1700, checkMs: 50 } },
    );
    const { text } = await sendRaw(port, 'POST /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nContent-Length: 5\r\n\r\nx=');
    expect(text).toMatch(/Connection: close[\s\S]*malformed$/);
  });

  test('a phone that goes in the middle of its form', async () => {
    const forms: unknown[] = [];
    const gone = Promise.withResolvers<void>();
    const { port } = await start(async (exchange) => {
      forms.push(await exchange.readForm());
      exchange.answer(answer());
      gone.resolve();
    });
    const client = openRaw(port);
    client.write('POST /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nContent-Length: 5\r\n\r\nx=');
    await once(client.socket, 'connect');
    client.socket.resetAndDestroy();
    await gone.promise;
    expect(forms).toEqual([{ ok: false, fault: { code: 'malformed', detail: 'the body broke off' } }]);
  });

  test('an idle connection is closed', async () => {
    const { port } = await start(answerAtOnce, { limits: { keepAliveMs: 100 } });
    expect((await sendRaw(port, GET)).text).toMatch(/keep-alive[\s\S]*<x\/>$/);
  });

  test('a connection serves so many requests and no more', async () => {
    const { port } = await start(answerAtOnce, { limits: { requestsPerConnection: 2 } });
    const client = openRaw(port);
    client.write(GET);
    await client.received('<x/>');
    client.write(GET);
    const { text, orderly } = await client.closed;
    expect(text.match(/Connection: \S+/g)).toEqual(['Connection: keep-alive', 'Connection: close']);
    expect(orderly).toBe(true);
  });

  test('too many connections', async () => {
    const { port, refused } = await start(answerAtOnce, { limits: { connections: 1 } });
    const first = openRaw(port);
    first.write(GET);
    await first.received('<x/>');
    expect((await sendRaw(port, GET)).text).toBe('');
    expect(refused).toEqual([{ code: 'flood', detail: 'too many connections' }]);
    first.socket.destroy();
  });
});

describe('start', () => {
  test('a port in use names the key', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanUp.push(() => void other.close());
    const { port } = other.address() as { port: number };
    const failed = await start(answerAtOnce, { config: { port } }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ListenerError);
    expect(failed).toMatchObject({
      key: 'phones.listeners[1].port',
      message: `phones.listeners[1].port: port ${port} on 127.0.0.1 is already in use; stop the other program or choose another port`,
    });
  });

  test('an address of another machine, a certificate that is not there', async () => {
    await expect(start(answerAtOnce, { config: { host: '192.0.2.1' } })).rejects.toMatchObject({
      key: 'phones.listeners[1].host',
    });
    const tls = { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' };
    await expect(start(answerAtOnce, { config: { tls } })).rejects.toMatchObject({ key: 'phones.listeners[1].tls' });
  });
});

describe('stop', () => {
  test('what is under way is finished with a close, what is idle is closed, nothing new is accepted', async () => {
    const pending = Promise.withResolvers<() => void>();
    const { listener, port } = await start((exchange) => {
      if (exchange.url === '/slow') pending.resolve(() => exchange.answer(answer('<slow/>')));
      else exchange.answer(answer());
    });
    const idle = openRaw(port);
    idle.write(GET);
    await idle.received('<x/>');
    const silent = openRaw(port);
    await once(silent.socket, 'connect');
    const slow = openRaw(port);
    slow.write('GET /slow HTTP/1.1\r\nHost: proxy\r\n\r\n');
    const finish = await pending.promise;
    const stopped = listener.stop(20_000);
    expect((await idle.closed).text).toMatch(/keep-alive[\s\S]*<x\/>$/);
    await silent.closed;
    await expect(once(connectTcp(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
    finish();
    expect((await slow.closed).text).toMatch(/Connection: close[\s\S]*<slow\/>$/);
    await stopped;
    await listener.stop(0);
  });

  test('what does not finish is broken at the deadline', async () => {
    const seen = Promise.withResolvers<void>();
    const { listener, port } = await start(() => seen.resolve());
    const client = openRaw(port);
    client.write(GET);
    await seen.promise;
    await listener.stop(50);
    expect((await client.closed).text).toBe('');
  });
});

describe('TLS', () => {
  let folder: string;
  let files: { cert: string; key: string };
  let ca: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'listener-'));
    files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const own = selfSigned(['localhost'], Date.now());
    ca = own.cert;
    await writeFile(files.cert, own.cert);
    await writeFile(files.key, own.key);
  });
  afterAll(() => rm(folder, { recursive: true }));

  function open(port: number, options: ConnectionOptions = {}): TLSSocket {
    return connectTls({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined, ...options });
  }

  interface Fetched {
    readonly session: Buffer;
    readonly resumed: boolean;
    readonly protocol: TLSSocket['alpnProtocol'];
  }

  test.each([
    ['has begun a handshake and not ended it', '\x16\x03\x01\x02\x00\x01'],
    ['has said nothing', ''],
  ])('B847 a client that %s does not hold up a stop', async (_, hello) => {
    const { listener, port } = await start(answerAtOnce, { config: { tls: files } });
    const client = openRaw(port);
    client.write(hello);
    await once(client.socket, 'connect');
    // Later than the other, so that one has been let in by now.
    await fetchPage(port);
    const kept = openRaw(port, '', open(port));
    kept.write(GET);
    await kept.received('<x/>');
    await listener.stop(600_000);
    expect((await client.closed).text).toBe('');
    expect((await kept.closed).text).toContain('<x/>');
  });

  async function fetchPage(port: number, options: ConnectionOptions = {}): Promise<Fetched> {
    const socket = open(port, options);
    let session = Buffer.alloc(0);
    let resumed = false;
    socket.once('secureConnect', () => {
      resumed = socket.isSessionReused();
    });
    socket.on('session', (next) => {
      session = next;
    });
    const client = openRaw(port, '', socket);
    client.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect((await client.closed).text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*<x\/>$/);
    return { session, resumed, protocol: socket.alpnProtocol };
  }

  const ways: [string, ConnectionOptions][] = [
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.2 with tickets', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.2 with session ids only', { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET }],
  ];
  test.each(ways)('a session is resumed: %s', async (_, options) => {
    const { port } = await start(answerAtOnce, { config: { tls: files } });
    const first = await fetchPage(port, options);
    expect(first.resumed).toBe(false);
    const second = await fetchPage(port, { ...options, session: first.session });
    expect(second.resumed).toBe(true);
  });

  test('ALPN is http/1.1 only, and a phone need not send a server name', async () => {
    const { port } = await start(answerAtOnce, { config: { tls: files } });
    const { protocol } = await fetchPage(port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(protocol).toBe('http/1.1');
    await fetchPage(port, { servername: '' });
  });

  test('TLS 1.1 and plain HTTP are turned away and reported', async () => {
    const { port, refused } = await start(answerAtOnce, { config: { tls: files } });
    const old = open(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
    await sendRaw(port, GET);
    expect(refused.map(({ detail }) => detail)).toEqual([
      'the TLS handshake of a client failed: ERR_SSL_UNSUPPORTED_PROTOCOL',
      'plain HTTP on a TLS listener',
    ]);
  });

  test('malformed requests get a page over TLS too', async () => {
    const { port } = await start(answerAtOnce, { config: { tls: files } });
    const client = openRaw(port, '', open(port));
    client.write('nonsense\r\n\r\n');
    expect((await client.closed).text).toMatch(/<refused>malformed<\/refused>$/);
  });

  test('a handshake that never ends does not hold up a stop', async () => {
    const { listener, port } = await start(answerAtOnce, { config: { tls: files } });
    const socket: Socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    // Known to the listener once another connection has been served.
    await fetchPage(port);
    await listener.stop(50);
    await once(socket, 'close');
  });
});
