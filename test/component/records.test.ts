/** The files of sign-ins and outages: damaged ones, foreign ones, and folders that cannot be written. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJournal } from '../../src/records/journal.ts';
import { parseJournal } from '../../src/records/journal-file.ts';
import { systemClock } from '../../src/time/clock.ts';
import { type Rig, type RigOptions, startRig, TOKEN } from '../rig.ts';

let rig: Rig | null = null;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ippa-records-'));
});
afterEach(async () => {
  await rig?.stop();
  rig = null;
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const SIGN_INS = 'sign-ins.jsonl';
const OUTAGES = 'outages.jsonl';
const file = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(file(name), 'utf8');
const start = async (options: RigOptions = {}, forgetAfterMs = 12 * 3_600_000): Promise<Rig> => {
  rig = await startRig({
    ...options,
    finesse: { agents: AGENTS },
    config: (config) => ({ ...config, state: { folder }, phones: { ...config.phones, forgetAfterMs } }),
  });
  return rig;
};
const stop = async () => {
  await rig?.stop();
  rig = null;
};
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const AGENTS = [1, 2, 3].map((index) => {
  return { id: `100${index}`, password: 'CANARYpassword', extension: `200${index}` };
});
/** SEP1 is the phone of agent 1001, and so on. */
const signIn = (proxy: Rig, device: string) => {
  const number = device.slice(-1);
  return proxy.get(`/a/fippa/${device}?id=100${number}&password=CANARYpassword&extension=200${number}`);
};
const phones = async (proxy: Rig) => (await proxy.health()).services.map((service) => service.phones);
const lines = (proxy: Rig, event: string) => proxy.lines.filter((line) => line.event === event);
const asWritten = (name: string) => {
  const text = existsSync(file(name)) ? read(name) : '';
  return text.startsWith('{"holds":') && text.endsWith('\n');
};

/** Two devices signed in on a, and an outage that is on. */
async function writeBoth(): Promise<void> {
  const proxy = await start();
  for (const device of ['SEP1', 'SEP2']) await signIn(proxy, device);
  await proxy.finesse[0]?.fault('refuse');
  await proxy.until('a', 'out-of-service');
  await stop();
}

describe('a file that is damaged', () => {
  it('B356 B362 loses its last line when that is cut off, says so once, and nothing else', async () => {
    await writeBoth();
    for (const name of [SIGN_INS, OUTAGES]) writeFileSync(file(name), `${read(name)}{"device":"SEP3","serv`);
    const proxy = await start();
    expect((await phones(proxy))[0]).toBe(2);
    const { outages } = JSON.parse((await proxy.get(`${proxy.ops}/outages`)).body);
    expect(outages).toMatchObject([{ service: 'a', signedIn: 2, missing: 2 }]);
    expect(
      lines(proxy, 'records-set-aside').map(({ file: which, because, usable }) => [which, because, usable]),
    ).toEqual([
      [file(SIGN_INS), 'its last line is cut off', true],
      [file(OUTAGES), 'its last line is cut off', true],
    ]);
    await until(() => asWritten(SIGN_INS) && asWritten(OUTAGES));
    expect(read(`${SIGN_INS}.aside`)).toContain('{"device":"SEP3","serv');
    await stop();
    const next = await start();
    expect(lines(next, 'records-set-aside')).toEqual([]);
    expect((await phones(next))[0]).toBe(2);
  });

  it.each([
    ['of another program', 'PK\u0003\u0004 something else\n'],
    ['of another version', '{"holds":"sign-ins","version":9,"writtenAt":1}\n{"device":"SEP1"}\n'],
    ['empty', ''],
    ['null', 'null\n'],
  ])('B362 %s is set aside, said once, and costs nothing else', async (_, text) => {
    for (const name of [SIGN_INS, OUTAGES]) writeFileSync(file(name), text);
    const proxy = await start();
    expect((await signIn(proxy, 'SEP1')).status).toBe(200);
    expect((await phones(proxy))[0]).toBe(1);
    expect(lines(proxy, 'records-set-aside').map(({ usable }) => usable)).toEqual([false, false]);
    await until(() => asWritten(SIGN_INS) && read(SIGN_INS).includes('SEP1'));
    expect(read(`${SIGN_INS}.aside`)).toBe(text);
    expect((await proxy.health()).problems).toEqual([]);
  });

  it('B362 sign-ins older than phones.forgetAfter are set aside', async () => {
    const old = Date.now() - 3_600_000;
    const line = {
      device: 'SEP1',
      service: 'a',
      since: old,
      seenAt: old,
      from: null,
      place: null,
      model: null,
      prefill: null,
    };
    const head = { holds: 'sign-ins', version: 1, writtenAt: old };
    writeFileSync(file(SIGN_INS), `${JSON.stringify(head)}\n${JSON.stringify(line)}\n`);
    const proxy = await start({}, 60_000);
    expect((await phones(proxy))[0]).toBe(0);
    expect(lines(proxy, 'records-set-aside')).toMatchObject([
      { because: expect.stringContaining('phones.forgetAfter') },
    ]);
  });

  it('B362 lines that no proxy wrote, and services that are no longer there, are passed over', async () => {
    const now = Date.now();
    const good = {
      device: 'SEP1',
      service: 'a',
      since: now,
      seenAt: now,
      from: null,
      place: null,
      model: null,
      prefill: null,
    };
    const each = [
      good,
      { ...good, device: '../x' },
      { ...good, device: 'SEP2', service: 'gone' },
      // A newer version may have written more: what it says beyond this one goes, the sign-in stays.
      { ...good, device: 'SEP3', password: 'CANARYfield' },
      ...['text', 7, null, [], { device: 'SEP4' }],
    ];
    const head = { holds: 'sign-ins', version: 1, writtenAt: now };
    writeFileSync(file(SIGN_INS), [head, ...each].map((one) => `${JSON.stringify(one)}\n`).join(''));
    const proxy = await start();
    const { body } = await proxy.get(`${proxy.ops}/devices`, { authorization: `Bearer ${TOKEN}` });
    expect(JSON.parse(body).devices.map(({ device }: { device: string }) => device)).toEqual(['SEP1', 'SEP3']);
    await proxy.stop();
    expect(readFileSync(file(SIGN_INS), 'utf8')).not.toContain('CANARYfield');
  });
});

