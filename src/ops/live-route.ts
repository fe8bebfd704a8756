/** `GET /events`: what happens, as it happens. */

import type { Request, RequestHandler } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import { type Access, operatorOf, sendError } from './access.ts';
import type { LiveStreams } from './live-stream.ts';
import { queryOf } from './outage-routes.ts';
import { readSessionId } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

export interface LiveRouteOptions {
  readonly access: Access;
  readonly streams: LiveStreams;
  readonly sessions: Sessions;
  readonly operators: () => readonly OperatorConfig[];
}

export function createLiveRoute(options: LiveRouteOptions): RequestHandler {
  const { access, streams } = options;
  const open: RequestHandler = (req, res) => {
    const isOperator = res.locals.operator !== undefined;
    const mayRead = isOperator ? stillMayRead(req, operatorOf(res), options) : () => true;
    res.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    if (req.method === 'HEAD') return void res.end();
    const close = streams.open({
      isOperator,
      // In a morning thousands sign in: a page that shows none of them need not hear of each.
      getsDevices: isOperator && queryOf(req).get('devices') !== 'no',
      ...{ mayRead, address: req.socket.remoteAddress ?? '' },
      lastEventId: req.get('last-event-id'),
      write: (text) => res.write(text),
      onDrain: (listener) => void res.on('drain', listener),
      end: () => void res.end(),
      cutOff: () => void req.socket.destroy(),
    });
    if (close !== null) return void res.once('close', close);
    res.removeHeader('X-Accel-Buffering');
    res.set('Retry-After', '5');
    sendError(res.type('json'), 503, 'too-many-streams', 'Too many streams are open, from there or in all.');
  };
  return (req, res, next) => {
    if (!access.isOffered(req)) open(req, res, next);
    else access.require('read')(req, res, (error) => (error === undefined ? open(req, res, next) : next(error)));
  };
}

/** Rights are checked when the stream begins; it must not outlive them. */
function stillMayRead(req: Request, operator: OperatorConfig, { sessions, operators }: LiveRouteOptions) {
  const id = req.headers.authorization === undefined ? readSessionId(req) : null;
  if (id !== null) return () => sessions.find(id, 'look') !== null;
  return () => operators().some(({ name, token }) => name === operator.name && token === operator.token);
}
