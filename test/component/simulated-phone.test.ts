/** The simulated phone against small real servers: reference/phone-xml.md §2, §4, §5, §6, §7. */

import type { ServerResponse } from 'node:http';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/simulators/phone/duration.ts';
import { Phone } from '../../src/simulators/phone/phone.ts';
import { expired, menuPage, sendXml, signInPage, softKey, startServer, textPage } from './simulated-phone-servers.ts';

/** A clock that passes at once whatever is waited for. */
function createClock(): Clock & { advance(ms: number): void } {
  let nowMs = Date.parse('2026-05-01T08:00:00Z');
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
}

describe('requests', () => {
  it('carry the headers of the model on a connection of their own', async () => {
    const { origin, asked } = await startServer((_, response) => sendXml(response, textPage('Hello')));
    const phone = new Phone({ model: 'CP-7970G', language: 'de', device: 'SEP1' });
    const screen = await phone.open(`${origin}/fippa/#DEVICENAME#`);
    expect(screen).toMatchObject({ title: 'Hello', object: 'CiscoIPPhoneText', status: 200, violations: [] });
    expect(asked[0]?.url).toBe('/fippa/SEP1');
    expect(asked[0]?.headers).toMatchObject({
      connection: 'close',
      'accept-language': 'de',
      'accept-charset': 'utf-8,;q=0.8',
      'x-ciscoipphonemodelname': 'CP-7970G',
      'x-ciscoipphonedisplay': '298,168,12,C',
      'user-agent': 'Allegro-Software-WebClient/4.34',
    });
    expect(asked[0]?.headers).not.toHaveProperty('accept-encoding');
  });

  it('come from a 7940 with a Host without port', async () => {
    const { origin, asked } = await startServer((_, response) => sendXml(response, textPage('Hello')));
    await new Phone({ model: '7940' }).open(`${origin}/`);
    expect(asked[0]?.headers.host).toBe('127.0.0.1');
  });

  it('bring back cookies of their path until the window closes', async () => {
    const { origin, asked } = await startServer((_, response) =>
      sendXml(response, textPage('x'), { 'Set-Cookie': ['S=1; Path=/a/fippa', 'T=2; Path=/b'] }),
    );
    const phone = new Phone();
    await phone.open(`${origin}/a/fippa/SEP1`);
    await phone.press('Update');
    await phone.open(`${origin}/a/fippa/SEP1`);
    expect(asked.map((one) => one.headers.cookie)).toEqual([undefined, 'S=1', undefined]);
  });
});

describe('forms', () => {
  it('are appended to the URL by & when it has a query, and the password is never shown', async () => {
    const { origin, asked } = await startServer(({ url }, response, here) =>
      sendXml(response, url.includes('id=') ? textPage('In') : signInPage(`${here}/fippa/SEP1?k=1`)),
    );
    const screens: string[] = [];
    const phone = new Phone({ onScreen: (screen) => screens.push(JSON.stringify(screen)) });
    await phone.open(`${origin}/fippa/SEP1`);
    phone.fill({ ID: '1001', password: 's&cret', extension: '2001' });
    expect(phone.screen.inputs.map((input) => input.value)).toEqual(['1001', '******', '2001']);
    await phone.press('Submit');
    expect(asked[1]).toMatchObject({ method: 'GET', url: '/fippa/SEP1?k=1&id=1001&password=s%26cret&extension=2001' });
    expect(phone.screen.url).toContain('password=***');
    expect(screens.join()).not.toContain('cret');
    expect(phone.url).toContain('s%26cret');
  });

  it('are posted where the page asks for it and the model can', async () => {
    const { origin, asked } = await startServer(({ method, url }, response, here) =>
      sendXml(
        response,
        method === 'POST' || url.includes('?') ? textPage('In') : signInPage(`${here}/in`, ' method="post"'),
      ),
    );
    for (const model of ['CP-8845', 'CP-7970G']) {
      const phone = new Phone({ model });
      await phone.open(`${origin}/`);
      phone.fill({ id: 'a b' });
      await phone.submit();
      expect(phone.screen.title).toBe('In');
    }
    expect(asked[1]).toMatchObject({ method: 'POST', url: '/in', body: 'id=a%20b&password=&extension=' });
    expect(asked[3]).toMatchObject({ method: 'GET', url: '/in?id=a%20b&password=&extension=' });
  });

  it('take only what their flags allow', async () => {
    const { origin } = await startServer((_, response) => sendXml(response, signInPage('/in')));
    const phone = new Phone();
    await phone.open(`${origin}/`);
    expect(() => phone.fill({ extension: '20a1' })).toThrow('field extension takes other characters');
    expect(() => phone.fill({ name: 'x' })).toThrow('no field name');
    phone.move(2);
    expect([phone.type('2'), phone.type('a'), phone.type('3')]).toEqual([true, false, true]);
    await phone.press('<<');
    expect(phone.screen.inputs[2]?.value).toBe('2');
  });
});

