import { describe, expect, it } from 'vitest';
import { parseAdminRequest, parseTime } from '../../src/ops/admin-request.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const parse = (body: unknown) => parseAdminRequest(body, NOW);

describe('parseAdminRequest', () => {
  it.each([
    [{ admin: 'ready' }, { admin: 'ready', reason: null, until: null }],
    [
      { admin: 'ready', reason: null, until: null },
      { admin: 'ready', reason: null, until: null },
    ],
    [
      { admin: 'ready', reason: 'done' },
      { admin: 'ready', reason: 'done', until: null },
    ],
    [
      { admin: 'maint', reason: ' Wartung ü 漢 ' },
      { admin: 'maint', reason: 'Wartung ü 漢', until: null },
    ],
    [
      { admin: 'drain', reason: 'x'.repeat(200), until: '2026-11-01T14:00:00+01:00' },
      { admin: 'drain', reason: 'x'.repeat(200), until: NOW + 3_600_000 },
    ],
    [
      { admin: 'drain', reason: '😀'.repeat(200) },
      { admin: 'drain', reason: '😀'.repeat(200), until: null },
    ],
    [
      { admin: 'maint', reason: 'B442', in: '10m' },
      { admin: 'drain', reason: 'B442', until: null, maintAt: NOW + 600_000 },
    ],
    [
      { admin: 'drain', reason: 'x', until: '30m' },
      { admin: 'drain', reason: 'x', until: NOW + 1_800_000 },
    ],
    [
      { admin: 'maint', reason: 'x', in: '10m', until: '2h' },
      { admin: 'drain', reason: 'x', until: NOW + 7_200_000, maintAt: NOW + 600_000 },
    ],
  ])('B580 takes %j', (body, setting) => {
    expect(parse(body)).toEqual({ ok: true, setting });
  });

  it.each([
    [undefined, /JSON object/],
    [null, /JSON object/],
    [[], /JSON object/],
    ['drain', /JSON object/],
    [{}, /admin must be/],
    [{ admin: 'Drain', reason: 'x' }, /admin must be one of ready, drain, maint/],
    [{ admin: 'drain' }, /reason is required/],
    [{ admin: 'maint', reason: '  ' }, /reason must be a text/],
    [{ admin: 'maint', reason: 5 }, /reason must be a text/],
    [{ admin: 'drain', reason: 'x'.repeat(201) }, /at most 200/],
    [{ admin: 'drain', reason: 'a\nb' }, /control characters/],
    [{ admin: 'drain', reason: 'a\u202eb' }, /control characters/],
    [{ admin: 'drain', reason: '\ud800' }, /control characters/],
    [{ admin: 'drain', reason: 'x', force: true }, /unknown keys; allowed are admin, reason, until, in, preview$/],
    [JSON.parse('{"admin": "ready", "__proto__": 1}'), /unknown keys/],
    [{ admin: 'drain', reason: 'x', until: 'tomorrow' }, /ISO 8601.* or a duration, such as 30m or 2h$/],
    [{ admin: 'drain', reason: 'x', until: '999999999d' }, /ISO 8601/],
    [{ admin: 'drain', reason: 'x', until: '0s' }, /future/],
    [{ admin: 'maint', reason: 'x', in: '2h', until: '1h' }, /after the maintenance has begun/],
    [{ admin: 'drain', reason: 'x', until: 5 }, /ISO 8601/],
    [{ admin: 'drain', reason: 'x', until: '2026-11-01T12:00:00Z' }, /future/],
    [{ admin: 'drain', reason: 'x', in: '10m' }, /in applies to maint/],
    [{ admin: 'maint', reason: 'x', in: 10 }, /in must be a duration/],
    [{ admin: 'maint', reason: 'x', in: '25h' }, /at most a day/],
    [{ admin: 'maint', reason: 'x', in: '0s' }, /in must be a duration/],
    [{ admin: 'maint', reason: 'x', in: '2h', until: '2026-11-01T14:00:00+01:00' }, /after the maintenance has begun/],
    [{ admin: 'ready', until: '2030-01-01T00:00:00Z' }, /ready has no end/],
  ])('B580 refuses %j', (body, message) => {
    const result = parse(body);
    expect(result.ok).toBe(false);
    expect(result.ok ? '' : result.faults.join('; ')).toMatch(message);
  });

  it('tells all faults at once', () => {
    const result = parse({ admin: 'off', reason: 1, until: 'x', y: 1 });
    expect(result.ok ? [] : result.faults).toHaveLength(4);
  });
});

describe('parseTime', () => {
  it.each([
    '2026-02-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01',
    '2026-01-01T00:00:00',
  ])('refuses %s', (text) => {
    expect(parseTime(text)).toBeNull();
  });

  it.each(['2028-02-29T00:00:00Z', '2026-01-31T23:59Z', '2026-01-31T23:59:59.123-05:30'])('takes %s', (text) => {
    expect(parseTime(text)).toBe(Date.parse(text));
  });
});
