/** A drill, by real phones' requests and real Finesse servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Asking } from '../../src/commands/asking.ts';
import { type DrillOptions, runDrill } from '../../src/commands/drill.ts';
import { runStatus } from '../../src/commands/status.ts';
import { type Rig, startRig, TOKEN } from '../rig.ts';
import { openEvents } from './event-source.ts';

const AGENTS = [1, 2].map((index) => ({ id: `100${index}`, password: 'cisco', extension: `200${index}` }));
const phone = (index: number) => `SEP00000000000${index}`;
const BEARER = { authorization: `Bearer ${TOKEN}` };

let rig: Rig;
let folder: string;
const start = async () => {
  rig = await startRig({ finesse: { agents: AGENTS } });
  folder = mkdtempSync(join(tmpdir(), 'ippa-drill-'));
  writeFileSync(join(folder, 'token'), TOKEN);
  for (const index of [1, 2]) await page(index, `?id=100${index}&password=cisco&extension=200${index}`);
};
afterEach(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const page = async (index: number, rest = '') => (await rig.get(`/a/fippa/${phone(index)}${rest}`)).body;
const until = async (index: number, text: string) => {
  for (;;) {
    const body = await page(index);
    if (body.includes(text)) return body;
  }
};
const run = async (command: (access: object, output: object) => Promise<number>) => {
  const printed = { out: '', err: '' };
  const stdout = (text: string) => {
    printed.out += text;
  };
  const stderr = (text: string) => {
    printed.err += text;
  };
  const access = { url: rig.ops, tokenFile: join(folder, 'token') };
  return { code: await command(access, { stdout, stderr }), ...printed };
};
const drill = (options: Omit<DrillOptions, 'service'>) =>
  run((access, output) => runDrill({ service: 'a', ...access, ...options }, output as never));
const record = async () => JSON.parse((await rig.get(`${rig.ops}/outages`)).body).outages[0];
const TITLE = { reconnecting: 'Reconnecting', alternates: '/~to/b' };

describe('a drill', () => {
  it('B520 leads the named phone to the alternate and leaves the other where it is; it is over when it is ended', async () => {
    await start();
    const events = await openEvents(rig.ops, BEARER);
    expect(await drill({ for: '1m', device: [phone(1)], reason: 'training' })).toMatchObject({ code: 0, err: '' });
    expect(await page(1)).toContain(TITLE.reconnecting);
    expect(await page(2)).not.toContain(TITLE.reconnecting);
    const menu = await until(1, TITLE.alternates);
    expect(menu).toContain('Finesse B');
    expect((await rig.get(`/a/fippa/${phone(1)}/~to/b`)).body).toContain('CiscoIPPhoneInput');
    await rig.get(`/b/fippa/${phone(1)}?id=1001&password=cisco&extension=2001`);

    // B523
    expect((await rig.health()).services[0]).toMatchObject({ state: 'in-service', drill: { devices: 1 } });
    expect((await run((access, output) => runStatus(access, output as never))).out).toContain('a: drill until');
    expect(await record()).toMatchObject({
      service: 'a',
      drill: true,
      endedAt: null,
      cause: { code: 'drill' },
      signedIn: 1,
    });
    expect(await record()).toMatchObject({ told: 1, elsewhere: 1, missing: 0, verdictAt: expect.any(String) });

    expect(await drill({ end: true })).toMatchObject({ code: 0, out: 'The drill of a is over.\n' });
    expect(await record()).toMatchObject({ endedAt: expect.any(String) });
    expect((await rig.health()).services[0]).toMatchObject({ drill: null });
    expect(await drill({ end: true })).toMatchObject({ code: 1 });
    expect((await events.next('admin')).data).toMatchObject({ action: 'drill', service: 'a', reason: 'training' });
    expect((await events.next('admin')).data).toMatchObject({ action: 'drill-end', reason: 'operator' });
    events.close();
    const names = rig.lines.map(({ event }) => event);
    expect(names).toEqual(expect.arrayContaining(['drill-began', 'drill-verdict', 'drill-ended']));
    const { entries } = JSON.parse((await rig.get(`${rig.ops}/audit`, BEARER)).body);
    expect(entries.map(({ action, who }: { action: string; who: string }) => [action, who])).toEqual([
      ['drill-end', 'token'],
      ['drill', 'token'],
    ]);
    expect((await rig.get(`${rig.ops}/metrics`)).body).toContain('ippa_outages_total{service="a"} 0');
  });

  it('B522 B523 ends at the first real failure, which has a record of its own', async () => {
    await start();
    expect((await drill({ for: '1m' })).out).toContain('2 phones are signed in there');
    await until(1, TITLE.alternates);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'reconnecting');
    expect(await page(1)).toContain(TITLE.reconnecting);
    const { outages } = JSON.parse((await rig.get(`${rig.ops}/outages`)).body);
    expect(outages).toMatchObject([
      { drill: false, endedAt: null, signedIn: 2, cause: { code: 'refused' } },
      { drill: true, endedAt: expect.any(String), signedIn: 2 },
    ]);
    expect(await drill({ for: '1m' })).toMatchObject({ code: 1, err: expect.stringContaining('would make it worse') });
  });

  it('B523 a wrong command line says what is allowed', async () => {
    await start();
    for (const options of [{}, { for: 'soon' }, { for: '1m', end: true }]) {
      expect(await drill(options)).toMatchObject({ code: 2, err: expect.stringContaining('--for takes') });
    }
    expect(await drill({ for: '2h' })).toMatchObject({ code: 2, err: expect.stringContaining('forSeconds') });
  });

  it.each([
    ['n', 1, []],
    ['y', 0, ['drill-began']],
  ])('B584 the command says whom it touches and asks; %s', async (said, code, events) => {
    await start();
    const asked: string[] = [];
    const asking: Asking = {
      async ask(question) {
        asked.push(question);
        return said;
      },
      end: () => asked.push('end'),
    };
    const options = { service: 'a', for: '2m', device: [phone(1), 'SEP9'] };
    const { out, err, ...ended } = await run((access, output) =>
      runDrill({ ...options, ...access }, output as never, asking),
    );
    expect([ended.code, err]).toEqual([code, code === 0 ? '' : 'No drill has begun.\n']);
    expect(asked).toEqual(['Begin the drill of a? [y/N] ', 'end']);
    expect(out).toContain('1 agent signed in at Finesse A sees a failover for 2 minutes; alternates: Finesse B.');
    expect(out).toContain('Not signed in there: SEP9;');
    if (code === 0) expect(out).toContain('1 of 2 named devices signed in there; no other phone is told so.');
    expect(rig.lines.map(({ event }) => String(event)).filter((event) => event.startsWith('drill-'))).toEqual(events);
    expect((await rig.health()).services[0]?.drill === null).toBe(code === 1);
  });

  it('B584 with `preview` the API begins nothing', async () => {
    await start();
    const body = JSON.stringify({ service: 'a', forSeconds: 120, preview: true });
    const answer = await fetch(`${rig.ops}/drills`, { method: 'POST', headers: BEARER, body });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        devices: null,
        signedIn: 2,
        notSignedIn: [],
        words: expect.stringMatching(/^2 agents signed in at Finesse A see /),
      },
    ]);
    expect((await rig.health()).services[0]?.drill).toBeNull();
    expect((await drill({ for: '2m', yes: true, json: true })).out).toContain('"signedIn": 2');
  });
});
