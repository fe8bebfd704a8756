/** Pushes, as they come and as phones take them (A15, A16, A17). Pure. */

import { type Finding, judgeEach, listNames, notSeen } from './fact.ts';
import { unlessUnreported } from './judge-links.ts';
import type { Seen, Traffic } from './read-har.ts';
import { absoluteLinksOf, knownServers, pushesOf } from './traffic-views.ts';

export function judgePushShape(traffic: Traffic): Finding {
  const pushes = pushesOf(traffic);
  // Of a push from an address that nobody pushes from the body is not read.
  const whole = pushes.filter(({ hasPosted }) => hasPosted);
  if (pushes.length > 0 && whole.length === 0) {
    return notSeen(
      'a push came, and its body is not in the file: what sent it is no address of a server. Is `push.from` of the service complete?',
    );
  }
  return judgeEach(
    whole,
    ({ pushed, device }) => {
      if (pushed === null || pushed.object !== 'CiscoIPPhoneExecute') return 'a push is no CiscoIPPhoneExecute';
      const links = absoluteLinksOf({ page: pushed });
      if (pushed.urls.length !== 1) return `a push has ${pushed.urls.length} URLs`;
      const [link] = links;
      if (link === undefined) return 'the URL of a push is not absolute';
      return device !== null && link.pathname.includes(`/fippa/${device}`)
        ? null
        : `a push leads to \`${link.pathname}\`, which names no device`;
    },
    { none: 'no push came to the proxy', all: 'a push is one absolute URL that names the device' },
  );
}

export function judgePushHosts(traffic: Traffic): Finding {
  const isServer = knownServers(traffic);
  const pushes = pushesOf(traffic).filter(
    ({ pushed }) => pushed !== null && absoluteLinksOf({ page: pushed }).length > 0,
  );
  const hosts = (one: Seen) => absoluteLinksOf({ page: one.pushed });
  return unlessUnreported(
    traffic,
    judgeEach(
      pushes,
      (one) => {
        const other = hosts(one).filter((link) => !isServer(link));
        return other.length === 0 ? null : `a push names ${listNames(other.map(({ host }) => host))}`;
      },
      {
        none: 'no push came to the proxy',
        all: `pushes name Finesse itself: ${listNames(pushes.flatMap(hosts).map(({ host }) => host))}`,
      },
    ),
  );
}

export function judgePushAnswers(traffic: Traffic): Finding {
  // In a file of another program there is no proxy: what was pushed was pushed to phones.
  const leg = traffic.notes === null ? 'push-in' : 'push-out';
  const sent = traffic.seen.filter((one) => one.leg === leg);
  return judgeEach(
    sent,
    ({ status, page, error }) => {
      if (error !== null) return `a push failed at the phone: ${error}`;
      if (status !== 200) return `the phone answered a push with ${status}`;
      return page?.object === 'CiscoIPPhoneError' ? 'the phone answered a push with CiscoIPPhoneError' : null;
    },
    {
      none:
        pushesOf(traffic).length > 0
          ? 'a push came to the proxy and was sent to no phone: see A15 and A16, and `push-failed` in the log'
          : 'no push was seen: take a call on the phone while a capture is on',
      all: 'phones take the pushes',
    },
  );
}
