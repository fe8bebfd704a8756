/** How a capture shows whether an assumption holds. Pure; each named by what it looks at. */

import { isDeviceName, MAX_URL_LENGTH } from '../domain/phone-url.ts';
import { type Finding, fails, holds, judgeEach, listNames, notSeen } from './fact.ts';
import { isSignIn } from './phone-page.ts';
import type { Seen, Traffic } from './read-har.ts';
import {
  absoluteLinksOf,
  formsOf,
  isEntry,
  knownHosts,
  linksOf,
  pagesOf,
  probesOf,
  pushesOf,
  requestsOf,
} from './traffic-views.ts';

const NAMES = ['id', 'extension', 'password'];

export function judgeEntryParameters(traffic: Traffic): Finding {
  const entries = requestsOf(traffic).filter((one) => isEntry(one) && one.parameters.length > 0);
  return judgeEach(
    entries,
    ({ parameters }) => {
      const other = parameters.filter((name) => !NAMES.includes(name));
      return other.length === 0 ? null : `the phone's first request has ${listNames(other)}`;
    },
    {
      none: 'no phone came with parameters: is One Button Sign In in use?',
      all: 'parameters are id, extension and password',
    },
  );
}

export function judgeFormFields(traffic: Traffic): Finding {
  return judgeEach(
    formsOf(traffic),
    ({ page }) => {
      const names = (page?.fields ?? []).map(({ parameter }) => parameter);
      const [other, missing] = [
        names.filter((name) => !NAMES.includes(name)),
        NAMES.filter((name) => !names.includes(name)),
      ];
      if (other.length === 0 && missing.length === 0) return null;
      const words = [
        ...(other.length === 0 ? [] : [`has ${listNames(other)}`]),
        ...(missing.length === 0 ? [] : [`has no ${listNames(missing)}`]),
      ];
      return `the sign-in form ${words.join(' and ')}`;
    },
    { none: 'no sign-in form passed: sign out and in again', all: 'the sign-in form has id, password and extension' },
  );
}

export function judgeFormSubmit(traffic: Traffic): Finding {
  const pages = pagesOf(traffic);
  const sent = pages.flatMap((form, at) => {
    const to = formTarget(form);
    const one =
      to === null ? undefined : pages.slice(at + 1).find((later) => later.device === form.device && leadsTo(later, to));
    return to === null || one === undefined ? [] : [{ one, wrong: judgeSent(one, form, to) }];
  });
  const wrongOf = new Map(sent.map(({ one, wrong }) => [one, wrong]));
  return judgeEach([...wrongOf.keys()], (one) => wrongOf.get(one) ?? null, {
    none: 'no form was sent',
    all: 'forms are sent by GET, a parameter for each field',
  });
}

function formTarget({ page, url }: Seen): URL | null {
  const to = page?.formUrl ?? null;
  return to !== null && URL.canParse(to, url.origin) ? new URL(to, url.origin) : null;
}

/** With the parameters that its URL has by itself. */
function leadsTo({ url }: Seen, to: URL): boolean {
  return (
    url.pathname === to.pathname && [...to.searchParams].every(([name, value]) => url.searchParams.get(name) === value)
  );
}

function judgeSent({ method, parameters, posted }: Seen, { page }: Seen, to: URL): string | null {
  if (method !== 'GET') return `a form was sent by ${method}`;
  const fields = page?.fields.map(({ parameter }) => parameter) ?? [];
  const sent = [...parameters, ...posted];
  const missing = fields.filter((name) => !sent.includes(name));
  const other = sent.filter((name) => !fields.includes(name) && !to.searchParams.has(name));
  if (missing.length > 0) return `a form was sent without ${listNames(missing)}`;
  return other.length === 0 ? null : `a form was sent with ${listNames(other)} beside its fields`;
}

export function judgeDeviceNames(traffic: Traffic): Finding {
  const named = requestsOf(traffic).filter(({ path }) => path.startsWith('/fippa/'));
  return judgeEach(
    named,
    ({ path }) => {
      const name = /^\/fippa\/([^/;]*)/.exec(path)?.[1] ?? '';
      return isDeviceName(name) ? null : `a device is called \`${name}\``;
    },
    { none: 'no request named a device', all: 'device names are of letters, digits, dots, lines and underscores' },
  );
}

