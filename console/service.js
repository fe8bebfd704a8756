/** One service in full: what each signal says, its probes, its certificate, its outages and changes. */

import { codeOf, Heading, Own, Reason, Section, Table } from './parts.js';
import { Plot } from './plot.js';
import { Notes, SetButtons, StateBadge, StateFacts } from './service-card.js';
import { serviceOf, state } from './store.js';
import { Ago, Moment, zoneName } from './time.js';
import { ChangeList } from './timeline.js';
import { html } from './ui.js';
import { splitDissent } from './verdict.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Service} Service */

/** So many probes fill the plot; of fewer the line does not begin at its edge. */
const FULL = 60;
const SIGNALS = /** @type {const} */ (['systemInfo', 'connection', 'presence', 'notified']);

/** @param {{ rest: readonly string[] }} props */
export function ServiceView({ rest: [id = ''] }) {
  const service = serviceOf(id);
  if (service === null) return html`<${Heading} title=${say('service.gone', { id })} text="" />`;
  const outage =
    [...state.outages.values()].find((each) => each.service === id && each.endedAt === null && !each.drill) ?? null;
  return html`<${Heading} title=${service.name} text=${say('service.intro', { id, cluster: service.cluster, zone: zoneName() })} />
    <div class="panel"><p><${StateBadge} service=${service} /></p>
      <${StateFacts} service=${service} outage=${outage} />
      <${Notes} service=${service} />
      <p class="card-foot"><span class="figure"><strong>${service.phones}</strong> ${sayCount('card.phones', service.phones)}</span><${SetButtons} service=${service} /></p>
    </div>
    <${Signals} service=${service} />
    <${Probes} service=${service} />
    <${Certificate} service=${service} />
    <${Section} title=${say('service.changes')}><${ChangeList} changes=${state.changes.filter(({ about }) => about === id).slice(0, 100)} /><//>`;
}

/** @param {{ service: Service }} props */
function Signals({ service }) {
  const { signals } = service;
  const title = say('signals');
  return html`<${Section} title=${title} text=${say(`notification.${signals.notification}`)}>
    <${Table} label=${title} head=${[say('signal'), say('signal.says'), say('facts.since'), say('facts.reason')]}>
      ${SIGNALS.map((name) => {
        const { says, since, reason } = signals[name];
        return html`<tr key=${name}><th scope="row">${say(`signal.${name}`)}${signals.decidedBy === name ? html` <span class="tag">${say('signal.decides')}</span>` : ''}</th>
          <td>${say(`says.${says}`)}</td><td><${Moment} at=${since} /></td><td>${reasonOf(name, reason, service) !== null && html`<${Own} text=${reasonOf(name, reason, service)} />`}</td></tr>`;
      })}
    <//>
  <//>`;
}

/** What the service says is that of the signal that decides. @param {string} name @param {string | null} reason @param {Service} service */
function reasonOf(name, reason, service) {
  const { signals, state: now } = service;
  return reason ?? (now !== 'in-service' && signals.decidedBy === name ? splitDissent(service).failed : null);
}

/** @param {{ service: Service }} props */
function Probes({ service }) {
  const { id, lastProbe, latencyMs, runbook } = service;
  const { failed } = splitDissent(service);
  const probes = state.probes.get(id) ?? [];
  return html`<${Section} title=${say('probes')} text=${sayCount('probes.count', probes.length)}>
    <div class="panel"><${PlotOfService} probes=${probes} />
      <p>${say('last-probe')} <${Moment} at=${lastProbe} /> (<${Ago} at=${lastProbe} />)${latencyMs === null ? '' : ` · ${latencyMs} ms`}</p>
      ${failed === null ? html`<p class="quiet">${say('probes.fine')}</p>` : html`<${Reason} code=${codeOf(runbook)} words=${failed} runbook=${runbook} />`}
    </div>
  <//>`;
}

/** With what its height, its width and its marks mean. @param {{ probes: readonly import('./types.d.ts').Probe[] }} props */
function PlotOfService({ probes }) {
  const [oldest, newest] = [probes[0], probes.at(-1)];
  if (oldest === undefined || newest === undefined) return null;
  const top = Math.max(10, ...probes.map(({ latencyMs }) => latencyMs));
  return html`<p class="plot-legend"><span>${say('plot.top', { n: Math.round(top) })}</span><span class="is-failed">${say('plot.legend-failed')}</span></p>
    <${Plot} probes=${probes} width=${640} height=${80} />
    <p class="plot-legend"><span>0 ms${probes.length < FULL ? '' : html` · <${Moment} at=${oldest.at} />`}</span><span><${Moment} at=${newest.at} /></span></p>`;
}

/** @param {{ service: Service }} props */
function Certificate({ service: { certificate } }) {
  if (certificate === null) return null;
  return html`<${Section} title=${say('certificate')}><p class="panel">${certificate.subject} · ${say('certificate.until')} <${Moment} at=${certificate.validTo} /> (${sayCount('days', certificate.days)})</p><//>`;
}
