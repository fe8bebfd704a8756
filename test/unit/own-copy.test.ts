/** What is remembered of a request must not keep the request: 8 KB each, and the passwords and cookies in it. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { createClientLimits } from '../../src/http/server/client-limits.ts';
import { findHeader } from '../../src/http/server/exchange.ts';
import { parsePlainGet } from '../../src/http/server/plain-get.ts';
import { parsePhoneRequest } from '../../src/phones/gate.ts';
import { systemClock } from '../../src/time/clock.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const REQUESTS = 2_000;
const COOKIE = 'c'.repeat(7_000);

function read(index: number) {
  const target = `/a/fippa/SEP${String(index).padStart(12, '0')}?password=canary`;
  const address = `X-Forwarded-For: fd00:1:2:3::${index.toString(16)}:1`;
  const head = `GET ${target} HTTP/1.1\r\nHost: a\r\n${address}\r\nCookie: ${COOKIE}\r\n\r\n`;
  const get = parsePlainGet(Buffer.from(head, 'latin1'));
  if (get === null) throw new Error('not a plain GET');
  return { ...get, method: 'GET', httpVersion: '1.1' };
}

function keptBytes(keep: (index: number) => void): number {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < REQUESTS; index++) keep(index);
  collectGarbage();
  return (process.memoryUsage().heapUsed - before) / REQUESTS;
}

test('the name of a device', () => {
  const names: string[] = [];
  const kept = keptBytes((index) => {
    const verdict = parsePhoneRequest(read(index));
    if (verdict.ok) names.push(verdict.request.device);
  });
  expect(names).toHaveLength(REQUESTS);
  expect(kept).toBeLessThan(1_000);
});

test('the address that a front forwards', () => {
  const bounds = createClientLimits({ limits: DEFAULT_LIMITS.perAddress, trustedFronts: ['127.0.0.1'] }, systemClock);
  const kept = keptBytes((index) => {
    bounds.requested('127.0.0.1', findHeader(read(index).rawHeaders, 'x-forwarded-for'));
  });
  expect(kept).toBeLessThan(1_500);
});
