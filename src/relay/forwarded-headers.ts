/** Which of a phone's request headers the server sees. Pure; works on raw headers, so spelling and bytes stay as they were. */

/** What the server is told about where the request came from. */
export interface ForwardedFor {
  /** Address of the phone. */
  readonly clientAddress: string;
  readonly scheme: 'http' | 'https';
  /** Host and port by which the phone reached the proxy, or null when it did not say. */
  readonly host: string | null;
}

/** All other headers stay behind, above all hop-by-hop headers and X-Forwarded-… of the client's own making. */
const ALLOWED = ['accept', 'accept-language', 'accept-charset', 'user-agent', 'cookie', 'content-type'];
const ALLOWED_PREFIX = 'x-ciscoipphone';
const ALLOWED_BY_LENGTH = Array.from({ length: 16 }, (_, length) => ALLOWED.filter((name) => name.length === length));

/** The name in lower case of a header that the server sees, else null. Lengths are compared first: this runs for every page. */
function allowedName(name: string): string | null {
  const { length } = name;
  const named = ALLOWED_BY_LENGTH[length];
  if (length < ALLOWED_PREFIX.length && named?.length === 0) return null;
  const key = name.toLowerCase();
  return named?.includes(key) === true || key.startsWith(ALLOWED_PREFIX) ? key : null;
}

/**
 * The headers for the server as name, value, name, value …; Host and Content-Length are left to the connection, which
 * knows them. Of a repeated header the first counts; repeated cookies are joined (RFC 9110 §5.3, RFC 6265 §5.4).
 */
export function selectForwardHeaders(rawHeaders: readonly string[], from: ForwardedFor): string[] {
  const forwarded: string[] = [];
  const seen: string[] = [];
  const dropped = namedInConnection(rawHeaders);
  let cookieAt = -1;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    const key = allowedName(name);
    if (key === null || dropped?.includes(key)) continue;
    if (key === 'cookie' && cookieAt !== -1) {
      forwarded[cookieAt] += `; ${value}`;
    } else if (!seen.includes(key)) {
      seen.push(key);
      forwarded.push(name, value);
      if (key === 'cookie') cookieAt = forwarded.length - 1;
    }
  }
  forwarded.push('X-Forwarded-For', plainAddress(from.clientAddress), 'X-Forwarded-Proto', from.scheme);
  if (from.host !== null) forwarded.push('X-Forwarded-Host', from.host);
  // Phones are assumed not to read compressed answers (reference/phone-xml.md §5), and the rewriting does not either.
  forwarded.push('Accept-Encoding', 'identity');
  return forwarded;
}

/** RFC 9110 §7.6.1: what Connection names was meant for this hop only. null in the usual case of none. */
function namedInConnection(rawHeaders: readonly string[]): string[] | null {
  let names: string[] | null = null;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const value = (rawHeaders[i + 1] as string).toLowerCase();
    if (value === 'close' || value === 'keep-alive') continue;
    names ??= [];
    names.push(...value.split(',').map((token) => token.trim()));
  }
  return names;
}

/** An IPv4 client on a dual-stack socket shows as ::ffff:10.1.1.5; servers log and compare the plain form. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
