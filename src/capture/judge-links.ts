/** Where pages and redirects lead (A4, A5, A13, A23). Pure. */

import { MAX_URL_LENGTH } from '../domain/phone-url.ts';
import { type Finding, holds, judgeEach, listNames, notSeen } from './fact.ts';
import type { Seen, Traffic } from './read-har.ts';
import { absoluteLinksOf, knownServers, lastPart, linksOf, pagesOf, probesOf } from './traffic-views.ts';

export function judgePaths(traffic: Traffic): Finding {
  const pages = pagesOf(traffic).filter((one) => one.page !== null);
  return judgeEach(
    pages,
    (one) => {
      const own = ({ pathname }: URL) => one.device !== null && `${pathname}/`.startsWith(`/fippa/${one.device}/`);
      const other = linksOf(one).filter((link) => !own(link));
      return other.length === 0 ? null : `URLs lead to ${listNames(other.map(({ pathname }) => pathname))}`;
    },
    { none: 'no page passed', all: 'every URL on a page is below /fippa/DEVICE' },
  );
}

export function judgeHosts(traffic: Traffic): Finding {
  const isServer = knownServers(traffic);
  const pages = pagesOf(traffic).filter((one) => linksOf(one).length > 0);
  const absolute = pages.filter((one) => absoluteLinksOf(one).length > 0);
  if (pages.length > 0 && absolute.length === 0) return holds('URLs on pages name no server: they are paths', pages);
  return unlessUnreported(
    traffic,
    judgeEach(
      absolute,
      (one) => {
        const other = absoluteLinksOf(one).filter((link) => !isServer(link));
        return other.length === 0 ? null : `URLs name ${listNames(other.map(({ host }) => host))}`;
      },
      {
        none: 'no page with URLs passed',
        all: `URLs name ${listNames(absolute.flatMap(absoluteLinksOf).map(({ host }) => host))}`,
      },
    ),
  );
}

export function judgeRedirects(traffic: Traffic): Finding {
  const isServer = knownServers(traffic);
  const pages = pagesOf(traffic);
  return judgeEach(
    pages,
    (one) => {
      const { status, response, url, path } = one;
      const [location] = response.get('location') ?? [];
      if (status < 300 || status > 399 || location === undefined) return null;
      const to = URL.canParse(location, url.href) ? new URL(location, url.href) : null;
      const isWithin = to !== null && isServer(to) && to.pathname.startsWith('/fippa/');
      // A capture of ours shows what became of it.
      const isNext = (other: Seen) => other.exchange === one.exchange && other.url.pathname === to?.pathname;
      const isFollowed = traffic.notes === null ? isWithin : pages.slice(pages.indexOf(one) + 1).some(isNext);
      const leads = isFollowed
        ? 'which the proxy follows'
        : `which ${isWithin ? 'the proxy has not followed' : 'leaves the server, and is not followed'}`;
      return `a ${status} on ${lastPart(path)} leads to \`${location}\`, ${leads}`;
    },
    { none: 'nothing was asked of Finesse', all: 'no answer is a redirect' },
  );
}

export function judgeUrlLengths(traffic: Traffic): Finding {
  const pages = traffic.seen.filter(({ leg, page }) => leg === 'phone' && page !== null);
  return judgeEach(
    pages,
    (one) => {
      const long = linksOf(one).filter(({ href }) => href.length > MAX_URL_LENGTH);
      return long.length === 0 ? null : `URLs of up to ${Math.max(...long.map(({ href }) => href.length))} characters`;
    },
    { none: 'no page passed to a phone', all: 'every URL that phones get has at most 256 characters' },
  );
}

/** By which name a server calls itself is known from its SystemInfo: of a capture of ours without one nothing can be said. */
export function unlessUnreported(traffic: Traffic, finding: Finding): Finding {
  const isReported = probesOf(traffic).some(({ page }) => page !== null);
  if (finding.verdict !== 'does not hold' || isReported || traffic.notes === null) return finding;
  return notSeen('no probe passed, so it is not known what the server calls itself: capture for longer');
}
