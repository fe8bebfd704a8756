/** `simulate finesse --replay`: a capture as a server. Every file of test/captures is replayed through a proxy. */

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CaptureEntry, CaptureHar } from '../../src/capture/har.ts';
import { readRecording } from '../../src/simulators/replay/recording.ts';
import { runReplay } from '../../src/simulators/replay/run.ts';
import { Replay, type ReplayPush } from '../../src/simulators/replay/server.ts';
import { type CaptureRig, createCaptureRig } from '../capture-rig.ts';
import { startForeign } from '../foreign-phone-server.ts';
import { validateHar } from '../har-schema.ts';
import { agentsDay, callFrom, foreignDay } from '../phone-days.ts';
import { DEVICE, listen, type PushRig, startPhone, startPushRig, type TestPhone, USER } from '../push-rig.ts';
import { fetchRaw } from '../rig.ts';

const FOLDER = new URL('../captures/', import.meta.url);
const files = globSync('*.har', { cwd: FOLDER }).sort();

let captures: CaptureRig;
const stops: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  captures = createCaptureRig();
  stops.push(captures.stop);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The capture as a server behind a proxy whose phones are at `phonePort`. */
const replayed = async (text: string, phonePort: number) => {
  const push: { -readonly [K in keyof ReplayPush]: ReplayPush[K] } = { ...USER };
  const replay = new Replay({ recording: readRecording(text), push, name: 'localhost' });
  await replay.start();
  stops.push(() => replay.stop());
  const unknown: string[] = [];
  replay.on('unknown', ({ path }) => unknown.push(path));
  const rig = await startPushRig({ phonePort, servers: 1, urls: [replay.url] });
  stops.push(rig.stop);
  push.port = rig.app.pushAddresses()[0]?.port ?? 0;
  return { replay, rig, unknown };
};
const phoneStarted = async (): Promise<TestPhone> => {
  const phone = await startPhone();
  stops.push(phone.stop);
  return phone;
};

describe('a replay', () => {
  const days: readonly [string, (phone: TestPhone, rig: PushRig, call: () => void) => Promise<unknown>, boolean][] = [
    ['the simulated Finesse', (phone, rig, call) => agentsDay(phone, rig.phones, call), false],
    ['a foreign server', (phone, rig) => foreignDay(phone, rig.phones), true],
  ];
  it.each(days)('B880 is for the phone what was captured: %s', async (_, day, isForeign) => {
    const foreign = isForeign ? await startForeign() : null;
    if (foreign !== null) stops.push(foreign.stop);
    const phone = await phoneStarted();
    const rig = await startPushRig({
      phonePort: phone.web.port,
      servers: 1,
      urls: foreign === null ? [] : [foreign.url],
    });
    stops.push(rig.stop);
    // The foreign server's keys are no words of Finesse.
    const running = await captures.begin(rig.ops, { keepNames: isForeign });
    const original = await day(phone, rig, callFrom(rig));
    await running.end();

    const other = await phoneStarted();
    const { rig: second, unknown } = await replayed(readFileSync(running.file, 'utf8'), other.web.port);
    // Nothing calls there: the push comes at its time.
    expect(await day(other, second, () => {})).toEqual(original);
    expect(unknown).toEqual([]);
  });

  it('B881 answers 404 to what is not in it, and says so without query', async () => {
    const stop = new AbortController();
    let out = '';
    const listening = Promise.withResolvers<string>();
    const code = runReplay(
      { file: new URL(files[1] ?? '', FOLDER).pathname },
      {
        stdout: (text) => {
          out += text;
          const url = /SystemInfo {2}(\S+)\/finesse/.exec(out)?.[1];
          if (url !== undefined) listening.resolve(url);
        },
        stderr: () => {},
        stdin: null,
        signal: stop.signal,
      },
    );
    const url = await listening.promise;
    expect((await fetchRaw(`${url}/fippa/${DEVICE}/nowhere?password=canary`)).status).toBe(404);
    expect((await fetchRaw(`${url}/finesse/api/SystemInfo`)).body).toContain('IN_SERVICE');
    expect(out).toContain(`404  GET /fippa/${DEVICE}/nowhere: not in the capture`);
    expect(out).not.toContain('canary');
    stop.abort();
    expect(await code).toBe(0);
    const silent = { stdout: () => {}, stderr: () => {}, stdin: null, signal: stop.signal };
    const broken = join(captures.folder, 'broken.har');
    writeFileSync(broken, '{}');
    for (const file of [broken, '/nowhere.har']) expect(await runReplay({ file }, silent)).toBe(2);
  });
});

