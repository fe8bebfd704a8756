/** When a capture takes what, and how it ends. */
import { describe, expect, it } from 'vitest';
import { createCaptures } from '../../src/capture/captures.ts';
import { createRecorder } from '../../src/capture/recorder.ts';
import type { Passed } from '../../src/domain/tap.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createClientRig, DOMAIN, ScriptedXmpp, welcome } from '../component/notification-rig.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock } from '../fake-clock.ts';

const SURROUNDINGS = {
  version: '1',
  listeners: [],
  services: [
    { id: 'a', cluster: 'main', url: 'http://fin-a', aliases: [] },
    { id: 'z', cluster: 'other', url: 'http://fin-z', aliases: [] },
  ],
};
const ORDER = { devices: ['SEP1'], forMs: 60_000, maxBytes: 1 << 20, keepNames: false, who: 'kim', address: null };
const PASSED: Passed = {
  ...{ leg: 'finesse', service: 'a', startedAt: 0, client: null, method: 'GET', url: 'http://fin-a/fippa/SEP1' },
  ...{ headers: [], body: null, answer: { status: 200, headers: [], body: '<a/>' }, error: null },
};

const start = () => {
  const clock = createFakeClock();
  const record = createEventRecord(clock);
  const captures = createCaptures({
    surroundings: () => SURROUNDINGS,
    serviceOf: () => null,
    clock,
    report: record.report,
  });
  return { clock, captures, events: record.events };
};

