/** Signing in and out without JavaScript: forms that only pages of this port may send. */

import { type Express, type Request, type RequestHandler, type Response, text } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, isOwnPage, refusePage, sendError } from './access.ts';
import type { Words } from './console-page.ts';
import { renderPlainPage } from './plain-page.ts';
import { beginSession, endSession } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { findOperator } from './token.ts';

export interface PlainSignInOptions {
  readonly operators: () => readonly OperatorConfig[];
  readonly sessions: Sessions;
  readonly access: Access;
  readonly report: Report;
  readonly clock: Clock;
  /** Headers of every page of the console, and its words for whoever asks. */
  readonly headers: Readonly<Record<string, string>>;
  readonly wordsFor: (req: Request) => { readonly language: string; readonly words: Words };
}

const MAX_FORM_BYTES = 4096;

export function addPlainSignIn(app: Express, options: PlainSignInOptions): void {
  const { operators, sessions, access, report, clock, headers, wordsFor } = options;
  const send = (req: Request, res: Response, status: number, fault: string | null) => {
    res
      .status(status)
      .set(headers)
      .vary('Accept-Language')
      .type('html')
      .send(renderForm(wordsFor(req), fault));
  };
  // Nothing is read of what another page sends.
  const ownPagesOnly: RequestHandler = (req, res, next) => (isOwnPage(req) ? next() : refusePage(res));
  const readForm = text({ type: 'application/x-www-form-urlencoded', limit: MAX_FORM_BYTES });

  app
    .route('/console/sign-in')
    .get((req, res) => send(req, res, 200, null))
    .post(ownPagesOnly, readForm, (req, res) => {
      const token = new URLSearchParams(typeof req.body === 'string' ? req.body : '').get('token') ?? '';
      const operator = findOperator(Buffer.from(token, 'utf8'), operators());
      if (operator === null) {
        return access.refuseGuess(req, res, (isSlowed) => {
          if (isSlowed) res.set('Retry-After', '1');
          send(req, res, isSlowed ? 429 : 401, isSlowed ? 'sign-in.slow' : 'sign-in.wrong');
        });
      }
      beginSession(req, res, operator, { sessions, report, clock });
      res.status(303).location('/').end();
    })
    .all(refuseMethod('GET, HEAD, POST'));
  app
    .route('/console/sign-out')
    .post(ownPagesOnly, (req, res) => {
      endSession(req, res, { sessions, report, clock });
      res.status(303).location('/').end();
    })
    .all(refuseMethod('POST'));
}

function refuseMethod(allow: string): RequestHandler {
  return (_, res) => {
    res.set('Allow', allow);
    sendError(res, 405, 'method-not-allowed', `This path takes ${allow}.`);
  };
}

/** It does not look again by itself: what was typed would be gone. */
function renderForm({ language, words }: ReturnType<PlainSignInOptions['wordsFor']>, fault: string | null): string {
  const say = (key: string) => escapeXml(words[key] ?? key);
  const problem = fault === null ? '' : `<p class="fault" role="alert">${say(fault)}</p>`;
  const body = `<h1>${say('sign-in')}</h1>
<p>${say('sign-in.explained')}</p>
${problem}
<form method="post" action="/console/sign-in">
<label class="field">${say('sign-in.token')}<input type="password" name="token" autocomplete="current-password" required autofocus></label>
<p><button type="submit" class="primary">${say('sign-in')}</button> <a href="/">${say('back')}</a></p>
</form>`;
  return renderPlainPage(language, say('sign-in'), body);
}
