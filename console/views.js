/** What there is to see: path after `#/`, key of its words in the navigation (null: it has no place there), component. */

import { Audit } from './audit.js';
import { Help } from './help.js';
import { Outages } from './outages.js';
import { Overview } from './overview.js';
import { PhoneView } from './phone.js';
import { Phones } from './phones.js';
import { ProxyView } from './proxy.js';
import { ServiceView } from './service.js';
import { Timeline } from './timeline.js';
import { countWrong, outagesOn } from './verdict.js';

/** @typedef {import('./types.d.ts').State} State */
/**
 * @typedef {object} View
 * @property {string} path
 * @property {string | null} word
 * @property {(props: { rest: readonly string[] }) => any} component
 * @property {(state: State) => number} [count] what stands beside it in the navigation
 * @property {(state: State) => boolean} [isDrill] whether that is about drills alone
 */

/** @type {readonly View[]} */
export const views = [
  {
    path: '',
    word: 'nav.overview',
    component: Overview,
    count: ({ health }) => (health === null ? 0 : countWrong(health)),
  },
  {
    path: 'outages',
    word: 'nav.outages',
    component: Outages,
    count: ({ outages }) => outagesOn(outages).length,
    isDrill: ({ outages }) => outagesOn(outages).every(({ drill }) => drill),
  },
  { path: 'timeline', word: 'nav.timeline', component: Timeline },
  { path: 'phones', word: 'nav.phones', component: Phones },
  { path: 'phone', word: 'nav.phone', component: PhoneView },
  { path: 'proxy', word: 'nav.proxy', component: ProxyView, count: ({ health }) => health?.problems.length ?? 0 },
  { path: 'audit', word: 'nav.audit', component: Audit },
  { path: 'help', word: 'nav.help', component: Help },
  { path: 'services', word: null, component: ServiceView },
];

/** @param {string} hash such as `#/outages/ID` */
export function findView(hash) {
  const [first = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decode);
  const view = views.find(({ path }) => path === first) ?? /** @type {View} */ (views[0]);
  return { view, rest, path: hash };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
