/** The outage that is on: since when, why, the five minutes, and who is back, elsewhere or missing. */

import { ask } from './api.js';
import { Mark, Reason } from './parts.js';
import { isSignedIn, serviceOf, state, update } from './store.js';
import { Ago, Moment, spanText, useNow } from './time.js';
import { html, useEffect, useState } from './ui.js';
import { FIVE_MINUTES_MS } from './verdict.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Outage} Outage */
/** @typedef {import('./types.d.ts').OutageDevice} OutageDevice */

const NAMED = 24;

/** @param {{ outage: Outage }} props */
export function OutagePanel({ outage }) {
  const { id, name, startedAt, verdictAt, endedAt, drill, cause, signedIn } = outage;
  const kind = drill
    ? 'drill'
    : endedAt !== null
      ? 'in-service'
      : verdictAt === null
        ? 'reconnecting'
        : 'out-of-service';
  const title = `outage-${id}`;
  const what = endedAt !== null ? 'outage.over' : verdictAt === null ? 'outage.reconnecting' : 'outage.out';
  return html`<section class=${`outage is-${kind}`} aria-labelledby=${title}>
    <h2 id=${title}><${Mark} kind=${kind} size=${22} />${drill ? `${say('drill.word')}: ` : ''}${say(what, { name })}</h2>
    <p class="since">${say('since')} <${Moment} at=${startedAt} zone=${true} /> (<${Ago} at=${startedAt} />)${
      endedAt === null ? '' : html` · ${say('outage.until')} <${Moment} at=${endedAt} />`
    } · <a href=${`#/outages/${encodeURIComponent(id)}`}>${say('outage.record')}</a></p>
    ${endedAt === null && !drill && html`<${SeenBy} service=${outage.service} />`}
    ${drill ? html`<p>${say('drill.explained')}</p>` : html`<${Reason} code=${cause.code} words=${cause.words} runbook=${cause.runbook} />`}
    ${signedIn === 0 ? html`<p>${say('outage.nobody')}</p>` : html`<div class="counts-row"><${Counts} outage=${outage} /><${Clock} outage=${outage} /></div><${Missing} outage=${outage} />`}
  </section>`;
}

/** Where this proxy sees the service in service: who does not. @param {{ service: string }} props */
function SeenBy({ service }) {
  if (serviceOf(service)?.state !== 'in-service') return null;
  const others = (state.health?.proxies ?? []).filter(({ self, heard, services }) => {
    const seen = services.find(({ id }) => id === service)?.state;
    return !self && heard && (seen === 'reconnecting' || seen === 'out-of-service');
  });
  if (others.length === 0) return null;
  const list = others.map(({ id, name }) => `${name} (${id.slice(0, 8)}…)`).join(', ');
  return html`<p><strong>${say('outage.seen-by', { list })}</strong></p>`;
}

/** @param {{ outage: Outage }} props */
export function Counts({ outage }) {
  const { signedIn, missing, elsewhere, returned } = outage;
  const each = /** @type {const} */ ([
    ['missing', missing],
    ['elsewhere', elsewhere],
    ['returned', returned],
  ]);
  return html`<div class="counts">
    <svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      ${each.map(([outcome, n], index) => {
        const before = each.slice(0, index).reduce((sum, [, count]) => sum + count, 0);
        return html`<rect key=${outcome} class=${`share-${outcome}`} x=${(before / signedIn) * 100} y="0" width=${(n / signedIn) * 100} height="4" />`;
      })}
    </svg>
    <dl>
      ${each.map(([outcome, n]) => html`<div key=${outcome} class=${`is-outcome-${outcome}`}><dt>${say(`outcome.${outcome}`)}</dt><dd>${n.toLocaleString(document.documentElement.lang)}</dd></div>`)}
      <div><dt>${say('outage.signed-in')}</dt><dd>${signedIn.toLocaleString(document.documentElement.lang)}</dd></div>
      <div><dt>${say('outage.told')}</dt><dd>${outage.told.toLocaleString(document.documentElement.lang)}</dd></div>
    </dl>
  </div>`;
}

/** Agents should be signed in again within five minutes: how long that still is. @param {{ outage: Outage }} props */
function Clock({ outage: { startedAt, withinFiveMinutes, signedIn } }) {
  const now = useNow();
  const passed = now - Date.parse(startedAt);
  if (withinFiveMinutes !== null) {
    return html`<p class="five">${say('five.over', { n: withinFiveMinutes, of: signedIn })}</p>`;
  }
  const left = Math.max(0, FIVE_MINUTES_MS - passed);
  return html`<p class="five"><span class="unseen">${say('five.sentence')}</span>
    <progress aria-hidden="true" max=${FIVE_MINUTES_MS} value=${Math.min(FIVE_MINUTES_MS, passed)}></progress>
    <span aria-hidden="true">${say('five.left', { span: spanText(left / 1000) })}</span></p>`;
}

/** By name: that is told to operators only. @param {{ outage: Outage }} props */
function Missing({ outage: { id, missing } }) {
  const devices = useMissing(id, missing);
  if (missing === 0) return null;
  if (!isSignedIn()) {
    if (!state.about?.canSignIn) return null;
    return html`<p class="quiet"><button type="button" class="link" onClick=${() => update({ dialog: { kind: 'sign-in' } })}>${say('outage.sign-in')}</button></p>`;
  }
  if (devices === null) return null;
  return html`<div class="missing"><h3>${say('outage.who')}</h3>
    <ul>${devices.map(
      ({ device, agent, extension }) =>
        html`<li key=${device} title=${device}><strong>${agent ?? device}</strong>${agent !== null && extension !== null && html` <span class="quiet">${say('extension', { extension })}</span>`}</li>`,
    )}</ul>
    ${missing > devices.length && html`<p><a href=${`#/outages/${encodeURIComponent(id)}`}>${sayCount('outage.more', missing - devices.length)}</a></p>`}
  </div>`;
}

/** Asked for again when the number is another one. @param {string} id @param {number} missing @returns {readonly OutageDevice[] | null} */
function useMissing(id, missing) {
  const [devices, setDevices] = useState(/** @type {readonly OutageDevice[] | null} */ (null));
  const operator = state.about?.operator ?? null;
  useEffect(() => {
    if (operator === null || missing === 0) return setDevices(null);
    const stop = new AbortController();
    // In an outage of thousands the number changes twice a second.
    const timer = setTimeout(
      async () => {
        const path = `/outages/${encodeURIComponent(id)}?outcome=missing&limit=${NAMED}`;
        /** @type {import('./api.js').Answer<Outage & { devices?: readonly OutageDevice[] }>} */
        const answer = await ask(path, { signal: stop.signal });
        if (answer.ok) setDevices(answer.body.devices ?? null);
      },
      devices === null ? 0 : 500,
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [id, missing, operator]);
  return devices;
}
