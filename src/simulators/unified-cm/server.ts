/** The simulated Unified CM: AXL over HTTPS with sessions, versions, rights and faults. */

import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { selfSigned } from '../finesse/certificate.ts';
import { portError } from '../finesse/port-error.ts';
import { parseXml, type XmlElement, XmlError } from '../finesse/xml.ts';
import { AxlFault } from './axl-fault.ts';
import type { Database } from './database.ts';
import { type Fault, hits, NO_FAULT } from './faults.ts';
import { perform, WRITES } from './operations.ts';
import { faultReply, htmlReply, type Reply, responseReply, sendReply, soapFault } from './replies.ts';
import { checkRequest, isOperation } from './request-rules.ts';
import { schemaFile, validate } from './schema.ts';
import { describeVersions, RELEASES, type Release } from './versions.ts';

export interface UnifiedCmOptions {
  readonly host: string;
  readonly port: number;
  readonly release: Release;
  readonly user: { readonly username: string; readonly password: string };
  /** May read, not write; null: there is none. */
  readonly reader: { readonly username: string; readonly password: string } | null;
  readonly database: Database;
  /** Folder with Cisco's schema, which each request is then checked against; null: by the simulator's own rules alone. */
  readonly schema: string | null;
  readonly now: () => number;
}

/** One request as it came, without credentials. */
export interface SeenAxl {
  readonly operation: string;
  readonly version: string;
  /** The operation alone, as text. */
  readonly document: string;
  readonly withCredentials: boolean;
  readonly fault: string;
  readonly status: number;
  /** The answer inside its envelope; null: none was sent, or a page. */
  readonly answer: string | null;
}

interface Call {
  readonly operation: string;
  readonly version: string;
  readonly document: string;
  readonly element: XmlElement;
}

export class UnifiedCm extends EventEmitter<{ request: [SeenAxl] }> {
  readonly requests: SeenAxl[] = [];
  readonly certificate: string;
  readonly database: Database;
  fault: Fault = NO_FAULT;
  readonly #options: UnifiedCmOptions;
  readonly #server: Server;
  /** By id: who logged in. */
  readonly #sessions = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #logins = 0;

