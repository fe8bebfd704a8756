/** What the reader of answers takes must be what Node's client would have read: both are given the same bytes. */

import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnswerHeaders, AnswerParser } from '../../src/http/client/answer-reader.ts';

interface Read {
  readonly status: number;
  readonly body: string;
  readonly headers: AnswerHeaders;
  readonly keeps: boolean;
}

let server: Server;
let answer: Buffer;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** As the connection does it: the bytes in pieces, then the end. null: not a complete answer, or not one that is taken. */
function readByUs(bytes: Buffer, cuts: readonly number[]): Read | null {
  const parser = new AnswerParser({ headerBytes: 16 * 1024, bodyBytes: 256 * 1024 });
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let progress: ReturnType<AnswerParser['push']> = 'more';
  for (let i = 1; i < edges.length && progress === 'more'; i++) {
    // Lent: nothing of it may be needed later.
    const lent = Buffer.from(bytes.subarray(edges[i - 1], edges[i]));
    progress = parser.push(lent);
    if (progress === 'more') lent.fill('!');
  }
  if (progress === 'more' && parser.end()) progress = 'done';
  if (progress !== 'done') return null;
  const { status, headers, keepsConnection: keeps } = parser;
  return { status, headers, keeps, body: parser.body.toString('latin1') };
}

/** null: Node's client has no complete answer. */
function readByNode(bytes: Buffer): Promise<Read | null> {
  answer = bytes;
  // One that would keep the connection, and a new one: the server ends each connection.
  const agent = new Agent({ keepAlive: true });
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', agent });
    const settle = (read: Read | null) => {
      agent.destroy();
      resolve(read);
    };
    let response: IncomingMessage | null = null;
    asked.once('response', (begun) => {
      response = begun;
      let body = '';
      begun.setEncoding('latin1');
      begun.on('data', (chunk) => {
        body += chunk;
      });
      begun.on('error', () => {});
      begun.once('close', () => settle(describeRead(asked, begun, body)));
    });
    asked.on('error', () => response ?? settle(null));
    asked.once('upgrade', (_, socket) => {
      socket.destroy();
      settle(null);
    });
    asked.end();
  });
}

function describeRead(asked: ClientRequest, response: IncomingMessage, body: string): Read | null {
  if (!response.complete) return null;
  const values = (name: string) =>
    response.rawHeaders.filter((_, i) => i % 2 === 1 && response.rawHeaders[i - 1]?.toLowerCase() === name);
  const first = (name: string) => values(name)[0] ?? null;
  return {
    status: response.statusCode ?? 0,
    body,
    headers: {
      contentType: first('content-type'),
      refresh: first('refresh'),
      expires: first('expires'),
      location: first('location'),
      setCookies: values('set-cookie'),
    },
    keeps: asked.shouldKeepAlive,
  };
}

/** Whether it was taken at all; what is taken is the same, and a connection is kept only where Node would keep it. */
async function expectAgreement(text: string, cuts: readonly number[]): Promise<boolean> {
  const bytes = Buffer.from(text, 'latin1');
  const own = readByUs(bytes, cuts);
  if (own === null) return false;
  const nodes = await readByNode(bytes);
  expect(own).toEqual({ ...nodes, keeps: own.keeps });
  if (own.keeps) expect(nodes?.keeps).toBe(true);
  return true;
}

const RUNS = Number(process.env.FUZZ_RUNS ?? 1_000);
const cuts = fc.array(fc.nat(600), { maxLength: 4 });
const headerLines = fc.constantFrom(
  ...['Content-Type: text/xml; charset=utf-8', 'content-type:text/xml', 'Refresh: 5; url=http://x/', 'Refresh:\t1 \t'],
  ...['Expires: -1', 'Expires: \xa0x\xa0', 'Location: /fippa/SEP1', 'Set-Cookie: A=1; Path=/', 'Set-Cookie: B=\xe9'],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Connection: Keep-Alive, x',
    'Connection: x, CLOSE',
    'connection:',
  ],
  ...['Keep-Alive: timeout=20', 'Server: x', 'X:', 'Date: now', 'Content-Encoding: identity', "a!#$%&'*+.^_`|~-9: x"],
);

