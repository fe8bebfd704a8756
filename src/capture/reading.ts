/** Which of the two readings of pushes a site needs (docs/pushes.md), as far as a capture tells. Pure. */

import { type Finding, holds, notSeen } from './fact.ts';
import type { Seen, Traffic } from './read-har.ts';
import { absoluteLinksOf, hostOf, isEntry, knownHosts, linksOf, pushesOf } from './traffic-views.ts';

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
  const unasked = findUnasked(traffic);
  if (unasked.length > 0) {
    const own = unasked.filter(({ url }) => knownHosts(traffic).has(url.hostname));
    const where =
      own.length > 0
        ? 'under the name of Finesse itself, so what was pushed names Finesse itself'
        : 'though no page had led there';
    const { found, shownBy } = holds(
      `No push came to the proxy, yet a phone fetched ${unasked.length === 1 ? 'a page' : `${unasked.length} pages`} ${where}: Finesse pushes straight to the phone.`,
      unasked,
    );
    const configure =
      'Reading (b): a listener with `service` for each server under its own name, and split DNS for phones.';
    return { reading: 'b', found, shownBy, configure };
  }
  const { found, shownBy } = notSeen('No push was seen, neither at the proxy nor by what a phone fetched.');
  const configure =
    'Take a call on the phone while a capture is on. If the screen changes and no push is seen, it is reading (b); if it does not change, Finesse pushes to the proxy and no `push.listeners` are there (a), or it cannot push at all.';
  return { reading: 'unknown', found, shownBy, configure };
}

function nameHosts(traffic: Traffic, pushes: readonly Seen[]): string {
  const known = knownHosts(traffic);
  const hosts = pushes.flatMap(({ pushed }) =>
    pushed === null ? [] : absoluteLinksOf({ page: pushed }).map(({ hostname }) => hostname),
  );
  const listeners = new Set((traffic.notes?.listeners ?? []).map(hostOf));
  const said = [...new Set(hosts)].map((host) => {
    if (known.has(host)) return `Finesse itself (\`${host}\`), which the proxy replaces by its own name`;
    return listeners.has(host) ? `the proxy (\`${host}\`)` : `\`${host}\`, which is no configured name`;
  });
  return said.length === 0 ? 'They name no host.' : `They name ${said.join(' and ')}.`;
}

/** Requests of phones that nothing before them led to: no entry, link, form, Refresh or action of the proxy. */
function findUnasked({ seen }: Traffic): readonly Seen[] {
  const led = new Set<string>();
  const unasked: Seen[] = [];
  for (const one of [...seen].sort((a, b) => a.at - b.at)) {
    if (one.leg === 'push-out' && one.pushed !== null) {
      for (const link of absoluteLinksOf({ page: one.pushed })) led.add(`${one.device} ${link.pathname}`);
    }
    if (one.leg !== 'phone') continue;
    const key = `${one.device} ${one.url.pathname}`;
    if (!isEntry(one) && !one.path.includes('/~') && !led.has(key) && led.size > 0) unasked.push(one);
    led.add(key);
    for (const link of linksOf(one)) led.add(`${one.device} ${link.pathname}`);
  }
  return unasked;
}
