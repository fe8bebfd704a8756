/**
 * What a phone in the browser may ask for. Whoever writes its pages and pushes (Finesse, or whoever has taken it over) writes
 * URLs that this process would then fetch; so it fetches nothing but pages of this very device at the proxy's own phone
 * listeners, and connects to nothing but their sockets. Pure.
 */

import type { Passage } from '../simulators/phone/exchange.ts';
import { connectHost, type OpenListener, originOf } from './entries.ts';

export function decidePassage(url: URL, device: string, listeners: readonly OpenListener[]): Passage {
  const listener = listeners.find((one) => originOf(one) === url.origin);
  if (listener === undefined || url.username !== '' || url.password !== '') return refuse(url.origin);
  if (!isOwnPath(url.pathname, device)) return refuse(`${url.origin}, a page of another device`);
  const { address, port } = listener.address;
  return { ok: true, to: { host: connectHost(address), port } };
}

/** `/fippa/DEVICE…` or `/PREFIX/fippa/DEVICE…`, with nothing that a reader of paths could take for another device. */
function isOwnPath(path: string, device: string): boolean {
  const [, ...segments] = path.split('/');
  const at = segments[0] === 'fippa' ? 1 : 2;
  if (segments[at - 1] !== 'fippa' || !/^[A-Za-z0-9._-]{1,64}$/.test(segments[0] ?? '')) return false;
  return (segments[at] ?? '').split(';', 1)[0] === device;
}

function refuse(what: string): Passage {
  return { ok: false, reason: `not asked: ${what}. The phone in the browser asks this proxy for its own pages alone.` };
}
