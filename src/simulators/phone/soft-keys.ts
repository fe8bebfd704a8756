/** The keys under the screen: the page's own, or the model's when the page has none (reference/phone-xml.md §2). */

import type { PhonePage, SoftKey } from './page.ts';

/**
 * The soft keys of a page. Any custom key removes all default ones. Without custom keys, Next stands on position 1 when
 * a Refresh URL was given, else Update, unless the object has a key of its own there.
 */
export function decideSoftKeys(page: PhonePage, hasRefreshUrl: boolean): readonly SoftKey[] {
  const custom = page.softKeys.filter((key) => key.position > 0);
  if (custom.length > 0) return custom;
  const own = defaultKeys(page);
  if (own.some((key) => key.position === 1)) return own;
  const first = hasRefreshUrl ? 'Next' : 'Update';
  return [{ name: first, position: 1, url: `SoftKey:${first}` }, ...own];
}

function defaultKeys(page: PhonePage): readonly SoftKey[] {
  switch (page.kind) {
    case 'CiscoIPPhoneMenu':
    case 'CiscoIPPhoneIconMenu':
    case 'CiscoIPPhoneIconFileMenu':
      return keys('Select', null, 'Exit');
    case 'CiscoIPPhoneInput':
      return keys('Submit', '<<', 'Cancel');
    case 'CiscoIPPhoneDirectory':
      return keys('Dial', 'EditDial', 'Cancel', 'Next');
    default:
      return keys(null, null, 'Exit');
  }
}

function keys(...names: (string | null)[]): SoftKey[] {
  return names.flatMap((name, index) => (name === null ? [] : [{ name, position: index + 1, url: `SoftKey:${name}` }]));
}

/** Whether the page's keys are the model's own: these work even where SoftKey: URIs do not. */
export function hasDefaultKeys(page: PhonePage): boolean {
  return page.softKeys.every((key) => key.position <= 0);
}

/** `url` with parameters appended as phones do: by `?`, or by `&` when there is a query already (§1.4). */
export function appendQuery(url: string, query: string): string {
  if (query === '') return url;
  const [path = '', fragment] = url.split('#', 2);
  const joined = path.includes('?') ? `${path}${/[?&]$/.test(path) ? '' : '&'}${query}` : `${path}?${query}`;
  return fragment === undefined ? joined : `${joined}#${fragment}`;
}
