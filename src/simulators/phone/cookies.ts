/** The phone's cookies: few, small, gone when the application's window closes (reference/phone-xml.md §5). */

const cookiesPerHost = 4;
const cookieBytes = 255;
const idleMs = 30 * 60_000;

export interface Cookie {
  readonly host: string;
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly secure: boolean;
}

export interface CookieJar {
  readonly cookies: readonly Cookie[];
  readonly usedAtMs: number;
}

export const emptyJar: CookieJar = { cookies: [], usedAtMs: 0 };

/** The Cookie header for a request, or undefined when there is none to send. */
export function renderCookies(jar: CookieJar, url: URL, nowMs: number): string | undefined {
  if (nowMs - jar.usedAtMs > idleMs) return undefined;
  const fitting = jar.cookies.filter(
    (cookie) =>
      cookie.host === url.hostname &&
      isUnder(url.pathname, cookie.path) &&
      (!cookie.secure || url.protocol === 'https:'),
  );
  return fitting.length === 0 ? undefined : fitting.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ');
}

/** Takes in the Set-Cookie headers of an answer; what a phone has no room for is refused and reported. */
export function storeCookies(
  jar: CookieJar,
  url: URL,
  headers: readonly string[],
  nowMs: number,
): { jar: CookieJar; violations: string[] } {
  const violations: string[] = [];
  let cookies = nowMs - jar.usedAtMs > idleMs ? [] : [...jar.cookies];
  for (const header of headers) {
    const parsed = parseCookie(header, url, nowMs);
    if (typeof parsed === 'string') {
      violations.push(parsed);
      continue;
    }
    const { cookie, gone } = parsed;
    cookies = cookies.filter((old) => old.host !== cookie.host || old.name !== cookie.name || old.path !== cookie.path);
    if (gone) continue;
    if (cookies.filter((old) => old.host === cookie.host).length >= cookiesPerHost) {
      violations.push(`more than ${cookiesPerHost} cookies of one host`);
    } else {
      cookies.push(cookie);
    }
  }
  return { jar: { cookies, usedAtMs: nowMs }, violations };
}

function parseCookie(header: string, url: URL, nowMs: number): { cookie: Cookie; gone: boolean } | string {
  const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  if (equals < 1) return 'Set-Cookie without a name';
  if (Buffer.byteLength(pair) > cookieBytes) return `cookie of more than ${cookieBytes} bytes`;
  const attribute = (name: string) =>
    attributes.find((part) => part.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const domain = attribute('domain')?.toLowerCase().replace(/^\./, '');
  if (domain !== undefined && domain !== url.hostname && !url.hostname.endsWith(`.${domain}`)) {
    return 'cookie of another domain';
  }
  const secure = attributes.some((part) => part.toLowerCase() === 'secure');
  if (secure && url.protocol === 'http:') return 'Secure cookie over plain HTTP';
  const path = attribute('path');
  const maxAge = attribute('max-age');
  const expires = attribute('expires');
  const gone = maxAge !== undefined ? Number(maxAge) <= 0 : expires !== undefined && Date.parse(expires) <= nowMs;
  const cookie = {
    host: url.hostname,
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    path: path?.startsWith('/') ? path : url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf('/'))),
    secure,
  };
  return { cookie, gone };
}

function isUnder(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}
