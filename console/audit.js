/** Who did what, when, from where and why. */

import { ask } from './api.js';
import { Heading, Table } from './parts.js';
import { NeedsSignIn } from './phones.js';
import { ServiceName } from './service-card.js';
import { isSignedIn, state } from './store.js';
import { Moment, proxyNow, zoneName } from './time.js';
import { html, useEffect, useState } from './ui.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').AuditEntry} AuditEntry */

const DAY_MS = 86_400_000;
const PERIODS = /** @type {const} */ ([1, 7, 31, 366]);
const SHOWN = 200;

export function Audit() {
  const [days, setDays] = useState(31);
  const [limit, setLimit] = useState(SHOWN);
  const [entries, setEntries] = useState(/** @type {readonly AuditEntry[] | null} */ (null));
  const operator = state.about?.operator ?? null;
  useEffect(() => {
    if (operator === null) return setEntries(null);
    const stop = new AbortController();
    const since = new Date(proxyNow() - days * DAY_MS).toISOString();
    void ask(`/audit?since=${encodeURIComponent(since)}`, { signal: stop.signal }).then((answer) => {
      if (answer.ok) setEntries(/** @type {{ entries: AuditEntry[] }} */ (answer.body).entries);
    });
    return () => stop.abort();
  }, [days, operator, state.told]);
  const head = ['audit.at', 'audit.who', 'audit.action', 'facts.service', 'audit.why', 'audit.from'];
  return html`<${Heading} title=${say('nav.audit')} text=${say('audit.intro', { zone: zoneName() })} />
    ${
      !isSignedIn()
        ? html`<${NeedsSignIn} />`
        : html`<div class="tools">
      <label>${say('outages.period')} <select value=${days} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => setDays(Number(currentTarget.value))}>
        ${PERIODS.map((n) => html`<option key=${n} value=${n}>${sayCount('days', n)}</option>`)}</select></label></div>
    ${entries !== null && entries.length === 0 && html`<p class="quiet empty">${say('none-there')}</p>`}
    ${
      entries !== null &&
      entries.length > 0 &&
      html`<${Table} label=${say('nav.audit')} head=${head.map((key) => say(key))}>
        ${entries.slice(0, limit).map(
          (entry, index) => html`<tr key=${`${entry.at} ${index}`}>
          <td><${Moment} at=${entry.at} /></td><td><strong>${entry.who}</strong></td><td>${say(`audit.${entry.action}`)}${isOfPhone(entry) && html` <span class="quiet">${entry.reason}</span>`}</td>
          <td><${ServiceName} id=${entry.service} /></td><td>${isOfPhone(entry) ? null : entry.reason}</td><td>${entry.from}</td></tr>`,
        )}
      <//>`
    }
    ${entries !== null && entries.length > limit && html`<p><button type="button" onClick=${() => setLimit(limit + SHOWN)}>${say('more')}</button></p>`}`
    }`;
}

/** There a device stands in place of a reason. @param {AuditEntry} entry */
function isOfPhone({ action }) {
  return action === 'phone' || action === 'phone-end';
}
