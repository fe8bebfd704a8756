/**
 * Phones that hop: each asks whichever proxy it likes, the next one if that does not answer, signs in where it is asked to,
 * takes an alternate that is offered, and takes pushes at an address of its own. All that it does and sees is kept.
 */

import { createServer, request, type Server } from 'node:http';

export interface SeenPage {
  readonly at: number;
  readonly device: string;
  /** Index of the proxy. */
  readonly proxy: number;
  readonly kind: 'sign-in' | 'home' | 'menu' | 'reconnecting' | 'other';
  readonly attempt: number | null;
  readonly service: string | null;
  /** From the first try to the answer, whichever proxy gave it. */
  readonly tookMs: number;
}

export interface SeenPush {
  readonly at: number;
  readonly device: string;
  readonly url: string;
}

export interface CrowdOptions {
  readonly origins: readonly string[];
  readonly count: number;
  readonly pushPort: number;
  readonly everyMs: number;
  readonly random: () => number;
}

export interface Crowd {
  readonly pages: SeenPage[];
  readonly pushes: SeenPush[];
  /** What was neither 200 nor phone XML. */
  readonly bad: string[];
  /** Where each phone is signed in by its last page; null: nowhere, or it does not look at its service. */
  readonly where: ReadonlyMap<string, string | null>;
  run(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Every key press, sign-in and poll has one of its own: no server may see it twice. */
export const TOKEN = /[?&]token=([\w-]+)/;
const ANSWERED = '<CiscoIPPhoneResponse><ResponseItem Status="0" Data="Success" URL=""/></CiscoIPPhoneResponse>';
const IDLE_LOOK_MS = 20_000;
/** A proxy that stands still is left for the next one, as a front door does that checks them: longer than a proxy may take (2 s). */
const TRY_MS = 2200;

export async function createCrowd(options: CrowdOptions): Promise<Crowd> {
  const pages: SeenPage[] = [];
  const pushes: SeenPush[] = [];
  const bad: string[] = [];
  const where = new Map<string, string | null>();
  const phones = Array.from({ length: options.count }, (_, index) => {
    const device = `SEP0000000${String(10_000 + index)}`;
    where.set(device, null);
    return createPhone(device, index, options, { pages, pushes, bad, where });
  });
  for (const phone of phones) await phone.listen();
  return {
    ...{ pages, pushes, bad, where },
    run: async (signal) => void (await Promise.all(phones.map((phone) => phone.run(signal)))),
    stop: async () => void (await Promise.all(phones.map((phone) => phone.stop()))),
  };
}

interface Seen {
  readonly pages: SeenPage[];
  readonly pushes: SeenPush[];
  readonly bad: string[];
  readonly where: Map<string, string | null>;
}

function createPhone(device: string, index: number, options: CrowdOptions, seen: Seen) {
  const { origins, random, everyMs } = options;
  const address = `127.0.1.${index + 1}`;
  const agent = { id: String(1001 + index), extension: String(2001 + index) };
  const entry = `/fippa/${device}`;
  // Every other one looks at its screen only when it is pushed to, or once in a while.
  const isIdle = index % 2 === 1;
  let current = Math.floor(random() * origins.length);
  let count = 0;
  let pushed: string | null = null;
  let wake = () => {};
  let body = '';
  let refreshMs: number | null = null;
  let hasSignedIn = false;

  const token = () => `token=${index}-${++count}`;
  const withToken = (path: string) => `${path}${path.includes('?') ? '&' : '?'}${token()}`;

  const server: Server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk) => (text += String(chunk)));
    req.on('end', () => {
      res.setHeader('content-type', 'text/xml');
      res.end(ANSWERED);
      const url = /URL="([^"]*)"/.exec(new URLSearchParams(text).get('XML') ?? '')?.[1] ?? '';
      seen.pushes.push({ at: Date.now(), device, url });
      pushed = url;
      wake();
    });
  });

  const ask = (origin: string, path: string): Promise<{ status: number; body: string; refresh: string | null }> =>
    new Promise((resolve, reject) => {
      const req = request(
        `${origin}${path}`,
        { localAddress: address, agent: false, timeout: TRY_MS, headers: { 'X-CiscoIPPhoneModelName': 'CP-8845' } },
        (res) => {
          let text = '';
          res.on('data', (chunk) => (text += String(chunk)));
          res.on('error', reject);
          res.on('end', () =>
            resolve({ status: res.statusCode ?? 0, body: text, refresh: (res.headers.refresh as string) ?? null }),
          );
        },
      );
      req.on('timeout', () => req.destroy(new Error('no answer')));
      req.on('error', reject);
      req.end();
    });

  /** As an agent would: no answer there, so the key is pressed again, and the phone reaches another proxy. */
  const fetchPage = async (path: (again: boolean) => string, signal: AbortSignal): Promise<void> => {
    const began = Date.now();
    for (let tries = 0; !signal.aborted; tries++) {
      const proxy = current;
      try {
        const answer = await ask(origins[proxy] as string, path(tries > 0));
        note(answer, proxy, Date.now() - began);
        return;
      } catch {
        current = (current + 1) % origins.length;
        if (tries % origins.length === origins.length - 1) await sleep(50, signal);
      }
    }
  };

  const note = (answer: { status: number; body: string; refresh: string | null }, proxy: number, tookMs: number) => {
    body = answer.body;
    if (answer.status !== 200 || !body.includes('<CiscoIPPhone')) {
      seen.bad.push(`${device} got ${answer.status}: ${body.slice(0, 80)}`);
    }
    const seconds = /^(\d+)/.exec(answer.refresh ?? '')?.[1];
    refreshMs = seconds === undefined ? null : Number(seconds) * 1000;
    const attempt = /Reconnecting: (\d) of \d/.exec(body)?.[1] ?? null;
    const urls = [...body.matchAll(/<URL>([^<]*)<\/URL>/g)].map(([, url]) => url ?? '');
    const isHome = urls.some((url) => /\/(?:ready|notready)$/.test(url));
    const service =
      urls.map((url) => /\/([ab])\/fippa\//.exec(url)?.[1] ?? null).find((found) => found !== null) ?? null;
    const kind =
      attempt !== null
        ? 'reconnecting'
        : isHome
          ? 'home'
          : urls.some((url) => url.includes('/~to/'))
            ? 'menu'
            : /<QueryStringParam>password</.test(body)
              ? 'sign-in'
              : 'other';
    if (kind === 'home') seen.where.set(device, service);
    hasSignedIn ||= kind === 'home';
    if (kind === 'sign-in') seen.where.set(device, null);
    const at = Date.now();
    seen.pages.push({ at, device, proxy, kind, attempt: attempt === null ? null : Number(attempt), service, tookMs });
  };

  const urlOf = (pattern: RegExp): string | null => {
    const found = [...body.matchAll(/<URL>([^<]*)<\/URL>/g)]
      .map(([, url]) => decode(url ?? ''))
      .find((url) => pattern.test(url));
    return found === undefined ? null : pathOf(found);
  };

  const step = async (signal: AbortSignal): Promise<void> => {
    const url = pushed;
    pushed = null;
    if (url !== null) {
      const origin = new URL(url).origin;
      const found = origins.indexOf(origin);
      if (found >= 0) current = found;
      return fetchPage(() => pathOf(url), signal);
    }
    if (random() < 0.3) current = Math.floor(random() * origins.length);
    const menu = urlOf(/\/~to\//);
    const home = urlOf(/\/(?:ready|notready)$/);
    if (menu !== null && random() < 0.7) return fetchPage(() => menu, signal);
    if (/<QueryStringParam>password</.test(body)) {
      const submit = /<InputItem>/.test(body) ? urlOf(/\/fippa\//) : null;
      const target = submit ?? entry;
      const query = `id=${agent.id}&password=cisco&extension=${agent.extension}`;
      return fetchPage(() => withToken(`${target}${target.includes('?') ? '&' : '?'}${query}`), signal);
    }
    if (home !== null && random() < 0.5) return fetchPage(() => withToken(`${home}?reason=1`), signal);
    if (home !== null) return fetchPage(() => withToken(home.replace(/\/[^/]*$/, '/home')), signal);
    // Both services have phones from the beginning; afterwards the front door leads to where a phone is signed in.
    const first = `/${index % 4 < 2 ? 'a' : 'b'}${entry}`;
    return fetchPage(() => (hasSignedIn ? entry : first), signal);
  };

  return {
    listen: () =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.pushPort, address, () => resolve());
      }),
    async run(signal: AbortSignal): Promise<void> {
      await sleep(everyMs * random(), signal);
      while (!signal.aborted) {
        await step(signal);
        const isHome = seen.pages.length > 0 && urlOf(/\/(?:ready|notready)$/) !== null;
        const restMs = isHome && isIdle ? IDLE_LOOK_MS : everyMs * (0.5 + random());
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        if (pushed === null) await Promise.race([sleep(refreshMs ?? restMs, signal), promise]);
      }
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url, 'http://x');
  return `${pathname}${search}`;
}

function decode(text: string): string {
  return text.replaceAll('&amp;', '&');
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
