/** A server whose every answer has a canary wherever anything can stand: in headers, pages, redirects, errors and notifications. */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canaryForms } from './canary-forms.ts';
import { BIND, MECHANISMS, ScriptedXmpp, SUCCESS } from './component/notification-rig.ts';

export interface CanaryServer {
  readonly url: string;
  readonly xmppPort: number;
  /** Paths below /fippa/DEVICE that each answer in a way of its own. */
  readonly paths: readonly string[];
  /** Has it say something over XMPP, to whoever is logged in there. */
  publish(): void;
  stop(): Promise<void>;
}

/** `secret`: one that phones type as well; `own`: one that nobody ever types. */
export async function startCanaryServer(device: string, secret: string, own: string): Promise<CanaryServer> {
  const forms = [...Object.values(canaryForms(secret)), own];
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  const url = (text: string) =>
    escaped(
      `/fippa/${device}/${encodeURIComponent(text)};jsessionid=${encodeURIComponent(text)}?password=${encodeURIComponent(text)}&x=${encodeURIComponent(text)}#${encodeURIComponent(text)}`,
    );
  const everywhere = (text: string) => `
<!-- ${text.replaceAll('--', '')} --><?x ${text.replaceAll('?', '')}?><Title>${escaped(text)}</Title><Prompt><![CDATA[${text}]]></Prompt>
<Text a="${escaped(text)}" URL="${url(text)}">${escaped(text)}</Text><status>${escaped(text)}</status>
<SoftKeyItem><Name>${escaped(text)}</Name><URL>${url(text)}</URL></SoftKeyItem><SoftKeyItem><Name>${text.startsWith('&#') ? text : ''}</Name><URL>SoftKey:${escaped(text)}</URL></SoftKeyItem>
<MenuItem><Name>${escaped(text)}</Name><URL>http://u:${encodeURIComponent(text)}@h.example${url(text)}</URL></MenuItem>
<InputItem><DisplayName>${escaped(text)}</DisplayName><QueryStringParam>x</QueryStringParam><DefaultValue>${escaped(text)}</DefaultValue></InputItem>`;
  const page = (charset = 'UTF-8') =>
    `<?xml version="1.0" encoding="${charset}"?><CiscoIPPhoneInput>${forms.map(everywhere).join('')}
<Title><![CDATA[${secret.slice(0, 5)}]]><![CDATA[${secret.slice(5)}]]></Title>
<InputItem><QueryStringParam>geheim</QueryStringParam><InputFlags>AP</InputFlags><DefaultValue>${escaped(own)}</DefaultValue></InputItem></CiscoIPPhoneInput>`;
  const ascii = forms.filter((form) => /^[\x20-\x7e]*$/.test(form));
  const headers = ascii.flatMap((form) => [
    ...['X-Own', form, 'ETag', `"${form}"`, 'Server', form, 'X-Powered-By', `Servlet/${form}`],
    ...['Set-Cookie', `JSESSIONID=${form}; Path=/fippa/${form}; SameSite=${form}`, 'Vary', form],
    ...['Refresh', `30; url=/fippa/${device}/x?password=${encodeURIComponent(form)}`, 'Link', `<${form}>`],
    ...['WWW-Authenticate', `Basic realm=${form}`, 'Cache-Control', form, 'Content-Language', form],
  ]);
  const whole = (res: ServerResponse, type: string, body: Buffer | string) => {
    res.writeHead(200, [
      'Content-Type',
      type,
      'Content-Length',
      String(Buffer.byteLength(body)),
      ...headers.slice(0, body.length > 9999 ? 400 : 20),
    ]);
    res.end(body);
  };
  const answers: Readonly<Record<string, (res: ServerResponse) => void>> = {
    '': (res) => whole(res, 'text/xml; charset=utf-8', page()),
    '/signin': (res) => whole(res, 'text/xml; charset=utf-8', page()),
    '/latin1': (res) => whole(res, 'text/xml; charset=iso-8859-1', Buffer.from(page('ISO-8859-1'), 'latin1')),
    '/utf16': (res) => whole(res, 'text/xml; charset=utf-16le', Buffer.from(`\ufeff${page('UTF-16')}`, 'utf16le')),
    '/sjis': (res) => whole(res, 'text/xml; charset=shift_jis', page('Shift_JIS').replaceAll('é', 'x')),
    '/redirect': (res) =>
      void res.writeHead(302, { Location: `/fippa/${device}/${own};jsessionid=${own}?password=${own}` }).end(),
    '/away': (res) =>
      void res.writeHead(302, { Location: `https://u:${own}@${own}.example/${own}?token=${own}#${own}` }).end(),
    '/error': (res) =>
      void res.writeHead(500, { 'Content-Type': 'text/html' }).end(`<html><h1>${secret} ${own}</h1></html>`),
    '/json': (res) =>
      whole(
        res,
        'application/json',
        JSON.stringify({ password: own, a: [secret, { b: own, host: own, url: `/${own}` }] }),
      ),
    '/multipart': (res) => whole(res, `multipart/mixed; boundary=${own}`, `--${own}\r\n\r\n${secret}\r\n--${own}--`),
    '/text': (res) => whole(res, `text/${own}; charset=${own}`, `${secret} ${own}`),
    '/broken': (res) => whole(res, 'text/xml; charset=utf-8', page().slice(0, -9)),
    '/chunked': (res) => {
      res.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8' });
      for (const part of page().match(/[\s\S]{1,97}/g) ?? []) res.write(part);
      res.end();
    },
  };
  const server = createServer((req, res) => {
    req.resume();
    const { pathname } = new URL(req.url ?? '', 'http://x');
    if (pathname.startsWith('/finesse/')) {
      const info = `<SystemInfo><status>IN_SERVICE</status><xmppDomain>${own}.example</xmppDomain><primaryNode><host>${own}.example</host></primaryNode>${everywhere(secret).replace(/<status>.*<.status>/g, '')}</SystemInfo>`;
      return whole(res, 'application/xml;charset=UTF-8', info);
    }
    const answer = answers[pathname.replace(`/fippa/${device}`, '')];
    if (answer !== undefined) answer(res);
    else whole(res, 'text/xml; charset=utf-8', `<CiscoIPPhoneText>${everywhere(own)}</CiscoIPPhoneText>`);
  });
  const notification = escaped(
    `<Update><data><systemInfo><status>IN_SERVICE</status>${everywhere(own)}</systemInfo></data></Update>`,
  ).replaceAll('>', '&gt;');
  const message = `<message xmlns='jabber:client' from='pubsub.${own}.example' to='${own}@${own}.example/${own}' type='${own}' id='${own}'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='/finesse/api/User/${own}'><item id='${own}'><notification xmlns='http://jabber.org/protocol/pubsub'>${notification}</notification></item></items></event></message>`;
  const header = `<?xml version='1.0'?><stream:stream from='${own.toLowerCase()}.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
  const known = new WeakSet<object>();
  const xmpp = new ScriptedXmpp((text, socket) => {
    if (text.includes('<stream:stream')) socket.write(header + (known.has(socket) ? BIND : MECHANISMS));
    if (text.includes('<auth')) {
      known.add(socket);
      socket.write(SUCCESS);
    }
    if (text.includes("id='bind'")) {
      socket.write(
        `<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>xmpp@${own.toLowerCase()}.example/r</jid></bind></iq>`,
      );
    }
    for (const id of ['ping', 'unsubscribe']) {
      if (text.includes(`id='${id}'`)) socket.write(`<iq type='result' id='${id}'/>`);
    }
  });
  const xmppPort = await xmpp.start();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, xmppPort, paths: Object.keys(answers) },
    publish: () => void xmpp.sockets.at(-1)?.write(message),
    async stop() {
      await xmpp.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