describe('keys and items', () => {
  it('lead where they say, relative URLs included, and name a page without a title', async () => {
    const { origin, asked } = await startServer(({ url }, response) => {
      if (url === '/a/menu') return sendXml(response, menuPage('Menu', { One: 'one?x=1', Two: '/two' }));
      sendXml(response, '<CiscoIPPhoneText><Text>x</Text></CiscoIPPhoneText>');
    });
    const phone = new Phone();
    expect((await phone.open(`${origin}/a/menu`)).softKeys.map((key) => key.name)).toEqual(['Select', 'Exit']);
    phone.move(1);
    expect((await phone.press('Select')).title).toBe('Two');
    await phone.press('Exit');
    expect((await phone.choose('one')).title).toBe('One');
    await expect(phone.press('Ready')).rejects.toThrow('no key Ready; there are: Update, Exit');
    await expect(phone.choose(3)).rejects.toThrow('no item 3');
    expect(asked.map((one) => one.url)).toEqual(['/a/menu', '/two', '/a/menu', '/a/one?x=1']);
  });

  it('are gone when one is custom, and come as Next with a Refresh URL', async () => {
    const { origin } = await startServer(({ url }, response) => {
      if (url === '/custom') return sendXml(response, textPage('x', '', softKey('Help', 4, '/help')));
      sendXml(response, textPage('x'), { Refresh: '0; url=/custom' });
    });
    const phone = new Phone();
    expect((await phone.open(`${origin}/`)).softKeys.map((key) => key.name)).toEqual(['Next', 'Exit']);
    expect(phone.refreshAtMs).toBeNull();
    expect((await phone.press('Next')).softKeys.map((key) => [key.name, key.position])).toEqual([['Help', 4]]);
  });

  it('do nothing on an 8875 when they are SoftKey: URIs', async () => {
    const keys = softKey('Exit', 1, 'SoftKey:Exit') + softKey('Leave', 2, '/leave');
    const { origin } = await startServer(({ url }, response) => {
      if (url !== '/leave') return sendXml(response, textPage('x', '', keys));
      sendXml(response, '<CiscoIPPhoneExecute><ExecuteItem URL="Init:Services"/></CiscoIPPhoneExecute>');
    });
    const phone = new Phone({ model: 'CP-8875' });
    await phone.open(`${origin}/`);
    expect((await phone.press('Exit')).object).toBe('CiscoIPPhoneText');
    expect((await phone.press('Leave')).object).toBeNull();
    expect(phone.violations).toEqual(['CP-8875 has no SoftKey: URI']);
  });

  it('follow an Execute that is served as an answer, but not in circles', async () => {
    const { origin, asked } = await startServer(({ url }, response) => {
      if (url === '/b/fippa/SEP1') return sendXml(response, signInPage('/b/fippa/SEP1'));
      const target = url === '/loop' ? '/loop' : '/b/fippa/SEP1';
      sendXml(
        response,
        `<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="${target}"/><ExecuteItem URL="Play:Chime.raw"/></CiscoIPPhoneExecute>`,
      );
    });
    const phone = new Phone();
    expect((await phone.open(`${origin}/a/fippa/SEP1/~choose/b`)).title).toBe('Sign in');
    expect(phone.performed).toEqual(['Play:Chime.raw']);
    expect(phone.history).toEqual([`${origin}/b/fippa/SEP1`]);
    asked.length = 0;
    expect((await phone.open(`${origin}/loop`)).error).toBe('XML Error [4]');
    expect(asked).toHaveLength(6);
  });
});

describe('history', () => {
  it('leads Exit to the last page that had not expired, and at last out of the service', async () => {
    const { origin, asked } = await startServer(({ url }, response) =>
      sendXml(
        response,
        textPage(url, '', softKey('Go', 1, `${url === '/' ? '' : url}/x`) + softKey('Exit', 3, 'SoftKey:Exit')),
        url === '/x/x' ? expired : {},
      ),
    );
    const phone = new Phone();
    await phone.open(`${origin}/`);
    await phone.press('Go');
    await phone.press('Go');
    expect((await phone.press('Go')).title).toBe('/x/x/x');
    expect((await phone.press('Exit')).title).toBe('/x');
    expect((await phone.press('Exit')).title).toBe('/');
    const screen = await phone.press('Exit');
    expect(screen).toMatchObject({ object: null, title: 'Services', items: [{ name: 'Service' }] });
    expect(asked).toHaveLength(6);
    expect((await phone.choose(1)).title).toBe('/');
  });
});

