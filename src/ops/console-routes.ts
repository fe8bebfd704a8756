/** `/` and what is below `/console/`: the page for people, its files, and what it has to know before anything else. */

import type { Express, Request, RequestHandler, Response } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { OutageRecords } from '../records/outages.ts';
import { selectLanguage } from '../text/accept.ts';
import { createTranslation } from '../text/phrases.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, sendError } from './access.ts';
import { type ConsoleFile, readConsoleFiles } from './console-files.ts';
import { namesOfMissing, renderConsolePage, selectPlainOutages } from './console-page.ts';
import type { HealthReport } from './health.ts';
import { renderHelp } from './plain-help.ts';
import { addPlainSignIn } from './plain-sign-in.ts';
import { readSessionId } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

export interface ConsoleRoutesOptions {
  readonly get: (path: string | RegExp, ...handlers: RequestHandler[]) => void;
  readonly health: () => HealthReport;
  readonly outages: Pick<OutageRecords, 'all' | 'devices'>;
  readonly sessions: Sessions;
  readonly operators: () => readonly OperatorConfig[];
  /** How attempts are timed, for the countdown. */
  readonly reconnect: () => { readonly intervalMs: number; readonly attempts: number };
  readonly app: Express;
  readonly access: Access;
  readonly report: Report;
  /** There in the demonstration. */
  readonly demo?: object | undefined;
  readonly clock: Clock;
}

/**
 * Nothing from elsewhere, nothing inline, no text that becomes markup or script (reference/console.md, tried in a browser). Forms
 * are sent by scripts alone.
 */
export const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONSOLE_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** Of a form that a page sends browsers tell where it comes from only if they may say so here. */
const PLAIN_HEADERS = { ...HEADERS, 'Referrer-Policy': 'same-origin' };

export function addConsoleRoutes({ get, health, ...options }: ConsoleRoutesOptions): void {
  const { files, pages, shell, words, phrases } = readConsoleFiles();
  const wordsFor = (req: Request) => {
    const language = selectLanguage(req.get('accept-language'), ['en', ...words.keys()]);
    return { language, words: words.get(language) ?? words.get('en') ?? {} };
  };
  const translations = new Map([...phrases].map(([language, each]) => [language, createTranslation(each)]));
  get('/', (req, res) => {
    const { language, words: texts } = wordsFor(req);
    const now = options.clock.now();
    const operator = operatorOfSession(req, options.sessions);
    const outages = selectPlainOutages(options.outages.all(), now).map((outage) => {
      return { outage, missing: operator === null ? null : namesOfMissing(options.outages.devices(outage.id)) };
    });
    res.set(PLAIN_HEADERS).vary('Accept-Language').type('html');
    res.send(
      renderConsolePage(shell, {
        ...{ report: health(), outages, words: texts, language, now, translate: translations.get(language) ?? null },
        ...{ operator: operator?.name ?? null, canSignIn: options.operators().length > 0 },
      }),
    );
  });
  addPlainSignIn(options.app, { ...options, headers: PLAIN_HEADERS, wordsFor });
  // In a browser's console an answer of 503 would stand as an error of the page.
  get('/console/health', (_, res) => void res.json(health()));
  get('/console/about', (req, res) => void res.json(renderAbout(req, options)));
  get(/^\/console\/help\/(\w+)$/, (req, res) => {
    const page = String(req.params[0]);
    const text = pages.get(`${page}.md`);
    if (text === undefined) return sendError(res, 404, 'not-found', 'The console has no such page.');
    const { language, words: texts } = wordsFor(req);
    res.set(HEADERS).vary('Accept-Language').type('html');
    res.send(renderHelp(page, text, texts, language));
  });
  get(/^\/console\/(.+)$/, (req, res) => {
    const file = files.get(String(req.params[0]));
    if (file === undefined) return sendError(res, 404, 'not-found', 'The console has no such file.');
    sendFile(req, res, file);
  });
}

/** Without prolonging the session: a page that looks again by itself would keep it for ever. */
function operatorOfSession(req: Request, sessions: Sessions): OperatorConfig | null {
  const id = readSessionId(req);
  return id === null ? null : (sessions.find(id, 'look')?.operator ?? null);
}

/** Asked for again each time, and sent again only if it is another one: after an upgrade no browser mixes old and new. */
function sendFile(req: Request, res: Response, { body, type, etag }: ConsoleFile): void {
  res.set({ ...HEADERS, 'Cache-Control': 'no-cache', ETag: etag });
  const known = (req.get('if-none-match') ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (known.includes(etag)) return void res.status(304).end();
  res.set('Content-Type', type).send(body);
}

/**
 * Who is signed in, without being a guess at a token: a page that was just opened has to ask, and an answer of 401 would stand in
 * the browser's console as an error. It does not prolong the session.
 */
function renderAbout(
  req: Request,
  {
    sessions,
    operators,
    reconnect,
    demo,
    clock,
  }: Pick<ConsoleRoutesOptions, 'sessions' | 'operators' | 'reconnect' | 'demo' | 'clock'>,
) {
  const operator = operatorOfSession(req, sessions);
  const { intervalMs, attempts } = reconnect();
  return {
    operator: operator?.name ?? null,
    may: operator?.may ?? null,
    canSignIn: operators().length > 0,
    demo: demo !== undefined,
    attempts,
    attemptSeconds: intervalMs / 1000,
    at: new Date(clock.now()).toISOString(),
  };
}
