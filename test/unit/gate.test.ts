import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FailureCode } from '../../src/domain/failure.ts';
import { parseHost, type RequestHead } from '../../src/http/server/request-head.ts';
import { type PhoneRequest, parsePhoneRequest } from '../../src/phones/gate.ts';
import { isPlainPath } from '../../src/text/request-target.ts';

const HOST = ['Host', 'proxy.example.com'];

function judge(url: string, rest: Partial<RequestHead> = {}) {
  return parsePhoneRequest({ method: 'GET', url, httpVersion: '1.1', rawHeaders: HOST, ...rest });
}

function codeOf(url: string, rest: Partial<RequestHead> = {}): FailureCode | 'passed' {
  const verdict = judge(url, rest);
  return verdict.ok ? 'passed' : verdict.failure.code;
}

function parse(url: string): PhoneRequest {
  const verdict = judge(url);
  if (!verdict.ok) throw new Error(`${verdict.failure.code}: ${verdict.failure.detail}`);
  return verdict.request;
}

describe('what passes', () => {
  test('a service, a device and what follows, unchanged', () => {
    expect(parse('/a/fippa/SEP001122334455/x;y=1/z?id=1&password=p%2Fq%5c?/../')).toEqual({
      method: 'GET',
      prefix: 'a',
      device: 'SEP001122334455',
      rest: '/x;y=1/z?id=1&password=p%2Fq%5c?/../',
      upstreamTarget: '/fippa/SEP001122334455/x;y=1/z?id=1&password=p%2Fq%5c?/../',
      action: null,
      query: 'id=1&password=p%2Fq%5c?/../',
      host: 'proxy.example.com',
    });
  });

  test.each([
    ['/fippa/SEP1', null, ''],
    ['/fippa/SEP1/', null, '/'],
    ['/fippa/SEP1;jsessionid=1F', null, ';jsessionid=1F'],
    ['/fippa/SEP1?', null, '?'],
    ['/a/fippa/SEP1', 'a', ''],
    ['/a/fippa/SEP1/fippa/x', 'a', '/fippa/x'],
    ['/fippa/SEP1/a.b/..c/...', null, '/a.b/..c/...'],
    ['/fippa/SEP1/100%25/%C3%A9', null, '/100%25/%C3%A9'],
    ['/fippa/SEP1?password=50%&x=%zz', null, '?password=50%&x=%zz'],
    ['/fippa/SEP1?a|b{c}^`"<>', null, '?a|b{c}^`"<>'],
  ])('%s', (url, prefix, rest) => {
    expect(parse(url)).toMatchObject({ prefix, device: 'SEP1', rest, action: null });
    expect(parse(url).upstreamTarget).toBe(`/fippa/SEP1${rest}`);
  });

  test('a first segment `fippa` is never a service, so the second is a device', () => {
    expect(parse('/fippa/fippa/SEP1')).toMatchObject({ prefix: null, device: 'fippa', rest: '/SEP1' });
  });

  test('a device name of 64 characters, and exactly 2048 characters in all', () => {
    const device = 'x'.repeat(64);
    expect(parse(`/a/fippa/${device}`).device).toBe(device);
    const url = '/a/fippa/SEP1?'.padEnd(2048, 'q');
    expect(codeOf(url)).toBe('passed');
    expect(codeOf(`${url}q`)).toBe('request-too-long');
  });

  test('a POST with a length or chunked, a GET of length 0, HTTP/1.0 with and without Host', () => {
    const post = (...headers: string[]) => ({ method: 'POST', rawHeaders: [...HOST, ...headers] });
    expect(codeOf('/fippa/SEP1', post('Content-Length', '5'))).toBe('passed');
    expect(codeOf('/fippa/SEP1', post('transfer-encoding', 'Chunked'))).toBe('passed');
    expect(codeOf('/fippa/SEP1', post())).toBe('passed');
    expect(codeOf('/fippa/SEP1', { rawHeaders: [...HOST, 'Content-Length', '0'] })).toBe('passed');
    expect(codeOf('/fippa/SEP1', { httpVersion: '1.0' })).toBe('passed');
    expect(codeOf('/fippa/SEP1', { httpVersion: '1.0', rawHeaders: [] })).toBe('passed');
  });
});

describe('the proxy’s own actions', () => {
  test.each([
    ['/a/fippa/SEP1/~exit', '~exit', []],
    ['/a/fippa/SEP1/~to/b?id=1', '~to', ['b']],
    ['/a/fippa/SEP1/%7eto/b', '~to', ['b']],
    ['/a/fippa/SEP1/%7Eto/b', '~to', ['b']],
    ['/a/fippa/SEP1;x=1/~to/b', '~to', ['b']],
    ['/a/fippa/SEP1/~to;x=1/b', '~to', ['b']],
    ['/a/fippa/SEP1/~', '~', []],
    ['/fippa/SEP1/~exit', '~exit', []],
  ])('%s', (url, name, args) => {
    expect(parse(url).action).toEqual({ name, args });
  });

  test.each(['/a/fippa/SEP1/x/~exit', '/a/fippa/SEP1?/~exit', '/a/fippa/SEP1;x?/~exit'])('not %s', (url) => {
    expect(parse(url).action).toBeNull();
  });
});

