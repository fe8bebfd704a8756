/** Lines of the log as messages of syslog (RFC 5424). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSyslogUrl } from '../../src/config/syslog-url.ts';
import { createLineQueue } from '../../src/syslog/line-queue.ts';
import { renderMessage, type SyslogLine } from '../../src/syslog/message.ts';
import { anyText } from '../any-text.ts';

const ORIGIN = { facility: 'local3', hostname: 'proxy-1', pid: 42, enterprise: null } as const;
const AT = Date.UTC(2026, 10, 27, 1, 2, 3, 4);
const lineOf = (fields: Record<string, unknown>, level: SyslogLine['level'] = 'warn'): SyslogLine => ({
  ...{ level, event: 'service-state', fields },
  json: JSON.stringify({ level, event: 'service-state', ...fields }),
});
const render = (line: SyslogLine, enterprise: number | null = null, maxBytes = 8000) =>
  renderMessage(line, AT, { ...ORIGIN, enterprise }, maxBytes).toString();

describe('a message', () => {
  it('B620 has priority, time, host, program, process, the event as its id, and the line as JSON', () => {
    expect(render(lineOf({ service: 'a' }))).toBe(
      '<156>1 2026-11-27T01:02:03.004Z proxy-1 ippa-proxy 42 service-state - {"level":"warn","event":"service-state","service":"a"}',
    );
    const priorities = (['debug', 'info', 'warn', 'error'] as const).map(
      (level) => render(lineOf({}, level)).split('>')[0],
    );
    expect(priorities).toEqual(['<159', '<158', '<156', '<155']);
  });

  it('B621 has structured data with an enterprise number, in which quotes, backslashes and brackets are escaped', () => {
    const fields = { reason: 'a "b" \\ c] d\ne', none: null, count: 3, 'odd name]="': 'x', list: [1] };
    expect(render(lineOf(fields), 32473)).toContain(
      ' [ippa@32473 reason="a \\"b\\" \\\\ c\\] d e" count="3" odd_name___="x" list="[1\\]"] {',
    );
  });

  it('B620 is ASCII on one line whatever it tells, and the JSON says the same', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, withData) => {
        const fields = { reason: text };
        const message = render(lineOf(fields), withData ? 32473 : null, 100_000);
        const json = withData ? message.slice(message.indexOf('"] {') + 3) : message.slice(message.indexOf('{'));
        expect(JSON.parse(json).reason).toBe(fields.reason);
        if (!withData) expect(message).toMatch(/^[\x20-\x7e]*$/);
        expect(message).not.toContain('\n');
      }),
    );
  });

  it('B622 that is too long loses the ends of its long fields, says so, and is JSON still', () => {
    const message = render(
      lineOf({ service: 'a', reason: 'x'.repeat(9000), error: { frames: ['y'.repeat(9000)] } }),
      1,
      2000,
    );
    expect(message.length).toBeLessThanOrEqual(2000);
    const json = JSON.parse(message.slice(message.indexOf('{')));
    expect(json).toMatchObject({ event: 'service-state', service: 'a', cut: true });
    expect(json.reason).toHaveLength(201);
  });
});

describe('the queue of lines', () => {
  it('B623 holds so many lines and bytes, and of more the newest', () => {
    const queue = createLineQueue(3, 100);
    const gone = ['1', '2', '3', '4', '5'].map((text) => queue.add(Buffer.from(text)));
    expect(gone).toEqual([0, 0, 0, 1, 1]);
    const [third] = [queue.take()];
    queue.putBack([Buffer.from('3')]);
    expect(String(third)).toBe('3');
    expect([queue.take(), queue.take(), queue.take(), queue.take()].map(String)).toEqual(['3', '4', '5', 'undefined']);
    queue.add(Buffer.alloc(60));
    expect(queue.add(Buffer.alloc(60))).toBe(1);
    expect(queue.size()).toBe(1);
  });

  it('B623 gives them out as they came, over thousands', () => {
    const queue = createLineQueue(100_000, 10_000_000);
    for (let number = 0; number < 5000; number++) queue.add(Buffer.from(String(number)));
    const out = Array.from({ length: 5000 }, () => Number(String(queue.take())));
    expect(out.every((number, index) => number === index)).toBe(true);
  });
});

it('B620 the address is a protocol, a host and a port', () => {
  expect(parseSyslogUrl('tls://logs.example.com')).toEqual({ protocol: 'tls', host: 'logs.example.com', port: 6514 });
  expect(parseSyslogUrl('tcp://[::1]:1514/')).toEqual({ protocol: 'tcp', host: '::1', port: 1514 });
  expect(parseSyslogUrl('udp://10.0.0.1')).toEqual({ protocol: 'udp', host: '10.0.0.1', port: 514 });
  for (const text of ['syslog://x', 'tls://', 'tls://a b', 'tls://x:0', 'tls://x:70000', 'tls://u:p@x', 'tls://x/y']) {
    expect(parseSyslogUrl(text)).toBeNull();
  }
});
