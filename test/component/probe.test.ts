import { X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/config.ts';
import { renderFailure } from '../../src/domain/failure.ts';
import { classifyAnswer, createProbe, type ProbeLimits } from '../../src/health/probe.ts';
import { createFinesse } from '../../src/simulators/finesse/server.ts';
import { INFO } from '../scripted-probe.ts';
import { OTHER_CERTIFICATE, PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';

const UP = '<SystemInfo><status>IN_SERVICE</status></SystemInfo>';
const SECRET = 'canary-s3cret';
/** Long enough for any answer that is to come; short where silence is what is tested, and yet time enough to connect on a busy machine. */
const AMPLE: ProbeLimits = { timeoutMs: 20_000, repeatMs: null };
const SHORT: ProbeLimits = { timeoutMs: 600, repeatMs: null };

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Target {
  readonly service: ServiceConfig;
  readonly requests: IncomingMessage[];
  readonly connections: Set<Socket>;
}

async function listen(server: Server | TcpServer): Promise<{ port: number; connections: Set<Socket> }> {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, connections };
}

function serviceOn(port: number, but: Partial<ServiceConfig['probe']> = {}): ServiceConfig {
  const url = `http://127.0.0.1:${port}`;
  return {
    id: 'a',
    name: 'Finesse A',
    url,
    aliases: [],
    site: null,
    ca: null,
    fingerprints: [],
    notification: null,
    certificateNames: [],
    pushFrom: null,
    probe: {
      url: `${url}/finesse/api/SystemInfo?token=${SECRET}`,
      username: null,
      password: null,
      intervalMs: 5000,
      timeoutMs: 4000,
      ...but,
    },
  };
}

/** An HTTP server that answers so. */
async function finesse(
  answer: (response: ServerResponse, request: number) => void,
  but: Partial<ServiceConfig['probe']> = {},
): Promise<Target> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(response, requests.length);
  });
  const { port, connections } = await listen(server);
  return { service: serviceOn(port, but), requests, connections };
}

/** A TCP server that does this with each connection once something was sent on it. */
async function wire(act: (socket: Socket) => void): Promise<Target> {
  const { port, connections } = await listen(createTcpServer((socket) => socket.once('data', () => act(socket))));
  return { service: serviceOn(port), requests: [], connections };
}

function xml(body: string | Buffer, status = 200, headers: Record<string, string> = {}) {
  return (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body);
}

async function ask(target: Target, limits = AMPLE) {
  const { outcome } = await createProbe(target.service)(limits);
  // Whatever happens, nothing of the URL's query or the credentials may reach a log by way of the outcome.
  expect(JSON.stringify(outcome)).not.toContain(SECRET);
  expect(JSON.stringify(outcome)).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 12));
  return outcome;
}

async function codeOf(target: Target, limits = AMPLE): Promise<string> {
  const outcome = await ask(target, limits);
  return outcome.kind === 'confirmed' ? 'confirmed' : outcome.failure.code;
}

