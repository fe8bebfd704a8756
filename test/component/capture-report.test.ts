/** `capture report`: what it says of captures of the simulated Finesse, as it is and with deviations, and of other files. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runReplay } from '../../src/simulators/replay/run.ts';
import { type CaptureRig, createCaptureRig, type Report } from '../capture-rig.ts';
import { type Deviations, startDeviating } from '../deviating-finesse.ts';
import { DEVICE, startPhone, startPushRig } from '../push-rig.ts';
import { type Rig, startRig } from '../rig.ts';

const AGENT = { id: '1001', password: 'cisco', extension: '2001' };

let captures: CaptureRig;
const stops: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  captures = createCaptureRig();
  stops.push(captures.stop);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A day of a phone in a capture, and what the report says of it. */
const reportOf = async (rig: Rig, day: () => Promise<unknown>): Promise<Report> => {
  const running = await captures.begin(rig.ops);
  await day();
  const { code, err } = await running.end();
  expect([code, err]).toEqual([0, '']);
  return captures.report(running.file);
};

/** The simulated Finesse behind `deviations`, and a phone that signs in by hand, sets itself Ready and comes again by its service. */
const deviating = async (deviations: Deviations, names: Readonly<Record<string, string>> = {}): Promise<Report> => {
  const own = await startRig({ servers: 1, finesse: { baseUrl: 'host' } });
  stops.push(own.stop);
  const front = await startDeviating(own.finesse[0]?.url ?? '', deviations);
  stops.push(front.stop);
  const rig = await startRig({ servers: 1, urls: [front.url] });
  stops.push(rig.stop);
  const query = (values: Readonly<Record<string, string>>) =>
    Object.entries(values)
      .map(([name, value]) => `${names[name] ?? name}=${value}`)
      .join('&');
  return reportOf(rig, async () => {
    await rig.get(`/a/fippa/${DEVICE}`);
    await rig.get(`/a/fippa/${DEVICE}/signin?${query(AGENT)}`);
    await rig.get(`/a/fippa/${DEVICE}/ready`);
    await rig.get(`/a/fippa/${DEVICE}?${query(AGENT)}`);
  });
};

