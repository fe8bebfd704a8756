/** Phones in the browser, from the ops port to the simulated Finesse and back: what they may do, and what ends them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { ConsolePhone } from '../../src/console-phones/console-phone.ts';
import { decidePassage } from '../../src/console-phones/passage.ts';
import type { PhoneState } from '../../src/console-phones/phone-state.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { openPhoneStream } from '../../src/ops/phone-stream.ts';
import { selectSignIns } from '../../src/records/sign-ins.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { numberedAgents } from '../../src/simulators/finesse/options.ts';
import { createFakeClock } from '../fake-clock.ts';
import { freePort } from '../free-port.ts';
import { DEVICE, execute, listen, OWN, pushForm, startPushRig } from '../push-rig.ts';
import { type Rig, type RigOptions, startRig, TOKEN } from '../rig.ts';
import { checkedFetch } from './checked-answers.ts';
import { type LenientAnswer, startLenientServer } from './lenient-server.ts';
import { AGENT, openBrowser, openStream, PASSWORD } from './phone-session.ts';
import { unboundPhones as unbound } from './unbound-phones.ts';

const READ = { name: 'wall', token: 'canary-read', may: 'read' } as const;
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

const operators = (config: Config): Config => ({
  ...config,
  ops: { ...config.ops, operators: [...config.ops.operators, READ] },
});
async function start(options: RigOptions = {}): Promise<Rig> {
  const agents = numberedAgents(5).map((agent) => ({ ...agent, password: PASSWORD }));
  const rig = await startRig({ config: operators, ...options, finesse: { agents, ...options.finesse } });
  running.push(rig);
  return rig;
}

describe('a phone in the browser', () => {
  it('B560 goes through a phone listener of the proxy by a socket of its own, under a name that the proxy chose', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open();
    expect(phone.device).toMatch(/^CONSOLE-[0-9A-F]{12}$/);
    const form = await phone.state();
    expect(form).toMatchObject({ object: 'CiscoIPPhoneInput', prompt: 'Sign in', model: 'CP-8845' });
    expect(form.url).toBe(`${rig.phones}/fippa/${phone.device}`);
    expect(await phone.signIn()).toMatchObject({ prompt: '1001 Not Ready', error: null });
    expect((await phone.press({ do: 'press', number: 1 })).body).toMatchObject({ prompt: '1001 Ready' });
    expect(rig.finesse[0]?.agents.find(({ id }) => id === '1001')).toMatchObject({ device: phone.device });
    expect((await rig.health()).services[0]?.phones).toBe(1);
    // A wish names a model, an entry and a language, and nothing else.
    const { entry } = form;
    for (const more of [{ device: DEVICE }, { url: `${rig.phones}/fippa/${DEVICE}` }, { entry: 'http://192.0.2.1/' }]) {
      const { status } = await browser.ask('POST', '/phones', { model: 'CP-7841', entry, ...more });
      expect(status).toBe(400);
    }
  });

  it('B560 also by TLS and under a public name that leads elsewhere or nowhere, and a 79xx as on the desk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ippa-console-phone-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { cert, key } = selfSigned(['ippa.test'], Date.now());
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    await Promise.all([writeFile(tls.cert, cert), writeFile(tls.key, key)]);
    const listener = { host: '127.0.0.1', port: 0, publicUrl: 'https://ippa.test:8445', tls, service: null };
    const rig = await start({
      config: (config) => ({ ...config, phones: { ...config.phones, listeners: [listener] } }),
    });
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open({ service: 'b' });
    expect(await phone.state()).toMatchObject({ error: null, prompt: 'Sign in' });
    expect((await phone.state()).url).toMatch(/^https:\/\/ippa\.test:8445\/b\/fippa\/CONSOLE-/);
    expect(await phone.signIn()).toMatchObject({ prompt: '1001 Not Ready', error: null });
    const old = await browser.open({ model: 'CP-7970G' });
    expect(await old.state()).toMatchObject({ error: 'Host not found', reason: expect.stringContaining('TLS') });
  });

  it('B561 needs an operator who may set and the session of a browser, and no other session sees it', async () => {
    const rig = await start();
    const [setter, other, reader] = [
      await openBrowser(rig.ops, TOKEN),
      await openBrowser(rig.ops, TOKEN),
      await openBrowser(rig.ops, READ.token),
    ];
    const { device } = await setter.open();
    const paths = ['/phones', `/phones/${device}`, `/phones/${device}/events`];
    for (const path of paths) {
      expect((await checkedFetch(`${rig.ops}${path}`)).status).toBe(401);
      const bearer = await checkedFetch(`${rig.ops}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
      expect(await bearer.json()).toMatchObject({ error: { code: 'needs-session' } });
      expect((await reader.ask('GET', path)).body.error.code).toBe('may-only-read');
      if (path !== '/phones') expect((await other.ask('GET', path)).status).toBe(404);
    }
    const key = { page: 1, do: 'exit' };
    expect((await reader.ask('POST', `/phones/${device}/keys`, key)).status).toBe(403);
    expect((await other.ask('POST', `/phones/${device}/keys`, key)).status).toBe(404);
    expect((await other.ask('DELETE', `/phones/${device}`)).status).toBe(404);
    const foreign = await setter.ask('POST', '/phones', { model: '8845', entry: 'x' }, { origin: 'http://evil.test' });
    expect(foreign.body.error.code).toBe('foreign-origin');
    const { headers } = await checkedFetch(`${rig.ops}/phones`, { method: 'POST', headers: { cookie: setter.cookie } });
    expect(headers.get('content-type')).toContain('json');
    expect((await setter.ask('GET', '/phones')).body.phones).toHaveLength(1);
    expect((await other.ask('GET', '/phones')).body.phones).toEqual([]);
  });

  it('B563 there are few: of a browser, of an operator and in all, however fast they are opened', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const { body } = await browser.ask('GET', '/phones');
    const wish = { model: 'CP-7841', entry: body.entries[0].id };
    const all = await Promise.all(Array.from({ length: 10 }, () => browser.ask('POST', '/phones', wish)));
    expect(all.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(all.find(({ status }) => status !== 201)?.body.error.code).toBe('too-many');
    const others = await Promise.all(Array.from({ length: 4 }, () => openBrowser(rig.ops, TOKEN)));
    const more = await Promise.all(others.flatMap((each) => [1, 2].map(() => each.ask('POST', '/phones', wish))));
    expect(more.filter(({ status }) => status === 201)).toHaveLength(4);
  });

  it('B563 in all there are no more than the bound, whoever asks', async () => {
    const { phones, begin } = unbound({ perSession: 9, perOperator: 9, inAll: 3 });
    const begun = await Promise.all([1, 2, 3, 4, 5].map((each) => begin(`operator ${each}`)));
    expect(begun.filter((each) => each === 'too-many')).toHaveLength(2);
    await phones.stop();
  });

  it('B564 ends with its session, and is signed in nowhere from then on', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open();
    await phone.signIn();
    const stream = await openStream(rig.ops, browser.cookie, phone.device);
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = new Promise((resolve) => stream.once('close', resolve));
    expect((await rig.health()).services[0]?.phones).toBe(1);
    await browser.ask('DELETE', '/session');
    await ended;
    expect(text).toContain('event: ended\ndata: {"because":"session"}');
    expect((await rig.health()).services[0]?.phones).toBe(0);
    expect((await browser.ask('GET', `/phones/${phone.device}`)).status).toBe(401);
    const asked = rig.finesse[0]?.requests.length;
    expect(rig.lines.map(({ event }) => event)).toContain('console-phone-ended');
    expect(rig.finesse[0]?.requests.length).toBe(asked);
    const audit = await checkedFetch(`${rig.ops}/audit`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { entries } = (await audit.json()) as { entries: { action: string; reason: string; who: string }[] };
    const ofPhone = entries.filter(({ reason }) => reason === phone.device).map(({ action, who }) => [action, who]);
    expect(ofPhone.toSorted()).toEqual([
      ['phone', 'token'],
      ['phone-end', 'token'],
    ]);
  });

  it('B564 ends after a quarter of an hour without a key, whoever watches, and at the stop of the proxy', async () => {
    const clock = createFakeClock();
    const { begin, events, phones } = unbound({}, clock);
    const [one, two] = [await begin('ann'), await begin('bob')];
    if (typeof one === 'string' || typeof two === 'string') throw new Error('no phone');
    await clock.advance(14 * 60_000);
    expect(phones.find('session of bob', two.phone.device, 'key')).not.toBeNull();
    expect(phones.find('session of ann', two.phone.device, 'key')).toBeNull();
    await clock.advance(61_000);
    expect(ends(events)).toEqual(['ann idle']);
    await phones.stop();
    expect(ends(events)).toEqual(['ann idle', 'bob stopped']);
    expect(await begin('ann')).toBe('stopping');
  });

  it('B564 ends when its operator may no longer set, or the configuration allows none any more', async () => {
    const clock = createFakeClock();
    const { begin, events, phones, set } = unbound({}, clock);
    await begin('ann');
    set({ isOn: false });
    phones.recheck();
    expect(ends(events)).toEqual(['ann session']);
    set({ isOn: true });
    await begin('bob');
    set({ phone: false });
    phones.recheck();
    expect(ends(events)).toEqual(['ann session', 'bob off']);
    expect(await begin('bob')).toBe('off');
    await phones.stop();
  });

  it('B565 what is typed into a masked field is in no answer, event or line of the log', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open();
    const stream = await openStream(rig.ops, browser.cookie, phone.device);
    let told = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      told += chunk;
    });
    // A field that does not take it: the form stays, with what was typed.
    const failed = await phone.press({ do: 'submit', values: { ...AGENT, extension: PASSWORD } });
    expect(failed).toMatchObject({ status: 400, body: { error: { code: 'no-key' } } });
    told += JSON.stringify(failed.body) + JSON.stringify(await phone.state());
    told += JSON.stringify((await phone.press({ do: 'submit', values: AGENT })).body);
    for (const path of [
      '/health',
      '/metrics',
      '/outages',
      '/devices',
      '/audit',
      '/phones',
      `/phones/${phone.device}`,
    ]) {
      const headers = { cookie: browser.cookie };
      told += await (await checkedFetch(`${rig.ops}${path}`, { headers })).text();
    }
    expect(told).toContain('password=***');
    expect(told).not.toContain(PASSWORD);
    expect(rig.logged()).not.toContain(PASSWORD);
    expect((await phone.state()).prompt).toBe('1001 Not Ready');
  });

  it('B566 a key is for the page that it was pressed on: on another one it does nothing', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open();
    const { page } = await phone.state();
    await phone.signIn();
    const asked = rig.finesse[0]?.requests.filter(({ target }) => target.includes('fippa')).length;
    const late = await browser.ask('POST', `/phones/${phone.device}/keys`, { page, do: 'press', number: 1 });
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'page-changed' } } });
    expect((await phone.press({ do: 'press', number: 9 })).body.error.code).toBe('no-key');
    expect((await phone.press({ do: 'press', number: 0 })).body.error.code).toBe('bad-key');
    expect(rig.finesse[0]?.requests.filter(({ target }) => target.includes('fippa')).length).toBe(asked);
    expect((await phone.state()).prompt).toBe('1001 Not Ready');
  });

  it('B568 its stream tells the newest screen, to at most four who watch', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open();
    const streams = await Promise.all([1, 2, 3, 4, 5].map(() => openStream(rig.ops, browser.cookie, phone.device)));
    expect(streams.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 200, 200, 200, 503]);
    const good = streams.find(({ statusCode }) => statusCode === 200);
    let text = '';
    good?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await phone.signIn();
    await expect.poll(() => text).toContain('1001 Not Ready');
    expect(text).toMatch(/^retry: 2000\n\nevent: phone\n/);
    for (const stream of streams) stream.destroy();
    await expect
      .poll(async () => {
        const again = await openStream(rig.ops, browser.cookie, phone.device);
        again.destroy();
        return again.statusCode;
      })
      .toBe(200);
  });

  it('B568 a reader that is behind gets the newest screen once it takes some, and one that takes nothing is cut off', async () => {
    const clock = createFakeClock();
    const written: string[] = [];
    const reader = { takes: true, isCut: false, drain: () => {} };
    let [version, changed] = [1, () => {}];
    const phone = {
      state: () => ({ version }) as PhoneState,
      watch: (watcher: () => void) => {
        changed = watcher;
        return () => {};
      },
    } as ConsolePhone;
    const tell = async (next: number) => {
      version = next;
      changed();
      await clock.advance(50);
    };
    const write = (text: string) => {
      written.push(text);
      return reader.takes;
    };
    const cutOff = () => {
      reader.isCut = true;
    };
    const close = openPhoneStream(
      phone,
      { write, cutOff, onDrain: (drain) => Object.assign(reader, { drain }) },
      clock,
    );
    reader.takes = false;
    for (const next of [2, 3, 4, 5]) await tell(next);
    reader.takes = true;
    reader.drain();
    expect(written.slice(1)).toEqual([1, 2, 5].map((each) => `event: phone\ndata: {"version":${each}}\n\n`));
    reader.takes = false;
    await tell(6);
    await clock.advance(29_000);
    expect(reader.isCut).toBe(false);
    await clock.advance(2000);
    expect(reader.isCut).toBe(true);
    close();
    expect(clock.armed()).toBe(0);
  });

  it('B571 counts in an outage like any other phone', async () => {
    const rig = await start();
    const browser = await openBrowser(rig.ops, TOKEN);
    const phone = await browser.open();
    await phone.signIn();
    await rig.finesse[0]?.fault('refuse');
    await phone.press({ do: 'press', number: 1 });
    await rig.until('a', 'out-of-service');
    const menu = await phone.until(({ items }) => items.length > 0);
    expect(menu.items[0]).toBe('Sign in on Finesse B');
    await phone.press({ do: 'choose', number: 1 });
    expect(await phone.signIn()).toMatchObject({ prompt: '1001 Not Ready' });
    const { outages } = JSON.parse((await rig.get(`${rig.ops}/outages`)).body);
    expect(outages[0]).toMatchObject({ service: 'a', signedIn: 1, elsewhere: 1, missing: 0 });
  });

  it('B571 is not remembered over a restart, however the proxy ended', () => {
    const at = Date.now();
    const line = (device: string) => {
      const fields = { service: 'a', since: at, seenAt: at, from: null, place: null, model: null, prefill: null };
      return { device, ...fields };
    };
    const lines = [line(DEVICE), line('CONSOLE-0123456789AB')];
    const { devices } = selectSignIns({ lines, writtenAt: at, damage: null }, at, 60_000);
    expect(devices.map(({ name }) => name)).toEqual([DEVICE]);
  });
});

describe('what a phone in the browser asks for', () => {
  const listeners = [
    { config: { host: '0.0.0.0', publicUrl: 'http://ippa.test:8082', tls: null, service: null }, address: at(8082) },
    { config: { host: '0.0.0.0', publicUrl: null, tls: null, service: null }, address: at(9082, '::') },
  ];
  const device = 'CONSOLE-0123456789AB';
  it.each([
    ['a path under the device', `http://ippa.test:8082/a/fippa/${device}/ready?x=1`, '127.0.0.1:8082'],
    ['the front door', `http://ippa.test:8082/fippa/${device}`, '127.0.0.1:8082'],
    ['path parameters', `http://ippa.test:8082/fippa/${device};jsessionid=1/x`, '127.0.0.1:8082'],
    ['a listener on every address', `http://[::1]:9082/fippa/${device}`, '::1:9082'],
  ])('B562 %s', (_, url, to) => {
    const passage = decidePassage(new URL(url), device, listeners);
    expect(passage.ok && `${passage.to.host}:${passage.to.port}`).toBe(to);
  });
  it.each([
    ['another host', `http://192.0.2.1:8082/fippa/${device}`],
    ['another port', `http://ippa.test:8090/fippa/${device}`],
    ['another scheme', `https://ippa.test:8082/fippa/${device}`],
    ['credentials', `http://a:b@ippa.test:8082/fippa/${device}`],
    ['another device', `http://ippa.test:8082/a/fippa/${DEVICE}`],
    ['another device by dots', `http://ippa.test:8082/a/fippa/${device}/../${DEVICE}`],
    ['another device by encoded dots', `http://ippa.test:8082/a/fippa/${device}/%2e%2e/${DEVICE}`],
    ['a longer name', `http://ippa.test:8082/a/fippa/${device}X`],
    ['no phone page', 'http://ippa.test:8082/CGI/Execute'],
    ['a backslash', `http://ippa.test:8082\\@192.0.2.1/fippa/${device}`],
    ['the metadata of a cloud', 'http://169.254.169.254/latest/meta-data'],
  ])('B562 refused: %s', (_, url) => {
    const passage = decidePassage(new URL(url), device, listeners);
    expect(!passage.ok && passage.reason).toContain('not asked');
  });
});

describe('a Finesse that has been taken over', () => {
  const text = (more: string) =>
    `<?xml version="1.0" encoding="utf-8"?>\n<CiscoIPPhoneMenu><Title>T</Title><Prompt>P</Prompt>${more}</CiscoIPPhoneMenu>`;
  const answer = (body: string, headers = ''): LenientAnswer => {
    return { headers: `Content-Type: text/xml; charset=utf-8\r\n${headers}`, body };
  };

  async function startEvil(answers: () => LenientAnswer) {
    const server = await startLenientServer((target) => (target.includes('/fippa/') ? answers() : {}));
    const rig = await start({ servers: 1, urls: [server.url] });
    onTestFinished(() => server.close());
    return { rig, browser: await openBrowser(rig.ops, TOKEN) };
  }

  it('B562 leads it nowhere: links, keys, forms, Refreshes, redirects and pushed URLs elsewhere are refused in words', async () => {
    const touched: string[] = [];
    const canary = await listen((req, res) => {
      touched.push(req.url ?? '');
      res.end();
    });
    onTestFinished(() => canary.stop());
    const evil = `http://127.0.0.1:${canary.port}/x`;
    let next = answer(text(`<MenuItem><Name>n</Name><URL>${evil}</URL></MenuItem>`));
    const { rig, browser } = await startEvil(() => next);
    const phone = await browser.open();
    const chosen = await phone.press({ do: 'choose', number: 1 });
    expect(chosen.body).toMatchObject({
      error: 'HTTP Error [8]',
      title: 'T',
      reason: expect.stringContaining('not asked'),
    });
    expect(chosen.body.fetched[0]).toMatchObject({ status: null, url: evil });
    // Another device of this very proxy, and the ops port.
    for (const url of [`${rig.phones}/a/fippa/${DEVICE}`, `${rig.ops}/health`]) {
      next = answer(text(`<MenuItem><Name>n</Name><URL>${url}</URL></MenuItem>`));
      await phone.press({ do: 'exit' });
      await phone.press({ do: 'services' });
      await phone.press({ do: 'choose', number: 1 });
      const { body } = await phone.press({ do: 'choose', number: 1 });
      expect(body.reason).toContain('not asked');
    }
    next = { status: '302 Found', headers: `Location: ${evil}\r\n` };
    await phone.press({ do: 'services' });
    await phone.press({ do: 'choose', number: 1 });
    next = answer(text('<MenuItem><Name>n</Name><URL>x</URL></MenuItem>'), `Refresh: 1; url=${evil}\r\n`);
    await phone.press({ do: 'services' });
    await phone.press({ do: 'choose', number: 1 });
    await phone.until(({ reason }) => reason?.includes('not asked') === true);
    next = answer(execute(evil));
    await phone.press({ do: 'services' });
    await phone.press({ do: 'choose', number: 1 });
    expect((await phone.state()).reason).toContain('not asked');
    expect(touched).toEqual([]);
  });

  it('B569 cannot fill its memory or stop it: large pages, bombs of entities, a hundred thousand unknown tags', async () => {
    const entities = Array.from({ length: 10 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`).join('');
    const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "lol">${entities}]><CiscoIPPhoneText><Text>&a10;</Text></CiscoIPPhoneText>`;
    const tags = Array.from({ length: 20_000 }, (_, n) => `<t${n}/>`).join('');
    const deep = `${'<a>'.repeat(40_000)}${'</a>'.repeat(40_000)}`;
    const long = `<MenuItem><Name>${'n'.repeat(100_000)}</Name><URL>x</URL></MenuItem>`;
    let next: LenientAnswer = answer(text(''));
    const { browser } = await startEvil(() => next);
    const phone = await browser.open();
    for (const body of [bomb, text(tags), text(deep), text(long), text(' '.repeat(20_000_000))]) {
      next = answer(body);
      await phone.press({ do: 'services' });
      const { status, body: state } = await phone.press({ do: 'choose', number: 1 });
      expect(status).toBe(200);
      expect(JSON.stringify(state).length).toBeLessThan(64 * 1024);
      expect(state.violations.length).toBeLessThanOrEqual(10);
    }
    next = answer(text('<MenuItem><Name>fine</Name><URL>x</URL></MenuItem>'));
    await phone.press({ do: 'services' });
    expect((await phone.press({ do: 'choose', number: 1 })).body.items).toEqual(['fine']);
  }, 120_000);
});

describe('pushes to a phone in the browser', () => {
  it('B567 arrive where phones can only be on this machine: those of Finesse and the proxy’s own', async () => {
    const phonePort = await freePort();
    const rig = await startPushRig({ phonePort, push: { own: OWN }, config: operators });
    running.push(rig);
    const browser = await openBrowser(rig.ops, TOKEN);
    const [phone, second] = [await browser.open(), await browser.open()];
    const [one, two] = [await phone.state(), await second.state()];
    expect([one.pushes.because, two.pushes.because]).toEqual([null, null]);
    expect(one.pushes.address).not.toBe(two.pushes.address);
    await phone.press({ do: 'submit', values: { ...AGENT, password: 'cisco' } });
    rig.finesse[0]?.call(phone.device, '4711');
    const called = await phone.until(({ pushes }) => pushes.received === 1);
    expect(called.pushes.last?.object).toBe('CiscoIPPhoneExecute');
    await phone.until(({ text }) => text.includes('4711'));
    // Exit leaves no page that updates itself, so the proxy has to push the menu.
    await rig.finesse[0]?.fault('refuse');
    await phone.until(({ items }) => items[0] === 'Sign in on Finesse B');
    expect((await phone.state()).pushes.received).toBeGreaterThan(1);
    expect((await second.state()).pushes.received).toBe(0);
    // A page of some site that the operator visits has an Origin.
    const form = { method: 'POST', body: pushForm(execute(`${rig.phones}/fippa/${phone.device}`)) };
    const headers = {
      authorization: 'Basic eDp5',
      origin: 'http://evil.test',
      'content-type': 'application/x-www-form-urlencoded',
    };
    const refused = await fetch(`http://${one.pushes.address}:${phonePort}/CGI/Execute`, { ...form, headers });
    expect(await refused.text()).toContain('CiscoIPPhoneError Number="4"');
  });

  it.each([
    ['off', (config: Config): Config => config],
    ['network', (config: Config): Config => withPush(config, ['10.0.0.0/8'])],
    ['https', (config: Config): Config => withPush(config, ['127.0.0.0/8'], { ...OWN, scheme: 'https' })],
  ] as const)('B567 where they cannot, it says why: %s', async (because, change) => {
    const rig = await start({ config: change });
    const phone = await (await openBrowser(rig.ops, TOKEN)).open();
    expect((await phone.state()).pushes).toMatchObject({ address: null, because, received: 0 });
  });
});

function withPush(config: Config, networks: readonly string[], own: typeof OWN | null = null): Config {
  const push = { listeners: [], timeoutMs: 2000, phonePorts: { http: 1, https: 1 }, own };
  return { ...config, phones: { ...config.phones, networks }, push };
}

function at(port: number, address = '0.0.0.0') {
  return { address, port };
}

function ends(events: readonly ProxyEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'console-phone-ended' ? [`${event.who} ${event.because}`] : []));
}
