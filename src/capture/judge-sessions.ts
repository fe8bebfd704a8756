/** What a session hangs on, and how it ends (A18, A20). Pure. */

import { type Finding, fails, holds, judgeEach, notSeen } from './fact.ts';
import { NAMES } from './judge-requests.ts';
import { isSignIn } from './phone-page.ts';
import type { Seen, Traffic } from './read-har.ts';
import { isEntry, linksOf, pagesOf } from './traffic-views.ts';

/**
 * Of requests without a cookie while somebody is signed in on the device: not of those that sign in or out themselves, which
 * say nothing of what a session hangs on.
 */
export function judgeSessions(traffic: Traffic): Finding {
  const pages = pagesOf(traffic);
  const [given, signedIn] = [new Set<string | null>(), new Set<string | null>()];
  const [kept, lost] = [[] as Seen[], [] as Seen[]];
  // Where no cookie is ever set, the bare URL of the service tells: others may have a session of their own.
  const isBare = (one: Seen) =>
    isEntry(one) &&
    one.parameters.length === 0 &&
    !pages.some(({ device, response }) => device === one.device && response.has('set-cookie'));
  for (const one of pages) {
    const { device, page, request, response } = one;
    if (page === null) continue;
    const isWithout = !request.has('cookie') && (given.has(device) || isBare(one));
    if (signedIn.has(device) && isWithout && !carriesSignIn(one) && !isSigningOut(one)) {
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

export function judgeLogout(traffic: Traffic): Finding {
  const asked = pagesOf(traffic).filter(({ path }) => /^\/fippa\/[^/]+\/logout$/.test(path));
  return judgeEach(
    asked,
    ({ page }) => (page !== null && isSignIn(page) ? null : 'the answer of /logout is no sign-in form'),
    { none: 'nobody asked for /logout', all: '/logout answers with the sign-in form' },
  );
}
