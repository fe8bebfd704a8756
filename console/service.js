/** One service in full: what each signal says, its probes, its certificate, its outages and changes. */

import { codeOf, Heading, Own, Reason, Section, Table } from './parts.js';
import { Plot } from './plot.js';
import { Notes, SetButtons, StateBadge, StateFacts } from './service-card.js';
import { serviceOf, state } from './store.js';
import { Ago, Moment, zoneName } from './time.js';
import { ChangeList } from './timeline.js';
import { html } from './ui.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Service} Service */

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
function Signals({ service: { signals } }) {
  const title = say('signals');
  return html`<${Section} title=${title} text=${say(`notification.${signals.notification}`)}>
    <${Table} label=${title} head=${[say('signal'), say('signal.says'), say('since'), say('facts.reason')]}>
      ${SIGNALS.map((name) => {
        const { says, since, reason } = signals[name];
        return html`<tr key=${name}><th scope="row">${say(`signal.${name}`)}${signals.decidedBy === name ? html` <span class="tag">${say('signal.decides')}</span>` : ''}</th>
          <td>${says}</td><td><${Moment} at=${since} /></td><td>${reason !== null && html`<${Own} text=${reason} />`}</td></tr>`;
      })}
    <//>
  <//>`;
}

/** @param {{ service: Service }} props */
function Probes({ service: { id, lastProbe, latencyMs, reason, runbook } }) {
  const probes = state.probes.get(id) ?? [];
  return html`<${Section} title=${say('probes')} text=${sayCount('probes.count', probes.length)}>
    <div class="panel"><${Plot} probes=${probes} width=${640} height=${80} />
      <p>${say('last-probe')} <${Moment} at=${lastProbe} /> (<${Ago} at=${lastProbe} />)${latencyMs === null ? '' : ` · ${latencyMs} ms`}</p>
      ${reason === null ? html`<p class="quiet">${say('probes.fine')}</p>` : html`<${Reason} code=${codeOf(runbook)} words=${reason} runbook=${runbook} />`}
    </div>
  <//>`;
}

/** @param {{ service: Service }} props */
function Certificate({ service: { certificate } }) {
  if (certificate === null) return null;
  return html`<${Section} title=${say('certificate')}><p class="panel">${certificate.subject} · ${say('certificate.until')} <${Moment} at=${certificate.validTo} /> (${sayCount('days', certificate.days)})</p><//>`;
}
