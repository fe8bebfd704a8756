/** Who may do what at the ops port: by a token in the header, or by a session in a cookie. */

import type { Request, RequestHandler, Response } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { Clock } from '../time/clock.ts';
import { originOf } from './host-header.ts';
import { readSessionId } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';
import { createGuesses, findBearer } from './token.ts';

export interface AccessOptions {
  readonly operators: () => readonly OperatorConfig[];
  readonly sessions: Sessions;
  readonly report: Report;
  readonly clock: Clock;
}

export interface Access {
  /** Lets pass who may, known by `operatorOf` from then on. */
  require(may: OperatorConfig['may']): RequestHandler;
  /** Whether a request claims to be an operator's: a token in the header, right or wrong, or a session that is on. */
  isOffered(req: Request): boolean;
  /** For changes that need no right but come with a cookie: only pages of this port may ask for them. */
  readonly ownPagesOnly: RequestHandler;
  /** Answers a wrong token, by `refuse`, the later the more of them came from there. */
  refuseGuess(req: Request, res: Response, refuse: (isSlowed: boolean) => void): void;
}

/** Answers that wait are requests that are held: too many at once are cut off unanswered. */
const MAX_WAITING = 256;

export function sendError(res: Response, status: number, code: string, message: string): void {
  res.status(status).json({ error: { code, message } });
}

/** Of a request that `require` let pass. */
export function operatorOf(res: Response): OperatorConfig {
  return res.locals.operator as OperatorConfig;
}

export function createAccess({ operators, sessions, report, clock }: AccessOptions): Access {
  const guesses = createGuesses(clock);
  let waiting = 0;

  const refuseGuess: Access['refuseGuess'] = (req, res, refuse) => {
    const who = req.socket.remoteAddress ?? '';
    report({ kind: 'operator-refused', at: clock.now(), address: who, path: req.path });
    const delayMs = guesses.wrong(who);
    if (delayMs === 0) return refuse(false);
    if (waiting >= MAX_WAITING) return void req.socket.destroy();
    // Nothing more is read from there meanwhile: pipelined guesses would all be held.
    req.socket.pause();
    waiting += 1;
    clock.after(delayMs, () => {
      waiting -= 1;
      res.set('Connection', 'close');
      refuse(true);
    });
  };

  const requireOperator: Access['require'] = (may) => (req, res, next) => {
    const { authorization } = req.headers;
    const sessionId = authorization === undefined ? readSessionId(req) : null;
    const operator =
      sessionId === null
        ? findBearer(authorization, operators())
        : (sessions.find(sessionId, 'request')?.operator ?? null);
    if (operator === null) {
      // Nobody guesses 256 bits: that is a session that has ended.
      if (sessionId !== null) return refuseAccess(res, SIGNED_OUT);
      return refuseGuess(req, res, () => refuseAccess(res, operators().length === 0 ? NO_OPERATORS : NO_TOKEN));
    }
    if (sessionId !== null && !isRead(req) && !isOwnPage(req)) return refusePage(res);
    if (may === 'set' && operator.may !== 'set') {
      return sendError(res, 403, 'may-only-read', `The operator ${operator.name} may read here and change nothing.`);
    }
    res.locals.operator = operator;
    next();
  };

  return {
    require: requireOperator,
    isOffered(req) {
      if (req.headers.authorization !== undefined) return true;
      const id = readSessionId(req);
      return id !== null && sessions.find(id, 'look') !== null;
    },
    ownPagesOnly: (req, res, next) => {
      if (readSessionId(req) === null || isOwnPage(req)) next();
      else refusePage(res);
    },
    refuseGuess,
  };
}

export function refusePage(res: Response): void {
  sendError(res, 403, 'foreign-origin', 'With a session, changes need the Origin header of a page of this port.');
}

const NO_OPERATORS =
  'Nothing can be set over this port: ops.token or ops.operators must be set in the configuration first.';
const NO_TOKEN =
  'This needs the header Authorization: Bearer TOKEN with ops.token or the token of one of ops.operators.';
const SIGNED_OUT = 'The session has ended: sign in again by POST /session.';

export function refuseAccess(res: Response, message: string): void {
  res.set('WWW-Authenticate', 'Bearer realm="ippa-proxy"');
  sendError(res, 401, 'unauthorized', message);
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** A cookie comes along whoever has the browser send the request; these headers no page can forge. */
export function isOwnPage(req: Request): boolean {
  const site = req.headers['sec-fetch-site'];
  return req.headers.origin === originOf(req) && (site === undefined || site === 'same-origin');
}
