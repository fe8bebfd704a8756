import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, get as getTls } from 'node:https';
import { type AddressInfo, createServer as createPlain, type Socket } from 'node:net';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { createTlsAgent, type Trust } from '../../src/http/client/trust.ts';
import {
  createUpstream,
  type Upstream,
  type UpstreamLimits,
  type UpstreamRequest,
  type UpstreamResult,
} from '../../src/http/client/upstream.ts';
import { serverOrigins } from '../../src/relay/server-origins.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { type RawServer, startRawServer } from './raw-sockets.ts';

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

function upstreamTo(url: string, limits: Partial<UpstreamLimits> = {}, trust: Partial<Trust> = {}): Upstream {
  const upstream = createUpstream(
    { origins: serverOrigins({ url, aliases: [] }), ca: null, fingerprints: [], ...trust },
    limits,
  );
  cleanUp.push(() => upstream.close());
  return upstream;
}

async function rawServer(...args: Parameters<typeof startRawServer>): Promise<RawServer> {
  const server = await startRawServer(...args);
  cleanUp.push(() => server.close());
  return server;
}

async function httpServer(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function get(target = '/fippa/SEP1', rest: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { method: 'GET', target, headers: [], body: null, limitMs: 20_000, ...rest };
}

function codeOf(result: UpstreamResult): string {
  return result.ok ? `status ${result.status}` : `${result.failure.code}, ${result.sent ? 'sent' : 'not sent'}`;
}

const PAGE = 'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<x/>';

describe('the request', () => {
  test('goes out as it is, with the Host of the service and nothing more', async () => {
    const server = await rawServer((socket) => socket.write(PAGE));
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    const target = '/fippa/SEP1;x=%41?password=%2f|{}&é'.replace('é', '\u00e9');
    await upstream.request(get(target, { headers: ['User-Agent', 'A/1', 'x-CiscoIPPhoneModelName', 'CP-7970G'] }));
    expect(server.seen).toEqual([
      `GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: keep-alive\r\nUser-Agent: A/1\r\nx-CiscoIPPhoneModelName: CP-7970G\r\n\r\n`,
    ]);
  });

  test('a form goes with its length', async () => {
    const server = await rawServer((socket, seen) => seen.endsWith('id=1') && socket.write(PAGE));
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    const result = await upstream.request(get('/fippa/SEP1', { method: 'POST', body: Buffer.from('id=1') }));
    expect(codeOf(result)).toBe('status 200');
    expect(server.seen[0]).toMatch(/^POST .*\r\ncontent-length: 4\r\n\r\nid=1$/s);
  });

  test('a header or target that cannot be written is a failure, not an exception', async () => {
    const upstream = upstreamTo('http://127.0.0.1:1');
    expect(codeOf(await upstream.request(get('/fippa/a b')))).toBe('internal, not sent');
    expect(codeOf(await upstream.request(get('/fippa/x', { headers: ['A', 'b\r\nC: d'] })))).toBe('internal, not sent');
    expect(codeOf(await upstream.request(get('/fippa/x', { origin: 'http://127.0.0.1:2' })))).toBe(
      'internal, not sent',
    );
  });
});

describe('the answer', () => {
  test('comes whole, with the headers that matter', async () => {
    const { url } = await httpServer((_req, res) => {
      res.writeHead(503, [
        ...['content-type', 'text/xml; charset=ISO-8859-1', 'Refresh', '5; url=x', 'Expires', '-1', 'Location', '/y'],
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=\u00e9'],
      ]);
      res.write('one,');
      res.end('two');
    });
    const result = await upstreamTo(url).request(get());
    expect(result).toEqual({
      ok: true,
      sent: true,
      status: 503,
      head: expect.stringMatching(/^HTTP\/1\.1 503 [\s\S]*\r\nSet-Cookie: a=1\r\nSet-Cookie: b=\u00e9\r\n/),
      headers: {
        contentType: 'text/xml; charset=ISO-8859-1',
        refresh: '5; url=x',
        expires: '-1',
        location: '/y',
        setCookies: ['a=1', 'b=\u00e9'],
      },
      body: Buffer.from('one,two'),
    });
  });

  test('after 103 Early Hints', async () => {
    const server = await rawServer((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${PAGE}`));
    expect(codeOf(await upstreamTo(`http://127.0.0.1:${server.port}`).request(get()))).toBe('status 200');
  });

  test('empty, or ended by the close of the connection', async () => {
    const { url } = await httpServer((_req, res) => res.writeHead(204).end());
    expect(await upstreamTo(url).request(get())).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    const server = await rawServer((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n<y/>'));
    const result = await upstreamTo(`http://127.0.0.1:${server.port}`).request(get());
    expect(result.ok && String(result.body)).toBe('<y/>');
  });

  test.each<[string, string, string]>([
    [
      'compressed',
      'answer-encoding, sent',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd',
    ],
    [
      'coded in transfer',
      'answer-encoding, sent',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
    ['identity', 'status 200', 'HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\na'],
    ['announced too large', 'answer-too-large, sent', 'HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n'],
    ['too large without saying', 'answer-too-large, sent', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(262_145)}`],
    ['of the largest size', 'status 200', `HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n${'x'.repeat(262_144)}`],
    ['with too many header bytes', 'answer-too-large, sent', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['no HTTP', 'reset, sent', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['an upgrade', 'reset, sent', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  ])('%s: %s', async (_, code, answer) => {
    const server = await rawServer((socket) => socket.write(answer, () => answer.includes('Length') || socket.end()));
    const result = await upstreamTo(`http://127.0.0.1:${server.port}`).request(get());
    expect(codeOf(result)).toBe(code);
    expect(server.seen.join('').split('GET ').length - 1).toBe(1);
  });
});

describe('a request is never sent twice', () => {
  type Stage = (socket: Socket) => void;
  const stages: [string, Stage][] = [
    ['ends at once', (socket) => socket.end()],
    ['resets at once', (socket) => socket.resetAndDestroy()],
    ['ends within the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le')],
    [
      'resets within the headers',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nA: b\r\n', () => socket.resetAndDestroy()),
    ],
    ['ends within the body', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<x/>')],
    [
      'resets within the body',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<x/>', () => socket.resetAndDestroy()),
    ],
    ['ends within a chunk', (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<x/>')],
    [
      'ends between chunks',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<x/>\r\n'),
    ],
  ];
  const requests: [string, UpstreamRequest][] = [
    ['GET', get('/fippa/SEP1/ready')],
    ['POST', get('/fippa/SEP1/ready', { method: 'POST', body: Buffer.from('x=1') })],
  ];
  const cases = requests.flatMap(([method, request]) =>
    stages.map(([name, stage]) => ({ method, request, name, stage })),
  );

  test.each(cases)('$method on a fresh connection that $name', async ({ request, stage }) => {
    const server = await rawServer(stage);
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    expect(codeOf(await upstream.request(request))).toBe('reset, sent');
    // Another one goes through afterwards, and brings nothing of the first along.
    expect(codeOf(await upstream.request(get('/fippa/SEP2')))).toBe('reset, sent');
    expect(server.seen.join('').split('/ready').length - 1).toBe(1);
  });

  test.each(cases)('$method on a kept connection that $name', async ({ request, stage }) => {
    const server = await rawServer((socket, seen) => (seen.includes('/ready') ? stage(socket) : socket.write(PAGE)));
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`, { connections: 1 });
    expect(codeOf(await upstream.request(get()))).toBe('status 200');
    expect(codeOf(await upstream.request(request))).toBe('reset, sent');
    expect(server.sockets).toHaveLength(1);
    expect(codeOf(await upstream.request(get()))).toBe('status 200');
    expect(server.seen.join('').split('/ready').length - 1).toBe(1);
  });

  test('a connection that the server closes just as it is reused', async () => {
    // The server ends the connection after each page without a word; requests meet that end at any moment.
    const server = await rawServer((socket) => {
      socket.write(PAGE);
      setImmediate(() => socket.end());
    });
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 500; i++) {
      const outcome = codeOf(await upstream.request(get(`/fippa/SEP${i}/ready`)));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      // Different distances to the end of the connection.
      for (let turn = 0; turn < i % 4; turn++) await new Promise(setImmediate);
    }
    const lines = server.seen.join('').match(/GET \S+/g) ?? [];
    expect(new Set(lines).size).toBe(lines.length);
    expect([...outcomes.keys()].every((outcome) => ['status 200', 'reset, sent'].includes(outcome))).toBe(true);
    expect(outcomes.get('status 200')).toBeGreaterThan(0);
  });

  test('many at once against connections that break', async () => {
    const server = await rawServer((socket, seen) => {
      const count = seen.split('GET ').length - 1;
      if (count % 3 === 0) socket.resetAndDestroy();
      else socket.write(PAGE);
    });
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`, { connections: 4 });
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => upstream.request(get(`/fippa/SEP${i}/x`))));
    const lines = server.seen.join('').match(/GET \S+/g) ?? [];
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines).toHaveLength(200);
    expect(new Set(results.map(codeOf))).toEqual(new Set(['status 200', 'reset, sent']));
  });
});

describe('limits', () => {
  test('a server that stays silent', async () => {
    const server = await rawServer(() => {});
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    expect(codeOf(await upstream.request(get('/fippa/SEP1', { limitMs: 100 })))).toBe('timeout, sent');
    await once(server.sockets[0] as Socket, 'close');
    expect(codeOf(await upstream.request(get('/fippa/SEP2', { limitMs: 100 })))).toBe('timeout, sent');
    expect(server.sockets).toHaveLength(2);
  });

  test('a server that goes on for ever, byte by byte', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    expect(codeOf(await upstream.request(get('/fippa/SEP1', { limitMs: 200 })))).toBe('timeout, sent');
  });

  test('nothing listens, nobody has that name', async () => {
    const server = await startRawServer(() => {});
    await server.close();
    const refused = await upstreamTo(`http://127.0.0.1:${server.port}`).request(get());
    expect(codeOf(refused)).toBe('refused, not sent');
    expect(refused).toMatchObject({ failure: { detail: `ECONNREFUSED 127.0.0.1:${server.port}` } });
    expect(codeOf(await upstreamTo('http://nobody.invalid:1').request(get()))).toBe('name-not-found, not sent');
  });

  test('a handshake that never ends', async () => {
    const server = await rawServer(() => {});
    const upstream = upstreamTo(`https://127.0.0.1:${server.port}`, { connectMs: 100 });
    expect(codeOf(await upstream.request(get()))).toBe('connect-timeout, not sent');
    expect(
      codeOf(await upstreamTo(`https://127.0.0.1:${server.port}`).request(get('/fippa/x', { limitMs: 100 }))),
    ).toBe('connect-timeout, not sent');
  });

  test('what waits for a connection is bounded, and what waited too long is never sent', async () => {
    const server = await rawServer((socket, seen) => seen.includes('/late') && socket.write(PAGE));
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`, { connections: 2, waiting: 3 });
    const running = [1, 2].map((n) => upstream.request(get(`/fippa/SEP${n}`)));
    await server.saw('GET', 2);
    const waiting = [3, 4, 5].map((n) => upstream.request(get(`/fippa/SEP${n}`, { limitMs: 100 })));
    expect(codeOf(await upstream.request(get('/fippa/SEP6')))).toBe('busy, not sent');
    for (const result of await Promise.all(waiting)) expect(codeOf(result)).toBe('busy, not sent');
    for (const socket of server.sockets) socket.write(PAGE);
    for (const result of await Promise.all(running)) expect(codeOf(result)).toBe('status 200');
    expect(codeOf(await upstream.request(get('/late')))).toBe('status 200');
    expect(server.seen.join('')).not.toMatch(/SEP[3456]/);
    // The connections survived those that were dropped from the queue.
    expect(server.sockets).toHaveLength(2);
  });

  test('what has too little time left when a connection is free is never sent', async () => {
    const server = await rawServer(() => {});
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`, { connections: 1 });
    const running = upstream.request(get('/fippa/SEP1'));
    await server.saw('GET', 1);
    const late = upstream.request(get('/fippa/SEP2', { limitMs: 500 }));
    setTimeout(() => server.sockets[0]?.write(PAGE), 420);
    expect(codeOf(await late)).toBe('busy, not sent');
    expect(codeOf(await running)).toBe('status 200');
    expect(server.seen.join('')).not.toContain('SEP2');
  });

  test('an idle connection is dropped, and before the server says it would', async () => {
    const server = await rawServer((socket) =>
      socket.write(PAGE.replace('OK\r\n', 'OK\r\nKeep-Alive: timeout=60\r\n')),
    );
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`, { idleMs: 150, connections: 1 });
    await upstream.request(get());
    await upstream.request(get());
    expect(server.sockets).toHaveLength(1);
    await once(server.sockets[0] as Socket, 'close');
    expect(codeOf(await upstream.request(get()))).toBe('status 200');
    expect(server.sockets).toHaveLength(2);
  });

  test('what comes behind an answer, in a packet of its own, is the answer to nothing and ends the connection', async () => {
    const server = await rawServer((socket) => socket.write(PAGE));
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`, { connections: 1 });
    expect(codeOf(await upstream.request(get()))).toBe('status 200');
    const [first] = server.sockets as [Socket];
    const closed = once(first, 'close');
    first.write(PAGE.replace('200', '404'));
    await closed;
    expect(codeOf(await upstream.request(get()))).toBe('status 200');
    expect(server.sockets).toHaveLength(2);
  });

  test('closing breaks what is under way and refuses what comes after', async () => {
    const server = await rawServer(() => {});
    const upstream = upstreamTo(`http://127.0.0.1:${server.port}`);
    const running = upstream.request(get());
    await server.saw('GET');
    await upstream.close();
    expect(codeOf(await running)).toBe('reset, sent');
    expect(codeOf(await upstream.request(get()))).toBe('internal, not sent');
  });
});

describe('TLS', () => {
  const own = selfSigned(['localhost'], Date.now());
  const fingerprint = new X509Certificate(own.cert).fingerprint256;

  async function tlsServer(options: object = {}): Promise<{ url: string; resumed: boolean[]; requests: string[] }> {
    const resumed: boolean[] = [];
    const requests: string[] = [];
    const server = createTlsServer({ ...own, ...options }, (req, res) => {
      requests.push(`${req.url} ${(req.socket as TLSSocket).alpnProtocol}`);
      res.setHeader('Connection', 'close');
      res.end('<x/>');
    });
    server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()));
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => server.close());
    return { url: `https://localhost:${(server.address() as AddressInfo).port}`, resumed, requests };
  }

  test('an unknown issuer, another fingerprint', async () => {
    const { url, requests } = await tlsServer();
    const other = fingerprint.replace(/^../, (pair) => (pair === '00' ? '01' : '00'));
    for (const trust of [{}, { fingerprints: [other] }]) {
      const result = await upstreamTo(url, {}, trust).request(get());
      expect(codeOf(result)).toBe('certificate-untrusted, not sent');
      expect(result).toMatchObject({ failure: { detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    }
    expect(requests).toEqual([]);
  });

  test('a known issuer with the wrong name says which names there are', async () => {
    const other = selfSigned(['other.example.com'], Date.now());
    const { url } = await tlsServer(other);
    const result = await upstreamTo(url, {}, { ca: other.cert }).request(get());
    expect(codeOf(result)).toBe('certificate-untrusted, not sent');
    expect(!result.ok && result.failure.detail).toContain('DNS:other.example.com');
    const pinned = { fingerprints: [new X509Certificate(other.cert).fingerprint256] };
    expect(codeOf(await upstreamTo(url, {}, pinned).request(get()))).toBe('status 200');
  });

  test.each(['TLSv1.2', 'TLSv1.3'])('a CA, and a fingerprint; sessions are resumed with %s', async (version) => {
    const { url, resumed, requests } = await tlsServer({ minVersion: version, maxVersion: version });
    for (const trust of [{ ca: own.cert }, { fingerprints: ['00:11', fingerprint.toLowerCase()] }]) {
      const upstream = upstreamTo(url, {}, trust);
      resumed.length = 0;
      expect(codeOf(await upstream.request(get('/1')))).toBe('status 200');
      expect(codeOf(await upstream.request(get('/2')))).toBe('status 200');
      expect(resumed).toEqual([false, true]);
    }
    expect(new Set(requests)).toEqual(new Set(['/1 http/1.1', '/2 http/1.1']));
  });

  test('a server that speaks no TLS, and one that speaks too old a one', async () => {
    const { url } = await httpServer((_req, res) => res.end());
    expect(codeOf(await upstreamTo(url.replace('http:', 'https:')).request(get()))).toMatch(/^(tls|reset), not sent$/);
    const old = await tlsServer({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(codeOf(await upstreamTo(old.url, {}, { ca: own.cert }).request(get()))).toBe('tls, not sent');
  });

  test('the agent for other clients trusts the same, and sends nothing before it does', async () => {
    const { url, requests } = await tlsServer();
    const ask = (fingerprints: string[]) =>
      new Promise<string>((resolve) => {
        const agent = createTlsAgent({ ca: null, fingerprints });
        const request = getTls(`${url}/probe`, { agent, auth: 'u:canary' }, (response) => {
          response.resume();
          resolve(String(response.statusCode));
        });
        request.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      });
    expect(await ask(['00'])).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await ask([])).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(requests).toEqual([]);
    expect(await ask([fingerprint])).toBe('200');
    expect(requests).toHaveLength(1);
  });
});

test('where a service may be connected to', () => {
  const aliases = ['fin-a', '10.1.1.5:8445', 'https://public.example.com:9443/'];
  expect(serverOrigins({ url: 'https://fin-a.example.com:8445', aliases })).toEqual([
    'https://fin-a.example.com:8445',
    'http://fin-a.example.com:8082',
    'https://public.example.com:9443',
  ]);
});

test.each(['plain', 'TLS'])(
  'B240 an answer that is complete before its request was written ends the connection: %s',
  async (kind) => {
    const early = (socket: Socket) => {
      socket.on('error', () => {});
      // The head and a little: the rest of a large body stays unread.
      socket.once('data', () => {
        socket.pause();
        socket.write(PAGE);
      });
    };
    const { cert, key } = selfSigned(['localhost'], Date.now());
    const server = kind === 'TLS' ? createTls({ cert, key }, early) : createPlain(early);
    let connections = 0;
    server.on('connection', () => {
      connections += 1;
    });
    const sockets = new Set<Socket>();
    server.on(kind === 'TLS' ? 'secureConnection' : 'connection', (socket: Socket) => sockets.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const fingerprints = [new X509Certificate(cert).fingerprint256];
    const upstream = upstreamTo(`${kind === 'TLS' ? 'https' : 'http'}://127.0.0.1:${port}`, {}, { fingerprints });
    const large = get('/fippa/SEP1', { method: 'POST', body: Buffer.alloc(16 * 1024 * 1024, 'x') });
    expect(codeOf(await upstream.request(large))).toBe('status 200');
    expect(codeOf(await upstream.request(get()))).toBe('status 200');
    expect(connections).toBe(2);
  },
);
