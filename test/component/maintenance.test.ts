/** Maintenance without a double sign-in: who is signed in there signs out there first, and hears of it before. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { READY } from '../../src/domain/model.ts';
import { createAdminSettingsFile } from '../../src/store/admin-settings.ts';
import { START } from '../fake-clock.ts';
import { fetchRaw, type Rig, startRig, TOKEN } from '../rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

const PHONE = 'SEP001122334455';
const SIGN_IN = 'id=1001&password=cisco&extension=2001';
const title = (body: string) => /<Title>([^<]*)<\/Title>/.exec(body)?.[1];
const items = (body: string) =>
  [...body.matchAll(/<MenuItem><Name>([^<]*)<\/Name><URL>([^<]*)<\/URL>/g)].map(([, name, url]) => ({
    name,
    url: url?.replaceAll('&amp;', '&') ?? '',
  }));
const STAYS = 'Sign in there, then press Ready';

async function signedIn(options?: Parameters<typeof startRig>[0]): Promise<Rig> {
  rig = await startRig(options);
  await rig.get(`/a/fippa/${PHONE}?${SIGN_IN}`);
  return rig;
}
const set = (body: object) =>
  fetchRaw(`${rig.ops}/services/a`, { authorization: `Bearer ${TOKEN}` }, JSON.stringify(body));
const entry = async () => (await rig.health()).services[0];
const logouts = () => rig.finesse[0]?.requests.filter(({ target }) => /logout|signout/.test(target)).length;

describe('a service in maint', () => {
  it('B440 offers its sign-out before the alternates to who is signed in there, and then no more', async () => {
    const { get } = await signedIn();
    await set({ admin: 'maint', reason: 'patching' });
    const page = await get(`/a/fippa/${PHONE}`);
    expect(items(page.body).map(({ name }) => name)).toEqual(['Sign out here first', 'Sign in on Finesse B', STAYS]);
    const link = items(page.body)[0]?.url ?? '';
    const after = await get(link);
    expect(items(after.body).map(({ name }) => name)).toEqual(['Sign in on Finesse B', STAYS]);
    expect([logouts(), (await entry())?.phones]).toEqual([1, 0]);
    // Fetched again by Exit.
    expect(items((await get(link)).body).map(({ name }) => name)).toEqual(['Sign in on Finesse B', STAYS]);
    expect(logouts()).toBe(1);
  });

  it.each(['/logout', '/signout'])(
    'B441 relays the sign-out of who is signed in there, once, and nothing else: %s',
    async (path) => {
      const { get } = await signedIn();
      await set({ admin: 'maint', reason: 'patching' });
      expect(title((await get(`/a/fippa/${PHONE}/ready`)).body)).toBe('Maintenance: Finesse A');
      await get(`/a/fippa/SEP999999999999${path}`);
      expect(logouts()).toBe(0);
      expect(title((await get(`/a/fippa/${PHONE}${path}`)).body)).toBe('Finesse finesse-a.example.com');
      expect(logouts()).toBe(1);
    },
  );

  it('B440 offers no sign-out while it is out of service, nor without anybody signed in', async () => {
    const { get, finesse, until } = await signedIn();
    await set({ admin: 'maint', reason: 'patching' });
    expect(items((await get('/a/fippa/SEP999999999999')).body)[0]?.name).toBe('Sign in on Finesse B');
    await finesse[0]?.fault('refuse');
    await until('a', 'out-of-service');
    expect(items((await get(`/a/fippa/${PHONE}`)).body)[0]?.name).toBe('Sign in on Finesse B');
    await get(`/a/fippa/${PHONE}/logout`);
    expect(logouts()).toBe(0);
  });

  it('B440 offers it also where there is no alternate', async () => {
    const { get } = await signedIn({ servers: 1 });
    await set({ admin: 'maint', reason: 'patching' });
    const page = await get(`/a/fippa/${PHONE}`);
    expect(items(page.body).map(({ name }) => name)).toEqual(['Sign out here first', 'No other service available']);
  });
});

describe('a maintenance that is yet to come', () => {
  it('B442 drains at once, tells who is signed in there once, and begins by itself', async () => {
    const { get } = await signedIn();
    const answer = JSON.parse((await set({ admin: 'maint', reason: 'patching', in: '10m' })).body);
    expect(answer).toMatchObject({ admin: 'drain', adminReason: 'patching', setBy: 'token' });
    expect(Date.parse(answer.maintAt) - Date.parse(answer.setAt)).toBe(600_000);
    expect(title((await get('/a/fippa/SEP999999999999')).body)).toBe('No new sign-ins: Finesse A');
    // No key is lost for it.
    expect(title((await get(`/a/fippa/${PHONE}/notready`)).body)).toBe('Finesse finesse-a.example.com');
    const notice = await get(`/a/fippa/${PHONE}`);
    const time = new Date(answer.maintAt).toTimeString().slice(0, 5);
    expect(notice.body).toContain(`<Prompt>Maintenance at ${time}</Prompt>`);
    expect(notice.headers.refresh).toMatch(/^10; url=.*\/a\/fippa\/SEP001122334455/);
    expect(title((await get(`/a/fippa/${PHONE}`)).body)).toBe('Finesse finesse-a.example.com');

    await set({ admin: 'maint', reason: 'patching', in: '100ms' });
    while ((await entry())?.admin !== 'maint') await new Promise((resolve) => setTimeout(resolve, 10));
    expect(items((await get(`/a/fippa/${PHONE}`)).body)[0]?.name).toBe('Sign out here first');
    expect(rig.lines).toContainEqual(
      expect.objectContaining({ event: 'service-admin', from: 'drain', to: 'maint', who: null }),
    );
    expect(await entry()).toMatchObject({ adminReason: 'patching', setBy: 'token', maintAt: null });
  });
});

describe("Finesse's own maintenance mode", () => {
  it('B443 drains the service by itself, and /health says so', async () => {
    const { get, finesse } = await signedIn();
    await finesse[0]?.fault('maintenance');
    while ((await entry())?.finesseDrains !== true) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await entry()).toMatchObject({ admin: 'ready', reason: expect.stringContaining('own maintenance mode') });
    expect(title((await get('/a/fippa/SEP999999999999')).body)).toBe('No new sign-ins: Finesse A');
    expect(title((await get(`/a/fippa/${PHONE}/home`)).body)).toBe('Finesse finesse-a.example.com');
    await finesse[0]?.fault('none');
    while ((await entry())?.finesseDrains === true) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await get('/a/fippa/SEP999999999999')).body).toContain('<CiscoIPPhoneInput>');
  });
});

it('B444 who set what, when and why is in /health and kept, and a file of an earlier version is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-maint-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  await signedIn({ config: (config) => ({ ...config, state: { folder } }) });
  await set({ admin: 'maint', reason: 'patching', in: '10m' });
  const file = join(folder, 'admin.json');
  const kept = createAdminSettingsFile(folder).read(Date.now()).get('a');
  expect(kept).toMatchObject({ admin: 'drain', reason: 'patching', by: { who: 'token' } });
  expect(
    createAdminSettingsFile(folder)
      .read(Date.now() + 600_001)
      .get('a'),
  ).toMatchObject({ admin: 'maint' });
  await set({ admin: 'ready', reason: 'done' });
  expect(await entry()).toMatchObject({ admin: 'ready', adminReason: 'done', setBy: 'token' });
  expect(JSON.parse(readFileSync(file, 'utf8')).a).toMatchObject({ admin: 'ready', reason: 'done' });
  writeFileSync(file, '{"b": {"admin": "drain", "reason": "x", "until": null}}');
  expect([...createAdminSettingsFile(folder).read(START)]).toEqual([['b', { ...READY, admin: 'drain', reason: 'x' }]]);
});
