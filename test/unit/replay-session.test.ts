/** A recorded device's way through a replay. */
import { expect, it } from 'vitest';
import { liveHeaders } from '../../src/simulators/replay/live-headers.ts';
import { readRecording } from '../../src/simulators/replay/recording.ts';
import { Session } from '../../src/simulators/replay/session.ts';

it('B883 a value that the phone typed stands wherever the capture had the same `pseudonym`', () => {
  const entry = (path: string) => ({
    ...{ startedDateTime: '2026-01-01T00:00:00Z', time: 1 },
    request: { method: 'GET', url: `http://fin/fippa/SEP1${path}`, headers: [] },
    response: { status: 200, headers: [], content: { text: '' } },
  });
  const har = {
    log: { entries: [entry('?agentno=97026437&x=1'), entry('/ready?agent=97026437'), entry('/agent/97026437')] },
  };
  const session = new Session(readRecording(JSON.stringify(har)), 'SEP1');
  const ask = (target: string) => session.next({ device: 'SEP2', method: 'GET', target, body: '' });
  expect(ask('/fippa/SEP2?agentno=11112222&x=2')).not.toBeNull();
  const live = (text: string) => session.live(text, 'SEP2', { origin: 'http://here', host: 'here' });
  expect(live('/fippa/SEP1/ready?a=1&amp;agent=97026437')).toBe('/fippa/SEP2/ready?a=1&amp;agent=11112222');
  expect(live('<DefaultValue>97026437</DefaultValue>')).toBe('<DefaultValue>11112222</DefaultValue>');
  // In a path too, on pages and when it is asked for.
  expect(live('<URL>http://fin/fippa/SEP1/agent/97026437/home;x=1?y</URL>')).toBe(
    '<URL>http://here/fippa/SEP2/agent/11112222/home;x=1?y</URL>',
  );
  expect(ask('/fippa/SEP2/agent/11112222')).not.toBeNull();
  expect(ask('/fippa/SEP2/agent/97026437')).not.toBeNull();
  expect(ask('/fippa/SEP2/agent/33334444')).toBeNull();
  // Too short to be the same by more than chance.
  expect(live('/ready?page=1')).toBe('/ready?page=1');
});

it('B890 headers are those of then; times are as far ahead as they were, and what was over is over', () => {
  const at = Date.parse('2026-01-01T00:00:00Z');
  const now = { at, now: at + 86_400_000, length: 7, live: (text: string) => text.replace('SEP1', 'SEP2') };
  const then = [
    ['expires', 'Thu, 01 Jan 2026 00:01:00 GMT'],
    ['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Set-Cookie', 'a=1; Path=/fippa/SEP1; Expires=Thu, 01 Jan 2026 01:00:00 GMT; HttpOnly'],
    ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ['CONTENT-LENGTH', '999'],
    ['X', '/SEP1'],
  ] as const;
  expect(liveHeaders(then, now)).toEqual([
    ['expires', 'Fri, 02 Jan 2026 00:01:00 GMT'],
    ['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Set-Cookie', 'a=1; Path=/fippa/SEP2; Expires=Fri, 02 Jan 2026 01:00:00 GMT; HttpOnly'],
    ['Date', 'Fri, 02 Jan 2026 00:00:00 GMT'],
    ['CONTENT-LENGTH', '7'],
    ['X', '/SEP2'],
  ]);
  expect(liveHeaders([['Transfer-Encoding', 'chunked']], now)).toEqual([['Transfer-Encoding', 'chunked']]);
  expect(liveHeaders([], now)).toEqual([['Content-Length', '7']]);
});
