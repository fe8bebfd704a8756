import { afterEach, describe, expect, it } from 'vitest';
import { fetchRaw, type Rig, type RigOptions, startRig, TOKEN } from '../rig.ts';

let rig: Rig;
const start = async (options?: RigOptions) => {
  rig = await startRig(options);
  return rig;
};
afterEach(() => rig.stop());

const PHONE = 'SEP001122334455';
const STAYS = 'Your call stays up. Sign in, then press Ready';
const title = (body: string) => /<Title>([^<]*)<\/Title>/.exec(body)?.[1];
const items = (body: string) =>
  [...body.matchAll(/<MenuItem><Name>([^<]*)<\/Name><URL>([^<]*)<\/URL>/g)].map(([, name, url]) => ({
    name,
    url: url?.replaceAll('&amp;', '&'),
  }));
/** Lines that lead to an alternate. */
const signIns = (body: string) => items(body).filter(({ url }) => url?.includes('/~to/'));
/** The pages of ours about service a that phones have got. */
const served = async () => {
  const { body } = await fetchRaw(`${rig.ops}/metrics`);
  return [...body.matchAll(/^ippa_pages_served_total\{service="a",page="([^"]+)"\} [1-9]/gm)].map(([, page]) => page);
};

describe('a server that fails', () => {
  it('B78 B100 B101 B104 B106 shows reconnecting, then the alternates, and leads to the alternate with one key', async () => {
    // An attempt that outlasts what a busy machine needs to ask.
    const { get, finesse, phones, until } = await start({ intervalMs: 2000 });
    await get(`/a/fippa/${PHONE}?id=1001&password=cisco&extension=2001`);
    await finesse[0]?.fault('refuse');

    const first = await get(`/a/fippa/${PHONE}/ready`);
    expect(first.status).toBe(200);
    expect(first.body).toContain('1 of 3');
    expect(await served()).toEqual(['reconnecting']);
    expect(first.body).not.toContain('Finesse B');
    expect(first.headers.refresh).toMatch(
      new RegExp(`^[123]; url=${phones}/a/fippa/${PHONE}\\?id=1001&extension=2001$`),
    );

    const out = await until('a', 'out-of-service');
    expect(out.attempt).toBeNull();
    const menu = await get(`/a/fippa/${PHONE}`);
    expect(menu.headers.refresh).toMatch(/^10; url=/);
    expect(items(menu.body).map(({ name }) => name)).toEqual(['Sign in on Finesse B', STAYS]);
    expect(menu.body).not.toContain('cisco');
    expect(await served()).toContain('unavailable');

    const signIn = await get(items(menu.body)[0]?.url ?? '');
    expect(signIn.body).toContain('<CiscoIPPhoneInput>');
    expect(signIn.body).toContain('<DefaultValue>1001</DefaultValue>');
    expect(signIn.body).toContain(`${phones}/b/fippa/${PHONE}`);
    expect(rig.logged()).not.toContain('cisco');
  });

  it('B103 comes back to the phone that looks at a page of ours, by recovered and then its own page', async () => {
    const { get, finesse, phones, until } = await start();
    await finesse[0]?.fault('503');
    await get(`/a/fippa/${PHONE}`);
    await until('a', 'out-of-service');
    await finesse[0]?.fault('none');
    await until('a', 'in-service');
    const page = await get(`/a/fippa/${PHONE}`);
    expect(page.headers.refresh).toBe(`4; url=${phones}/a/fippa/${PHONE}`);
    expect(await served()).toContain('recovered');
    expect((await get(`/a/fippa/${PHONE}`)).body).toContain('<CiscoIPPhoneInput>');
  });

  it('B102 shows a waiting page while no alternate is confirmed, which becomes the menu by itself', async () => {
    const { get, finesse, until } = await start();
    await Promise.all(finesse.map((server) => server.fault('refuse')));
    await Promise.all([until('a', 'out-of-service'), until('b', 'out-of-service')]);
    const waiting = await get(`/a/fippa/${PHONE}`);
    expect(waiting.body).toContain('<CiscoIPPhoneText>');
    expect(waiting.headers.refresh).toMatch(/^5; url=/);
    await finesse[1]?.fault('none');
    await until('b', 'in-service');
    expect(items((await get(`/a/fippa/${PHONE}`)).body)[0]?.name).toBe('Sign in on Finesse B');
  });

  it('B107 tells why when the chosen alternate is gone meanwhile, and shows a fresh menu', async () => {
    const { get, finesse, until } = await start({ servers: 3, intervalMs: 2000 });
    await finesse[0]?.fault('refuse');
    await get(`/a/fippa/${PHONE}`);
    await until('a', 'out-of-service');
    const menu = await get(`/a/fippa/${PHONE}`);
    expect(signIns(menu.body).map(({ name }) => name)).toEqual(['Sign in on Finesse B', 'Sign in on Finesse C']);
    await finesse[1]?.fault('maintenance');
    // A result under a second old would still serve.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const again = await get(items(menu.body)[0]?.url ?? '');
    expect(signIns(again.body).map(({ name }) => name)).toEqual(['Sign in on Finesse C']);
    expect(again.body).toContain('Finesse B');
  });

  it('B107 does not offer again at once what the agent has just seen fail', async () => {
    const { get, finesse, until } = await start({ intervalMs: 2500 });
    await finesse[0]?.fault('refuse');
    await get(`/a/fippa/${PHONE}`);
    await until('a', 'out-of-service');
    await finesse[1]?.fault('silent');
    // A result under a second old would still serve.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const answer = await get(`/a/fippa/${PHONE}/~to/b`);
    expect(signIns(answer.body)).toEqual([]);
    expect(answer.body).toContain('Finesse B');
  });

  it('B109 sends no cookie of the failed server to the alternate', async () => {
    const { get, finesse, until } = await start();
    await finesse[0]?.fault('refuse');
    await until('a', 'out-of-service');
    await get(`/a/fippa/${PHONE}/~to/b`, { cookie: 'JSESSIONID=of-a' });
    const asked = finesse[1]?.requests.find(({ target }) => target === `/fippa/${PHONE}`);
    expect(asked?.headers.cookie).toBeUndefined();
  });

  it('B85 lets no other address replace what a signed-in agent supplied', async () => {
    const { get, finesse, until } = await start({
      config: (config) => ({ ...config, phones: { ...config.phones, trustedFronts: ['127.0.0.1'] } }),
    });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    await get(`/a/fippa/${PHONE}?id=1001&password=cisco&extension=2001`, from('10.0.0.1'));
    await get(`/a/fippa/${PHONE}?id=6666`, from('10.0.0.2'));
    await finesse[0]?.fault('refuse');
    await until('a', 'out-of-service');
    expect((await get(`/a/fippa/${PHONE}`, from('10.0.0.1'))).headers.refresh).toContain('id=1001&extension=2001');
    expect((await get(`/a/fippa/${PHONE}`, from('10.0.0.2'))).headers.refresh).not.toContain('id=');
  });

  it('B75 B76 keeps the front door of a signed-in device at its service, others go on to the next', async () => {
    const { get, finesse, until } = await start();
    await get(`/fippa/${PHONE}?id=1001&password=cisco&extension=2001`);
    await finesse[0]?.fault('refuse');
    await until('a', 'out-of-service');
    expect(items((await get(`/fippa/${PHONE}`)).body)[0]?.name).toBe('Sign in on Finesse B');
    expect((await get('/main/fippa/SEP999999999999')).body).toContain('/b/fippa/SEP999999999999');
  });

  it.each(['maintenance', 'heartbeat-failure'])(
    'B76 leads a new agent past a server that is in service but no alternate: %s',
    async (fault) => {
      const { get, finesse, health } = await start();
      await finesse[0]?.fault(fault);
      while ((await health()).services[0]?.notAlternateBecause === null)
        await new Promise((resolve) => setTimeout(resolve, 10));
      const signIn = await get(`/fippa/${PHONE}`);
      expect(signIn.body).toContain(`/b/fippa/${PHONE}`);
      expect(signIn.body).not.toContain(`/a/fippa/${PHONE}`);
      expect((await health()).status).toBe('degraded');
    },
  );
});

describe('what became of the last key', () => {
  const NOT_DONE = 'Your last key was not carried out.';

  it('B332 is said by the page that it led to: not carried out while nothing could be sent', async () => {
    // An attempt that outlasts what a busy machine needs to ask.
    const { get, finesse, until } = await start({ intervalMs: 2000 });
    await finesse[0]?.fault('refuse');
    const first = await get(`/a/fippa/${PHONE}/ready`);
    expect(first.body).toContain('Reconnecting: 1 of 3');
    expect(first.body).toContain(NOT_DONE);
    expect((await get(`/a/fippa/${PHONE}/notready`)).body).toContain(NOT_DONE);
    await until('a', 'out-of-service');
    expect((await get(`/a/fippa/${PHONE}/ready`)).body).toContain('<Prompt>Last key was not carried out</Prompt>');
  });

  it('B332 stays said while the page updates itself, and is said once more when the service is back', async () => {
    const { get, finesse, until } = await start();
    await finesse[0]?.fault('refuse');
    await get(`/a/fippa/${PHONE}/ready`);
    const second = await get(`/a/fippa/${PHONE}`);
    expect(second.body).toContain('<Prompt>No answer. Reconnecting:');
    expect(second.body).toContain(NOT_DONE);
    await finesse[0]?.fault('none');
    await until('a', 'in-service');
    const back = await get(`/a/fippa/${PHONE}`);
    expect(back.body).toContain('<Prompt>Back in service');
    expect(await served()).toContain('recovered');
    expect(back.body).toContain(NOT_DONE);
    await get(`/a/fippa/${PHONE}`);
    await finesse[0]?.fault('refuse');
    await get('/a/fippa/SEP2');
    expect((await get(`/a/fippa/${PHONE}`)).body).not.toContain(NOT_DONE);
  });

  it('B332 may have been carried out once a byte was sent', async () => {
    const { get, finesse } = await start({ intervalMs: 5000 });
    await finesse[0]?.fault('503');
    const first = await get(`/a/fippa/${PHONE}/ready`);
    expect(first.body).toContain('Reconnecting: 1 of 3');
    expect(first.body).toContain('may have been carried out');
    expect(first.body).not.toContain(NOT_DONE);
  });

  it('B332 is nothing when the phone only asked for the first page', async () => {
    const { get, finesse } = await start({ intervalMs: 5000 });
    await finesse[0]?.fault('refuse');
    const first = await get(`/a/fippa/${PHONE}?id=1001&extension=2001`);
    expect(first.body).toContain('Reconnecting: 1 of 3');
    expect(first.body).not.toContain('carried out');
  });
});

it('B337 pages.help is on the pages of the proxy, and on none that is relayed', async () => {
  const { get, finesse } = await start({
    config: (c) => ({ ...c, pages: { ...c.pages, help: 'Help desk: 4711' } }),
  });
  expect((await get(`/a/fippa/${PHONE}`)).body).not.toContain('4711');
  await finesse[0]?.fault('refuse');
  expect((await get(`/a/fippa/${PHONE}`)).body).toContain('Help desk: 4711');
  expect((await get('/nothing')).body).toContain('Help desk: 4711');
});

describe('requests', () => {
  it('B90 B91 reach one server once, whatever it does with them', async () => {
    const { get, finesse } = await start();
    await get(`/a/fippa/${PHONE}?id=1001&password=cisco&extension=2001`);
    for (const fault of ['reset', 'html', 'truncated', '503']) {
      await finesse[0]?.fault(fault);
      const answer = await get(`/a/fippa/${PHONE}/ready?fault=${fault}`);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^text\/xml; charset=/);
      expect(answer.body).not.toContain(`fault=${fault}`);
      await finesse[0]?.fault('none');
      await rig.until('a', 'in-service');
    }
    const seen = finesse[0]?.requests.filter(({ target }) => target.includes('fault=')) ?? [];
    const targets = seen.map(({ target }) => target);
    expect(new Set(targets).size).toBe(targets.length);
  });

  it('B93 B331 to a silent server end within answerWithin and say that the action may have happened', async () => {
    const { get, finesse } = await start({
      intervalMs: 5000,
      config: (c) => ({ ...c, phones: { ...c.phones, answerWithinMs: 1000 } }),
    });
    await finesse[0]?.fault('silent');
    const answer = await get(`/a/fippa/${PHONE}/ready`);
    expect(answer.body).toMatch(/may have/);
    expect(answer.headers.refresh).toMatch(/^5; url=/);
    expect(title(answer.body)).toBe('No answer: Finesse A');
    expect(items(answer.body)[0]).toEqual({ name: 'Look again at Finesse A', url: `${rig.phones}/a/fippa/${PHONE}` });
    expect(items(answer.body)[1]?.name).toBe('Sign in on Finesse B');
  });

  it('B60 B62 B105 of two devices that fail thrice while SystemInfo is fine show as fippa failing', async () => {
    const { get, finesse, health } = await start();
    await finesse[0]?.fault('fippa-only');
    for (const device of ['SEP1', 'SEP2', 'SEP1']) await get(`/a/fippa/${device}`);
    const menu = await get('/a/fippa/SEP2');
    expect(items(menu.body).map(({ name }) => name)).toContain('Sign in on Finesse B');
    expect(await served()).toEqual(['error']);
    const { services, status } = await health();
    expect(services[0]?.reason).toContain('fippa failing');
    expect(services[0]?.state).toBe('in-service');
    expect(status).toBe('degraded');
    await finesse[0]?.fault('none');
    await get('/a/fippa/SEP1');
    expect((await health()).services[0]?.reason).toBeNull();
  });

  it('B432 the last alternate left is offered although its phone pages failed, with a word about it', async () => {
    const { get, finesse, health, until } = await start();
    await finesse[1]?.fault('fippa-only');
    for (const device of ['SEP1', 'SEP2', 'SEP1']) await get(`/b/fippa/${device}`);
    expect((await health()).services[1]?.fippaFailing).toBe(true);
    await finesse[0]?.fault('refuse');
    await until('a', 'out-of-service');
    await finesse[1]?.fault('none');
    const menu = await get(`/a/fippa/${PHONE}`);
    expect(items(menu.body)[0]?.name).toBe('Try, may not answer: Finesse B');
    expect((await get(items(menu.body)[0]?.url ?? '')).body).toContain('<CiscoIPPhoneInput>');
    expect((await health()).services[1]?.fippaFailing).toBe(false);
    expect(items((await get(`/a/fippa/${PHONE}`)).body)[0]?.name).toBe('Sign in on Finesse B');
  });

  it('B61 B430 "fippa failing" ends by itself, without a page', async () => {
    const { get, finesse, health } = await start({
      config: (config) => ({ ...config, reconnect: { ...config.reconnect, fippaFailingForMs: 300 } }),
    });
    await finesse[0]?.fault('fippa-only');
    for (const device of ['SEP1', 'SEP2', 'SEP1']) await get(`/a/fippa/${device}`);
    while ((await health()).services[0]?.fippaFailing === true) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(rig.lines.map(({ event }) => event)).toContain('fippa-failing-over');
    for (const device of ['SEP1', 'SEP2', 'SEP1']) await get(`/a/fippa/${device}`);
    expect(rig.lines.filter(({ event }) => event === 'fippa-failing')).toHaveLength(2);
  });

  it('B94 are refused with the error page when nothing could serve them', async () => {
    const { get, finesse } = await start();
    const before = finesse[0]?.requests.length;
    for (const path of [
      '/',
      '/x/fippa/SEP1',
      '/a/fippa/',
      '/a/fippa/S%20P',
      `/a/fippa/SEP1?${'x'.repeat(2100)}`,
      '/CGI/Execute',
    ]) {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(title(answer.body)).toBeTruthy();
      expect(answer.body).toContain('<CiscoIPPhoneText>');
    }
    expect(finesse[0]?.requests.filter(({ target }) => !target.includes('SystemInfo')).length).toBe(0);
    expect(before).toBeGreaterThan(0);
  });

  it('B95 may post a form of 16 KiB and not more', async () => {
    const { phones, finesse } = await start();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await fetchRaw(`${phones}/a/fippa/${PHONE}/form`, headers, 'x'.repeat(16 * 1024));
    const large = await fetchRaw(`${phones}/a/fippa/${PHONE}/form`, headers, 'x'.repeat(16 * 1024 + 1));
    expect(large.body).toContain('CiscoIPPhoneText');
    expect(finesse[0]?.requests.filter(({ method }) => method === 'POST').length).toBe(1);
  });
});

