/**
 * The whole proxy against random bytes from phones and from servers. Whatever comes, a phone gets 200 and phone XML or a
 * closed connection, and the proxy goes on. `FUZZ_RUNS` makes the runs longer; what once failed is kept as an example.
 */

import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rig, startRig } from '../rig.ts';
import { PROBE, systemInfo } from './lenient-server.ts';
import { openRaw, type RawServer, sendRaw, startRawServer } from './raw-sockets.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 15);

/** What the server does with one request. */
interface Script {
  /** Sent one after another, as writes of their own. */
  readonly parts: readonly Buffer[];
  readonly ending: 'end' | 'reset' | 'wait';
}

const GOOD_PAGE = '<CiscoIPPhoneText><Title>Good</Title><Text>page</Text></CiscoIPPhoneText>';
let scripts = new Map<string, Script>();
let probeScript: Script | null = null;
let server: RawServer;
let rig: Rig;
let port: number;

beforeAll(async () => {
  const answered = new Map<number, number>();
  server = await startRawServer((socket, text, connection) => {
    // One answer a request; requests come one at a time.
    const targets = [...text.matchAll(/^(?:GET|POST) (\S+) HTTP\/1\.1\r\n/gm)].map(([, target = '']) => target);
    const target = targets[answered.get(connection) ?? 0];
    if (target === undefined) return;
    answered.set(connection, (answered.get(connection) ?? 0) + 1);
    const isProbe = target === PROBE;
    const script = isProbe ? probeScript : scripts.get(target);
    for (const part of script?.parts ?? [answer(isProbe ? systemInfo() : GOOD_PAGE)]) socket.write(part);
    if (script?.ending === 'end') socket.end();
    if (script?.ending === 'reset') socket.resetAndDestroy();
  });
  rig = await startRig({
    servers: 1,
    urls: [`http://127.0.0.1:${server.port}`],
    config: (config) => ({ ...config, phones: { ...config.phones, answerWithinMs: 600 } }),
  });
  port = Number(new URL(rig.phones).port);
});
afterAll(async () => {
  await rig.stop();
  await server.close();
});

function answer(body: string): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

/** All that a connection brought, as answers that a phone can take. Throws what is wrong with it. */
function readAnswers(text: string): string[] {
  const bodies: string[] = [];
  let rest = text;
  while (rest !== '') {
    if (rest.startsWith('HTTP/1.1 100 Continue\r\n\r\n')) rest = rest.slice(25);
    const [head] = /^HTTP\/1\.1 200 OK\r\n(?:[!-9;-~]+: [\t\x20-\x7e\x80-\xff]*\r\n)+\r\n/.exec(rest) ?? [];
    if (head === undefined) throw new Error(`no answer: ${JSON.stringify(rest.slice(0, 200))}`);
    expect(head).not.toMatch(/^(?:transfer-encoding|content-encoding|location):/im);
    const lengths = [...head.matchAll(/^content-length: (\d+)\r$/gim)].map(([, length]) => Number(length));
    expect(lengths).toHaveLength(1);
    const body = rest.slice(head.length, head.length + (lengths[0] ?? 0));
    expect(body.length).toBe(lengths[0]);
    if (!/^content-type: image\//im.test(head)) expectPhoneXml(head, body);
    bodies.push(body);
    rest = rest.slice(head.length + body.length);
  }
  return bodies;
}

function expectPhoneXml(head: string, body: string): void {
  const charset = /^content-type: text\/xml; ?charset=([\w-]+)\r$/im.exec(head)?.[1];
  const text = new TextDecoder(charset, { fatal: true }).decode(Buffer.from(body, 'latin1'));
  const parser = new SaxesParser();
  const roots: string[] = [];
  let depth = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name }) => {
    if (depth++ === 0) roots.push(name);
  });
  parser.on('closetag', () => {
    depth -= 1;
  });
  parser.write(text.replace(/^[\s\uFEFF]+/, '')).close();
  expect(roots.join()).toMatch(/^CiscoIPPhone[A-Za-z]+$/);
}

const binary = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
/** Every byte, and those that mean something to a parser more often than the others. */
const noise = fc.oneof(
  binary,
  fc.constantFrom('\r\n', '\n', '\r', '\0', ':', ' ', '\t', '\r\n\r\n', '%', '/', '?', ';'),
);

async function expectAlive(): Promise<void> {
  scripts = new Map();
  const { status, body } = await rig.get('/a/fippa/SEP9/page');
  expect([status, /^<CiscoIPPhone/m.test(body)]).toEqual([200, true]);
}