/** The user nobody of Debian. */
const NOBODY = 65_534;

describe('a folder that cannot be written', () => {
  const works = async (proxy: Rig) => {
    expect((await signIn(proxy, 'SEP1')).body).toContain('CiscoIPPhoneText');
    await proxy.finesse[0]?.fault('refuse');
    await proxy.until('a', 'out-of-service');
    expect((await proxy.get('/a/fippa/SEP1')).body).toContain('Finesse B');
    const { outages } = JSON.parse((await proxy.get(`${proxy.ops}/outages`)).body);
    expect(outages).toMatchObject([{ service: 'a', signedIn: 1, told: 1, missing: 1 }]);
  };

  it('B363 hinders no phone, is said once and shown in /health until it can be written', async () => {
    // In the way of the new file, also for root.
    for (const name of [SIGN_INS, OUTAGES]) mkdirSync(file(`${name}.new`));
    const proxy = await start();
    await works(proxy);
    await until(() => lines(proxy, 'records-not-kept').length === 2);
    expect((await proxy.health()).problems).toEqual([
      expect.stringMatching(/sign-ins\.jsonl cannot be written \(EISDIR\)/),
      expect.stringMatching(/outages\.jsonl cannot be written \(EISDIR\)/),
    ]);
    for (const name of [SIGN_INS, OUTAGES]) rmdirSync(file(`${name}.new`));
    await until(() => lines(proxy, 'records-kept-again').length === 2);
    expect(lines(proxy, 'records-not-kept')).toHaveLength(2);
    expect((await proxy.health()).problems).toEqual([]);
    expect(read(SIGN_INS)).toContain('"device":"SEP1","service":"a"');
    expect(read(OUTAGES)).toContain('"device":"SEP1"');
  });

  it('B363 nor does one that may only be read', async () => {
    // root may write anywhere: then somebody else's rights are put on.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) chownSync(folder, NOBODY, NOBODY);
    chmodSync(folder, 0o500);
    try {
      if (isRoot) process.seteuid?.(NOBODY);
      const proxy = await start();
      await works(proxy);
      // Sign-ins, outages and the audit trail.
      await until(() => lines(proxy, 'records-not-kept').length === 3);
      chmodSync(folder, 0o700);
      await until(() => lines(proxy, 'records-kept-again').length === 3);
      expect(lines(proxy, 'records-not-kept')).toHaveLength(3);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  // Only Linux has a file that is always full.
  it.runIf(existsSync('/dev/full'))('B363 nor does a full disk', async () => {
    for (const name of [SIGN_INS, OUTAGES]) symlinkSync('/dev/full', file(`${name}.new`));
    const proxy = await start();
    await works(proxy);
    await until(() => lines(proxy, 'records-not-kept').length === 2);
    expect(JSON.stringify(lines(proxy, 'records-not-kept'))).toContain('ENOSPC');
    await until(() => lines(proxy, 'records-kept-again').length === 2);
    expect(read(OUTAGES)).toContain('"device":"SEP1"');
  });

  it('B361 what somebody else did to the file while the proxy runs is made good', async () => {
    const proxy = await start();
    await signIn(proxy, 'SEP1');
    await until(() => asWritten(SIGN_INS) && read(SIGN_INS).includes('SEP1'));
    rmSync(file(SIGN_INS));
    await signIn(proxy, 'SEP2');
    await until(() => asWritten(SIGN_INS) && read(SIGN_INS).includes('SEP2'));
    expect(read(SIGN_INS)).toContain('SEP1');
    writeFileSync(file(SIGN_INS), 'x');
    await signIn(proxy, 'SEP3');
    await until(() => asWritten(SIGN_INS) && read(SIGN_INS).includes('SEP3'));
  });
});

it('B356 B361 a file of what changes often does not grow without end', async () => {
  let value = 0;
  const journal = createJournal({
    ...{ name: 'x.jsonl', holds: 'x', clock: systemClock, report: () => {}, spareLines: 3 },
    keys: () => ['p'],
    lines: () => [{ value }],
    renewEveryMs: () => null,
  });
  journal.read(folder);
  journal.begin(null);
  for (value = 1; value <= 8; value++) {
    journal.changed('p');
    await until(() => existsSync(file('x.jsonl')) && read('x.jsonl').endsWith(`{"value":${value}}\n`));
    // The entry, as many lines more as there are entries and to spare, and the one that makes it too many.
    expect(parseJournal(read('x.jsonl'), 'x').lines.length).toBeLessThanOrEqual(1 + (1 + 3) + 1);
  }
  await journal.stop();
});

it('B364 files are for the user of the proxy alone, and no password is in them', async () => {
  writeFileSync(file(SIGN_INS), '', { mode: 0o644 });
  const proxy = await start();
  await signIn(proxy, 'SEP1');
  await proxy.finesse[0]?.fault('refuse');
  await proxy.until('a', 'out-of-service');
  await until(() => asWritten(SIGN_INS) && asWritten(OUTAGES) && read(OUTAGES).includes('SEP1'));
  for (const name of [SIGN_INS, OUTAGES]) {
    expect(statSync(file(name)).mode & 0o777).toBe(0o600);
    expect(read(name)).not.toContain('CANARY');
  }
});
