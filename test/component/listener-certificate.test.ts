/** The certificate towards phones: profiles, and files that change under a running listener. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PhoneTls } from '../../src/config/config.ts';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { createListener, type Listener } from '../../src/http/server/listener.ts';
import type { CertificateReport } from '../../src/http/server/listener-certificate.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { createFakeClock, type FakeClock, START } from '../fake-clock.ts';
import { openRaw } from './raw-sockets.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
const tls: PhoneTls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
let one: { cert: string; key: string };
let two: { cert: string; key: string };
let listener: Listener | null = null;

beforeAll(() => {
  one = selfSigned(['one.example.com'], START);
  two = selfSigned(['two.example.com'], START);
});
afterEach(async () => {
  await listener?.stop(0);
  listener = null;
});
afterAll(() => rmSync(folder, { recursive: true }));

function write({ cert, key }: { cert: string; key: string }): void {
  writeFileSync(tls.cert, cert);
  writeFileSync(tls.key, key);
}

interface Running {
  readonly port: number;
  readonly clock: FakeClock;
  readonly reports: CertificateReport[];
  readonly refused: string[];
}

async function start(profile: PhoneTls['profile'] = 'modern', clock = createFakeClock()): Promise<Running> {
  const reports: CertificateReport[] = [];
  const refused: string[] = [];
  listener = createListener(
    { host: '127.0.0.1', port: 0, tls: { ...tls, profile } },
    {
      key: 'phones.listeners[0]',
      limits: DEFAULT_LIMITS,
      certificate: { clock, report: (report) => reports.push(report) },
      onRequest: (exchange) => exchange.answer({ body: '<x/>', contentType: 'text/xml' }),
      onRefused: ({ detail }) => refused.push(detail),
      errorAnswer: () => ({ body: Buffer.from('<e/>'), contentType: 'text/xml' }),
    },
  );
  await listener.start();
  return { port: listener.address().port, clock, reports, refused };
}

interface Seen {
  readonly subject: string | undefined;
  readonly protocol: string | null;
  readonly cipher: string;
  readonly alpn: string | false | null;
  readonly session: Buffer | undefined;
  readonly resumed: boolean;
}

/** A page over a connection of its own, and what the handshake said. Rejects when there is none. */
async function fetchOver(port: number, options: ConnectionOptions = {}): Promise<Seen> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  let session: Buffer | undefined;
  socket.on('session', (next) => {
    session = next;
  });
  await once(socket, 'secureConnect');
  const seen = {
    subject: socket.getPeerX509Certificate()?.subject,
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().name,
    alpn: socket.alpnProtocol,
    resumed: socket.isSessionReused(),
  };
  const client = openRaw(port, '', socket);
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect((await client.closed).text).toContain('<x/>');
  return { ...seen, session };
}

const OLD_PHONE: ConnectionOptions = {
  minVersion: 'TLSv1',
  maxVersion: 'TLSv1',
  ciphers: 'AES128-SHA:@SECLEVEL=0',
  servername: '',
};

