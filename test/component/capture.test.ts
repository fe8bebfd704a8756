/** `capture` on a running proxy, with a real phone and Finesse; the pushes are those of test/push-rig.ts. */

import { readdirSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { CaptureHar } from '../../src/capture/har.ts';
import type { CaptureOptions } from '../../src/commands/capture.ts';
import { type CaptureRig, createCaptureRig } from '../capture-rig.ts';
import { validateHar } from '../har-schema.ts';
import { DEVICE, type PushRig, startPhone, startPushRig, type TestPhone, USER } from '../push-rig.ts';
import { TOKEN } from '../rig.ts';

const AGENT = { id: '73519', password: 'canary+Pa55/w&rd', extension: '48207' };
const BEARER = { authorization: `Bearer ${TOKEN}` };

let rig: PushRig;
let phone: TestPhone;
let captures: CaptureRig;

const start = async (finesse: Parameters<typeof startPushRig>[0]['finesse'] = {}) => {
  phone = await startPhone();
  rig = await startPushRig({ phonePort: phone.web.port, servers: 1, finesse: { agents: [AGENT], ...finesse } });
  captures = createCaptureRig();
};
afterEach(async () => {
  await rig.stop();
  await phone.stop();
  captures.stop();
});

const capture = (over: Partial<CaptureOptions> = {}) => captures.begin(rig.ops, over);
const signIn = async () => {
  await phone.phone.open(`${rig.phones}/a/fippa/#DEVICENAME#`);
  phone.phone.fill(AGENT);
  await phone.phone.submit();
};
const legs = (har: CaptureHar) => har.log.entries.map(({ _ippa }) => _ippa.leg);
const bodyOf = (entry: CaptureHar['log']['entries'][number] | undefined) =>
  Buffer.from(entry?.response.content.text ?? '', 'base64').toString();

describe('capture', () => {
  it('B860 B861 records both legs, pushes on both sides and probes of the named `device` alone, joined by `_ippa.exchange`, as HAR 1.2', async () => {
    await start();
    const running = await capture();
    expect(await rig.health()).toMatchObject({ capture: { devices: 1, entries: 0 } });
    await signIn();
    const called = phone.next(({ text }) => text.includes('0711'));
    rig.finesse[0]?.call(DEVICE, '07115550100');
    await called;
    await rig.get('/a/fippa/SEP00000000AAAA');
    for (const _ of [1, 2]) await rig.finesse[0]?.nextRequest(({ target }) => target.includes('SystemInfo'));
    expect(await running.end()).toMatchObject({ code: 0, err: '' });

    const har = running.read();
    validateHar(har);
    expect(new Set(legs(har))).toEqual(new Set(['phone', 'finesse', 'probe', 'push-in', 'push-out']));
    const { entries } = har.log;
    const [device] = har.log._ippa.devices;
    for (const entry of entries.filter(({ _ippa }) => _ippa.leg === 'phone')) {
      expect(entry._ippa.device).toBe(device);
      const other = entries.find(({ _ippa }) => _ippa.leg === 'finesse' && _ippa.exchange === entry._ippa.exchange);
      expect(other?.request.url).toContain(`/fippa/${device}`);
    }
    const pushed = entries.filter(({ _ippa }) => _ippa.leg.startsWith('push'));
    expect(new Set(pushed.map(({ _ippa }) => _ippa.exchange)).size).toBe(pushed.length / 2);
    const text = JSON.stringify(har);
    expect(text).not.toContain('AAAA');
    expect(statSync(running.file).mode & 0o777).toBe(0o600);
    expect(readdirSync(captures.folder).sort()).toEqual(['out.har', 'token']);

    // As received: order and case.
    const form = entries.find(({ _ippa, request }) => _ippa.leg === 'finesse' && !request.url.includes('?'));
    expect(form?.request.headers.map(({ name }) => name)).toContain('x-CiscoIPPhoneModelName');
    expect(form?.response.headers.map(({ name }) => name)).toContain('Set-Cookie');
    expect(bodyOf(form)).toContain('<QueryStringParam>password</QueryStringParam>');
    expect(bodyOf(form)).toContain('<Name>SignIn</Name>');

    const events = rig.lines.filter(({ event }) => String(event).startsWith('capture-'));
    expect(events).toMatchObject([
      { event: 'capture-began', devices: [DEVICE], who: 'token' },
      { event: 'capture-ended', because: 'operator', who: 'token', entries: entries.length },
    ]);
    const { entries: audit } = JSON.parse((await rig.get(`${rig.ops}/audit`, BEARER)).body);
    expect(audit.map(({ action }: { action: string }) => action)).toEqual(['capture-end', 'capture']);
    expect(await rig.health()).toMatchObject({ capture: null });
  });

  it('B862 holds nothing real: no password, cookie or token, and no id, extension, name, number or host', async () => {
    await start({ name: 'finesse-canary.example.org' });
    const running = await capture();
    await signIn();
    await rig.get(
      `/a/fippa/${DEVICE}/x?token=canary-t0ken&callback=${encodeURIComponent(`http://finesse-canary.example.org/?password=${encodeURIComponent(AGENT.password)}`)}`,
      {
        cookie: 'JSESSIONID=canary-c00kie; other="canary-0ther"',
        'x-strange': `Bearer ${Buffer.from(`${AGENT.id}:${AGENT.password}`).toString('base64')}`,
        referer: `http://finesse-canary.example.org/fippa/${DEVICE}?id=${AGENT.id}`,
        authorization: `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`,
      },
    );
    rig.finesse[0]?.call(DEVICE, '07115550100');
    await phone.next(({ text }) => text.includes('0711'));
    await running.end();
    const har = running.read();
    const whole = everyString(har).join('\n');
    const canaries = [
      AGENT.id,
      AGENT.extension,
      DEVICE,
      DEVICE.slice(3),
      '07115550100',
      'finesse-canary',
      'example.org',
    ];
    const secrets = [AGENT.password, 'canary-t0ken', 'canary-c00kie', 'canary-0ther', USER.password, TOKEN];
    const session = rig.finesse[0]?.requests.flatMap(({ headers }) => headers.cookie?.split('=')[1] ?? []) ?? [];
    for (const canary of [...canaries, ...secrets, ...session].flatMap(forms)) {
      expect(whole, canary).not.toContain(canary);
    }
    expect(whole).not.toMatch(/canary/i);
  });

  it('B866 B868 writes its file when the proxy stops; when the command is gone there is none, and it is over', async () => {
    await start();
    // B889: the option, what was found, what is allowed.
    for (const [over, problem] of [
      [{ for: '2h' }, '--for: found "2h"; allowed: a duration from 1s to 1h'],
      [{ for: '0s' }, '--for: found "0s"'],
      [{ device: ['SEP/1'] }, '--device: found "SEP/1"'],
      [{ device: Array.from({ length: 17 }, () => DEVICE) }, '--device: found 17 of them; allowed: up to 16'],
      [{ maxSize: 'much' }, '--max-size: found "much"; allowed: from 64K to 64M'],
      [{ maxSize: '1K' }, '--max-size: found "1K"'],
      [{ maxSize: '65M' }, '--max-size: found "65M"'],
      [{ out: captures.folder }, `--out: ${captures.folder}: it is a folder`],
      [{ out: '/nowhere/x.har' }, '--out: /nowhere: it does not exist'],
    ] as const) {
      const { code, err } = await (await capture(over)).end();
      expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
    }

    // Killed: its connection breaks.
    const body = JSON.stringify({ devices: [DEVICE], forSeconds: 60 });
    const cut = new AbortController();
    const headers = BEARER;
    const killed = await fetch(`${rig.ops}/captures`, { method: 'POST', headers, body, signal: cut.signal });
    await killed.body?.getReader().read();
    expect((await rig.health()).capture).not.toBeNull();
    expect(await (await capture()).code).toBe(1);
    const over = new Promise<void>((resolve) => {
      const look = () =>
        void rig.health().then((health) => (health.capture === null ? resolve() : setTimeout(look, 20)));
      look();
    });
    cut.abort();
    await over;
    expect(rig.lines.find(({ event }) => event === 'capture-ended')).toMatchObject({ because: 'gone', who: null });

    const running = await capture();
    await signIn();
    await rig.app.stop(4000);
    expect(await running.code).toBe(0);
    expect(running.read().log._ippa.ended).toBe('stopping');
    expect(running.read().log.entries.length).toBeGreaterThan(3);
    // Without its right nobody captures: test/component/ops-api.test.ts; an operator who may `set` does.
    expect(rig.lines.filter(({ event }) => event === 'capture-began')).toHaveLength(2);
  });
});

/** Plain, URL-encoded, base64 alone and within more, hex. */
function forms(text: string): string[] {
  const base64 = (before: string) =>
    Buffer.from(before + text)
      .toString('base64')
      .slice(Math.ceil((before.length * 8) / 6), -4);
  const all = [
    text,
    encodeURIComponent(text),
    encodeURIComponent(text).toLowerCase(),
    Buffer.from(text).toString('hex'),
  ];
  return [...all, ...['', 'a', 'ab'].map(base64).filter((each) => each.length > 5)];
}

function everyString(har: unknown): string[] {
  const found: string[] = [];
  JSON.parse(JSON.stringify(har), (_, value) => {
    if (typeof value !== 'string') return value;
    found.push(value, Buffer.from(value, 'base64').toString('latin1'));
    found.push(
      decodeURIComponent(
        Buffer.from(value, 'base64')
          .toString('latin1')
          .replace(/%(?![0-9a-f]{2})|%[89a-f]./gi, ''),
      ),
    );
    return value;
  });
  return found;
}