describe('Refresh', () => {
  it('is followed by the clock, to its URL or to the current one', async () => {
    const { origin, asked } = await startServer(({ url }, response) =>
      sendXml(response, textPage(url), url === '/a' ? { Refresh: '5; url=/b', ...expired } : { Refresh: '2' }),
    );
    const clock = createClock();
    const phone = new Phone({ clock });
    expect(await phone.open(`${origin}/a`)).toMatchObject({ refreshSeconds: 5, refreshInMs: 5000 });
    clock.advance(4999);
    expect(await phone.tick()).toBeNull();
    clock.advance(1);
    expect((await phone.tick())?.title).toBe('/b');
    expect((await phone.waitForRefresh()).title).toBe('/b');
    expect(asked).toHaveLength(3);
    expect(phone.history).toEqual([`${origin}/b`]);
  });

  it('is waited for until something is seen', async () => {
    let round = 0;
    const { origin } = await startServer((_, response) => {
      round += 1;
      sendXml(response, textPage(`Round ${round}`), { Refresh: '5', ...expired });
    });
    const clock = createClock();
    const phone = new Phone({ clock });
    const startMs = clock.now();
    await phone.open(`${origin}/`);
    await phone.waitFor((screen) => screen.title === 'Round 4', 20_000);
    expect(clock.now() - startMs).toBe(15_000);
    await expect(phone.waitFor(() => false, 12_000)).rejects.toThrow('on the screen: Round 6');
  });
});

describe('what goes wrong', () => {
  it.each([
    ['503', 'HTTP Error (503)', (_: unknown, r: ServerResponse) => r.writeHead(503).end()],
    ['500', 'HTTP Error [8]', (_: unknown, r: ServerResponse) => r.writeHead(500).end()],
    [
      'a redirect',
      'HTTP Error [8]',
      (_: unknown, r: ServerResponse) => r.writeHead(302, { Location: '/ok', 'Content-Length': 0 }).end(),
    ],
    [
      'chunks',
      'HTTP Error [8]',
      (_: unknown, r: ServerResponse) =>
        r.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8' }).end(textPage('x').slice(0, 5)),
    ],
    [
      'compression',
      'HTTP Error [8]',
      (_: unknown, r: ServerResponse) => sendXml(r, 'x', { 'Content-Encoding': 'gzip' }),
    ],
    ['truncated XML', 'XML Error [4]', (_: unknown, r: ServerResponse) => sendXml(r, '<CiscoIPPhoneText>')],
    ['a reset', 'HTTP Error [8]', (_: unknown, r: ServerResponse) => r.destroy()],
  ])('%s shows %s on the prompt line of the page before', async (what, error, answer) => {
    const { origin } = await startServer((asked, response) => {
      if (asked.url === '/ok') return sendXml(response, menuPage('Before', { Bad: '/bad' }), { Refresh: '5' });
      if (what === 'chunks') response.useChunkedEncodingByDefault = true;
      answer(asked, response);
    });
    const phone = new Phone();
    await phone.open(`${origin}/ok`);
    await phone.choose('Bad');
    expect(phone.screen).toMatchObject({ title: 'Before', error, prompt: error, refreshInMs: null });
    expect(phone.screen.violations.length > 0 || what === 'a reset').toBe(true);
    expect((await phone.refresh()).error).toBeNull();
  });

  it('reports an answer without Content-Length, and HTTP/1.0 to a 7970', async () => {
    const server = net.createServer((socket) => {
      socket.once('data', () =>
        socket.end(
          `HTTP/1.0 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n\r\n<?xml version="1.0" encoding="utf-8"?>${textPage('x')}`,
        ),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`;
    const seen = await new Phone().open(url);
    expect(seen).toMatchObject({ title: 'x', violations: ['HTTP/1.0 answer', 'no Content-Length'] });
    expect((await new Phone({ model: '7970' }).open(url)).error).toBe('HTTP Error [8]');
    server.close();
  });

  it('gives up on a silent server, and tells a refused connection from a name that does not resolve', async () => {
    const { origin } = await startServer(() => {});
    const phone = new Phone({ timeoutMs: 200 });
    expect(await phone.open(`${origin}/`)).toMatchObject({ error: 'HTTP Error [8]', reason: 'no answer within 0.2 s' });
    // A name server may take its time.
    const patient = new Phone();
    expect(await patient.open('http://127.0.0.1:1/')).toMatchObject({
      error: 'HTTP Error [10]',
      reason: 'ECONNREFUSED',
    });
    expect((await patient.open('http://phone.invalid/')).error).toBe('Host not found');
  });

  it('drops the answer to a request that a later key press has overtaken', async () => {
    const held: (() => void)[] = [];
    const { origin } = await startServer(({ url }, response) => {
      if (url === '/slow') held.push(() => sendXml(response, textPage('Slow')));
      else sendXml(response, menuPage('Menu', { Slow: '/slow', Fast: '/fast' }));
    });
    const phone = new Phone();
    await phone.open(`${origin}/`);
    const slow = phone.choose('Slow');
    await phone.choose('Fast');
    for (const release of held) release();
    await slow;
    expect(phone.screen).toMatchObject({ title: 'Menu', url: `${origin}/fast` });
    expect(phone.busy).toBe(false);
  });
});