  constructor(options: UnifiedCmOptions) {
    super();
    this.#options = options;
    this.database = options.database;
    const names = [...new Set(['cucm.example.com', 'localhost', '127.0.0.1'])];
    const { cert, key } = selfSigned(names, options.now());
    this.certificate = cert;
    this.#server = createServer({ cert, key, minVersion: 'TLSv1.2' }, (request, response) => {
      this.#handle(request, response).catch(() => request.socket.destroy());
    });
  }

  /** Rejects with PortError. */
  start(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(portError(error, 'port', host, port)));
      this.#server.listen(port, host, resolve);
    });
  }

  stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#options.port;
  }

  get url(): string {
    return `https://${this.#options.host === '0.0.0.0' ? '127.0.0.1' : this.#options.host}:${this.port}/axl/`;
  }

  /** How often somebody came with a password: each costs the real one a session. */
  get logins(): number {
    return this.#logins;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const path = (request.url ?? '').split('?', 1)[0];
    const soapAction = String(request.headers.soapaction ?? '');
    const [, version = '', operation = ''] = /^"?CUCM:DB ver=(\d+\.\d+)(?: (\w+))?"?$/.exec(soapAction) ?? [];
    const fault = path === '/axl/' && request.method === 'POST' ? this.#takeFault(operation) : NO_FAULT;
    const { reply, cookie } = await this.#answer(request, path ?? '', body, { version, operation }, fault);
    const mute = ['lost', 'silent', 'reset'].includes(fault.name);
    this.#keep(operation, version, body, request, fault, mute ? null : reply);
    if (fault.name === 'silent') return;
    if (mute) {
      request.socket.destroy();
      return;
    }
    const send = () => sendReply(response, reply, cookie, fault.name === 'truncated');
    if (fault.name !== 'slow') send();
    else this.#timers.add(setTimeout(send, Number(fault.args.ms ?? 3000)));
  }

  #takeFault(operation: string): Fault {
    const fault = this.fault;
    if (!hits(fault, operation, WRITES.has(operation))) return NO_FAULT;
    if (fault.left !== null) this.fault = fault.left <= 1 ? NO_FAULT : { ...fault, left: fault.left - 1 };
    return fault;
  }

  async #answer(
    request: IncomingMessage,
    path: string,
    body: string,
    named: { readonly version: string; readonly operation: string },
    fault: Fault,
  ): Promise<{ readonly reply: Reply; readonly cookie: string | null }> {
    const only = (reply: Reply) => ({ reply, cookie: null });
    if (path !== '/axl/') return only(htmlReply(404, 'HTTP Status 404 - Not Found'));
    if (fault.name === 'session-expired') this.#sessions.clear();
    const login = this.#logIn(request);
    if ('reply' in login) return only(login.reply);
    if (request.method === 'GET') return only(htmlReply(200, 'Cisco CallManager: AXL Web Service'));
    const early = faultReply(fault);
    const reply = early ?? (await this.#perform(body, named, login.username, fault));
    return { reply, cookie: login.cookie };
  }

  /** By session, or by password, which begins one. */
  #logIn(request: IncomingMessage): { readonly username: string; readonly cookie: string | null } | { reply: Reply } {
    const { authorization, cookie } = request.headers;
    const id = /JSESSIONIDSSO=([0-9A-F]+)/.exec(cookie ?? '')?.[1];
    if (authorization === undefined && id !== undefined) {
      const username = this.#sessions.get(id);
      return username === undefined
        ? { reply: htmlReply(404, 'HTTP Status 404 - Not Found') }
        : { username, cookie: null };
    }
    this.#logins += authorization === undefined ? 0 : 1;
    const given = Buffer.from((authorization ?? '').replace(/^Basic /i, ''), 'base64').toString('utf8');
    const { user, reader } = this.#options;
    const found = [user, reader].find((each) => each !== null && given === `${each.username}:${each.password}`);
    if (!found) return { reply: htmlReply(401, 'HTTP Status 401 - Unauthorized') };
    const session = randomBytes(16).toString('hex').toUpperCase();
    this.#sessions.set(session, found.username);
    return { username: found.username, cookie: `JSESSIONIDSSO=${session}; Path=/; Secure; HttpOnly` };
  }

  async #perform(
    body: string,
    named: { readonly version: string; readonly operation: string },
    username: string,
    fault: Fault,
  ): Promise<Reply> {
    const { release, reader } = this.#options;
    if (fault.name === 'version' || !RELEASES[release].takes(named.version)) {
      return htmlReply(599, describeVersions(release));
    }
    try {
      const call = readCall(body, named);
      const problem = (await this.#invalid(call)) ?? checkRequest(call.operation, call.element);
      if (problem !== null) throw new AxlFault('-1', problem);
      if (WRITES.has(call.operation) && username === reader?.username) {
        return htmlReply(403, 'HTTP Status 403 - Access to the requested resource has been denied');
      }
      const rows = fault.name === 'too-large' ? Number(fault.args.rows ?? 10) : null;
      const database = fault.name === 'ignored' ? structuredClone(this.database) : this.database;
      const context = { database, release: RELEASES[release].full, rows };
      return responseReply(call.operation, call.version, perform(call.operation, call.element, context));
    } catch (error) {
      if (!(error instanceof AxlFault || error instanceof XmlError)) throw error;
      return soapFault(error instanceof AxlFault ? error.code : '-1', error.message, named.operation);
    }
  }

  async #invalid({ version, document }: Call): Promise<string | null> {
    const { schema } = this.#options;
    const file = schema === null ? null : schemaFile(schema, version);
    return file === null ? null : validate(file, document);
  }

  #keep(operation: string, version: string, body: string, request: IncomingMessage, fault: Fault, reply: Reply | null) {
    const seen: SeenAxl = {
      operation,
      version,
      document: documentOf(body),
      withCredentials: request.headers.authorization !== undefined,
      fault: fault.name,
      status: reply?.status ?? 0,
      answer: reply?.type.startsWith('text/xml') ? documentOf(reply.body) : null,
    };
    this.requests.push(seen);
    this.emit('request', seen);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** What stands inside the body of the envelope. */
function documentOf(envelope: string): string {
  return /<(\w+):Body>([\s\S]*)<\/\1:Body>/.exec(envelope)?.[2] ?? '';
}

/** Throws AxlFault or XmlError. */
function readCall(body: string, named: { readonly version: string; readonly operation: string }): Call {
  const envelope = parseXml(body.replace(/^<\?xml[^>]*\?>\s*/, ''));
  const content = envelope.children.find(({ name }) => name.endsWith(':Body'))?.children[0];
  const [prefix = '', operation = ''] = content?.name.split(':') ?? [];
  if (content === undefined || operation === '') throw new AxlFault('-1', 'no operation with a prefix in the body');
  const namespace = content.attributes[`xmlns:${prefix}`] ?? '';
  if (namespace !== `http://www.cisco.com/AXL/API/${named.version}`) {
    throw new AxlFault('-1', `SOAPAction names version ${named.version}, the body ${namespace}`);
  }
  if (named.operation !== operation) throw new AxlFault('-1', 'SOAPAction names another operation than the body');
  if (!isOperation(operation)) throw new AxlFault('-1', `${operation} is not simulated`);
  return { operation, version: named.version, document: documentOf(body), element: content };
}
