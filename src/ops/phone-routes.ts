/**
 * `/phones`: the phones in the browser. They act in Finesse, so they are for operators who may set; and they belong to the
 * session of a browser, with which they end: a token alone has none.
 */

import { hash } from 'node:crypto';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { ConsolePhones, HeldPhone, PhoneRefusal } from '../console-phones/console-phones.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, operatorOf, sendError } from './access.ts';
import { phoneKey, phoneWish } from './api-schemas.ts';
import { openPhoneStream, renderEvent } from './phone-stream.ts';
import { readSessionId } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

export interface PhoneRoutesOptions {
  readonly access: Access;
  readonly phones: ConsolePhones;
  readonly sessions: Sessions;
  readonly readJson: readonly RequestHandler[];
  readonly clock: Clock;
}

/** Tabs and reconnections of one browser. */
const MAX_WATCHING = 4;

export function addPhoneRoutes(app: Express, options: PhoneRoutesOptions): void {
  const { access, phones, readJson } = options;
  const mine: readonly RequestHandler[] = [access.require('set'), requireSession];
  const one: readonly RequestHandler[] = [...mine, findPhone(options)];
  app
    .route('/phones')
    .get(...mine, (req, res) => {
      res.json({
        offered: phones.isOffered(),
        phones: phones.of(keyOf(req)).map(({ phone }) => phone.state()),
        entries: phones.entries(),
        models: phones.models,
      });
    })
    .post(...mine, ...readJson, begin(options))
    .all((_, res) => refuseMethod(res, 'GET, HEAD, POST'));
  app
    .route('/phones/:device')
    .get(...one, (_, res) => void res.json(phoneOf(res).phone.state()))
    .delete(...one, async (_, res) => {
      await phones.end(phoneOf(res), 'operator');
      res.status(204).end();
    })
    .all((_, res) => refuseMethod(res, 'GET, HEAD, DELETE'));
  app
    .route('/phones/:device/keys')
    .post(...one, ...readJson, press)
    .all((_, res) => refuseMethod(res, 'POST'));
  app
    .route('/phones/:device/events')
    .get(...one, watch(options))
    .all((_, res) => refuseMethod(res, 'GET, HEAD'));
}

function refuseMethod(res: Response, allow: string): void {
  res.set('Allow', allow);
  sendError(res, 405, 'method-not-allowed', `This path takes ${allow}.`);
}

const requireSession: RequestHandler = (req, res, next) => {
  if (req.headers.authorization === undefined && readSessionId(req) !== null) return next();
  sendError(res, 403, 'needs-session', 'A phone belongs to the session of a browser: sign in by POST /session.');
};

/** Names the session and could not be used in its place. */
function keyOf(req: Request): string {
  return hash('sha256', readSessionId(req) ?? '');
}

function phoneOf(res: Response): HeldPhone {
  return res.locals.phone as HeldPhone;
}

/** Phones of other sessions are not there. */
function findPhone({ phones }: PhoneRoutesOptions): RequestHandler {
  return (req, res, next) => {
    const held = phones.find(keyOf(req), String(req.params.device), req.method === 'POST' ? 'key' : 'look');
    if (held === null) return sendError(res, 404, 'no-phone', 'This session has no such phone.');
    res.locals.phone = held;
    next();
  };
}

const REFUSALS: Readonly<Record<PhoneRefusal, readonly [status: number, message: string]>> = {
  off: [409, 'The configuration allows no phones in the browser (ops.phone).'],
  'no-model': [400, 'There is no such model; GET /phones names them.'],
  'no-entry': [400, 'There is no such entry; GET /phones names them.'],
  'too-many': [409, 'Too many phones are open, of this browser, of this operator or in all.'],
  stopping: [409, 'The proxy is stopping, or the session has ended.'],
};

function begin({ phones, sessions }: PhoneRoutesOptions): RequestHandler {
  return async (req, res) => {
    const wish = phoneWish.safeParse(req.body);
    if (!wish.success) {
      return sendError(res, 400, 'bad-phone', 'The body must be {"model": …, "entry": …, "language": …}, and no more.');
    }
    const id = readSessionId(req) ?? '';
    const { name: operator } = operatorOf(res);
    const isOn = () => sessions.find(id, 'look')?.operator.may === 'set';
    const holder = { session: keyOf(req), operator, address: req.socket.remoteAddress ?? null, isOn };
    const { model, entry, language = 'en' } = wish.data;
    const begun = await phones.begin(holder, { model, entry, language });
    if (typeof begun !== 'string') return void res.status(201).json(begun.phone.state());
    const [status, message] = REFUSALS[begun];
    sendError(res, status, begun, message);
  };
}

const press: RequestHandler = async (req, res) => {
  const key = phoneKey.safeParse(req.body);
  // What is wrong with it is not told: it may hold a password.
  if (!key.success) return sendError(res, 400, 'bad-key', 'The body must be a key as /openapi.json describes it.');
  const { phone } = phoneOf(res);
  const result = await phone.press(key.data);
  if (result.ok) return void res.json(phone.state());
  if (result.because === 'page-changed') {
    return sendError(res, 409, 'page-changed', 'Another page has come meanwhile; nothing was done.');
  }
  sendError(res, 400, 'no-key', 'The page has no such key, item or field, or a field does not take what was typed.');
};

function watch({ clock }: PhoneRoutesOptions): RequestHandler {
  const watching = new Map<HeldPhone, number>();
  return (req, res) => {
    const held = phoneOf(res);
    const count = watching.get(held) ?? 0;
    if (count >= MAX_WATCHING) {
      res.set('Retry-After', '5');
      return sendError(res, 503, 'too-many-streams', 'Too many watch this phone.');
    }
    res.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    if (req.method === 'HEAD') return void res.end();
    watching.set(held, count + 1);
    const close = openPhoneStream(
      held.phone,
      {
        write: (text) => res.write(text),
        onDrain: (listener) => void res.on('drain', listener),
        cutOff: () => void req.socket.destroy(),
      },
      clock,
    );
    const unlisten = held.onEnd((because) => void res.end(renderEvent('ended', { because })));
    res.once('close', () => {
      close();
      unlisten();
      const left = (watching.get(held) ?? 1) - 1;
      if (left === 0) watching.delete(held);
      else watching.set(held, left);
    });
  };
}