describe('what an answer to the probe means', () => {
  it('B2 a SystemInfo with IN_SERVICE confirms', async () => {
    const target = await finesse(xml(UP));
    expect(await ask(target)).toMatchObject({ kind: 'confirmed', info: { status: 'IN_SERVICE' } });
    expect(target.requests).toHaveLength(1);
  });

  it('B2 whatever its Content-Type says', async () => {
    expect(await codeOf(await finesse((response) => response.end(UP)))).toBe('confirmed');
  });

  it('B3 OUT_OF_SERVICE is a failure with its reason, and the document is kept', async () => {
    const body = '<SystemInfo><status>OUT_OF_SERVICE</status><statusReason>NO_CTI</statusReason></SystemInfo>';
    expect(await ask(await finesse(xml(body)))).toEqual({
      kind: 'failed',
      failure: { code: 'out-of-service', detail: 'SystemInfo says OUT_OF_SERVICE (NO_CTI)' },
      info: expect.objectContaining({ status: 'OUT_OF_SERVICE' }),
    });
  });

  it.each([
    ['503', xml(UP, 503), 'http-status'],
    ['500', xml('<ApiErrors/>', 500), 'http-status'],
    ['404', xml('', 404), 'http-status'],
    ['201', xml(UP, 201), 'http-status'],
    ['204', xml('', 204), 'http-status'],
    ['a redirect, which is not followed', xml('', 302, { location: '/finesse/api/SystemInfo' }), 'http-status'],
    ['a permanent redirect', xml('', 308, { location: 'http://127.0.0.1:1/' }), 'http-status'],
    ['HTML with 200', xml('<html><body>IN_SERVICE</body></html>'), 'not-system-info'],
    ['an empty body', xml(''), 'not-system-info'],
    ['a body cut short', xml(UP.slice(0, -5)), 'not-system-info'],
    ['two roots', xml(UP + UP), 'not-system-info'],
    ['an unknown document with IN_SERVICE', xml('<Foo><status>IN_SERVICE</status></Foo>'), 'not-system-info'],
    ['an unknown status', xml(UP.replace('IN_SERVICE', 'STARTING')), 'not-system-info'],
    ['gzip although identity was asked for', xml(gzipSync(UP), 200, { 'content-encoding': 'gzip' }), 'not-system-info'],
  ])('B3 %s is not confirmed, and asked once', async (_name, answer, code) => {
    const target = await finesse(answer);
    expect(await codeOf(target, { timeoutMs: 20_000, repeatMs: 1000 })).toBe(code);
    expect(target.requests).toHaveLength(1);
  });

  it('B3 the words for a wrong status are about SystemInfo too', async () => {
    const outcome = await ask(await finesse(xml('', 302, { location: '/login' })));
    if (outcome.kind !== 'failed') throw new Error(outcome.kind);
    expect(renderFailure(outcome.failure)).toBe(
      'An HTTP status other than 200 where a page or SystemInfo was asked for. (SystemInfo answered 302)',
    );
  });

  it('B3 a body of 1 MB is not read to its end', async () => {
    let written = 0;
    const target = await finesse((response) => {
      const chunk = Buffer.alloc(16 * 1024, 'x');
      const more = () => {
        while (written < 1_048_576 && !response.destroyed) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    expect(await ask(target)).toMatchObject({ kind: 'failed', failure: { code: 'not-system-info', detail: /64 KiB/ } });
    expect(target.requests).toHaveLength(1);
  });

  it('B3 nor one that says IN_SERVICE and then goes on for ever', async () => {
    const target = await finesse((response) => {
      response.write(UP);
      const more = () => response.write('<!-- -->'.repeat(1000), () => response.destroyed || setImmediate(more));
      more();
    });
    expect(await codeOf(target)).toBe('not-system-info');
  });

  it.each([401, 403])('B4 %d is a fault of the configuration', async (status) => {
    const target = await finesse(xml('', status, { 'www-authenticate': 'Basic realm="x"' }));
    expect(await ask(target)).toEqual({
      kind: 'fault',
      failure: { code: 'unauthorized', detail: `SystemInfo answered ${status}` },
    });
    expect(target.requests).toHaveLength(1);
  });

  it('B3 answers are judged by status first, then document', () => {
    expect(classifyAnswer(200, INFO).kind).toBe('confirmed');
    expect(classifyAnswer(503, INFO).kind).toBe('failed');
    expect(classifyAnswer(401, INFO).kind).toBe('fault');
    const long = { ...INFO, status: 'OUT_OF_SERVICE', statusReason: 'x'.repeat(5000) };
    expect(
      JSON.stringify(classifyAnswer(200, { ...long }).kind === 'failed' && classifyAnswer(200, long)).length,
    ).toBeLessThan(6000);
  });
});

describe('connections that fail', () => {
  it('B3 refused', async () => {
    const target = await finesse(xml(UP));
    for (const close of closing.splice(0)) close();
    expect(await ask(target)).toMatchObject({ kind: 'failed', failure: { code: 'refused' } });
  });

  it('B3 reset before an answer, or closed', async () => {
    expect(await codeOf(await wire((socket) => socket.resetAndDestroy()))).toBe('reset');
    expect(await codeOf(await wire((socket) => socket.end()))).toBe('reset');
  });

  it('B3 reset in the middle of the answer, or fewer bytes than Content-Length says', async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${UP.length + 10}\r\n\r\n${UP}`;
    expect(await codeOf(await wire((socket) => socket.end(head)))).toBe('reset');
    expect(await codeOf(await wire((socket) => socket.write(head, () => socket.resetAndDestroy())))).toBe('reset');
    const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${UP.length.toString(16)}\r\n${UP}\r\n`;
    expect(await codeOf(await wire((socket) => socket.end(chunked)))).toBe('reset');
  });

  it('B3 something that is not HTTP', async () => {
    expect(await codeOf(await wire((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')))).toBe('reset');
  });

  it('B3 silent after accepting, after the head, or in the middle of the body', async () => {
    expect(await codeOf(await wire(() => {}), SHORT)).toBe('timeout');
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${UP.length}\r\n\r\n`;
    expect(await codeOf(await wire((socket) => socket.write(head)), SHORT)).toBe('timeout');
    expect(await codeOf(await wire((socket) => socket.write(head + UP.slice(0, 20))), SHORT)).toBe('timeout');
  });

  // Only Linux drops the packets of connections for which a full queue has no room; others refuse them.
  it.runIf(process.platform === 'linux')('B3 a server that drops packets was never connected to', async () => {
    const dropping = createFinesse({ port: 0 });
    await dropping.start();
    closing.push(() => void dropping.stop());
    await dropping.fault('drop');
    const unheard = {
      service: serviceOn(Number(new URL(dropping.url).port)),
      requests: [],
      connections: new Set<Socket>(),
    };
    expect(await ask(unheard, SHORT)).toMatchObject({
      failure: { code: 'connect-timeout', detail: 'no TCP connection' },
    });
  });

  it('B3 nor was one whose TLS handshake hangs', async () => {
    const silent = await wire(() => {});
    for (const fingerprints of [[], ['AA']]) {
      const probe = { ...silent.service.probe, url: silent.service.probe.url.replace('http:', 'https:') };
      expect(await ask({ ...silent, service: { ...silent.service, fingerprints, probe } }, SHORT)).toMatchObject({
        failure: { code: 'connect-timeout', detail: 'the TLS handshake hangs' },
      });
    }
  });

  it('B3 a body that trickles past the time limit', async () => {
    const target = await wire((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const timer = setInterval(() => socket.write(' '), 10);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await codeOf(target, SHORT)).toBe('timeout');
  });

  it('B3 TLS where there is none, and a name that does not exist', async () => {
    const plain = await finesse(xml(UP));
    const url = plain.service.probe.url.replace('http:', 'https:');
    const tls = { ...plain, service: { ...plain.service, probe: { ...plain.service.probe, url } } };
    expect(await codeOf(tls)).toBe('tls');
    const nameless = { ...plain.service, probe: { ...plain.service.probe, url: 'http://finesse.invalid/' } };
    expect(await codeOf({ ...plain, service: nameless })).toBe('name-not-found');
  });
});

describe('TLS', () => {
  const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;

  it.each([
    ['its CA', { ca: PROXY_CERTIFICATE }, 'confirmed'],
    ['its fingerprint', { fingerprints: [fingerprint(PROXY_CERTIFICATE)] }, 'confirmed'],
    ['nothing', {}, 'certificate-untrusted'],
    ['another CA', { ca: OTHER_CERTIFICATE }, 'certificate-untrusted'],
    ['another fingerprint', { fingerprints: [fingerprint(OTHER_CERTIFICATE)] }, 'certificate-untrusted'],
  ])('B2 B3 a server of which is trusted: %s', async (_name, trust, code) => {
    let requests = 0;
    const server = createTlsServer({ cert: PROXY_CERTIFICATE, key: PROXY_KEY }, (_request, response) => {
      requests++;
      response.end(UP);
    });
    const { port } = await listen(server);
    const url = `https://127.0.0.1:${port}/finesse/api/SystemInfo`;
    const service = { ...serviceOn(port, { url, username: 'probe', password: SECRET }), ...trust };
    expect(await codeOf({ service, requests: [], connections: new Set() })).toBe(code);
    expect(requests).toBe(code === 'confirmed' ? 1 : 0);
  });

  it.each([
    ['its CA', { ca: PROXY_CERTIFICATE }, false],
    ['its fingerprint', { fingerprints: [fingerprint(PROXY_CERTIFICATE)] }, true],
  ])('B282 tells what certificate the server shows, also when the session is resumed: %s', async (_, trust, pinned) => {
    const server = createTlsServer({ cert: PROXY_CERTIFICATE, key: PROXY_KEY }, (_request, response) => {
      response.end(UP);
    });
    const { port } = await listen(server);
    const url = `https://127.0.0.1:${port}/finesse/api/SystemInfo`;
    const probe = createProbe({ ...serviceOn(port, { url, username: null, password: null }), ...trust });
    const { subject, validToDate } = new X509Certificate(PROXY_CERTIFICATE);
    const shown = { subject: subject.replaceAll('\n', ', '), validTo: validToDate.getTime(), pinned };
    for (let times = 0; times < 3; times++) {
      expect((await probe(AMPLE)).certificate).toEqual(shown);
    }
  });
});

describe('the repeat', () => {
  const limits = { timeoutMs: 600, repeatMs: 10_000 };

  it('B5 a probe that was reset is asked once more at once', async () => {
    const target = await finesse((response, request) =>
      request === 1 ? response.socket?.resetAndDestroy() : response.end(UP),
    );
    expect(await codeOf(target, limits)).toBe('confirmed');
    expect(target.requests).toHaveLength(2);
  });

  it('B5 so is one that timed out, with the limit of the repeat', async () => {
    const target = await finesse((response, request) => {
      if (request > 1) setTimeout(() => response.end(UP), 900);
    });
    expect(await codeOf(target, limits)).toBe('confirmed');
    expect(target.requests).toHaveLength(2);
  });

  it('B5 never more than once', async () => {
    const target = await finesse((response) => response.socket?.resetAndDestroy());
    expect(await codeOf(target, limits)).toBe('reset');
    expect(target.requests).toHaveLength(2);
    const silent = await finesse(() => {});
    expect(await codeOf(silent, { timeoutMs: 600, repeatMs: 600 })).toBe('timeout');
    expect(silent.requests).toHaveLength(2);
  });

  it('B5 what the repeat finds counts, be it worse or a fault', async () => {
    const target = await finesse((response, request) =>
      request === 1 ? response.socket?.resetAndDestroy() : xml('', 401)(response),
    );
    expect(await codeOf(target, limits)).toBe('unauthorized');
  });

  it('B5 without a repeat one request is all', async () => {
    const target = await finesse((response) => response.socket?.resetAndDestroy());
    expect(await codeOf(target)).toBe('reset');
    expect(target.requests).toHaveLength(1);
  });
});

describe('the request', () => {
  it('B6 each probe has a connection of its own, which is closed', async () => {
    const target = await finesse(xml(UP, 200, { connection: 'keep-alive' }));
    const probe = createProbe(target.service);
    for (let count = 0; count < 3; count++) await probe(AMPLE);
    expect([target.connections.size, target.requests.length]).toEqual([3, 3]);
    await expect.poll(() => [...target.connections].every((socket) => socket.destroyed)).toBe(true);
  });

  it('asks for XML, uncompressed, and sends no credentials unless configured', async () => {
    const target = await finesse(xml(UP));
    await ask(target);
    const [request] = target.requests;
    expect(request).toMatchObject({ method: 'GET', url: `/finesse/api/SystemInfo?token=${SECRET}` });
    expect(request?.headers).toMatchObject({
      accept: 'application/xml',
      'accept-encoding': 'identity',
      host: new URL(target.service.url).host,
    });
    expect(request?.headers.authorization).toBeUndefined();
  });

  it('B4 sends configured credentials as Basic, which no outcome repeats', async () => {
    const answer = (response: ServerResponse) => xml(`echo ${SECRET}`, 401)(response);
    const target = await finesse(answer, { username: 'probe', password: SECRET });
    await ask(target);
    const [scheme, credentials] = (target.requests[0]?.headers.authorization ?? '').split(' ');
    expect([scheme, Buffer.from(credentials ?? '', 'base64').toString()]).toEqual(['Basic', `probe:${SECRET}`]);
  });

  it("B24 a probe cancelled by its signal rejects with the signal's reason and closes its connection", async () => {
    const target = await finesse(() => {});
    const stopping = new AbortController();
    const probe = createProbe(target.service)({ timeoutMs: 20_000, repeatMs: 1000, signal: stopping.signal });
    await expect.poll(() => target.requests).toHaveLength(1);
    const reason = new Error('stopping');
    stopping.abort(reason);
    await expect(probe).rejects.toBe(reason);
    await expect.poll(() => [...target.connections].every((socket) => socket.destroyed)).toBe(true);
    expect(target.requests).toHaveLength(1);
    await expect(createProbe(target.service)({ ...AMPLE, signal: stopping.signal })).rejects.toBe(reason);
    expect(target.requests).toHaveLength(1);
  });

  it('leaves no listener behind on the signal that all probes share', async () => {
    const target = await finesse(xml(UP));
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.name);
    process.on('warning', onWarning);
    const stopping = new AbortController();
    const probe = createProbe(target.service);
    for (let count = 0; count < 30; count++) await probe({ ...AMPLE, signal: stopping.signal });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('tells how long the answer took', async () => {
    const target = await finesse((response) => void setTimeout(() => response.end(UP), 100));
    const { latencyMs } = await createProbe(target.service)(AMPLE);
    expect(latencyMs).toBeGreaterThanOrEqual(95);
    expect(Number.isInteger(latencyMs)).toBe(true);
  });
});