describe('capture report', () => {
  it('B870 B871 names each assumption by its number: what holds, what is `not seen`, and the entries that show it', async () => {
    const phone = await startPhone();
    stops.push(phone.stop);
    const rig = await startPushRig({ phonePort: phone.web.port, servers: 1 });
    stops.push(rig.stop);
    const report = await reportOf(rig, async () => {
      await phone.phone.open(`${rig.phones}/a/fippa/#DEVICENAME#`);
      phone.phone.fill(AGENT);
      await phone.phone.submit();
      const called = phone.next(({ text }) => text.includes('0711'));
      // The phone may have its page before Finesse has the answer to the push.
      const answered = new Promise((resolve) => rig.finesse[0]?.once('pushed', resolve));
      rig.finesse[0]?.call(DEVICE, '07115550100');
      await Promise.all([called, answered]);
      // What the server calls itself is known by a probe.
      for (const _ of [1, 2]) await rig.finesse[0]?.nextRequest(({ target }) => target.includes('SystemInfo'));
    });
    expect(report.code).toBe(0);
    expect(Object.values(report.verdicts())).not.toContain('does not hold');
    expect(report.verdicts()).toMatchObject({ A2: 'holds', A5: 'holds', A10: 'holds', A15: 'holds', A16: 'holds' });
    expect(report.verdicts()).toMatchObject({ A1: 'not seen', A6: 'not seen' });
    expect(report.reading).toMatchObject({ reading: 'a', found: expect.stringMatching(/names? Finesse itself/) });
    expect(report.page).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none'`);
    expect(report.page).not.toMatch(/<script|\son\w+=|javascript:/i);
    expect(report.page).toContain('<tr id="A2">');
  });

  it.each<[string, Deviations, string, string, Record<string, string>?]>([
    ['another field of the form', { rename: { id: 'agentId' } }, 'A2', '`agentId`', { id: 'agentId' }],
    ['another parameter', { rename: { extension: 'dn' } }, 'A1', '`dn`', { extension: 'dn' }],
    ['a field more', { extraField: 'skill' }, 'A2', '`skill`'],
    ['a Refresh', { refresh: '30' }, 'A11', '`Refresh: 30`'],
    ['another cookie', { cookies: ['SSO=x; Path=/'] }, 'A12', '`Set-Cookie: SSO='],
    ['a cookie for all hosts', { cookies: ['JSESSIONID=x; Path=/fippa; Domain=example.com'] }, 'A12', 'Domain='],
    ['a redirect', { redirect: { path: '/ready', to: (target) => target.replace('ready', 'home') } }, 'A13', 'follows'],
    ['a redirect away', { redirect: { path: '/ready', to: () => 'http://else.invalid/x' } }, 'A13', 'is not followed'],
  ])('B872 names the deviation: %s', async (_, deviations, id, words, names = {}) => {
    const report = await deviating(deviations, names);
    expect(report.row(id)).toMatchObject({ verdict: 'does not hold', found: expect.stringContaining(words) });
    expect(report.row(id).shownBy.length).toBeGreaterThan(0);
    expect(report.code).toBe(1);
    expect(report.page).toContain('<td class="no">does not hold</td>');
  });

  it('B873 pushes to the phone that name Finesse itself are reading (b), by what the phone then asks for', async () => {
    const phone = await startPhone();
    stops.push(phone.stop);
    // The phone is pushed to directly; what is pushed names Finesse, which for phones leads to the proxy.
    const push: { username: string; password: string; addresses: Record<string, string> } = {
      ...{ username: 'ippa-user', password: 'canary-Pa55' },
      addresses: { [DEVICE]: `127.0.0.1:${phone.web.port}` },
    };
    const names = { baseUrl: 'http://localhost:1' };
    const rig = await startRig({
      servers: 1,
      finesse: { push, ...names },
      config: (config) => ({
        ...config,
        phones: {
          ...config.phones,
          listeners: config.phones.listeners.map((listener) => ({ ...listener, service: 'a' })),
        },
      }),
    });
    stops.push(rig.stop);
    const report = await reportOf(rig, async () => {
      await phone.phone.open(`${rig.phones}/fippa/#DEVICENAME#`);
      // What a phone does that was told so; the name leads here by DNS on a site.
      await rig.get(`/fippa/${DEVICE}/signin?id=1001&password=cisco&extension=2001`, { host: 'localhost' });
      await rig.get(`/fippa/${DEVICE}/calldata`, { host: 'localhost' });
    });
    expect(report.reading).toMatchObject({ reading: 'b', found: expect.stringContaining('straight to the phone') });
  });

  it('B874 reads HARs of other programs, and says of what is no HAR that it is none', async () => {
    const file = join(captures.folder, 'other.har');
    writeFileSync(file, JSON.stringify(FOREIGN));
    const report = await captures.report(file);
    expect(report.row('A2')).toMatchObject({ verdict: 'does not hold', found: expect.stringContaining('`UserName`') });
    expect(report.row('A11')).toMatchObject({ verdict: 'does not hold' });
    for (const [text, problem] of [
      ['<html>', 'it is not JSON'],
      ['{}', 'no log.entries'],
      ['', 'it is empty'],
      ['{"log": {"entries": [\n{"canary', '(line 2, character 9): was it written and copied to its end?'],
      ['PK\u0003\u0004', 'unpack it first'],
      [JSON.stringify({ log: { entries: [{ request: { url: 'http://x/' }, response: {} }] } }), 'about phones'],
    ] as const) {
      writeFileSync(file, text);
      const { code, err } = await captures.report(file);
      expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
      expect(err).not.toContain('canary');
      let replayed = '';
      const stderr = (words: string) => {
        replayed += words;
      };
      expect(await runReplay({ file }, { stdout: () => {}, stderr, stdin: null, signal: null })).toBe(2);
      expect(replayed).toContain(problem === 'about phones' ? 'no page of a phone' : problem);
    }
    expect(await captures.report(join(captures.folder, 'no.har'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('no.har: it does not exist'),
    });
  });
});

it('B889 a report says of a capture that is empty, or that was full before its end, that it is', async () => {
  const notes = { format: 1, devices: [], services: [], listeners: [], keepNames: false, dropped: 0, withheld: 0 };
  const file = join(captures.folder, 'few.har');
  const warnings = async (ended: string) => {
    writeFileSync(file, JSON.stringify({ log: { version: '1.2', entries: [], _ippa: { ...notes, ended } } }));
    return (await captures.report(file)).page;
  };
  expect(await warnings('time')).toContain('Nothing of a phone is in it');
  expect(await warnings('size')).toMatch(/full before its end.*--max-size/);
});

const FORM =
  '<CiscoIPPhoneInput><Title>x</Title><URL>http://pbx.example.com/login.php</URL><InputItem><DisplayName>User</DisplayName><QueryStringParam>UserName</QueryStringParam><InputFlags>A</InputFlags></InputItem><InputItem><DisplayName>PIN</DisplayName><QueryStringParam>pin</QueryStringParam><InputFlags>NP</InputFlags></InputItem></CiscoIPPhoneInput>';
const FOREIGN = {
  log: {
    version: '1.2',
    creator: { name: 'mitmproxy', version: '11' },
    entries: [
      {
        startedDateTime: '2026-01-01T00:00:00Z',
        time: 3,
        request: { method: 'GET', url: 'http://pbx.example.com/login.php?name=SEP001122334455', headers: [] },
        response: {
          status: 200,
          headers: [
            { name: 'Content-Type', value: 'text/xml; charset=utf-8' },
            { name: 'Refresh', value: '60' },
          ],
          content: { size: FORM.length, mimeType: 'text/xml', text: FORM },
        },
      },
    ],
  },
};
