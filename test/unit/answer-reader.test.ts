import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AnswerParser, type Progress } from '../../src/http/client/answer-reader.ts';

const LIMITS = { headerBytes: 512, bodyBytes: 64 };

interface Read {
  readonly progress: Progress;
  readonly status: number;
  readonly body: string;
  readonly keeps: boolean;
}

/** Feeds an answer in pieces that end at `cuts`; `ended`: the connection ends after it. */
function read(answer: string, cuts: readonly number[] = [], ended = false): Read {
  const parser = new AnswerParser(LIMITS);
  const bytes = Buffer.from(answer, 'latin1');
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let progress: Progress = 'more';
  let fed = 0;
  for (let i = 1; i < edges.length && progress === 'more'; i++) {
    progress = parser.push(bytes.subarray(fed, edges[i]));
    fed = edges[i] ?? fed;
  }
  if (progress === 'more' && ended && parser.end()) progress = 'done';
  const whole = progress === 'done';
  return {
    progress,
    status: parser.status,
    body: whole ? parser.body.toString('latin1') : '',
    // What is still to come meets an idle connection, which ends by it (upstream.test.ts).
    keeps: whole && parser.keepsConnection && fed === bytes.length,
  };
}

function codeOf({ progress }: Read): string {
  return typeof progress === 'string' ? progress : progress.code;
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('an answer', () => {
  const answers: [string, string, string, boolean][] = [
    ['with a length', `${OK}Content-Length: 4\r\n\r\n<x/>`, '<x/>', true],
    ['in chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\n<x/\r\n1\r\n>\r\n0\r\n\r\n`, '<x/>', true],
    ['in chunks with trailers', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n`, 'x', true],
    ['after early hints', `HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`, 'x', true],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', '', true],
    ['that closes', `${OK}Connection: foo, Close\r\nContent-Length: 1\r\n\r\nx`, 'x', false],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', 'x', false],
    ['of HTTP/1.0 that keeps', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx', 'x', true],
    [
      'B240 that closes in one header and keeps in the next',
      `${OK}Connection: close\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx`,
      'x',
      false,
    ],
    [
      'B240 that keeps in one header and closes in the next',
      `${OK}Connection: keep-alive\r\nConnection: x, close\r\nContent-Length: 1\r\n\r\nx`,
      'x',
      false,
    ],
    ['that both keeps and closes', `${OK}Connection: close, keep-alive\r\nContent-Length: 1\r\n\r\nx`, 'x', false],
    ['with blanks around its length', `${OK}Content-Length: \t1 \t\r\n\r\nx`, 'x', true],
    ['without a reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', '', true],
  ];

  it.each(answers)('%s is read, wherever it is cut', (_, answer, body, keeps) => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 8 }), (cuts) => {
        expect(read(answer, cuts)).toMatchObject({ progress: 'done', body, keeps });
      }),
    );
  });

  it.each(answers)('%s is not complete before its end', (_, answer) => {
    for (let length = 0; length < answer.length; length++) {
      expect(codeOf(read(answer.slice(0, length), [], true))).not.toBe('done');
    }
  });

  it('with something behind it is read, and the connection is not used again', () => {
    expect(read(`${OK}Content-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n`)).toMatchObject({ body: 'x', keeps: false });
    expect(read(`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx`)).toMatchObject({ body: '', keeps: false });
  });

  it('without a length ends with the connection', () => {
    expect(codeOf(read(`${OK}\r\nabc`))).toBe('more');
    expect(read(`${OK}\r\nabc`, [], true)).toMatchObject({ progress: 'done', body: 'abc', keeps: false });
  });
});

it('white space around a value is space and tab only', () => {
  const parser = new AnswerParser(LIMITS);
  parser.push(Buffer.from(`${OK}Refresh: \t1; url=x\xa0\t\r\nContent-Length: 0\r\n\r\n`, 'latin1'));
  expect(parser.headers.refresh).toBe('1; url=x\xa0');
});

it('many small chunks cost no buffer each', () => {
  const chunks = '1\r\nx\r\n'.repeat(60_000);
  const bytes = Buffer.from(`${OK}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`, 'latin1');
  const made = vi.spyOn(Buffer, 'from');
  const cut = vi.spyOn(Buffer.prototype, 'subarray');
  const parser = new AnswerParser({ headerBytes: 512, bodyBytes: 100_000 });
  expect(parser.push(bytes)).toBe('done');
  expect(parser.body.length).toBe(60_000);
  expect(made.mock.calls.length + cut.mock.calls.length).toBeLessThan(10);
  vi.restoreAllMocks();
});

describe('what two programs could read differently is not read', () => {
  it.each<[string, string]>([
    ['two lengths', `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    ['a list of lengths', `${OK}Content-Length: 1, 1\r\n\r\na`],
    ['a length and a no-break space', `${OK}Content-Length: 1\xa0\r\n\r\na`],
    ['a signed length', `${OK}Content-Length: +1\r\n\r\na`],
    ['a length beside chunks', `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
    ['a space before the colon', `${OK}Content-Length : 0\r\n\r\n`],
    ['a bare LF', `${OK}A: b\nContent-Length: 0\r\n\r\n`],
    ['a bare CR', `${OK}A: b\rContent-Length: 0\r\n\r\n`],
    ['a NUL', `${OK}A: \0\r\nContent-Length: 0\r\n\r\n`],
    ['a header without a colon', `${OK}A\r\n\r\n`],
    ['a chunk size in words', `${OK}Transfer-Encoding: chunked\r\n\r\nx\r\n`],
    ['a chunk size of too many digits', `${OK}Transfer-Encoding: chunked\r\n\r\n000000001\r\na\r\n`],
    ['a chunk that is longer than it says', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
    ['another protocol', 'HTTP/2 200\r\n\r\n'],
    ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ])('%s', (_, answer) => {
    expect(codeOf(read(answer))).toBe('reset');
  });

  it('a coding beyond chunked', () => {
    expect(codeOf(read(`${OK}Transfer-Encoding: gzip\r\n\r\n`))).toBe('answer-encoding');
    expect(codeOf(read(`${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`))).toBe(
      'answer-encoding',
    );
  });
});

it('everything is bounded', () => {
  expect(codeOf(read(`${OK}A: ${'x'.repeat(600)}`))).toBe('answer-too-large');
  expect(codeOf(read(`${OK}Content-Length: 65\r\n\r\n`))).toBe('answer-too-large');
  expect(codeOf(read(`${OK}\r\n${'x'.repeat(65)}`))).toBe('answer-too-large');
  expect(codeOf(read(`${OK}Transfer-Encoding: chunked\r\n\r\n41\r\n`))).toBe('answer-too-large');
  expect(codeOf(read(`${OK}Transfer-Encoding: chunked\r\n\r\n${'0'.repeat(2000)}`))).toBe('reset');
  expect(codeOf(read(`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(200)}`))).toBe('reset');
});

it('never throws, whatever comes', () => {
  const part = fc.oneof(
    fc.constantFrom(OK, '\r\n', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n', '0\r\n\r\n'),
    fc.string({ unit: 'binary-ascii', maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), fc.array(fc.nat(100), { maxLength: 4 }), (parts, cuts) => {
      const answer = parts.join('');
      expect(read(answer, cuts, true)).toEqual(read(answer, [], true));
    }),
    {
      numRuns: 2000,
      // Cut just where the answer ends: what is behind it comes later.
      examples: [[[OK, 'Content-Length: 3\r\n', '\r\n', OK], [41]]],
    },
  );
});
