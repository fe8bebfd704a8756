/** The phone's own web server: POST /CGI/Execute, by which others put objects on its screen (reference/phone-xml.md §8). */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { isExecutable } from './intent.ts';
import type { ObjectKind, PhoneModel } from './models.ts';
import { type ParseResult, type PhonePage, parsePhoneXml } from './page.ts';
import type { Phone } from './phone.ts';

export interface PhoneWebOptions {
  readonly phone: Phone;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Asked whether the credentials of a push are good; null: any are. */
  readonly authenticationUrl: string | null;
  /** false: no request of a web page is taken, which could come from anywhere. Phones make no such difference. */
  readonly fromPages?: boolean;
  /** Called once per document that was allowed, before the phone acts on it. */
  readonly onPush?: (push: Push) => void;
}

export interface Push {
  /** null: refused. */
  readonly object: ObjectKind | null;
  /** Number of the CiscoIPPhoneError that was answered; null: none. */
  readonly error: ErrorNumber | null;
  /** Departures from the documented rules. */
  readonly violations: readonly string[];
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
      ({ xml, page, violations }) => {
        sendXml(response, xml);
        // The phone answers first and fetches afterwards; its screen tells what came of it.
        if (page) options.phone.receive(page, violations).catch(String);
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
  readonly violations: readonly string[];
}

async function answerPush(request: http.IncomingMessage, options: PhoneWebOptions): Promise<PushAnswer> {
  const body = await readBody(request);
  // The path is case-sensitive, as is the name of the field.
  if (request.method !== 'POST' || request.url !== '/CGI/Execute') return { xml: null, page: null, violations: [] };
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (options.fromPages === false && (origin ?? site) !== undefined) return refuse(4);
  const credentials = readCredentials(request.headers.authorization);
  if (!credentials || !(await isAuthorised(credentials, options))) return refuse(4);
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return refuse(2);
  const document = body === null ? null : new URLSearchParams(body).get('XML');
  if (document === null) return refuse(2);
  const bytes = Buffer.from(document);
  const { model } = options.phone;
  const parsed: ParseResult =
    bytes.length > model.pushLimitBytes
      ? refuseSize(bytes.length, model.pushLimitBytes)
      : parsePhoneXml(bytes, 'text/xml; charset=utf-8', model, 'utf-8');
  const { violations } = parsed;
  const page = 'page' in parsed ? parsed.page : null;
  options.onPush?.({ object: page?.kind ?? null, error: page === null ? 1 : null, violations });
  if (page === null) return refuse(1);
  return { xml: `<CiscoIPPhoneResponse>${renderItems(page, model)}</CiscoIPPhoneResponse>`, page, violations };
}

function refuseSize(bytes: number, limit: number): ParseResult {
  const reason = `${bytes} bytes pushed, at most ${limit}`;
  return { error: 'Data too large!', reason, violations: [reason] };
}

/** 0: done; 6, an internal error, for what cannot be executed. Whether phones say 6 or 1 there is not documented (§1.4). */
function renderItems(page: PhonePage, model: PhoneModel): string {
  const items = page.kind === 'CiscoIPPhoneExecute' ? page.execute : [{ url: '', priority: 0 }];
  return items
    .map((item) => {
      const result = isExecutable(item, model) ? 'Status="0" Data="Success"' : 'Status="6" Data="Internal error"';
      return `<ResponseItem ${result} URL="${escapeXml(item.url)}"/>`;
    })
    .join('');
}

function refuse(number: ErrorNumber): PushAnswer {
  return { xml: `<CiscoIPPhoneError Number="${number}"/>`, page: null, violations: [] };
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
