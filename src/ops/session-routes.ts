/** `/session`: signing in with a browser, which from then on sends a cookie in place of the token. */

import type { Express, Request, RequestHandler, Response } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, operatorOf, refuseAccess, sendError } from './access.ts';
import { readSessionId, renderSessionCookie } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';
import { findOperator } from './token.ts';

export interface SessionRoutesOptions {
  readonly operators: () => readonly OperatorConfig[];
  readonly sessions: Sessions;
  readonly access: Access;
  readonly readJson: readonly RequestHandler[];
  readonly report: Report;
  readonly clock: Clock;
}

export function addSessionRoutes(app: Express, options: SessionRoutesOptions): void {
  const { access, readJson } = options;
  app
    .route('/session')
    .get(access.require('read'), (_, res) => {
      const { name, may } = operatorOf(res);
      res.json({ operator: name, may });
    })
    .post(...readJson, signIn(options))
    .delete(access.ownPagesOnly, signOut(options))
    .all((_, res) => {
      res.set('Allow', 'GET, HEAD, POST, DELETE');
      sendError(res, 405, 'method-not-allowed', 'This path takes GET, HEAD, POST, DELETE.');
    });
}

function signIn({ operators, sessions, access, report, clock }: SessionRoutesOptions): RequestHandler {
  return (req, res) => {
    const { token, ...rest } = Object(req.body) as Record<string, unknown>;
    if (typeof token !== 'string' || Object.keys(rest).length > 0) {
      return sendError(res, 400, 'bad-session', 'The body must be a JSON object such as {"token": "…"}.');
    }
    const operator = findOperator(Buffer.from(token, 'utf8'), operators());
    if (operator === null) {
      return access.refuseGuess(req, res, (isSlowed) => {
        if (!isSlowed) return refuseAccess(res, 'That is no token of this port.');
        res.set('Retry-After', '1');
        sendError(res, 429, 'too-many-guesses', 'Too many wrong tokens came from there; the right one passes at once.');
      });
    }
    beginSession(req, res, operator, { sessions, report, clock });
    res.status(204).end();
  };
}

/** The answer sets the cookie of a new session. */
export function beginSession(
  req: Request,
  res: Response,
  operator: OperatorConfig,
  { sessions, report, clock }: Pick<SessionRoutesOptions, 'sessions' | 'report' | 'clock'>,
): void {
  // A new id at each sign-in: one that somebody else knew before is worth nothing.
  const former = readSessionId(req);
  if (former !== null) sessions.end(former);
  const id = sessions.begin(operator);
  const address = req.socket.remoteAddress ?? null;
  report({ kind: 'operator-session', at: clock.now(), who: operator.name, address, change: 'sign-in' });
  res.set('Set-Cookie', renderSessionCookie(req.socket, id));
}

function signOut(options: SessionRoutesOptions): RequestHandler {
  return (req, res) => {
    endSession(req, res, options);
    res.status(204).end();
  };
}

/** Whoever has the cookie may give it back; without one, or an old one, nothing is to be done. */
export function endSession(
  req: Request,
  res: Response,
  { sessions, report, clock }: Pick<SessionRoutesOptions, 'sessions' | 'report' | 'clock'>,
): void {
  const id = readSessionId(req);
  const operator = id === null ? null : sessions.end(id);
  if (operator !== null) {
    const address = req.socket.remoteAddress ?? null;
    report({ kind: 'operator-session', at: clock.now(), who: operator.name, address, change: 'sign-out' });
  }
  res.set('Set-Cookie', renderSessionCookie(req.socket, null));
}
