/** The first view: what is wrong on top, then the services of each cluster, beside them what happened last. */

import { DemoControls } from './demo.js';
import { OutagePanels } from './outage-panel.js';
import { Mark, Own } from './parts.js';
import { ServiceCard } from './service-card.js';
import { state } from './store.js';
import { proxyNow } from './time.js';
import { ChangeList } from './timeline.js';
import { html, useMemo, useState } from './ui.js';
import { downTimeOf, problemsBesideReasons, severityOf, summary } from './verdict.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Service} Service */
/** @typedef {import('./types.d.ts').Health} Health */

const KEPT = 'ippa-console-only-wrong';
const SHOWN_CHANGES = 40;
/** Beyond so many services those that are well take less room. */
const MANY = 24;

export function Overview() {
  const [onlyWrong, setOnlyWrong] = useState(localStorage.getItem(KEPT) === 'yes');
  const [wanted, setWanted] = useState('');
  const health = /** @type {Health} */ (state.health);
  const filter = (/** @type {Service} */ service) => {
    return (!onlyWrong || severityOf(service) > 0) && matches(service, wanted);
  };
  return html`<div class="overview">
    <div class="overview-main">
      <h1 tabindex="-1" class="unseen">${say('nav.overview')}: ${summary(health)}</h1>
      <${OutagePanels} />
      <${Problems} problems=${problemsBesideReasons(health)} />
      <div class="tools">
        <label class="check"><input type="checkbox" checked=${onlyWrong} onChange=${() => {
          localStorage.setItem(KEPT, onlyWrong ? 'no' : 'yes');
          setOnlyWrong(!onlyWrong);
        }} /> ${say('overview.only-wrong')}</label>
        <label class="search"><span class="unseen">${say('overview.search')}</span>
          <input type="search" placeholder=${say('overview.search')} value=${wanted}
            onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setWanted(currentTarget.value)} /></label>
      </div>
      ${!health.services.some(filter) && html`<p class="quiet empty">${say('overview.nothing')}</p>`}
      ${health.clusters.map(({ id, status }) => {
        const all = health.services.filter(({ cluster }) => cluster === id);
        return html`<${Cluster} key=${id} id=${id} status=${status} all=${all} shown=${all.filter(filter)} isMany=${health.services.length > MANY} />`;
      })}
      <${Reports} health=${health} />
    </div>
    <aside class="overview-side" aria-label=${say('timeline.last')}>
      <${DemoControls} />
      <h2>${say('timeline.last')}</h2>
      <${ChangeList} changes=${state.changes.slice(0, SHOWN_CHANGES)} />
      ${state.changes.length > SHOWN_CHANGES && html`<p><a href="#/timeline">${say('timeline.all')}</a></p>`}
    </aside>
  </div>`;
}

/** @param {Service} service @param {string} wanted */
function matches({ id, name, cluster, site }, wanted) {
  const text = wanted.trim().toLowerCase();
  return text === '' || [id, name, cluster, site ?? ''].some((each) => each.toLowerCase().includes(text));
}

/** Problems of the proxy and of all services together; those of one service stand at the service. @param {{ problems: readonly string[] }} props */
function Problems({ problems }) {
  if (problems.length === 0) return null;
  return html`<section class="problems" aria-label=${say('overview.problems')}>
    <h2><${Mark} kind="reconnecting" />${say('overview.problems')}</h2>
    <ul>${problems.map((problem) => html`<li key=${problem}><${Own} text=${problem} /></li>`)}</ul>
  </section>`;
}

/** @param {{ id: string, status: string, all: readonly Service[], shown: readonly Service[], isMany: boolean }} props */
function Cluster({ id, status, all, shown, isMany }) {
  const phones = all.reduce((sum, service) => sum + service.phones, 0);
  // Where a filter leaves nothing, so does the cluster: of many it is the few others that are looked for.
  if (shown.length === 0 && all.length > 0) return null;
  // What is wrong stands first; the rest keeps the order of the configuration.
  const sorted = shown.toSorted((one, other) => severityOf(other) - severityOf(one));
  return html`<section class="cluster" aria-label=${say('cluster', { id })}>
    <div class="section-head">
      <h2>${say('cluster', { id })}</h2>
      <span class=${`level is-level-${status}`}>${say(`level.${status}`)}</span>
      <p class="quiet">${sayCount('services', all.length)} · ${sayCount('phones', phones)}</p>
    </div>
    <div class=${isMany ? 'cards is-dense' : all.length > 12 ? 'cards is-many' : 'cards'}>
      ${sorted.map((service) => html`<${Card} key=${service.id} service=${service} isDense=${isMany && hasNothingToSay(service)} />`)}
    </div>
  </section>`;
}

/** @param {Service} service */
function hasNothingToSay(service) {
  return severityOf(service) === 0 && service.state === 'in-service' && service.seenOtherwise.length === 0;
}

/** Drawn anew only when something of it changed: a hundred of them stand here. @param {{ service: Service, isDense: boolean }} props */
function Card({ service, isDense }) {
  const probes = state.probes.get(service.id);
  const own = [...state.outages.values()].filter((each) => each.service === service.id && !each.drill);
  const outage = own.find(({ endedAt }) => endedAt === null);
  const over = downTimeOf(own, proxyNow());
  return useMemo(
    () =>
      html`<${ServiceCard} service=${service} probes=${probes ?? []} outage=${outage ?? null} over=${over} isDense=${isDense} />`,
    [
      isDense,
      over.count,
      JSON.stringify(service),
      probes,
      outage,
      state.about,
      state.live.isLive,
      document.documentElement.lang,
    ],
  );
}

/** @param {{ health: Health }} props */
function Reports({ health: { reports } }) {
  const down = reports.filter((node) => node.state === 'down');
  if (reports.length === 0) return null;
  return html`<p class="quiet"><a href="#/proxy">${sayCount('reports.nodes', reports.length)}</a>${
    down.length === 0 ? '' : ` · ${sayCount('reports.down', down.length)}`
  }</p>`;
}