export function judgePaths(traffic: Traffic): Finding {
  const pages = pagesOf(traffic).filter((one) => one.page !== null);
  return judgeEach(
    pages,
    (one) => {
      const own = (link: URL) => one.device !== null && link.pathname.startsWith(`/fippa/${one.device}`);
      const other = linksOf(one).filter((link) => !own(link));
      return other.length === 0 ? null : `URLs lead to ${listNames(other.map(({ pathname }) => pathname))}`;
    },
    { none: 'no page passed', all: 'every URL on a page is below /fippa/DEVICE' },
  );
}

export function judgeHosts(traffic: Traffic): Finding {
  const known = knownHosts(traffic);
  const pages = pagesOf(traffic).filter((one) => linksOf(one).length > 0);
  const absolute = pages.filter((one) => absoluteLinksOf(one).length > 0);
  if (pages.length > 0 && absolute.length === 0) return holds('URLs on pages name no server: they are paths', pages);
  return unlessUnreported(
    traffic,
    judgeEach(
      absolute,
      (one) => {
        const other = absoluteLinksOf(one).filter(({ hostname }) => !known.has(hostname));
        return other.length === 0 ? null : `URLs name ${listNames(other.map(({ host }) => host))}`;
      },
      {
        none: 'no page with URLs passed',
        all: `URLs name ${listNames(absolute.flatMap(absoluteLinksOf).map(({ host }) => host))}`,
      },
    ),
  );
}

/** By which name a server calls itself is known from its SystemInfo: of a capture of ours without one nothing can be said. */
function unlessUnreported(traffic: Traffic, finding: Finding): Finding {
  const isReported = probesOf(traffic).some(({ page }) => page !== null);
  if (finding.verdict !== 'does not hold' || isReported || traffic.notes === null) return finding;
  return notSeen('no probe passed, so it is not known what the server calls itself: capture for longer');
}

export function judgeRefresh(traffic: Traffic): Finding {
  return judgeEach(
    pagesOf(traffic).filter(({ page }) => page !== null),
    ({ response, path }) => {
      const [refresh] = response.get('refresh') ?? [];
      return refresh === undefined ? null : `\`Refresh: ${refresh}\` on ${lastPart(path)}`;
    },
    { none: 'no page passed', all: 'no page has a Refresh' },
  );
}

export function judgeCookies(traffic: Traffic): Finding {
  const setting = pagesOf(traffic).filter(({ response }) => response.has('set-cookie'));
  const found = judgeEach(
    setting,
    ({ response }) => {
      const other = (response.get('set-cookie') ?? []).filter((cookie) => !isUsualCookie(cookie));
      return other.length === 0 ? null : other.map((cookie) => `\`Set-Cookie: ${cookie}\``).join(', ');
    },
    { none: 'no cookie was set', all: 'the only cookie is JSESSIONID, for /fippa' },
  );
  return found;
}

function isUsualCookie(cookie: string): boolean {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  const path = attributes.find((attribute) => /^path=/i.test(attribute));
  return (
    /^JSESSIONID=/.test(pair) &&
    /^path=\/fippa\/?$/i.test(path ?? '') &&
    !attributes.some((each) => /^domain=/i.test(each))
  );
}

export function judgeRedirects(traffic: Traffic): Finding {
  const known = knownHosts(traffic);
  return judgeEach(
    pagesOf(traffic),
    ({ status, response, url, path }) => {
      const [location] = response.get('location') ?? [];
      if (status < 300 || status > 399 || location === undefined) return null;
      const to = URL.canParse(location, url.href) ? new URL(location, url.href) : null;
      const within = to !== null && known.has(to.hostname) && to.pathname.startsWith('/fippa/');
      return `a ${status} on ${lastPart(path)} leads to \`${location}\`, which ${within ? 'the proxy follows' : 'leaves the server, and is not followed'}`;
    },
    { none: 'nothing was asked of Finesse', all: 'no answer is a redirect' },
  );
}

