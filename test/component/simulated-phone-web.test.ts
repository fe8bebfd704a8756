/** The simulated phone's web server and its trust in certificates: reference/phone-xml.md §7, §8, §9. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Phone } from '../../src/simulators/phone/phone.ts';
import type { Screen } from '../../src/simulators/phone/screen.ts';
import { type Push, startPhoneWeb } from '../../src/simulators/phone/web-server.ts';
import { menuPage, sendXml, startServer, textPage } from './simulated-phone-servers.ts';

const execute = (url: string) => `<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="${url}"/></CiscoIPPhoneExecute>`;

async function startPhone(model: string, onScreen?: (screen: Screen) => void) {
  const { origin, asked } = await startServer(({ url }, response) => {
    if (!url.startsWith('/auth')) return sendXml(response, textPage(url.split('?')[0] ?? ''));
    const good = url.includes('UserID=finesse&Password=s%3Ap+%26');
    const body = good ? 'AUTHORIZED' : 'UN-AUTHORIZED';
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length }).end(body);
  });
  const phone = new Phone({ device: 'SEP1', model, ...(onScreen ? { onScreen } : {}) });
  const pushes: Push[] = [];
  const web = await startPhoneWeb({
    ...{ phone, host: '127.0.0.1', port: 0, authenticationUrl: `${origin}/auth` },
    onPush: (seen) => pushes.push(seen),
  });
  const push = async (xml: string, user = 'finesse', password = 's:p &', place = '/CGI/Execute') => {
    const answer = await fetch(`http://127.0.0.1:${web.port}${place}`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      body: new URLSearchParams({ XML: xml }),
    });
    return { status: answer.status, body: await answer.text() };
  };
  return { origin, asked, phone, web, push, pushes };
}

describe('pushes', () => {
  it('are executed when the authentication URL says so, and answered before', async () => {
    let seen: (screen: Screen) => void = () => {};
    const shown = new Promise<Screen>((resolve) => {
      seen = resolve;
    });
    const { origin, asked, web, push } = await startPhone('CP-8845', (screen) => seen(screen));
    const answer = await push(execute(`${origin}/pushed?a=1&amp;b=2`));
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`Status="0" Data="Success" URL="${origin}/pushed?a=1&amp;b=2"`);
    expect((await shown).title).toBe('/pushed');
    expect(asked[0]?.url).toContain('devicename=SEP1');
    await web.stop();
  });

  it('are refused with bad credentials, bad XML, too much of it, and elsewhere', async () => {
    const { origin, phone, web, push } = await startPhone('CP-7970G');
    expect((await push(execute(`${origin}/x`), 'finesse', 'wrong')).body).toContain('<CiscoIPPhoneError Number="4"/>');
    expect((await push('<CiscoIPPhoneExecute>')).body).toContain('Number="1"');
    expect((await push(execute(`${origin}/${'x'.repeat(512)}`))).body).toContain('Number="1"');
    expect((await push(execute(`${origin}/x`), 'finesse', 's:p &', '/cgi/execute')).status).toBe(404);
    expect(phone.screen.object).toBeNull();
    await web.stop();
  });

  it('may be pages', async () => {
    const { phone, web, push } = await startPhone('CP-8845');
    await push(menuPage('Pushed', { One: 'http://x/' }));
    expect(phone.screen.title).toBe('Pushed');
    await web.stop();
  });
});

describe('what is wrong with a push', () => {
  const items = (...urls: string[]) =>
    `<CiscoIPPhoneExecute>${urls.map((url) => `<ExecuteItem URL="${url}"/>`).join('')}</CiscoIPPhoneExecute>`;
  const statuses = (body: string) => [...body.matchAll(/Status="(\d+)"/g)].map((match) => match[1]);

  it('more than three items are refused', async () => {
    const { phone, web, push, pushes } = await startPhone('CP-8845');
    const answer = await push(items('Dial:1', 'Dial:2', 'Dial:3', 'Dial:4'));
    expect(answer.body).toContain('<CiscoIPPhoneError Number="1"/>');
    expect(pushes).toMatchObject([{ object: null, error: 1, violations: [expect.stringContaining('at most 3')] }]);
    expect(phone.performed).toEqual([]);
    await web.stop();
  });

  it('an item that the phone does not take there is answered with an error, the others run', async () => {
    const { phone, web, push, pushes } = await startPhone('CP-8845');
    const answer = await push(items('SoftKey:Update', 'Notify:http:host:80:path:x:y', 'Dial:4711'));
    expect(statuses(answer.body)).toEqual(['6', '6', '0']);
    await expect.poll(() => phone.performed).toEqual(['Dial:4711']);
    expect(pushes).toMatchObject([
      {
        object: 'CiscoIPPhoneExecute',
        error: null,
        violations: ['SoftKey: inside Execute', 'Notify: inside Execute'],
      },
    ]);
    expect(phone.violations).toEqual(['SoftKey: inside Execute', 'Notify: inside Execute']);
    await web.stop();
  });

  it('what a model has not is an error on that model alone', async () => {
    for (const [model, wanted] of [
      ['CP-7841', ['6', '6']],
      ['CP-8821', ['6', '0']],
      ['CP-8845', ['0', '6']],
    ] as const) {
      const { web, push } = await startPhone(model);
      expect(statuses((await push(items('SendDigits:1', 'SoftKey:Update'))).body)).toEqual(wanted);
      await web.stop();
    }
    const { web, push } = await startPhone('CP-7841');
    const image = '<CiscoIPPhoneImageFile><URL>http://x/y.png</URL></CiscoIPPhoneImageFile>';
    expect((await push(image)).body).toContain('<CiscoIPPhoneError Number="1"/>');
    await web.stop();
  });

  it('a page that breaks a limit is shown, with what is wrong', async () => {
    const { phone, web, push, pushes } = await startPhone('CP-8845');
    expect(statuses((await push(textPage('x'.repeat(40)))).body)).toEqual(['0']);
    const violation = 'CiscoIPPhoneText/Title has 40 characters, at most 32';
    await expect.poll(() => phone.screen.violations).toEqual([violation]);
    expect(pushes).toMatchObject([{ object: 'CiscoIPPhoneText', error: null, violations: [violation] }]);
    await web.stop();
  });
});

describe('priorities', () => {
  const all = (origin: string) =>
    `<CiscoIPPhoneExecute>${[0, 1, 2].map((priority) => `<ExecuteItem Priority="${priority}" URL="${origin}/p${priority}"/>`).join('')}</CiscoIPPhoneExecute>`;
  const pages = (asked: readonly { readonly url: string }[]) =>
    asked.flatMap(({ url }) => (url.startsWith('/p') ? [url] : [])).toSorted();

  it('an idle phone runs all three, one that shows an application not the last', async () => {
    const { origin, asked, phone, web, push } = await startPhone('CP-8845');
    const answer = await push(all(origin));
    expect(answer.body.match(/<ResponseItem /g)).toHaveLength(3);
    await expect.poll(() => pages(asked)).toEqual(['/p0', '/p1', '/p2']);
    await expect.poll(() => phone.busy).toBe(false);
    asked.splice(0);
    await push(all(origin));
    await expect.poll(() => pages(asked)).toEqual(['/p0', '/p1']);
    await web.stop();
  });

  it('during a call only priority 0 runs; priority 1 waits for its end', async () => {
    const { origin, asked, phone, web, push } = await startPhone('CP-8845');
    await phone.setCall(true);
    await push(all(origin));
    await expect.poll(() => phone.screen.title).toBe('/p0');
    expect(pages(asked)).toEqual(['/p0']);
    expect((await phone.setCall(false)).title).toBe('/p1');
    expect(pages(asked)).toEqual(['/p0', '/p1']);
    await web.stop();
  });

  it('more than three items are no Execute', async () => {
    const { origin, asked, phone, web, push } = await startPhone('CP-8845');
    await push(all(origin).replace('</', `<ExecuteItem URL="${origin}/p3"/></`));
    await expect.poll(() => phone.busy).toBe(false);
    expect(pages(asked)).not.toContain('/p3');
    await web.stop();
  });
});

function createCertificate(): { key: string; cert: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'phone-'));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const files = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return files;
}

describe('TLS', () => {
  it('looks like an unknown host when the certificate is not trusted or of another name', async () => {
    const { key, cert } = createCertificate();
    const server = https.createServer({ key, cert }, (_, response) => sendXml(response, textPage('Secure')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const open = (trust: { ca?: string; insecure?: boolean }, model = 'CP-8845', host = 'localhost') =>
      new Phone({ model, trust }).open(`https://${host}:${port}/`);
    expect(await open({})).toMatchObject({ error: 'Host not found', object: null });
    expect(await open({ ca: cert })).toMatchObject({ error: null, title: 'Secure' });
    expect(await open({ ca: cert }, 'CP-8845', '127.0.0.1')).toMatchObject({ error: 'Host not found' });
    expect(await open({ insecure: true })).toMatchObject({ title: 'Secure' });
    // TLS 1.0 is all that the 7900 series has.
    expect(await open({ ca: cert }, 'CP-7970G')).toMatchObject({ error: 'Host not found' });
    server.close();
    server.closeAllConnections();
  });
});
