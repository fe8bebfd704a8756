/** A recorded device's way through a replay. */
import { expect, it } from 'vitest';
import { readRecording } from '../../src/simulators/replay/recording.ts';
import { Session } from '../../src/simulators/replay/session.ts';

it('B883 a value that the phone typed stands wherever the capture had the same `pseudonym`', () => {
  const entry = (path: string) => ({
    ...{ startedDateTime: '2026-01-01T00:00:00Z', time: 1 },
    request: { method: 'GET', url: `http://fin/fippa/SEP1${path}`, headers: [] },
    response: { status: 200, headers: [], content: { text: '' } },
  });
  const har = { log: { entries: [entry('?agentno=97026437&x=1'), entry('/ready?agent=97026437')] } };
  const session = new Session(readRecording(JSON.stringify(har)), 'SEP1');
  const ask = (target: string) => session.next({ device: 'SEP2', method: 'GET', target, body: '' });
  expect(ask('/fippa/SEP2?agentno=11112222&x=2')).not.toBeNull();
  const live = (text: string) => session.live(text, 'SEP2', { origin: 'http://here', host: 'here' });
  expect(live('/fippa/SEP1/ready?a=1&amp;agent=97026437')).toBe('/fippa/SEP2/ready?a=1&amp;agent=11112222');
  expect(live('<DefaultValue>97026437</DefaultValue>')).toBe('<DefaultValue>11112222</DefaultValue>');
  // Too short to be the same by more than chance.
  expect(live('/ready?page=1')).toBe('/ready?page=1');
});
