/**
 * A server of phone pages that is nothing like the simulated Finesse: its own paths, parameters, cookies, charset and objects,
 * made from what is public about phone XML alone. It keeps a session by a cookie, as web applications do.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const key = (name: string, position: number, url: string) =>
  `<SoftKeyItem><Name>${name}</Name><URL>${url}</URL><Position>${position}</Position></SoftKeyItem>`;
const item = (name: string, url: string) => `<MenuItem><Name>${name}</Name><URL>${url}</URL></MenuItem>`;

export async function startForeign(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '', 'http://x');
    const send = (xml: string, headers: readonly string[] = []) => {
      const body = Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>\r\n${xml}\r\n`, 'latin1');
      const own = [
        'Content-Type',
        'text/xml; charset=iso-8859-1',
        'Server',
        'Apache/2.4',
        'Content-Length',
        String(body.length),
      ];
      res.writeHead(200, [...own, ...headers]).end(body);
    };
    if (url.pathname.startsWith('/finesse/')) return send('<SystemInfo><status>IN_SERVICE</status></SystemInfo>');
    const base = /^\/fippa\/[^/]+/.exec(url.pathname)?.[0] ?? '';
    const page = (screen: string, more = '') => `${base}/index.php?screen=${screen}${more}`;
    const known = /PHPSESSID=/.test(req.headers.cookie ?? '');
    switch (url.searchParams.get('screen')) {
      case 'login':
        return send(
          `<CiscoIPPhoneMenu>\r\n  <Title>Müller, Jörg</Title>\r\n  <Prompt>Durchwahl 4711</Prompt>\r\n  ${item('Verfügbar', page('state', '&amp;to=1'))}\r\n  ${item('Pause', page('state', '&amp;to=2'))}\r\n  ${item('Kollegen', page('people'))}\r\n  ${key('Wählen', 1, 'SoftKey:Select')}${key('Abmelden', 3, page('off'))}\r\n</CiscoIPPhoneMenu>`,
          [
            'Set-Cookie',
            'PHPSESSID=3f9a77c1b2d4; path=/',
            'Set-Cookie',
            'lang=de; path=/fippa',
            'Refresh',
            `60; url=${page('menu')}`,
          ],
        );
      case 'state':
        res
          .writeHead(302, { Location: page('menu', `&state=${url.searchParams.get('to')}`), 'Content-Length': 0 })
          .end();
        return;
      case 'menu':
        return send(
          `<CiscoIPPhoneText><Title>Zustand</Title><Text>${known ? 'Angemeldet' : 'Unbekannt'}\r\nseit 08:15</Text>${key('Zurück', 1, page('people'))}${key('Exit', 3, 'SoftKey:Exit')}</CiscoIPPhoneText>`,
          ['Refresh', '60'],
        );
      case 'people':
        return send(
          `<CiscoIPPhoneDirectory><Title>Kollegen</Title><DirectoryEntry><Name>Grün, Änne</Name><Telephone>07115550123</Telephone></DirectoryEntry>${key('Zurück', 1, page('menu'))}</CiscoIPPhoneDirectory>`,
        );
      default:
        return send(
          `<CiscoIPPhoneInput>\r\n  <Title>Anmeldung</Title>\r\n  <Prompt>Bitte anmelden</Prompt>\r\n  <URL>${page('login')}</URL>\r\n  <InputItem><DisplayName>Benutzer</DisplayName><QueryStringParam>userid</QueryStringParam><InputFlags>A</InputFlags><DefaultValue></DefaultValue></InputItem>\r\n  <InputItem><DisplayName>PIN</DisplayName><QueryStringParam>userpin</QueryStringParam><InputFlags>NP</InputFlags><DefaultValue></DefaultValue></InputItem>\r\n</CiscoIPPhoneInput>`,
        );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
