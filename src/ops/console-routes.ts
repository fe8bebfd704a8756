/** `/` and what is below `/console/`: the page for people, its files, and what it has to know before anything else. */

import type { Request, RequestHandler, Response } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import type { OutageRecords } from '../records/outages.ts';
import { selectLanguage } from '../text/accept.ts';
import type { Clock } from '../time/clock.ts';
import { sendError } from './access.ts';
import { type ConsoleFile, readConsoleFiles } from './console-files.ts';
import { renderConsolePage } from './console-page.ts';
import type { HealthReport } from './health.ts';
import { readSessionId } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

export interface ConsoleRoutesOptions {
  readonly get: (path: string | RegExp, ...handlers: RequestHandler[]) => void;
  readonly health: () => HealthReport;
  readonly outages: Pick<OutageRecords, 'all'>;
  readonly sessions: Sessions;
  readonly operators: () => readonly OperatorConfig[];
  /** How attempts are timed, for the countdown. */
  readonly reconnect: () => { readonly intervalMs: number; readonly attempts: number };
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

export function addConsoleRoutes({ get, health, ...options }: ConsoleRoutesOptions): void {
  const { files, shell, words } = readConsoleFiles();
  get('/', (req, res) => {
    const language = selectLanguage(req.get('accept-language'), ['en', ...words.keys()]);
    const texts = words.get(language) ?? words.get('en') ?? {};
    res.set(HEADERS).vary('Accept-Language').type('html');
    const outages = options.outages.all().filter(({ endedAt }) => endedAt === null);
    res.send(renderConsolePage(shell, { report: health(), outages, words: texts, language, now: options.clock.now() }));
  });
  // In a browser's console an answer of 503 would stand as an error of the page.
  get('/console/health', (_, res) => void res.json(health()));
  get('/console/about', (req, res) => void res.json(renderAbout(req, options)));
  get(/^\/console\/(.+)$/, (req, res) => {
    const file = files.get(String(req.params[0]));
    if (file === undefined) return sendError(res, 404, 'not-found', 'The console has no such file.');
    sendFile(req, res, file);
  });
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
  { sessions, operators, reconnect, demo, clock }: Omit<ConsoleRoutesOptions, 'get' | 'health' | 'outages'>,
) {
  const id = readSessionId(req);
  const operator = id === null ? null : (sessions.find(id, 'look')?.operator ?? null);
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
