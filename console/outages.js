/** The records of outages by day, and one of them with what became of each agent. */

import { ask } from './api.js';
import { Counts } from './outage-panel.js';
import { Badge, Heading, Reason, Section, Table } from './parts.js';
import { ServiceName } from './service-card.js';
import { isSignedIn, state } from './store.js';
import { dayKey, dayText, Moment, proxyNow, spanText, zoneName } from './time.js';
import { html, useEffect, useState } from './ui.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Outage} Outage */
/** @typedef {import('./types.d.ts').OutageDevice} OutageDevice */

const DAY_MS = 86_400_000;
const PERIODS = /** @type {const} */ ([1, 7, 31, 366]);
const SHOWN = 200;

/** @param {{ rest: readonly string[] }} props */
export function Outages({ rest: [id] }) {
  return id === undefined || id === '' ? html`<${List} />` : html`<${One} id=${id} key=${id} />`;
}

function List() {
  const [days, setDays] = useState(31);
  const [service, setService] = useState('');
  const [outages, setOutages] = useState(/** @type {readonly Outage[] | null} */ (null));
  const [limit, setLimit] = useState(SHOWN);
  const query = new URLSearchParams({ since: sinceOf(days), ...(service === '' ? {} : { service }) });
  useEffect(() => {
    const stop = new AbortController();
    void ask(`/outages?${query}`, { signal: stop.signal }).then((answer) => {
      if (answer.ok) setOutages(/** @type {{ outages: Outage[] }} */ (answer.body).outages);
    });
    return () => stop.abort();
  }, [days, service, state.told]);
  const byDay = Map.groupBy((outages ?? []).slice(0, limit), ({ startedAt }) => dayKey(Date.parse(startedAt)));
  return html`<${Heading} title=${say('nav.outages')} text=${say('outages.intro', { zone: zoneName() })} />
    <div class="tools">
      <label>${say('outages.period')} <select value=${days} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => setDays(Number(currentTarget.value))}>
        ${PERIODS.map((n) => html`<option key=${n} value=${n}>${sayCount('days', n)}</option>`)}</select></label>
      <label>${say('facts.service')} <select value=${service} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => setService(currentTarget.value)}>
        <option value="">${say('all')}</option>
        ${(state.health?.services ?? []).map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}</select></label>
      <a class="button" href=${`/outages.csv?${query}`} download="outages.csv">${say('csv')}</a>
    </div>
    ${outages !== null && outages.length === 0 && html`<p class="quiet empty">${say('outages.none')}</p>`}
    ${[...byDay].map(([day, each]) => html`<${Day} key=${day} outages=${each} />`)}
    ${outages !== null && outages.length > limit && html`<p><button type="button" onClick=${() => setLimit(limit + SHOWN)}>${say('more')}</button></p>`}`;
}

/** By the day, so that the address of the list stays the same while one looks. @param {number} days */
function sinceOf(days) {
  return new Date(Math.floor((proxyNow() - days * DAY_MS) / 60_000) * 60_000).toISOString();
}

/** @param {{ outages: readonly Outage[] }} props */
function Day({ outages }) {
  const title = dayText(Date.parse(/** @type {Outage} */ (outages[0]).startedAt));
  const head = [
    'facts.service',
    'outage.began',
    'outage.length',
    'facts.reason',
    'outage.signed-in',
    'outcome.elsewhere',
    'outcome.returned',
    'outcome.missing',
    'outage.five',
  ];
  return html`<${Section} title=${title}><${Table} label=${title} head=${head.map((key) => say(key))}>
    ${outages.map(
      (outage) => html`<tr key=${outage.id}>
      <th scope="row"><a href=${`#/outages/${encodeURIComponent(outage.id)}`}>${outage.name}</a> <${Kind} outage=${outage} /></th>
      <td><${Moment} at=${outage.startedAt} day=${false} /></td>
      <td>${lengthOf(outage)}</td>
      <td>${outage.drill ? say('drill.word') : say(`cause.${outage.cause.code}`)}</td>
      <td class="number">${outage.signedIn}</td><td class="number">${outage.elsewhere}</td><td class="number">${outage.returned}</td>
      <td class=${outage.missing > 0 ? 'number is-missing' : 'number'}>${outage.missing}</td>
      <td class="number">${outage.withinFiveMinutes ?? html`<span class="none">${say('none')}</span>`}</td>
    </tr>`,
    )}
  <//><//>`;
}

/** @param {{ outage: Outage }} props */
function Kind({ outage: { drill, endedAt, verdictAt } }) {
  if (endedAt === null)
    return html`<${Badge} kind=${drill ? 'drill' : verdictAt === null ? 'reconnecting' : 'out-of-service'} word=${say('outage.on')} />`;
  if (drill) return html`<${Badge} kind="drill" word=${say('drill.word')} />`;
  return verdictAt === null ? html`<span class="tag">${say('outage.no-verdict')}</span>` : null;
}

