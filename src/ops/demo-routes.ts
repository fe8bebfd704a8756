/**
 * `/demo`: in the demonstration alone. Its servers are simulated and fail by a button; and a browser on this machine signs in by
 * a button too. The demonstration listens on loopback only and its token is known to everybody, so that button gives nothing
 * away that typing `demo` would not; what is kept out, here as there, is a page from elsewhere (Host, Origin, Sec-Fetch-Site).
 */

import type { Express, RequestHandler } from 'express';
import { isLoopback } from '../config/values.ts';
import { isOwnPage, refusePage, sendError } from './access.ts';
import { demoOrder } from './api-schemas.ts';
import { beginSession, type SessionRoutesOptions } from './session-routes.ts';

export interface DemoServer {
  readonly id: string;
  readonly name: string;
  /** What is wrong with it; `none`: nothing. */
  readonly fault: string;
  /** Epoch ms. */
  readonly since: number;
}

export interface DemoAgent {
  readonly id: string;
  readonly password: string;
  readonly extension: string;
}

/** What the demonstration lets its operators do. */
export interface DemoControls {
  /** Faults to choose from. */
  readonly faults: readonly string[];
  /** Who can sign in on all of them. */
  readonly agent: DemoAgent;
  servers(): readonly DemoServer[];
  /** Resolves when the fault is in force. */
  setFault(server: string, fault: string): Promise<void>;
  /** false: nobody is signed in there on that device. */
  call(server: string, device: string, change: 'begins' | 'ends'): boolean;
}

export interface DemoRoutesOptions extends SessionRoutesOptions {
  readonly demo: DemoControls;
}

export function addDemoRoutes(app: Express, options: DemoRoutesOptions): void {
  const { access, readJson } = options;
  app.get('/demo', access.require('read'), (_, res) => void res.json(describe(options.demo)));
  app.post('/demo/servers/:id', access.require('set'), ...readJson, obey(options));
  app.get('/demo/session', (_, res) => void res.status(204).end());
  app.post('/demo/session', signIn(options));
}

function describe({ faults, agent, servers }: DemoControls): object {
  return {
    faults,
    agent,
    servers: servers().map((server) => ({ ...server, since: new Date(server.since).toISOString() })),
  };
}

function obey({ demo }: DemoRoutesOptions): RequestHandler {
  return async (req, res) => {
    const id = String(req.params.id);
    if (!demo.servers().some((server) => server.id === id)) {
      return sendError(res, 404, 'unknown-service', 'There is no such simulated server.');
    }
    const order = demoOrder.safeParse(req.body);
    const fault = order.success && 'fault' in order.data ? order.data.fault : null;
    if (!order.success || (fault !== null && !demo.faults.includes(fault))) {
      return sendError(res, 400, 'bad-order', `The body must be {"fault": …} with one of ${demo.faults.join(', ')}.`);
    }
    if ('fault' in order.data) await demo.setFault(id, order.data.fault);
    else if (!demo.call(id, order.data.device, order.data.call)) {
      return sendError(res, 400, 'nobody-there', 'Nobody is signed in there on that device, or there is no call.');
    }
    res.json(describe(demo));
  };
}

function signIn({ operators, sessions, report, clock }: DemoRoutesOptions): RequestHandler {
  return (req, res) => {
    if (!isOwnPage(req) || !isLoopback(req.socket.remoteAddress ?? '')) return refusePage(res);
    const operator = operators().find(({ may }) => may === 'set');
    if (operator === undefined) return sendError(res, 404, 'not-found', 'No operator may set anything here.');
    beginSession(req, res, operator, { sessions, report, clock });
    res.status(204).end();
  };
}
