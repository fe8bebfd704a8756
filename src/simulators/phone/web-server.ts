/** The phone's own web server: POST /CGI/Execute, by which others put objects on its screen (reference/phone-xml.md §8). */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PhonePage, parsePhoneXml } from './page.ts';
import type { Phone } from './phone.ts';

export interface PhoneWebOptions {
  readonly phone: Phone;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Asked whether the credentials of a push are good; null: any are. */
  readonly authenticationUrl: string | null;
}

export interface PhoneWeb {
  readonly port: number;
  stop(): Promise<void>;
}

/** Numbers of CiscoIPPhoneError (§1.4). */
type ErrorNumber = 1 | 2 | 3 | 4;

const bodyLimitBytes = 128 * 1024;
const authenticationTimeoutMs = 10_000;

/** Starts the server; rejects when the port is in use. */
export function startPhoneWeb(options: PhoneWebOptions): Promise<PhoneWeb> {
  const server = http.createServer((request, response) => {
    answerPush(request, options).then(
      ({ xml, page }) => {
        sendXml(response, xml);
        // The phone answers first and fetches afterwards; its screen tells what came of it.
        if (page) options.phone.receive(page).catch(String);
      },
      () => response.destroy(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        stop: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      }),
    );
  });
}

interface PushAnswer {
  readonly xml: string | null;
  /** What goes on the screen. */
  readonly page: PhonePage | null;
}

async function answerPush(request: http.IncomingMessage, options: PhoneWebOptions): Promise<PushAnswer> {
  const body = await readBody(request);
  // The path is case-sensitive, as is the name of the field.
  if (request.method !== 'POST' || request.url !== '/CGI/Execute') return { xml: null, page: null };
  const credentials = readCredentials(request.headers.authorization);
  if (!credentials || !(await isAuthorised(credentials, options))) return refuse(4);
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return refuse(2);
  const document = body === null ? null : new URLSearchParams(body).get('XML');
  if (document === null) return refuse(2);
  const bytes = Buffer.from(document);
  const { model } = options.phone;
  if (bytes.length > model.pushLimitBytes) return refuse(1);
  const parsed = parsePhoneXml(bytes, 'text/xml; charset=utf-8', model, 'utf-8');
  if ('error' in parsed) return refuse(1);
  const urls = parsed.page.kind === 'CiscoIPPhoneExecute' ? parsed.page.execute.map((item) => item.url) : [''];
  const items = urls.map((url) => `<ResponseItem Status="0" Data="Success" URL="${escapeXml(url)}"/>`);
  return { xml: `<CiscoIPPhoneResponse>${items.join('')}</CiscoIPPhoneResponse>`, page: parsed.page };
}

function refuse(number: ErrorNumber): PushAnswer {
  return { xml: `<CiscoIPPhoneError Number="${number}"/>`, page: null };
}

/** Exactly AUTHORIZED is yes; anything else, an answer that does not come included, is no. */
async function isAuthorised(credentials: Credentials, { authenticationUrl, phone }: PhoneWebOptions): Promise<boolean> {
  if (authenticationUrl === null) return true;
  const url = new URL(authenticationUrl);
  url.searchParams.set('UserID', credentials.user);
  url.searchParams.set('Password', credentials.password);
  url.searchParams.set('devicename', phone.device);
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(authenticationTimeoutMs), redirect: 'manual' });
    return answer.ok && (await answer.text()).trim() === 'AUTHORIZED';
  } catch {
    return false;
  }
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

function readCredentials(header: string | undefined): Credentials | null {
  const encoded = /^Basic\s+(\S+)$/i.exec(header ?? '')?.[1];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 1 ? null : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** null: more than any phone reads. */
async function readBody(request: http.IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimitBytes) chunks.push(chunk);
  }
  return size > bodyLimitBytes ? null : Buffer.concat(chunks).toString('utf8');
}

function sendXml(response: http.ServerResponse, xml: string | null): void {
  const body = Buffer.from(xml === null ? '' : `<?xml version="1.0" encoding="utf-8"?>\n${xml}`);
  response.writeHead(xml === null ? 404 : 200, {
    ...(xml === null ? {} : { 'Content-Type': 'text/xml; charset=utf-8' }),
    'Content-Length': body.length,
    Connection: 'close',
  });
  response.end(body);
}

function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return text.replace(/[&<>"]/g, (character) => `&${names[character]};`);
}
