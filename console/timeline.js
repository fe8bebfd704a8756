/** What changed in the last hours, each change a line. */

import { Heading, Mark, Own } from './parts.js';
import { nameOf, state } from './store.js';
import { dayKey, dayText, Moment, zoneName } from './time.js';
import { html, useState } from './ui.js';
import { isSaid, say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Change} Change */

const SHOWN = 200;

export function Timeline() {
  const [wanted, setWanted] = useState('');
  const [limit, setLimit] = useState(SHOWN);
  const text = wanted.trim().toLowerCase();
  const found = state.changes.filter((change) => text === '' || describe(change).toLowerCase().includes(text));
  return html`<${Heading} title=${say('nav.timeline')} text=${say('timeline.intro', { zone: zoneName() })} />
    <div class="tools"><label class="search"><span class="unseen">${say('timeline.search')}</span>
      <input type="search" placeholder=${say('timeline.search')} value=${wanted}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setWanted(currentTarget.value)} /></label></div>
    <${ChangeList} changes=${found.slice(0, limit)} level="h2" />
    ${found.length > limit && html`<p><button type="button" onClick=${() => setLimit(limit + SHOWN)}>${say('more')}</button></p>`}`;
}

/** Newest first, by day. @param {{ changes: readonly Change[], level?: 'h2' | 'h3' }} props */
export function ChangeList({ changes, level = 'h3' }) {
  if (changes.length === 0) return html`<p class="quiet empty">${say('timeline.nothing')}</p>`;
  const days = Map.groupBy(changes, ({ at }) => dayKey(Date.parse(at)));
  return html`<div class="changes">${[...days].map(
    ([day, each]) => html`<div key=${day}>
      <${level} class="day">${dayText(Date.parse(/** @type {Change} */ (each[0]).at))}<//>
      <ol>${each.map(
        (change, index) => html`<li key=${`${change.at} ${change.what} ${change.about} ${index}`}>
        <${Moment} at=${change.at} day=${false} /><${Mark} kind=${kindOf(change)} /><div><${Told} change=${change} /></div></li>`,
      )}</ol>
    </div>`,
  )}</div>`;
}

/** @param {{ change: Change }} props */
function Told({ change }) {
  const { code, words, who, what } = change;
  const isCause = isSaid(`cause.${code}`);
  return html`${describe(change)}${isCause ? `: ${say(`cause.${code}`)}` : ''}${
    words !== null &&
    !isCause &&
    html`: ${what === 'setting' || what === 'drill' ? html`<q>${words}</q>` : html`<${Own} text=${words} />`}`
  }${who !== null && html` <span class="quiet">${say('set.by', { who })}</span>`}`;
}

/** @param {Change} change */
function describe({ what, about, to, attempt, from }) {
  const name = nameOf(about);
  if (what === 'state') {
    if (attempt !== null) return say('change.attempt', { name, n: attempt });
    return say('change.state', { name, state: say(`state.${to}`) });
  }
  if (what === 'setting') return say('change.setting', { name, admin: say(`admin.${to}`) });
  if (what === 'drill-end') return say('change.drill-end', { name, because: say(`drill-end.${to}`) });
  if (what === 'report-node') return say('change.report-node', { name: about ?? '', state: say(`node.${to}`) });
  if (what === 'store') return say('change.store', { to: say(`store.${to}`) });
  if (what === 'summary') {
    const [signedIn = '', elsewhere = '', returned = '', missing = ''] = (to ?? '').split('/');
    return say('change.summary', { name, signedIn, elsewhere, returned, missing });
  }
  if (what === 'certificate-ends') return sayCount('change.certificate-ends', Number(to), { name });
  return say(`change.${what}`, { name, to: to ?? '', from: from ?? '' });
}

/** @param {Change} change */
function kindOf({ what, to }) {
  if (what === 'state') return to ?? 'unknown';
  if (what === 'setting') return to === 'ready' ? 'in-service' : (to ?? 'unknown');
  if (what.startsWith('drill')) return 'drill';
  if (what === 'report-node') return to === 'down' ? 'out-of-service' : 'in-service';
  return KINDS[what] ?? 'unknown';
}

/** @type {Record<string, string>} */
const KINDS = {
  'pages-fail': 'reconnecting',
  'pages-work': 'in-service',
  credentials: 'reconnecting',
  'notification-lost': 'reconnecting',
  'notification-back': 'in-service',
  'notification-refused': 'reconnecting',
  island: 'out-of-service',
  'island-end': 'in-service',
  'certificate-refused': 'reconnecting',
  'certificate-ends': 'reconnecting',
  'reload-refused': 'reconnecting',
  'not-kept': 'reconnecting',
  'kept-again': 'in-service',
  proxy: 'in-service',
  'proxy-gone': 'out-of-service',
  disagree: 'reconnecting',
  fault: 'out-of-service',
};