describe('captures', () => {
  it('B867 give nobody anything to do while none is on, and others than the named devices never', () => {
    const { captures } = start();
    const { tap } = captures;
    expect([tap.isOn(), tap.device('SEP1'), tap.push(null), tap.service('a')]).toEqual([false, null, null, null]);
    captures.begin(ORDER);
    expect([tap.isOn(), tap.device('SEP2')]).toEqual([true, null]);
    expect(tap.device('SEP1')).not.toBeNull();
    // Pushes for others; those that name nobody may be meant.
    expect(tap.push(Buffer.from('XML=%3Ca%20URL%3D%22http://h/fippa/SEP2%22/%3E'))).toBeNull();
    expect(tap.push(Buffer.from('XML=%3Ca%20URL%3D%22http://h/fippa/SEP1%22/%3E'))).not.toBeNull();
    expect(tap.push(Buffer.from('XML=x'))).not.toBeNull();
  });

  it('B860 takes the probes of the services that the device has to do with', () => {
    const { captures } = start();
    captures.begin(ORDER);
    expect(captures.tap.service('a')).toBeNull();
    captures.tap.device('SEP1')?.passed(PASSED);
    expect(captures.tap.service('a')).not.toBeNull();
    expect(captures.tap.service('z')).toBeNull();
  });

  it('B860 takes what a Notification Service says after the login, and nothing of the login', async () => {
    const { captures } = start();
    const begun = captures.begin(ORDER);
    captures.tap.device('SEP1')?.passed(PASSED);
    const text =
      '&lt;Update&gt;&lt;data&gt;&lt;systemInfo&gt;&lt;status&gt;OUT_OF_SERVICE&lt;/status&gt;&lt;/systemInfo&gt;&lt;/data&gt;&lt;/Update&gt;';
    const message = `<message xmlns='jabber:client' from='pubsub.${DOMAIN}' to='ippa-proxy@${DOMAIN}/r'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='/finesse/api/SystemInfo'><item id='x1'><notification xmlns='http://jabber.org/protocol/pubsub'>${text}</notification></item></items></event></message>`;
    const server = new ScriptedXmpp(welcome((socket) => void socket.write(message)));
    const rig = createClientRig(await server.start(), {}, systemClock, captures.tap);
    rig.confirmed();
    await rig.until(({ kind }) => kind === 'notified');
    captures.end(begun?.id ?? '', 'operator');
    const stanzas = (await begun?.ended)?.log._stanzas ?? [];
    await rig.client.stop();
    await server.stop();
    const notified = stanzas.find(({ xml }) => xml.includes('pubsub#event'));
    expect(notified).toMatchObject({ service: 'a', xml: expect.stringContaining('status&gt;OUT_OF_SERVICE&lt;') });
    expect(JSON.stringify(stanzas)).not.toMatch(/canary|fin-a|<auth/);
  });

  it('B866 ends when its time is over, and only one is on at a time', async () => {
    const { captures, clock, events } = start();
    const begun = captures.begin(ORDER);
    expect(captures.begin(ORDER)).toBeNull();
    const watched = captures.tap.device('SEP1');
    watched?.passed(PASSED);
    await clock.advance(60_000);
    const har = await begun?.ended;
    expect(har?.log._ippa).toMatchObject({ ended: 'time', dropped: 0, withheld: 0 });
    expect(har?.log.entries).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: 'capture-ended', because: 'time', who: null });
    // What comes late has nowhere to go.
    watched?.passed(PASSED);
    expect(captures.begin(ORDER)).not.toBeNull();
  });

  it('B866 B879 ends when it is `full`, so that the file keeps to `--max-size`, by an operator, and with the proxy', async () => {
    const { captures } = start();
    const small = captures.begin({ ...ORDER, maxBytes: 3500 });
    for (let n = 0; n < 9; n++) captures.tap.device('SEP1')?.passed(PASSED);
    const har = await small?.ended;
    expect(har?.log._ippa.ended).toBe('size');
    expect(har?.log._ippa.dropped).toBeGreaterThan(0);
    expect(har?.log.entries.length).toBeGreaterThan(0);
    expect(JSON.stringify(har).length).toBeLessThanOrEqual(3500);
    const second = captures.begin(ORDER);
    expect(captures.end('another', 'operator')).toBe(false);
    expect(captures.end(second?.id ?? '', 'operator', 'kim')).toBe(true);
    expect((await second?.ended)?.log._ippa.ended).toBe('operator');
    const third = captures.begin(ORDER);
    captures.stop();
    expect((await third?.ended)?.log._ippa.ended).toBe('stopping');
    expect(captures.running()).toBeNull();
  });

  it('B867 masks nothing while things pass, and what would wait in a long row is `dropped`', async () => {
    const work: (() => void)[] = [];
    const recorder = createRecorder({
      ...{ request: ORDER, surroundings: SURROUNDINGS, clock: createFakeClock(), onFull: () => {} },
      later: (run) => void work.push(run),
    });
    for (let n = 0; n < 300; n++) recorder.take(PASSED, { exchange: n, device: 'SEP1' });
    expect(recorder.counts()).toMatchObject({ entries: 0, dropped: 100 });
    expect(work).toHaveLength(1);
    work.shift()?.();
    expect(recorder.counts()).toMatchObject({ entries: 1 });
    const huge = { ...PASSED, answer: { status: 200, headers: [], body: Buffer.alloc(9 * 1024 * 1024) } };
    recorder.take(huge, { exchange: 301, device: 'SEP1' });
    expect(recorder.counts()).toMatchObject({ dropped: 101 });
  });

  it('B863 what was learnt to be a `password` only later is not in what was taken before', async () => {
    const { captures } = start();
    // Keys stay as they are only so.
    const begun = captures.begin({ ...ORDER, keepNames: true });
    const page = '<CiscoIPPhoneText><SoftKeyItem><Name>canary99</Name></SoftKeyItem></CiscoIPPhoneText>';
    const watched = captures.tap.device('SEP1');
    watched?.passed({ ...PASSED, answer: { status: 200, headers: ['Server', 'canary99'], body: page } });
    watched?.passed({ ...PASSED, url: 'http://fin-a/fippa/SEP1/signin?password=canary99' });
    captures.end(begun?.id ?? '', 'operator');
    const entries = (await begun?.ended)?.log.entries ?? [];
    expect(entries).toHaveLength(2);
    const [first] = entries;
    expect(JSON.stringify(entries)).not.toContain('canary99');
    expect(Buffer.from(first?.response.content.text ?? '', 'base64').toString()).toMatch(/<Name>Z[A-Z0-9]{7}<\/Name>/);
  });
});