describe('profiles', () => {
  beforeAll(() => write(one));

  it('B220 modern: TLS 1.2 and 1.3, nothing older', async () => {
    const { port, refused } = await start();
    expect((await fetchOver(port, { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    expect((await fetchOver(port)).protocol).toBe('TLSv1.3');
    await expect(fetchOver(port, OLD_PHONE)).rejects.toThrow();
    await expect(fetchOver(port, { ...OLD_PHONE, maxVersion: 'TLSv1.1' })).rejects.toThrow();
    expect(refused[0]).toContain('the TLS handshake of a client failed');
  });

  it.each(['AES128-SHA', 'AES256-SHA'])(
    'B220 legacy: a 7900 phone with TLS 1.0 and %s, and what is newer too',
    async (suite) => {
      const { port } = await start('legacy');
      const seen = await fetchOver(port, { ...OLD_PHONE, ciphers: `${suite}:@SECLEVEL=0` });
      expect(seen).toMatchObject({ protocol: 'TLSv1', cipher: suite });
      expect((await fetchOver(port)).protocol).toBe('TLSv1.3');
    },
  );

  it.each([
    ['ids', { ciphers: 'AES128-SHA:@SECLEVEL=0', secureOptions: 0x4000 }],
    ['tickets', {}],
  ])('B221 legacy: sessions are resumed by %s', async (_name, options) => {
    const { port } = await start('legacy');
    const first = await fetchOver(port, { ...OLD_PHONE, ...options });
    expect(first.session).toBeDefined();
    const again = await fetchOver(port, {
      ...OLD_PHONE,
      ...options,
      ...(first.session ? { session: first.session } : {}),
    });
    expect(again.resumed).toBe(true);
  });

  it('B221 ALPN is http/1.1 or nothing, with a server name or without', async () => {
    const { port } = await start();
    expect((await fetchOver(port, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn).toBe('http/1.1');
    expect((await fetchOver(port, { servername: '' })).alpn).toBe(false);
    await expect(fetchOver(port, { ALPNProtocols: ['h2'] })).rejects.toThrow();
    expect((await fetchOver(port, { servername: 'something.else' })).subject).toContain('one.example.com');
  });
});

describe('files that change', () => {
  const look = () => listener?.lookAtCertificate(tls);

  it('B222 are in use for new connections, those that are open stay', async () => {
    write(one);
    const { port, reports } = await start();
    const open = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(open, 'secureConnect');
    write(two);
    await look();
    expect((await fetchOver(port)).subject).toContain('two.example.com');
    expect(reports).toEqual([{ kind: 'renewed', subject: 'CN=two.example.com', validTo: START + 365 * DAY_MS }]);
    const kept = openRaw(port, '', open);
    kept.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect((await kept.closed).text).toContain('<x/>');
    await look();
    expect(reports).toHaveLength(1);
  });

  it('B222 that do not fit or are half of what they were keep the old pair in use, and are told of once', async () => {
    write(one);
    const { port, reports } = await start();
    const cases: [string, string, RegExp][] = [
      [two.cert, one.key, /key\.pem is the key of another certificate/],
      [two.cert.slice(0, 300), two.key, /cert\.pem has no readable certificate/],
      [two.cert, two.key.slice(0, 300), /key\.pem is a private key that cannot be read/],
      [two.cert, '', /key\.pem is a file without a private key/],
    ];
    for (const [cert, key, problem] of cases) {
      write({ cert, key });
      reports.length = 0;
      await look();
      await look();
      expect(reports).toEqual([{ kind: 'refused', problem: expect.stringMatching(problem) }]);
      expect(JSON.stringify(reports)).not.toContain('PRIVATE');
      expect(listener?.certificate()).toMatchObject({
        subject: 'CN=one.example.com',
        problem: expect.stringMatching(problem),
      });
      expect((await fetchOver(port)).subject).toContain('one.example.com');
    }
    rmSync(tls.key);
    await look();
    expect(reports.at(-1)).toMatchObject({ problem: expect.stringContaining('which does not exist') });
    write(two);
    await look();
    expect(listener?.certificate()).toMatchObject({ subject: 'CN=two.example.com', problem: null });
    expect((await fetchOver(port)).subject).toContain('two.example.com');
  });

  it('B222 are noticed by themselves', async () => {
    write(one);
    const { clock, reports, port } = await start();
    // Before the first look too: what counts is what was read at the start.
    write(two);
    await settled(clock, () => reports.length > 0);
    expect(reports[0]).toMatchObject({ kind: 'renewed', subject: 'CN=two.example.com' });
    expect((await fetchOver(port)).subject).toContain('two.example.com');
  });

  it('may have another name', async () => {
    write(one);
    const { port } = await start();
    const other = { cert: join(folder, 'other.pem'), key: join(folder, 'other.key') };
    writeFileSync(other.cert, two.cert);
    writeFileSync(other.key, two.key);
    await listener?.lookAtCertificate(other);
    expect((await fetchOver(port)).subject).toContain('two.example.com');
  });

  it('with a session of the old certificate a phone is served all the same', async () => {
    write(one);
    const { port } = await start();
    const { session } = await fetchOver(port, { maxVersion: 'TLSv1.2' });
    write(two);
    await look();
    await fetchOver(port, { maxVersion: 'TLSv1.2', ...(session ? { session } : {}) });
  });
});

/** Lets time pass until it holds: looking at files takes turns of the event loop that no fake clock knows. */
async function settled(clock: FakeClock, holds: () => boolean): Promise<void> {
  do {
    await clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (!holds());
}

describe('the end of a certificate', () => {
  it('B223 is told 30 days before, once a day, and no earlier', async () => {
    write(one);
    const { clock, reports } = await start();
    clock.set(334 * DAY_MS);
    await clock.advance(DAY_MS - 1);
    expect(reports).toEqual([]);
    await clock.advance(1 + 2 * DAY_MS);
    expect(reports.map((report) => (report.kind === 'ends' ? report.days : null))).toEqual(
      [29, 28, 27].slice(0, reports.length),
    );
    expect(reports.length).toBeGreaterThanOrEqual(2);
  });

  it('B223 is told at the start when it is near, and after it', async () => {
    write(one);
    const clock = createFakeClock();
    clock.set(370 * DAY_MS);
    const { reports } = await start('modern', clock);
    expect(reports).toEqual([{ kind: 'ends', subject: 'CN=one.example.com', validTo: START + 365 * DAY_MS, days: -5 }]);
  });
});
