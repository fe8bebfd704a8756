/** The control port: HTTP on loopback by which tests and administrators switch faults while the server runs. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { OrderError } from './faults.ts';
import { describe } from './orders.ts';
import { portError } from './port-error.ts';
import { readObject } from './read-object.ts';
import type { SeenRequest } from './seen-request.ts';
import type { Finesse } from './server.ts';

const HELP = `GET    /state                                   what the server is at
POST   /fault   {"name": "slow", "ms": 3000}    switches a fault on; also "for": "10s", "count": 3
DELETE /fault                                   switches it off
POST   /call    {"device": "SEP…", "from": "…"} gives the agent there a call
POST   /hangup  {"device": "SEP…"}              ends it
GET    /requests                                every request seen, secrets masked
GET    /actions                                 every state change that requests caused
`;

export class Control {
  readonly #server: Server;
  #port: number;

  constructor(finesse: Finesse, port: number) {
    this.#port = port;
    this.#server = createServer((request, response) => {
      answer(finesse, request)
        .catch((error) => problem(error))
        .then(([status, body]) => send(response, status, body));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Rejects with PortError. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(portError(error, 'control-port', '127.0.0.1', this.#port)));
      this.#server.listen(this.#port, '127.0.0.1', () => {
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) this.#port = address.port;
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

type Reply = readonly [status: number, body: unknown];

class BadRequest extends Error {}

async function answer(finesse: Finesse, request: IncomingMessage): Promise<Reply> {
  // A web page that the administrator visits must not be able to switch faults (DNS rebinding, cross-site requests).
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host) || request.headers.origin !== undefined)
    return [403, { error: 'Only programs on this machine may use the control port.' }];
  const path = (request.url ?? '').split('?', 1)[0];
  switch (`${request.method} ${path}`) {
    case 'GET /':
      return [200, HELP];
    case 'GET /state':
      return [200, describe(finesse)];
    case 'GET /requests':
      return [200, finesse.requests.map(masked)];
    case 'GET /actions':
      return [200, finesse.actions];
    case 'POST /fault': {
      const { name, ...args } = await readJson(request);
      await finesse.fault(String(name ?? ''), args);
      return [200, describe(finesse)];
    }
    case 'DELETE /fault':
      await finesse.fault('none');
      return [200, describe(finesse)];
    case 'POST /call': {
      const { device, agent, from } = await readJson(request);
      finesse.call(String(device ?? agent ?? ''), String(from ?? 'unknown'));
      return [200, describe(finesse)];
    }
    case 'POST /hangup': {
      const { device, agent } = await readJson(request);
      finesse.hangup(String(device ?? agent ?? ''));
      return [200, describe(finesse)];
    }
    default:
      return [404, { error: `There is no ${request.method} ${path}. GET / lists what there is.` }];
  }
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const object = await readObject(request);
  if (object === null) throw new BadRequest('The body is not a JSON object such as {"name": "refuse"}.');
  return object;
}

function problem(error: unknown): Reply {
  const status = error instanceof OrderError || error instanceof BadRequest ? 400 : 500;
  return [status, { error: error instanceof Error ? error.message : String(error) }];
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body, null, 2)}\n`;
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), Connection: 'close' });
  response.end(text);
}

/** A request that may be shown: passwords, cookies, credentials and path parameters are left out. */
function masked(request: SeenRequest): object {
  const { authorization, cookie, ...headers } = request.headers;
  const { rawHeaders: _, ...rest } = request;
  const hide = (text: string) => text.replace(/(password=)[^&]*/gi, '$1***').replace(/;[^?/]*/g, ';***');
  return {
    ...rest,
    target: hide(request.target),
    body: hide(request.body),
    headers: {
      ...headers,
      ...(authorization === undefined ? {} : { authorization: '***' }),
      ...(cookie === undefined ? {} : { cookie: '***' }),
    },
  };
}
