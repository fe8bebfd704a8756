/** An agent who has moved to another service, and the phone's history, which leads back to the one that was left. */
import { afterEach, describe, expect, it } from 'vitest';
import { fetchRaw, type Rig, type RigOptions, startRig } from '../rig.ts';

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
const ON_B = 'You are signed in on Finesse B';

/** Signed in on A, which fails; by the menu to B, and signed in there; A is back, its old session too. */
async function moved(options?: RigOptions): Promise<Rig> {
  rig = await startRig(options);
  const { get, finesse, until } = rig;
  await get(`/a/fippa/${PHONE}?${SIGN_IN}`);
  await finesse[0]?.fault('refuse');
  await until('a', 'out-of-service');
  const menu = await get(`/a/fippa/${PHONE}`);
  await get(items(menu.body)[0]?.url ?? '');
  await get(`/b/fippa/${PHONE}/signin?${SIGN_IN}`);
  await finesse[0]?.fault('none');
  await until('a', 'in-service');
  return rig;
}
const phones = async () => (await rig.health()).services.map((each) => each.phones);
const asked = () => rig.finesse[0]?.requests.filter(({ target }) => target.startsWith('/fippa/')).length;
const outage = async () => {
  const answer = await fetchRaw(`${rig.ops}/outages?service=a`);
  const { outages } = JSON.parse(answer.body);
  return { elsewhere: outages[0].elsewhere, returned: outages[0].returned };
};

describe('a page of the service that was left', () => {
  it.each(['/home', '/ready', '', `?${SIGN_IN}`, '/logout', `/signin?${SIGN_IN}`])(
    'B420 is answered by the question where to go, and sent to nobody: %s',
    async (path) => {
      const { get, phones: origin } = await moved();
      const before = asked();
      const page = await get(`/a/fippa/${PHONE}${path}`);
      expect(title(page.body)).toBe(ON_B);
      expect(items(page.body).map(({ name }) => name)).toEqual([
        'Back to Finesse B',
        'Leave it and sign in on Finesse A',
      ]);
      expect(page.headers.refresh).toBe(`10; url=${origin}/b/fippa/${PHONE}?id=1001&extension=2001`);
      expect(page.headers.expires).toBeDefined();
      expect(page.body).not.toContain('cisco');
      expect(asked()).toBe(before);
      expect(await phones()).toEqual([0, 1]);
      expect(await outage()).toEqual({ elsewhere: 1, returned: 0 });
      expect((await get(items(page.body)[0]?.url ?? '')).body).toContain(
        '<Title>Finesse finesse-b.example.com</Title>',
      );
    },
  );

  it('B423 the second choice leads there, once: fetched again by Exit it asks again', async () => {
    const { get } = await moved();
    const choice = items((await get(`/a/fippa/${PHONE}/home`)).body)[1]?.url ?? '';
    expect((await get(choice)).body).toContain('<Title>Finesse finesse-a.example.com</Title>');
    expect(await phones()).toEqual([1, 0]);
    expect(await outage()).toEqual({ elsewhere: 0, returned: 1 });
    // At home there, and back on B by the same page.
    const back = await get(`/b/fippa/${PHONE}/home`);
    expect(title(back.body)).toBe('You are signed in on Finesse A');
    await get(items(back.body)[1]?.url ?? '');
    expect(await phones()).toEqual([0, 1]);
    expect(title((await get(choice)).body)).toBe(ON_B);
    expect(await phones()).toEqual([0, 1]);
  });

  it('B423 a guessed second choice is none', async () => {
    const { get } = await moved();
    await get(`/a/fippa/${PHONE}/home`);
    for (const guess of ['', '0', 'null']) expect((await get(`/a/fippa/${PHONE}/~here/${guess}`)).body).toContain(ON_B);
    expect(await phones()).toEqual([0, 1]);
  });

  it('B424 a choice of an alternate that is fetched again is no second choice', async () => {
    const { get, finesse, until } = await moved();
    await finesse[1]?.fault('refuse');
    await until('b', 'out-of-service');
    await get(items((await get(`/b/fippa/${PHONE}`)).body)[0]?.url ?? '');
    await get(`/a/fippa/${PHONE}/home`);
    expect(await phones()).toEqual([1, 0]);
    await finesse[1]?.fault('none');
    await until('b', 'in-service');
    expect(title((await get(`/a/fippa/${PHONE}/~to/b`)).body)).toBe('You are signed in on Finesse A');
    expect((await get(`/b/fippa/${PHONE}/~to/a`)).body).toContain('<Title>Finesse finesse-a.example.com</Title>');
    expect(await phones()).toEqual([1, 0]);
  });

  it('B422 is free once the agent has signed out where it was', async () => {
    const { get } = await moved();
    await get(`/b/fippa/${PHONE}/logout`);
    expect(title((await get(`/a/fippa/${PHONE}/home`)).body)).toBe('Finesse finesse-a.example.com');
    expect(await phones()).toEqual([1, 0]);
  });

  it('B420 is free while the service of the agent is out of service: by the services menu it is the way out', async () => {
    const { get, finesse, until } = await moved();
    await finesse[1]?.fault('refuse');
    await until('b', 'out-of-service');
    expect(title((await get(`/a/fippa/${PHONE}`)).body)).toBe('Finesse finesse-a.example.com');
  });

  it('B425 B551 in maintenance it is no second choice, and the prompt offers none', async () => {
    const { get } = await moved();
    await fetchRaw(`${rig.ops}/services/a`, { authorization: 'Bearer test-token' }, '{"admin":"maint","reason":"x"}');
    const page = await get(`/a/fippa/${PHONE}/home`);
    expect(title(page.body)).toBe(ON_B);
    expect(items(page.body).map(({ name }) => name)).toEqual(['Back to Finesse B']);
    const prompt = async () => /<Prompt>(.*?)<\/Prompt>/.exec((await get(`/a/fippa/${PHONE}`)).body)?.[1];
    expect(await prompt()).toBe('Go back to your service');
    await fetchRaw(`${rig.ops}/services/a`, { authorization: 'Bearer test-token' }, '{"admin":"ready","reason":"x"}');
    expect(await prompt()).toBe('Go back, or sign in anew');
  });
});
