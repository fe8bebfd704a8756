import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createLog, type LogOptions } from '../../src/ops/log.ts';

function collect(options: Omit<LogOptions, 'stream'>, isTTY = false) {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return { log: createLog({ ...options, stream: Object.assign(stream, { isTTY }) }), text: () => text };
}

it('writes one JSON line per event, with its time and level in words', () => {
  const { log, text } = collect({ level: 'info', format: 'auto' });
  log.info('service-state', { service: 'a', to: 'in-service' }, 'back 100%s /x?y=1');
  const line = JSON.parse(text());
  expect(line).toMatchObject({
    level: 'info',
    event: 'service-state',
    service: 'a',
    to: 'in-service',
    message: 'back 100%s /x',
  });
  expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(text().endsWith('\n')).toBe(true);
});

it('leaves out what is below its level', () => {
  const { log, text } = collect({ level: 'warn', format: 'json' });
  log.debug('a');
  log.info('b');
  expect(text()).toBe('');
  log.warn('c');
  log.error('d');
  expect(text().split('\n').filter(Boolean)).toHaveLength(2);
});

it('carries the fields of a child, scrubbed like its own', () => {
  const { log, text } = collect({ level: 'info', format: 'json' });
  log.child({ service: 'a', url: '/x?password=hunter2' }).child({ device: 'SEP1' }).info('x', { token: 'T0P' });
  expect(JSON.parse(text())).toMatchObject({ service: 'a', url: '/x', device: 'SEP1', token: '[removed]' });
});

it.each([
  ['pretty', false],
  ['auto', true],
] as const)('is readable as %s (terminal: %s), at once and on one line', (format, isTTY) => {
  const { log, text } = collect({ level: 'info', format }, isTTY);
  log.info('steered', { device: 'SEP1', from: 'a', to: 'b' }, 'by choice');
  expect(text()).toContain('steered: by choice');
  expect(text()).toContain('SEP1');
  expect(text().trim().split('\n')).toHaveLength(1);
});

it('prints no error whole', () => {
  const { log, text } = collect({ level: 'info', format: 'json' });
  const error = Object.assign(new Error('GET /x?password=hunter2'), {
    code: 'ECONNRESET',
    options: { password: 'hunter2' },
  });
  log.error('fault', { error });
  expect(JSON.parse(text()).error).toEqual({ name: 'Error', code: 'ECONNRESET' });
});

it('loses lines rather than wait for a reader that stopped reading, and says how many', () => {
  const lines: string[] = [];
  const reader = { writableLength: 0 };
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  Object.defineProperty(stream, 'writableLength', { get: () => reader.writableLength });
  const log = createLog({ level: 'info', format: 'json', stream });
  reader.writableLength = 1e9;
  log.info('a');
  log.info('b');
  expect(lines).toEqual([]);
  reader.writableLength = 0;
  log.info('c');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'warn', event: 'log-lines-lost', lines: 2 },
    { event: 'c' },
  ]);
});

it('B626 begins each line with its level where the journal of systemd reads it, and nowhere else', () => {
  const levels = (options: Omit<LogOptions, 'stream' | 'level'>, isTTY = false) => {
    const { log, text } = collect({ ...options, level: 'debug' }, isTTY);
    log.debug('a');
    log.info('b');
    log.warn('c', { reason: 'x\n<0>y' });
    log.error('d', {}, 'words');
    return text()
      .trimEnd()
      .split('\n')
      .map((line) => /^(?:<(\d)>)?\{/.exec(line)?.[1] ?? null);
  };
  const isJournal = () => true;
  expect(levels({ format: 'journal' })).toEqual(['7', '6', '4', '3']);
  expect(levels({ format: 'auto', isJournal })).toEqual(['7', '6', '4', '3']);
  expect(levels({ format: 'json', isJournal })).toEqual([null, null, null, null]);
  expect(levels({ format: 'auto' })).toEqual([null, null, null, null]);
});

it('B620 gives a copy of each line that is written, scrubbed as that is', () => {
  const { log, text } = collect({ level: 'info', format: 'journal' });
  const copies: unknown[] = [];
  log.copyTo((line) => copies.push(line));
  log.debug('left-out');
  log.child({ service: 'a' }).warn('said', { password: 'hunter2' });
  log.copyTo(null);
  log.warn('not-copied');
  const [written = ''] = text().split('\n');
  expect(copies).toEqual([
    {
      level: 'warn',
      event: 'said',
      fields: { service: 'a', password: '[removed]' },
      json: written.slice('<4>'.length),
    },
  ]);
});
