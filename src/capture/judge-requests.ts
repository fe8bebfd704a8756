/** What phones ask, and the forms that they fill in (A1, A2, A3, A10, A21). Pure. */

import { isDeviceName } from '../domain/phone-url.ts';
import { type Finding, judgeEach, listNames } from './fact.ts';
import type { Seen, Traffic } from './read-har.ts';
import { formsOf, isEntry, pagesOf, requestsOf } from './traffic-views.ts';

/** Of the parameters that Unified CM appends and the form has. */
export const NAMES = ['id', 'extension', 'password'];

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
  return to !== null && URL.canParse(to, url.href) ? new URL(to, url.href) : null;
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