/** @param {Outage} outage */
function lengthOf({ startedAt, endedAt }) {
  return spanText(((endedAt === null ? proxyNow() : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000);
}

const OUTCOMES = /** @type {const} */ (['missing', 'elsewhere', 'returned']);

/** @param {{ id: string }} props */
function One({ id }) {
  const [outage, setOutage] = useState(/** @type {Outage & { devices?: readonly OutageDevice[] } | null} */ (null));
  const [outcome, setOutcome] = useState('missing');
  const [fault, setFault] = useState('');
  const operator = state.about?.operator ?? null;
  useEffect(() => {
    const stop = new AbortController();
    const path = `/outages/${encodeURIComponent(id)}?outcome=${outcome}&limit=${SHOWN}`;
    void ask(path, { signal: stop.signal }).then((answer) => {
      if (answer.ok) setOutage(/** @type {any} */ (answer.body));
      else if (answer.status !== 0) setFault(answer.message);
    });
    return () => stop.abort();
  }, [id, outcome, operator, state.told]);
  if (outage === null)
    return html`<${Heading} title=${say('outage.record')} text=${fault === '' ? say('loading') : fault} />`;
  const { name, drill, startedAt, verdictAt, endedAt, cause, decidedBy, signedIn, withinFiveMinutes, devices } = outage;
  return html`<p class="back"><a href="#/outages">${say('nav.outages')}</a></p>
    <${Heading} title=${`${drill ? `${say('drill.word')}: ` : ''}${name}`} text=${say('outages.intro', { zone: zoneName() })} />
    <div class="panel">
      <p><${Kind} outage=${outage} /></p>
      <dl class="facts-list">
        <div><dt>${say('outage.began')}</dt><dd><${Moment} at=${startedAt} zone=${true} /></dd></div>
        <div><dt>${say('outage.verdict')}</dt><dd><${Moment} at=${verdictAt} /></dd></div>
        <div><dt>${say('outage.ended')}</dt><dd><${Moment} at=${endedAt} /></dd></div>
        <div><dt>${say('outage.length')}</dt><dd>${lengthOf(outage)}</dd></div>
        <div><dt>${say('outage.told-by')}</dt><dd>${decidedBy === null ? say('none') : say(`signal.${decidedBy}`)}</dd></div>
        <div><dt>${say('outage.five')}</dt><dd>${withinFiveMinutes === null ? say('none') : sayCount('five.over', withinFiveMinutes, { of: signedIn })}</dd></div>
      </dl>
      ${drill ? html`<p>${say('drill.explained')}</p>` : html`<${Reason} code=${cause.code} words=${cause.words} runbook=${cause.runbook} />`}
      ${signedIn === 0 ? html`<p>${say('outage.nobody')}</p>` : html`<${Counts} outage=${outage} />`}
    </div>
    ${signedIn > 0 && !isSignedIn() && html`<p class="quiet">${say('outage.names-need-sign-in')}</p>`}
    ${
      isSignedIn() &&
      devices !== undefined &&
      html`<${Section} title=${say('outage.agents')} actions=${html`<a class="button" href=${`/outages/${encodeURIComponent(id)}.csv`} download=${`outage-${id}.csv`}>${say('csv')}</a>`}>
        <div class="tools" role="group" aria-label=${say('outage.agents')}>${OUTCOMES.map(
          (each) =>
            html`<button key=${each} type="button" aria-pressed=${each === outcome ? 'true' : 'false'} onClick=${() => setOutcome(each)}>${say(`outcome.${each}`)} <span class="count">${outage[each]}</span></button>`,
        )}</div>
        <${Agents} devices=${devices} all=${outage[/** @type {'missing'} */ (outcome)]} />
      <//>`
    }`;
}

/** @param {{ devices: readonly OutageDevice[], all: number }} props */
function Agents({ devices, all }) {
  if (devices.length === 0) return html`<p class="quiet empty">${say('none-there')}</p>`;
  const head = ['phones.agent', 'phones.extension', 'phones.device', 'facts.service', 'outage.back-at', 'outage.after'];
  return html`<${Table} label=${say('outage.agents')} head=${head.map((key) => say(key))}>
      ${devices.map(
        ({ device, agent, extension, service, at, seconds }) => html`<tr key=${device}>
        <th scope="row">${agent ?? html`<span class="none">${say('none')}</span>`}</th><td>${extension}</td><td>${device}</td>
        <td><${ServiceName} id=${service} /></td><td><${Moment} at=${at} /></td><td class="number">${seconds === null ? '' : spanText(seconds)}</td></tr>`,
      )}
    <//>
    ${all > devices.length && html`<p class="quiet">${say('shown-of', { n: devices.length, of: all })}</p>`}`;
}
