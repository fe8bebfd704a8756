/** What Finesse answers phones (A11, A12, A14, A19, A22, A26, A27). Pure. */

import { type Finding, holds, judgeEach, listNames } from './fact.ts';
import type { Seen, Traffic } from './read-har.ts';
import { isEntry, lastPart, pagesOf, probesOf } from './traffic-views.ts';

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
  const pages = pagesOf(traffic).filter(({ page }) => page !== null);
  const setting = pagesOf(traffic).filter(({ response }) => response.has('set-cookie'));
  if (setting.length === 0 && pages.length > 0) return holds('no answer sets a cookie', pages);
  return judgeEach(
    setting,
    ({ response }) => {
      const other = (response.get('set-cookie') ?? []).filter((cookie) => !isUsualCookie(cookie));
      return other.length === 0 ? null : other.map((cookie) => `\`Set-Cookie: ${cookie}\``).join(', ');
    },
    { none: 'no page passed', all: 'the only cookie is JSESSIONID, for /fippa' },
  );
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
      return /^text\/xml\s*;.*charset=/i.test(type) ? null : `\`Content-Type: ${type}\` on ${lastPart(path)}`;
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
  // Waiting for one that came too late has ended by itself.
  const isLate = ({ status, error }: Seen) => status === 0 && error === 'timeout';
  const answered = pagesOf(traffic).filter((one) => one.status !== 0 || isLate(one));
  const longest = Math.max(0, ...answered.map(({ ms }) => ms));
  return judgeEach(
    answered,
    (one) => {
      if (isLate(one)) return `no answer on ${lastPart(one.path)} within ${Math.round(one.ms)} ms`;
      return one.ms <= ANSWER_MS ? null : `${lastPart(one.path)} took ${Math.round(one.ms)} ms`;
    },
    { none: 'nothing was asked of Finesse', all: `the longest answer took ${Math.round(longest)} ms` },
  );
}

/** Of `answerWithin` by default, with what the proxy keeps of it for itself. */
const ANSWER_MS = 4000;
