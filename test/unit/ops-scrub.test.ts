import { describe, expect, it } from 'vitest';
import { describeError, scrubFields, scrubText } from '../../src/ops/scrub.ts';

describe('scrubText', () => {
  it.each([
    ['https://a:8445/fippa/SEP1?id=7&password=hunter2', 'https://a:8445/fippa/SEP1'],
    ['https://a/fippa/SEP1;jsessionid=S3CRET', 'https://a/fippa/SEP1'],
    ['https://a/fippa/SEP1;jsessionid=S3CRET/page?x=1', 'https://a/fippa/SEP1'],
    ['GET /a/fippa/SEP1?password=hunter2 HTTP/1.1', 'GET /a/fippa/SEP1 HTTP/1.1'],
    ['"/a/fippa/SEP1?password=a"b\'c<d"', '"/a/fippa/SEP1'],
    ['SEP1?id=7&password=hunter2', 'SEP1'],
    ['id=7&password=hunter2&x=1', 'id=[removed]&password=[removed]&x=1'],
    ['the query id=7&extension=2001', 'the query id=[removed]&extension=[removed]'],
    ['https://jane:hunter2@a/x', 'https://a/x'],
    ['Authorization: Bearer S3CRET-TOKEN', 'Authorization: [removed]'],
    ['Bearer S3CRET-TOKEN', 'Bearer [removed]'],
    ['JSESSIONID=ABCDEF; Path=/', 'JSESSIONID=[removed]; Path=/'],
  ])('removes what may be secret: %s', (text, scrubbed) => {
    expect(scrubText(text)).toBe(scrubbed);
  });

  it.each([
    'Connection refused: nothing listens on that port.',
    'Is it running? Yes; since noon.',
    'text/xml; charset=UTF-8',
    'https://finesse-a.example.com:8445/fippa/SEP1',
    'is it done?yes',
    'x@y said 5;6',
  ])('leaves prose and plain addresses alone: %s', (text) => {
    expect(scrubText(text)).toBe(text);
  });

  it('takes time in proportion to the text', () => {
    const long = `${'a'.repeat(200_000)}/${'b'.repeat(200_000)} ${'password='.repeat(20_000)}`;
    expect(scrubText(long).length).toBeLessThanOrEqual(long.length + 20);
  });
});

describe('scrubFields', () => {
  it('goes into lists and plain objects and removes values under telling names', () => {
    const fields = { service: 'a', list: ['/x?y=1', 2], deep: { token: 'T', url: '/x;s=1' }, none: null, when: 5 };
    expect(scrubFields(fields)).toEqual({
      service: 'a',
      list: ['/x', 2],
      deep: { token: '[removed]', url: '/x' },
      none: null,
      when: 5,
    });
  });

  it('does not print objects that are not ours, nor without end', () => {
    const loop: Record<string, unknown> = { body: Buffer.from('secret') };
    loop.self = loop;
    const text = JSON.stringify(scrubFields(loop));
    expect(text).toContain('[Buffer]');
    expect(text).toContain('[…]');
    expect(text).not.toContain('secret');
  });
});

describe('describeError', () => {
  it('tells only name and code of an error that has one, however deep', () => {
    const inner = Object.assign(new Error('connect /x?password=hunter2'), {
      code: 'ECONNREFUSED',
      url: '/?password=1',
    });
    const outer = Object.assign(new Error('failed /y?password=hunter2', { cause: inner }), { code: 'ERR_GOT' });
    expect(describeError(outer)).toEqual({
      name: 'Error',
      code: 'ERR_GOT',
      cause: { name: 'Error', code: 'ECONNREFUSED' },
    });
  });

  it('tells the scrubbed message and the frames of a fault of the program', () => {
    const described = describeError(new TypeError('cannot read /x?password=hunter2\n    at /y?password=hunter2:1:1'));
    expect(described.name).toBe('TypeError');
    expect(described.message).toContain('cannot read /x');
    expect(described.frames?.[0]).toMatch(/^at .*ops-scrub\.test\.ts/);
    expect(JSON.stringify(described)).not.toContain('hunter2');
  });

  it('does not quote what could not be parsed', () => {
    const parse = () => JSON.parse('{"password": hunter2}');
    let caught: unknown;
    try {
      parse();
    } catch (error) {
      caught = error;
    }
    expect(JSON.stringify(describeError(caught))).not.toContain('hunter2');
  });

  it('says what was thrown when it is no error', () => {
    expect(describeError('hunter2')).toEqual({ name: 'thrown string' });
  });
});
