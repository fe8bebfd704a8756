/** The control port: HTTP on loopback by which tests and administrators switch faults and look at the database. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { portError } from '../finesse/port-error.ts';
import { readObject } from '../finesse/read-object.ts';
import { updateSubscriptions } from './database.ts';
import { NO_FAULT, OrderError, parseFault } from './faults.ts';
import type { UnifiedCm } from './server.ts';

const HELP = `GET    /state                                          the database
GET    /status                                         the fault that is on, logins, number of requests
GET    /requests                                       every request seen, without credentials
POST   /fault   {"name": "503", "count": 2}            switches a fault on; also "on": "write"
DELETE /fault                                          switches it off
POST   /update-subscriptions {"service": "…"}          presses the button of that phone service
`;

type Reply = readonly [status: number, body: unknown];

export class Control {
  readonly #server: Server;
  readonly #port: number;

  constructor(unifiedCm: UnifiedCm, port: number) {
    this.#port = port;
    this.#server = createServer((request, response) => {
      answer(unifiedCm, request)
        .catch((error): Reply => [error instanceof OrderError ? 400 : 500, { error: String(error.message) }])
        .then(([status, body]) => send(response, status, body));
    });
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : this.#port}`;
  }

  /** Rejects with PortError. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(portError(error, 'control-port', '127.0.0.1', this.#port)));
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

async function answer(unifiedCm: UnifiedCm, request: IncomingMessage): Promise<Reply> {
  // A web page that the administrator visits must not be able to switch faults (DNS rebinding, cross-site requests).
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host) || request.headers.origin !== undefined)
    return [403, { error: 'Only programs on this machine may use the control port.' }];
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      return [200, HELP];
    case 'GET /state':
      return [200, unifiedCm.database];
    case 'GET /status':
      return [200, statusOf(unifiedCm)];
    case 'GET /requests':
      return [200, unifiedCm.requests];
    case 'POST /fault': {
      const { name, ...args } = await readJson(request);
      unifiedCm.fault = parseFault(String(name ?? ''), args);
      return [200, statusOf(unifiedCm)];
    }
    case 'DELETE /fault':
      unifiedCm.fault = NO_FAULT;
      return [200, statusOf(unifiedCm)];
    case 'POST /update-subscriptions': {
      const { service } = await readJson(request);
      return [200, { updated: updateSubscriptions(unifiedCm.database, String(service ?? '')) }];
    }
    default:
      return [404, { error: `There is no ${request.method} ${request.url}. GET / lists what there is.` }];
  }
}

function statusOf({ fault, logins, requests, url }: UnifiedCm): object {
  return { url, fault, logins, requests: requests.length };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const object = await readObject(request);
  if (object === null) throw new OrderError('The body is not a JSON object such as {"name": "503"}.');
  return object;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body, null, 2)}\n`;
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), Connection: 'close' });
  response.end(text);
}