describe('what is refused', () => {
  test.each<[FailureCode, string]>([
    ['request-malformed', 'http://evil/fippa/SEP1'],
    ['request-malformed', '//evil/fippa/SEP1'],
    ['request-malformed', '/a//fippa/SEP1'],
    ['request-malformed', '/fippa/SEP1//~exit'],
    ['request-malformed', '*'],
    ['request-malformed', ''],
    ['request-malformed', '/fippa/SEP1#x'],
    ['request-malformed', '/fippa/SEP1?a#x'],
    ['request-malformed', '/fippa/SEP1\\x'],
    ['request-malformed', '/fippa/SEP1?a\\x'],
    ['request-malformed', '/fippa/SEP1/../SEP2'],
    ['request-malformed', '/fippa/SEP1/..'],
    ['request-malformed', '/fippa/SEP1/..?x'],
    ['request-malformed', '/fippa/SEP1/.'],
    ['request-malformed', '/fippa/SEP1/./x'],
    ['request-malformed', '/fippa/SEP1/..;x=1/y'],
    ['request-malformed', '/fippa/SEP1/..;'],
    ['request-malformed', '/fippa/SEP1/%2e%2e/x'],
    ['request-malformed', '/fippa/SEP1/.%2E/x'],
    ['request-malformed', '/fippa/SEP1/%2e;x/y'],
    ['request-malformed', '/../fippa/SEP1'],
    ['request-malformed', '/fippa/..'],
    ['request-malformed', '/a/fippa/.'],
    ['request-malformed', '/fippa/SEP1%2fx'],
    ['request-malformed', '/fippa/SEP1/%5Cx'],
    ['request-malformed', '/fippa/SEP1/%00'],
    ['request-malformed', '/fippa/SEP1?x=%00'],
    ['request-malformed', '/fippa/SEP1/%0d%0aX:y'],
    ['request-malformed', '/fippa/SEP1/%c0%ae'],
    ['request-malformed', '/fippa/SEP1/%'],
    ['request-malformed', '/fippa/SEP1/%4'],
    ['request-malformed', '/fippa/SEP1/%4?x'],
    ['request-malformed', '/fippa/SEP1/%zz'],
    ['request-malformed', '/fippa/SEP1/a b'],
    ['request-malformed', '/fippa/SEP1?a\tb'],
    ['request-malformed', '/fippa/SEP1?a\u0000b'],
    ['request-malformed', '/fippa/SEP1?\u007f'],
    ['request-malformed', '/fippa/SEP1?é'],
    ['request-malformed', '/fippa/SEP1?\u212a'],
    ['request-device', '/fippa'],
    ['request-device', '/fippa/'],
    ['request-device', '/fippa?x'],
    ['request-device', '/a/fippa'],
    ['request-device', '/a/fippa/'],
    ['request-device', '/a/fippa/?x'],
    ['request-device', '/a/fippa/;x'],
    ['request-device', '/a/fippa/SEP%31'],
    ['request-device', '/a/fippa/SEP~1'],
    ['request-device', '/a/fippa/~exit'],
    ['request-device', `/a/fippa/${'x'.repeat(65)}`],
    ['request-device', '/a/fippa/$DEVICENAME$'],
    ['request-push', '/CGI/Execute'],
    ['request-push', '/CGI/Execute?x'],
    ['request-path', '/'],
    ['request-path', '/?x'],
    ['request-path', '/a'],
    ['request-path', '/a/'],
    ['request-path', '/a/b/fippa/SEP1'],
    ['request-path', '/a/FIPPA/SEP1'],
    ['request-path', '/a/fippax/SEP1'],
    ['request-path', '/fippax/SEP1'],
    ['request-path', '/fippa;x/SEP1'],
    ['request-path', '/a;x/fippa/SEP1'],
    ['request-path', '/%61/fippa/SEP1'],
    ['request-path', '/%66ippa/SEP1'],
    ['request-path', '/cgi/execute'],
    ['request-path', '/a?/fippa/SEP1'],
    ['request-path', '/finesse/api/SystemInfo'],
    ['request-path', `/${'a'.repeat(65)}/fippa/SEP1`],
  ])('%s: %s', (code, url) => {
    expect(codeOf(url)).toBe(code);
  });

  test.each(['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'get', '', undefined])('method %s', (method) => {
    expect(codeOf('/fippa/SEP1', { method })).toBe('request-method');
  });

  test.each(['0.9', '1.2', '2.0', '3.0', ''])('HTTP version %s', (httpVersion) => {
    expect(codeOf('/fippa/SEP1', { httpVersion })).toBe('request-malformed');
  });

  test.each<[string, Partial<RequestHead>]>([
    ['no Host on HTTP/1.1', { rawHeaders: [] }],
    ['two Host headers', { rawHeaders: [...HOST, 'hOST', 'other'] }],
    ['two Host headers on HTTP/1.0', { httpVersion: '1.0', rawHeaders: [...HOST, ...HOST] }],
    [
      'Transfer-Encoding on HTTP/1.0',
      { httpVersion: '1.0', method: 'POST', rawHeaders: ['Transfer-Encoding', 'chunked'] },
    ],
    ['a GET with a length', { rawHeaders: [...HOST, 'Content-Length', '5'] }],
    ['a chunked GET', { rawHeaders: [...HOST, 'Transfer-Encoding', 'chunked'] }],
    ['two lengths', { method: 'POST', rawHeaders: [...HOST, 'Content-Length', '5', 'Content-length', '5'] }],
    ['a length that is no number', { method: 'POST', rawHeaders: [...HOST, 'Content-Length', '+5'] }],
    ['a list of lengths', { method: 'POST', rawHeaders: [...HOST, 'Content-Length', '5, 5'] }],
    [
      'length and chunked',
      { method: 'POST', rawHeaders: [...HOST, 'Content-Length', '5', 'Transfer-Encoding', 'chunked'] },
    ],
    ['another coding', { method: 'POST', rawHeaders: [...HOST, 'Transfer-Encoding', 'gzip, chunked'] }],
    [
      'two codings',
      { method: 'POST', rawHeaders: [...HOST, 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'] },
    ],
    ['an Upgrade', { rawHeaders: [...HOST, 'Upgrade', 'websocket', 'Connection', 'Upgrade'] }],
    ['61 headers', { rawHeaders: [...HOST, ...Array.from({ length: 60 }, (_, i) => [`X-${i}`, 'x']).flat()] }],
  ])('%s', (_, input) => {
    expect(codeOf('/fippa/SEP1', input)).toBe('request-malformed');
  });

  test('no detail repeats what was asked: it goes into logs', () => {
    for (const url of ['/fippa/SEP1?password=canary#', '/canary', '/a/fippa/canary%', 'canary']) {
      const verdict = judge(url);
      expect(verdict.ok ? '' : verdict.failure.detail).not.toContain('canary');
    }
  });
});

describe('the Host header', () => {
  test.each(['proxy', 'proxy.example.com:8082', '10.1.1.5', '10.1.1.5:80', '[::1]', '[2001:db8::1]:8445'])(
    '%s',
    (host) => {
      expect(parseHost(host)).toBe(host);
    },
  );

  test.each(['', ' ', 'a b', 'a/b', 'a@b', 'a:b', 'a:', 'a:123456', '::1', '[::1', 'a,b', 'http://a', 'é'])(
    'not %j',
    (host) => {
      expect(parseHost(host)).toBeNull();
      expect(judge('/fippa/SEP1', { rawHeaders: ['Host', host] })).toMatchObject({ ok: true, request: { host: null } });
    },
  );
});

describe('for any input', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      ';',
      '?',
      '#',
      '\\',
      '%',
      '%2f',
      '%2e',
      '%00',
      '~',
      '%7e',
      'fippa',
      'a',
      'SEP1',
      'CGI/Execute',
    ),
    fc.string({ maxLength: 3, unit: 'binary' }),
  );
  const target = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  const likely = fc.oneof(
    target,
    target.map((rest) => `/a/fippa/SEP1${rest}`),
    fc.string({ unit: 'binary' }),
  );
  const header = fc.constantFrom('Host', 'Content-Length', 'Transfer-Encoding', 'Upgrade', 'Cookie', '');

  test('it gives a verdict and never throws', () => {
    fc.assert(
      fc.property(
        fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
        fc.option(likely, { nil: undefined }),
        fc.string(),
        fc.array(fc.oneof(header, fc.string({ unit: 'binary' }))),
        (method, url, httpVersion, rawHeaders) => {
          expect(typeof parsePhoneRequest({ method, url, httpVersion, rawHeaders }).ok).toBe('boolean');
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('what passes is what was asked, and every reading of it stays below /fippa/DEVICE', () => {
    fc.assert(
      fc.property(likely, (url) => {
        const verdict = judge(url);
        if (!verdict.ok) return;
        const { prefix, device, rest, upstreamTarget, query } = verdict.request;
        expect(url).toBe((prefix === null ? '' : `/${prefix}`) + upstreamTarget);
        expect(upstreamTarget).toBe(`/fippa/${device}${rest}`);
        expect(query).toBe(url.includes('?') ? url.slice(url.indexOf('?') + 1) : null);
        // A lenient server's reading: path parameters cut, escapes decoded, dot segments resolved.
        const path = (upstreamTarget.split('?')[0] as string).replace(/;[^/]*/g, '');
        const read = new URL(decode(path).replaceAll('\\', '/'), 'http://server').pathname;
        expect(`${read}/`.startsWith(`/fippa/${device}/`)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  /** Escapes are decoded once, stray percent signs dropped. */
  function decode(path: string): string {
    const once = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return once.replaceAll('%', '');
  }

  test('a plain path has no query and no fault', () => {
    expect(isPlainPath('/fippa/SEP1/x')).toBe(true);
    for (const path of ['/fippa/SEP1?x', '/fippa/../x', '/fippa/%2e%2e/x', '/fippa//x', 'fippa', '']) {
      expect(isPlainPath(path)).toBe(false);
    }
  });
});
