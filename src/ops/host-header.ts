/**
 * A web page may point a name of its own at this port (DNS rebinding) and then read what it serves. Its Host header gives it
 * away: only addresses, localhost and the configured host are names of this port. Pure.
 */

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Whether a request with these Host headers may be served. None at all is HTTP/1.0, which no browser speaks but health checks
 * of load balancers do; an empty one names nothing and is refused; two are an attempt to be read in two ways.
 */
export function isOwnHost(hosts: readonly string[], configured: string): boolean {
  if (hosts.length === 0) return true;
  const [host = ''] = hosts;
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host);
  if (hosts.length > 1 || match === null) return false;
  if (match[1] !== undefined) return isIP(match[1]) === 6;
  const name = (match[2] ?? '').toLowerCase();
  return isIP(name) === 4 || name === 'localhost' || name === configured.toLowerCase();
}

/** All Host headers of a request, which Node joins or drops in `headers`. */
export function hostsOf(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
}

/** What browsers call a page of this port, by the name under which it was asked for. */
export function originOf({ socket, headers }: IncomingMessage): string {
  const origin = `${socket instanceof TLSSocket ? 'https' : 'http'}://${headers.host ?? ''}`;
  return URL.parse(origin)?.origin ?? '';
}
