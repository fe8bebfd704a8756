/** Which of the two readings of pushes a site needs (docs/pushes.md), as far as a capture tells. Pure. */

import { type Finding, holds, notSeen } from './fact.ts';
import { isSignIn } from './phone-page.ts';
import type { Seen, Traffic } from './read-har.ts';
import { absoluteLinksOf, hostOf, isEntry, knownServers, linksOf, pushesOf, withoutPrefix } from './traffic-views.ts';

export interface Reading extends Pick<Finding, 'found' | 'shownBy'> {
  readonly reading: 'a' | 'b' | 'unknown';
  readonly configure: string;
}

export function judgeReading(traffic: Traffic): Reading {
  const pushes = pushesOf(traffic);
  if (pushes.length > 0) {
    const { found, shownBy } = holds(
      `${pushes.length === 1 ? 'A push' : `${pushes.length} pushes`} came to the proxy. ${nameHosts(traffic, pushes)}`,
      pushes,
    );
    return {
      reading: 'a',
      found,
      shownBy,
      configure: 'Reading (a): `push.listeners` on ports 80 and 443, and `phones.networks`.',
    };
  }
  const { proofs, others } = findUnasked(traffic);
  if (proofs.length > 0) {
    const isServer = knownServers(traffic);
    const where = proofs.some(({ url }) => isServer(url))
      ? 'under the name of Finesse itself, so what was pushed names Finesse itself'
      : 'though no page had led there';
    const { found, shownBy } = holds(
      `No push came to the proxy, yet a phone fetched ${proofs.length === 1 ? 'a page' : `${proofs.length} pages`} ${where}: Finesse pushes straight to the phone.`,
      proofs,
    );
    const configure =
      'Reading (b): a listener with `service` for each server under its own name, and split DNS for phones.';
    return { reading: 'b', found, shownBy, configure };
  }
  const no = 'No push was seen, neither at the proxy nor by what a phone fetched.';
  const { found, shownBy } =
    others.length === 0
      ? notSeen(no)
      : {
          found: `${no} What no page had led to may as well have been opened by hand or be from before the capture.`,
          shownBy: holds('', others).shownBy,
        };
  const configure =
    'Take a call on the phone while a capture is on. If the screen changes and no push is seen, it is reading (b); if it does not change, Finesse pushes to the proxy and no `push.listeners` are there (a), or it cannot push at all.';
  return { reading: 'unknown', found, shownBy, configure };
}

function nameHosts(traffic: Traffic, pushes: readonly Seen[]): string {
  const isServer = knownServers(traffic);
  const links = pushes.flatMap(({ pushed }) => (pushed === null ? [] : absoluteLinksOf({ page: pushed })));
  const listeners = new Set((traffic.notes?.listeners ?? []).map(hostOf));
  const said = links.map((link) => {
    if (isServer(link)) return `Finesse itself (\`${link.host}\`), which the proxy replaces by its own name`;
    return listeners.has(link.hostname)
      ? `the proxy (\`${link.host}\`)`
      : `\`${link.host}\`, which is no configured name`;
  });
  const [they, name, say] = pushes.length === 1 ? ['It', 'names', 'says'] : ['They', 'name', 'say'];
  if (said.length === 0 && pushes.every(({ hasPosted }) => !hasPosted)) {
    return `What ${they.toLowerCase()} ${say} is not in the file.`;
  }
  return said.length === 0 ? `${they} ${name} no host.` : `${they} ${name} ${[...new Set(said)].join(' and ')}.`;
}

interface Unasked {
  /** Only a push can have led to them. */
  readonly proofs: readonly Seen[];
  /** They have other explanations too. */
  readonly others: readonly Seen[];
}

/**
 * Requests of phones that nothing before them led to: no entry, link, form, Refresh or action of the proxy. They prove a push only
 * of a phone that has opened the service within the capture, so that its history is known, and only where the phone itself got a page.
 */
function findUnasked({ seen }: Traffic): Unasked {
  const led = new Set<string>();
  const opened = new Map<string | null, Seen>();
  const [proofs, others] = [[] as Seen[], [] as Seen[]];
  for (const one of [...seen].sort((a, b) => a.at - b.at)) {
    if (one.leg === 'push-out' && one.pushed !== null) {
      for (const link of absoluteLinksOf({ page: one.pushed })) led.add(`${one.device} ${withoutPrefix(link)}`);
    }
    if (one.leg !== 'phone') continue;
    const key = `${one.device} ${one.path}`;
    const before = opened.get(one.device);
    if (isEntry(one)) {
      if (before === undefined) opened.set(one.device, one);
    } else if (!one.path.includes('/~') && !led.has(key)) {
      (before !== undefined && isPushed(one, before) ? proofs : others).push(one);
    }
    led.add(key);
    for (const link of linksOf(one)) led.add(`${one.device} ${withoutPrefix(link)}`);
  }
  return { proofs, others };
}

function isPushed(one: Seen, before: Seen): boolean {
  const [agent, first] = [one, before].map(({ request }) => request.get('user-agent')?.[0]);
  const isOther = agent !== undefined && first !== undefined && agent !== first;
  const isPage = one.page !== null && one.status === 200 && !isSignIn(one.page);
  const isAction = /\/(?:logout|signout|signin)$/i.test(one.path);
  return one.method === 'GET' && isPage && !isAction && !isOther && one.client === before.client;
}