describe('test/captures', () => {
  it('has files, each of which is HAR 1.2 and says that it is synthetic', () => {
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const file of files) {
      const har = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
      validateHar(har);
      expect(har.log.comment).toMatch(/^Synthetic: /);
    }
  });

  it.each(files)(
    'B882 %s, replayed through the proxy, is the same to the phone and shows the same of every assumption',
    async (file) => {
      const path = new URL(file, FOLDER).pathname;
      const text = readFileSync(path, 'utf8');
      const before = JSON.parse(text) as CaptureHar;
      const expected = (await captures.report(path)).verdicts();
      // The simulated Finesse is as docs/fidelity.md has it, also when it signs out.
      if (file === 'simulated-finesse.har') {
        expect(Object.values(expected)).not.toContain('does not hold');
        expect(expected.A19).toBe('holds');
      }
      const phoneWeb = await listen((_, res) => {
        const body = '<CiscoIPPhoneResponse><ResponseItem Status="0" Data="Success" URL=""/></CiscoIPPhoneResponse>';
        res.setHeader('Content-Type', 'text/xml').end(body);
      });
      stops.push(phoneWeb.stop);
      const { rig, replay, unknown } = await replayed(text, phoneWeb.port);
      const [device = ''] = before.log._ippa.devices;
      const out = join(captures.folder, basename(file));
      const running = await captures.begin(rig.ops, { device: [device], out });
      const asked = before.log.entries.filter(({ _ippa }) => _ippa.leg === 'phone');
      for (const [index, entry] of asked.entries()) {
        const pushed = hasPush(before, entry, asked[index + 1])
          ? new Promise((resolve) => replay.once('pushed', resolve))
          : null;
        const { pathname, search } = new URL(entry.request.url);
        const headers = Object.fromEntries(
          entry.request.headers
            .filter(({ name }) => !/^(?:host|connection)$/i.test(name))
            .map(({ name, value }) => [name, value]),
        );
        const answer = await fetchRaw(`${rig.phones}${pathname}${search}`, headers);
        expect([answer.status, withoutOrigins(answer.bytes)]).toEqual([
          entry.response.status,
          withoutOrigins(bodyOf(entry)),
        ]);
        // Every header in its order, case and number; those two are written last and missing in a capture.
        const headersThen = entry.response.headers.map(({ name, value }) => [name, value] as const);
        const headersNow = pairsOf(answer.rawHeaders).filter(([name]) => !/^(?:connection|date)$/i.test(name));
        expect(headersNow.map(comparable)).toEqual(headersThen.map(comparable));
        await pushed;
      }
      expect(unknown).toEqual([]);
      // What the server calls itself is known by a probe.
      for (const _ of [1, 2]) await probed(rig);
      await running.end();
      expect((await captures.report(out)).verdicts()).toMatchObject(withoutProbes(expected));
    },
  );
});

it.each(files)('B890 %s, replayed without a proxy, has each answer with its headers as they were', async (file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  const { log } = JSON.parse(text) as CaptureHar;
  const replay = new Replay({ recording: readRecording(text) });
  await replay.start();
  stops.push(() => replay.stop());
  for (const entry of log.entries.filter(({ _ippa }) => _ippa.leg === 'finesse')) {
    const { pathname, search } = new URL(entry.request.url);
    const answer = await fetchRaw(`${replay.url}${pathname}${search}`);
    expect([answer.status, withoutOrigins(answer.bytes)]).toEqual([
      entry.response.status,
      withoutOrigins(bodyOf(entry)),
    ]);
    const then = entry.response.headers.map(({ name, value }) => [name, value] as const);
    expect(pairsOf(answer.rawHeaders).map(comparable)).toEqual(then.map(comparable));
  }
});

function pairsOf(raw: readonly string[]): (readonly [string, string])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
}

/** Origins are other ones, and so lengths may be; the time is another one. */
function comparable([name, value]: readonly [string, string]): readonly [string, string] {
  if (/^(?:content-length|date)$/i.test(name)) return [name, ''];
  return [name, withoutOrigins(Buffer.from(value, 'latin1'))];
}

/** The next probe has ended. */
async function probed(rig: PushRig): Promise<void> {
  const last = async () => (await rig.health()).services[0]?.lastProbe;
  const before = await last();
  while ((await last()) === before) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Between a page and the next one. */
function hasPush({ log }: CaptureHar, from: CaptureEntry, to: CaptureEntry | undefined): boolean {
  return log.entries.some(
    ({ _ippa, startedDateTime: at }) =>
      _ippa.leg === 'push-in' && at >= from.startedDateTime && (to === undefined || at < to.startedDateTime),
  );
}

function bodyOf({ response }: CaptureEntry): Buffer {
  return Buffer.from(response.content.text ?? '', 'base64');
}

function withoutOrigins(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/https?:\/\/[^/"'<>\s]+/g, 'ORIGIN');
}

/** How many probes pass is a matter of time. */
function withoutProbes({ A24: _, ...verdicts }: Record<string, string>): Record<string, string> {
  return verdicts;
}