describe('the operator', () => {
  const set = (id: string, body: object) =>
    fetch(`${rig.ops}/services/${id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('B74 B335 drains a service: those signed in stay, others see maintenance with the alternates', async () => {
    const { get } = await start();
    await get(`/a/fippa/${PHONE}?id=1001&password=cisco&extension=2001`);
    expect((await set('a', { admin: 'drain', reason: 'patch' })).status).toBe(200);
    expect((await get(`/a/fippa/${PHONE}`)).body).toContain('/a/fippa/');
    const other = await get('/a/fippa/SEP2');
    expect(signIns(other.body).map(({ name }) => name)).toEqual(['Sign in on Finesse B']);
    expect(title(other.body)).toBe('No new sign-ins: Finesse A');
    expect((await get('/fippa/SEP2')).body).toContain('/b/fippa/SEP2');
  });

  it('B74 lets nobody in by choosing the service itself', async () => {
    const { get } = await start();
    await set('a', { admin: 'maint', reason: 'patch' });
    const answer = await get(`/a/fippa/${PHONE}/~to/a`);
    expect(answer.body).not.toContain('CiscoIPPhoneInput');
    expect(rig.finesse[0]?.requests.some(({ target }) => target.startsWith('/fippa/'))).toBe(false);
  });

  it('B74 puts a service in maint: nobody is relayed, and it is no alternate', async () => {
    const { get, finesse, until } = await start();
    await set('b', { admin: 'maint', reason: 'patch' });
    expect(items((await get(`/b/fippa/${PHONE}`)).body)[0]?.name).toBe('Sign in on Finesse A');
    await finesse[0]?.fault('refuse');
    await until('a', 'out-of-service');
    expect((await get(`/a/fippa/${PHONE}`)).body).toContain('<CiscoIPPhoneText>');
  });
});
