/** Cookies that a redirect sets go along to where it leads. Pure. */

/** One Set-Cookie as far as it matters within one server and one request. */
interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string | null;
  readonly secure: boolean;
  readonly expired: boolean;
}

export interface Hop {
  /** Path with or without query. */
  readonly target: string;
  readonly secure: boolean;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * The Cookie header for the next hop: what the phone sent, changed by the Set-Cookie headers of the redirect
 * (RFC 6265 §5.3, §5.4). undefined: no cookie is left.
 */
export function mergeCookies(cookie: string | undefined, setCookies: readonly string[], hop: Hop): string | undefined {
  const pairs = (cookie ?? '').split(';').flatMap((pair) => (pair.trim() === '' ? [] : [pair.trim()]));
  for (const header of setCookies) {
    const set = parseSetCookie(header, hop.now);
    if (set === null || (set.secure && !hop.secure) || !isBelow(hop.target, set.path)) continue;
    const at = pairs.findIndex((pair) => nameOf(pair) === set.name);
    const pair = `${set.name}=${set.value}`;
    if (set.expired) pairs.splice(at, at === -1 ? 0 : 1);
    else if (at === -1) pairs.push(pair);
    else pairs[at] = pair;
  }
  return pairs.length === 0 ? undefined : pairs.join('; ');
}

function nameOf(pair: string): string {
  return (pair.split('=', 1)[0] as string).trim();
}

function parseSetCookie(header: string, now: number): Cookie | null {
  const [pair = '', ...attributes] = header.split(';');
  const name = nameOf(pair);
  if (name === '' || !pair.includes('=')) return null;
  const values = new Map<string, string>();
  for (const attribute of attributes) {
    const [key = '', ...rest] = attribute.split('=');
    values.set(
      key.trim().toLowerCase(),
      rest
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
  }
  return {
    name,
    value: pair.slice(pair.indexOf('=') + 1).trim(),
    path: values.get('path') ?? null,
    secure: values.has('secure'),
    expired: isExpired(values.get('max-age'), values.get('expires'), now),
  };
}

/** Max-Age wins over Expires. A date that cannot be read does not end a cookie. */
function isExpired(maxAge: string | undefined, expires: string | undefined, now: number): boolean {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  return expires !== undefined && Date.parse(expires) <= now;
}

/** A missing or relative path means the default one; within one device's pages that is never narrower. */
function isBelow(target: string, path: string | null): boolean {
  if (path === null || !path.startsWith('/')) return true;
  const own = (target.split(/[?;]/, 1)[0] as string) || '/';
  return own === path || own.startsWith(path.endsWith('/') ? path : `${path}/`);
}