export function judgeAnswers(traffic: Traffic): Finding {
  return judgeEach(
    pagesOf(traffic).filter(({ status }) => status < 300 || status > 399),
    ({ status, page, response, notWritten, path, error }) => {
      if (status === 0) return `no answer on ${lastPart(path)}${error === null ? '' : ` (${error})`}`;
      if (status !== 200) return `status ${status} on ${lastPart(path)}`;
      if (page === null || !page.object.startsWith('CiscoIPPhone')) {
        return `no phone XML on ${lastPart(path)}${notWritten === null ? '' : ` (${notWritten})`}`;
      }
      const [type = ''] = response.get('content-type') ?? [];
      return /^text\/xml\s*;.*charset=/i.test(type) ? null : `\`Content-Type: ${type}\``;
    },
    { none: 'nothing was asked of Finesse', all: 'every page is phone XML, with status 200, text/xml and a charset' },
  );
}

export function judgeCharset(traffic: Traffic): Finding {
  const pages = pagesOf(traffic).filter(({ page, request }) => page !== null && request.has('accept-charset'));
  return judgeEach(
    pages,
    ({ response, request }) => {
      const charset = /charset=["']?([\w.-]+)/i.exec(response.get('content-type')?.[0] ?? '')?.[1]?.toLowerCase();
      const accepted = (request.get('accept-charset') ?? []).join(',').toLowerCase();
      if (charset === undefined || accepted.includes(charset) || accepted.includes('*')) return null;
      return `a page is in ${charset}, the phone takes ${accepted}`;
    },
    { none: 'no phone said which charsets it takes', all: 'pages are in a charset that the phone takes' },
  );
}

export function judgeLanguage(traffic: Traffic): Finding {
  const asked = requestsOf(traffic).filter(({ request }) => request.has('user-agent') || request.has('accept'));
  return judgeEach(
    asked,
    ({ request }) => {
      const [language] = request.get('accept-language') ?? [];
      if (language === undefined) return 'a phone sends no `Accept-Language`';
      return /^[a-z]{2,3}(?:[-_][a-z]{2,4})?(?:[,;]|$)/i.test(language) ? null : `\`Accept-Language: ${language}\``;
    },
    {
      none: 'no phone said what it is',
      all: `phones say ${listNames(asked.flatMap(({ request }) => request.get('accept-language') ?? []))}`,
    },
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

/**
 * Of requests without a cookie while somebody is signed in on the device: not of those that sign in or out themselves, which
 * say nothing of what a session hangs on.
 */
export function judgeSessions(traffic: Traffic): Finding {
  const given = new Set<string | null>();
  const signedIn = new Set<string | null>();
  const [kept, lost] = [[] as Seen[], [] as Seen[]];
  for (const one of pagesOf(traffic)) {
    const { device, page, request, response } = one;
    if (page === null) continue;
    const isTold = given.has(device) && signedIn.has(device) && !request.has('cookie') && !carriesSignIn(one);
    if (isTold && !isSigningOut(one)) {
      if (isSignIn(page)) lost.push(one);
      else if (isOfSignedIn(one)) kept.push(one);
    }
    if (response.has('set-cookie')) given.add(device);
    if (isSignIn(page) || isSigningOut(one)) signedIn.delete(device);
    else if (isOfSignedIn(one)) signedIn.add(device);
  }
  if (lost.length > 0) return fails('a phone that came back without its cookie got the sign-in form', lost);
  return kept.length > 0
    ? holds('a phone without its cookie is known all the same', kept)
    : notSeen(
        'no phone came back without its cookie while signed in: press Exit until the window closes without signing out, and open the service once more (not by One Button Sign In)',
      );
}

function isSigningOut({ path }: Seen): boolean {
  return /\/(?:logout|signout)$/i.test(path);
}

function carriesSignIn({ method, parameters, posted, path }: Seen): boolean {
  return (
    method !== 'GET' || posted.length > 0 || /\/signin$/i.test(path) || parameters.some((one) => NAMES.includes(one))
  );
}

/** It has more to choose than to sign in: notices lead to the form alone. */
function isOfSignedIn(one: Seen): boolean {
  const { page } = one;
  if (page === null || isSignIn(page)) return false;
  return linksOf(one).some(({ pathname }) => !/^(?:\/[\w-]{1,16})?\/fippa\/[^/;]+(?:\/?|\/signin)$/i.test(pathname));
}

export function judgeExpires(traffic: Traffic): Finding {
  const acted = pagesOf(traffic).filter((one) => one.page !== null && one.parameters.length > 0 && !isEntry(one));
  return judgeEach(
    acted,
    ({ response, path }) => {
      const [expires] = response.get('expires') ?? [];
      const at = expires === undefined ? Number.NaN : Date.parse(expires);
      return at <= Date.now() || expires === '-1' || expires === '0' ? null : `${lastPart(path)} is not expired`;
    },
    { none: 'no form was sent and no reason chosen', all: 'pages that answer an action are expired' },
  );
}

export function judgeLogout(traffic: Traffic): Finding {
  const asked = pagesOf(traffic).filter(({ path }) => /^\/fippa\/[^/]+\/logout$/.test(path));
  return judgeEach(
    asked,
    ({ page }) => (page !== null && isSignIn(page) ? null : 'the answer of /logout is no sign-in form'),
    { none: 'nobody asked for /logout', all: '/logout answers with the sign-in form' },
  );
}

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
  const known = knownHosts(traffic);
  const pushes = pushesOf(traffic).filter(
    ({ pushed }) => pushed !== null && absoluteLinksOf({ page: pushed }).length > 0,
  );
  const hosts = (one: Seen) => absoluteLinksOf({ page: one.pushed });
  return unlessUnreported(
    traffic,
    judgeEach(
      pushes,
      (one) => {
        const other = hosts(one).filter(({ hostname }) => !known.has(hostname));
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

export function judgeSystemInfo(traffic: Traffic): Finding {
  return judgeEach(
    probesOf(traffic).filter(({ status }) => status !== 0),
    ({ status, page }) => {
      if (status !== 200) return `SystemInfo answers ${status}`;
      const says = page?.texts.get('status');
      return says === 'IN_SERVICE' || says === 'OUT_OF_SERVICE' ? null : `SystemInfo says ${says ?? 'no status'}`;
    },
    {
      none: 'no probe passed: a capture has them from the first request of the phone on',
      all: 'SystemInfo says a status',
    },
  );
}

export function judgeNotifications({ stanzas }: Traffic): Finding {
  const items = stanzas.filter(({ xml }) => xml.includes('pubsub#event'));
  if (items.length === 0) return notSeen('no notification came');
  const odd = items.filter(
    ({ xml }) => !/status&(?:amp;)*gt;\s*(?:IN_SERVICE|OUT_OF_SERVICE)|<status>\s*(?:IN|OUT_OF)_SERVICE/i.test(xml),
  );
  return odd.length === 0
    ? holds(`${items.length} notifications say a status`, [])
    : fails(`${odd.length} of ${items.length} notifications say no status`, []);
}

export function judgeUnavailable(traffic: Traffic): Finding {
  const isOut = (service: string | null, at: number) => {
    const before = probesOf(traffic)
      .filter((probe) => probe.service === service && probe.at <= at)
      .at(-1);
    return before?.page?.texts.get('status') === 'OUT_OF_SERVICE';
  };
  const shown = pagesOf(traffic).filter(({ service, at }) => isOut(service, at));
  return judgeEach(
    shown,
    ({ page, status }) => {
      if (page === null) return `while out of service it answers ${status} and no phone XML`;
      const keys = page.softKeys.map(({ name }) => name);
      return keys.includes('Retry') ? null : `while out of service a page has the keys ${listNames(keys)}`;
    },
    { none: 'nobody asked while Finesse was out of service', all: 'while out of service there is a page with Retry' },
  );
}

export function judgeTimes(traffic: Traffic): Finding {
  const answered = pagesOf(traffic).filter(({ status }) => status !== 0);
  const longest = Math.max(0, ...answered.map(({ ms }) => ms));
  return judgeEach(
    answered,
    ({ ms, path }) => (ms <= ANSWER_MS ? null : `${lastPart(path)} took ${Math.round(ms)} ms`),
    { none: 'nothing was asked of Finesse', all: `the longest answer took ${Math.round(longest)} ms` },
  );
}

/** Of `answerWithin` by default, with what the proxy keeps of it for itself. */
const ANSWER_MS = 4000;

/** What of a path says which page it is. */
function lastPart(path: string): string {
  return `\`${path.replace(/^\/fippa\/[^/;]+/, '/fippa/…')}\``;
}