describe('whatever comes', () => {
  test('of answers put together from parts, what is taken is the same to the last byte', async () => {
    const statusLine = fc.constantFrom(
      ...['HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 200 ', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 204 No Content'],
      ...['HTTP/1.1 304 \xe9', 'HTTP/1.1 302 Found', 'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK'],
    );
    const payload = fc.string({ unit: 'binary-ascii', maxLength: 40 });
    const chunk = fc
      .tuple(payload, fc.constantFrom('', ';a', ';a=b', ' ', ';a="b"'), fc.constantFrom('', '0', '00'))
      .map(([data, extension, zeros]) =>
        data === '' ? '' : `${zeros}${data.length.toString(16)}${extension}\r\n${data}\r\n`,
      );
    const trailers = fc.constantFrom('\r\n', 'X: y\r\n\r\n', 'Content-Length: 3\r\nX: y\r\n\r\n');
    const body = fc.oneof(
      payload.map((data) => ({ header: `Content-Length: ${data.length}`, data })),
      payload.map((data) => ({ header: `content-length:\t00${data.length} `, data })),
      payload.map((data) => ({ header: null, data })),
      fc
        .tuple(fc.array(chunk, { maxLength: 5 }), trailers)
        .map(([chunks, end]) => ({ header: 'Transfer-Encoding: Chunked', data: `${chunks.join('')}0\r\n${end}` })),
    );
    const behind = fc.oneof(
      { weight: 9, arbitrary: fc.constant('') },
      fc.constantFrom('\r\n', 'x', 'HTTP/1.1 200 OK\r\n'),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ statusLine, lines: fc.array(headerLines, { maxLength: 8 }), body, behind, at: fc.nat(8), cuts }),
        async ({ statusLine, lines, body, behind, at, cuts }) => {
          const headers = [...lines];
          if (body.header !== null) headers.splice(at, 0, body.header);
          const text = `${[statusLine, ...headers].join('\r\n')}\r\n\r\n${body.data}${behind}`;
          if (await expectAgreement(text, cuts)) taken += 1;
        },
      ),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(RUNS / 3);
  });

  test('of a sound answer with errors in it, what is taken is the same to the last byte', async () => {
    const sound = [
      'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nRefresh: 5\r\nSet-Cookie: a=b\r\nConnection: keep-alive\r\nContent-Length: 11\r\n\r\n<x>page</x>',
      'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: x, close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<x>pa\r\n6;a=b\r\nge</x>\r\n0\r\n\r\n',
      'HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\nExpires: 0\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\n<x/>',
    ];
    const odd = fc.constantFrom(
      ...[
        '\r\n',
        '\n',
        '\r',
        ' ',
        '\t',
        ':',
        ',',
        ';',
        '\0',
        '\x7f',
        '\x80',
        '\xa0',
        '\xff',
        '0',
        '1',
        '5',
        'f',
        '-',
        '+',
      ],
      ...[
        '\r\nContent-Length: 3',
        '\r\nContent-Length: 11',
        '\r\nTransfer-Encoding: chunked',
        '\r\nConnection: close',
        '',
      ],
    );
    const edit = fc.record({ at: fc.nat(180), remove: fc.nat(3), insert: fc.oneof(odd, fc.string({ maxLength: 3 })) });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sound),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        cuts,
        async (start, edits, cuts) => {
          let text = start;
          for (const { at, remove, insert } of edits) {
            const from = at % text.length;
            text = text.slice(0, from) + insert + text.slice(from + remove);
          }
          if (await expectAgreement(text, cuts)) taken += 1;
        },
      ),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(RUNS / 12);
  });
});