test('random bytes from a phone', async () => {
  const piece = fc.constantFrom(
    ...[
      'GET ',
      'POST ',
      '/a/fippa/SEP1',
      '/fippa/SEP1',
      '?id=1&extension=2',
      ' HTTP/1.1\r\n',
      ' HTTP/1.0\r\n',
      'HTTP/2.0',
    ],
    ...['Host: p\r\n', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', '5\r\nx=123\r\n0\r\n\r\n', '\r\n'],
    ...['Expect: 100-continue\r\n', 'Connection: close\r\n', 'User-Agent: \xff\r\n', 'Accept-Charset: utf-16\r\n'],
    ...[
      'x-CiscoIPPhoneModelName: CP-8875\r\n',
      'Accept-Language: de;q=x,\r\n',
      '\x16\x03\x01\x02\0',
      'PRI * HTTP/2.0\r\n',
    ],
  );
  const bytes = fc.array(fc.oneof({ weight: 3, arbitrary: piece }, noise), { maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(bytes, async (parts) => {
      const client = openRaw(port);
      for (const part of parts) client.write(part);
      client.socket.end();
      readAnswers((await client.closed).text);
    }),
    { numRuns: RUNS * 30 },
  );
  await expectAlive();
});

const answerPiece = fc.constantFrom(
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200\r\n', 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 302 x\r\n', 'HTTP/1.1 204 x\r\n'],
  ...[
    'HTTP/1.1 304 x\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 x\r\n\r\n',
    'HTTP/1.1 101 x\r\n',
    'HTTP/2 200\r\n',
  ],
  ...['Content-Type: text/xml\r\n', 'Content-Type: text/xml; charset=iso-8859-1\r\n', 'Content-Type: image/png\r\n'],
  ...[
    'Content-Type: text/xml; charset=utf-16\r\n',
    'Content-Type: \xff\r\n',
    'Content-Length: 73\r\n',
    'Content-Length: 0\r\n',
  ],
  ...[
    'Content-Length: 99999999\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip\r\n',
  ],
  ...[
    'Content-Encoding: gzip\r\n',
    'Connection: close\r\n',
    'Connection: Upgrade\r\nUpgrade: x\r\n',
    'Keep-Alive: timeout=0\r\n',
  ],
  ...['Location: /fippa/SEP1/x\r\n', 'Location: \xff\r\n', 'Refresh: 5; url=/fippa/SEP1\r\n', 'Refresh: \x01\r\n'],
  ...['Set-Cookie: a=\xe9; Path=/fippa/\r\n', 'Set-Cookie: \r\n', 'Expires: 0\r\n', '\r\n', '\r\n\r\n'],
  ...[
    GOOD_PAGE,
    GOOD_PAGE.slice(0, 40),
    `49\r\n${GOOD_PAGE}\r\n0\r\n\r\n`,
    '<?xml version="1.0" encoding="utf-16"?>',
    '\xff\xfe',
  ],
  ...[
    '<CiscoIPPhoneMenu><URL>/fippa/x</URL></CiscoIPPhoneMenu>',
    '<html/>',
    '<CiscoIPPhoneImage>\0</CiscoIPPhoneImage>',
  ],
);
const script: fc.Arbitrary<Script> = fc.record({
  parts: fc
    .tuple(
      fc.constantFrom('HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n', ''),
      fc.array(fc.oneof({ weight: 4, arbitrary: answerPiece }, noise), { maxLength: 8 }),
    )
    .map(([first, rest]) => [first, ...rest].map((part) => Buffer.from(part, 'latin1'))),
  ending: fc.constantFrom('end', 'end', 'reset', 'wait'),
});
const plain = (ending: Script['ending'], ...parts: string[]): Script => {
  return { parts: parts.map((part) => Buffer.from(part, 'latin1')), ending };
};

test('random bytes from a server', async () => {
  let serial = 0;
  await fc.assert(
    // Many at a time, since each failure waits for a probe.
    fc.asyncProperty(fc.array(script, { minLength: 20, maxLength: 20 }), async (batch) => {
      await Promise.all(
        batch.map(async (one) => {
          const target = `/fippa/SEP1/${serial++}`;
          scripts.set(target, one);
          const { text } = await sendRaw(port, `GET /a${target} HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n`);
          expect(readAnswers(text)).toHaveLength(1);
        }),
      );
      scripts.clear();
    }),
    {
      numRuns: RUNS,
      examples: [[[plain('wait', 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')]]],
    },
  );
  await expectAlive();
});

test('random bytes in answer to probes too', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (one) => {
      probeScript = one;
      scripts.set('/fippa/SEP1/p', one);
      const { text } = await sendRaw(port, `GET /a/fippa/SEP1/p HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n`);
      expect(readAnswers(text)).toHaveLength(1);
    }),
    { numRuns: RUNS * 2 },
  );
  probeScript = null;
  await rig.until('a', 'in-service');
  await expectAlive();
});
