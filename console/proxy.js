/** The proxy itself: its problems, sites that are cut off, nodes for reports, certificates that end. */

import { Badge, Heading, Mark, Own, Section, Table } from './parts.js';
import { ServiceName } from './service-card.js';
import { state } from './store.js';
import { Ago, Moment, spanText, zoneName } from './time.js';
import { html } from './ui.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Health} Health */

export function ProxyView() {
  const health = /** @type {Health} */ (state.health);
  return html`<${Heading} title=${say('nav.proxy')} text=${say('proxy.intro', { zone: zoneName() })} />
    <dl class="panel facts-list">
      <div><dt>${say('proxy.version')}</dt><dd>${health.version}</dd></div>
      <div><dt>${say('proxy.up')}</dt><dd>${spanText(health.uptimeSeconds)}</dd></div>
      ${health.site !== null && html`<div><dt>${say('proxy.site')}</dt><dd>${health.site}</dd></div>`}
      <div><dt>${say('facts.state')}</dt><dd>${say(`level.${health.status}`)}</dd></div>
    </dl>
    <${Section} title=${say('overview.problems')}>
      ${health.problems.length === 0 && html`<p class="quiet empty">${say('proxy.no-problems')}</p>`}
      <ul class="notes">${health.problems.map((problem) => html`<li key=${problem} class="is-reconnecting"><${Mark} kind="reconnecting" /><div><${Own} text=${problem} /></div></li>`)}</ul>
    <//>
    ${health.capture !== null && html`<p class="panel">${say('capture.on')} <${Moment} at=${health.capture.until} /></p>`}
    <${Islands} health=${health} />
    <${Proxies} health=${health} />
    <${Views} health=${health} />
    <${Store} health=${health} />
    <${Processes} health=${health} />
    <${Webhooks} health=${health} />
    <${Nodes} health=${health} />
    <${Certificates} health=${health} />`;
}

/** @param {{ health: Health }} props */
function Islands({ health: { islands } }) {
  if (islands.length === 0) return null;
  return html`<${Section} title=${say('islands')}><ul class="notes">${islands.map(
    ({ site, since, long }) =>
      html`<li key=${site} class="is-out-of-service"><${Mark} kind="out-of-service" /><div><strong>${site}</strong> ${say('island.since')} <${Moment} at=${since} /> (<${Ago} at=${since} />)${long ? ` · ${say('island.long')}` : ''}</div></li>`,
  )}</ul><//>`;
}

/** @param {{ health: Health }} props */
function Nodes({ health: { reports } }) {
  if (reports.length === 0) return null;
  const title = say('nodes');
  return html`<${Section} title=${title}>
    <${Table} label=${title} head=${[say('node'), say('facts.state'), say('facts.since'), say('facts.reason'), say('proxy.site'), say('facts.lastProbe')]}>
      ${reports.map(
        ({ id, name, url, state: now, since, reason, site, lastProbe, latencyMs }) => html`<tr key=${id}>
        <th scope="row">${name} <span class="id">${id}</span><br /><span class="quiet">${url}</span></th>
        <td><${Badge} kind=${now === 'up' ? 'in-service' : now === 'down' ? 'out-of-service' : 'unknown'} word=${say(`node.${now}`)} /></td>
        <td><${Moment} at=${since} /></td><td>${reason !== null && html`<${Own} text=${reason} />`}</td><td>${site}</td>
        <td><${Moment} at=${lastProbe} />${latencyMs === null ? '' : ` · ${Math.round(latencyMs)} ms`}</td></tr>`,
      )}
    <//>
  <//>`;
}

/** Those that end first stand first. @param {{ health: Health }} props */
function Certificates({ health: { certificates, services } }) {
  const title = say('certificates');
  const all = [
    ...certificates.map((held) => ({ ...held, service: null })),
    ...services.flatMap(({ id, certificate }) =>
      certificate === null ? [] : [{ ...certificate, listener: null, problem: null, service: id }],
    ),
  ].toSorted((one, other) => one.days - other.days);
  return html`<${Section} title=${title}>
    ${all.length === 0 && html`<p class="quiet empty">${say('certificates.none')}</p>`}
    ${
      all.length > 0 &&
      html`<${Table} label=${title} head=${[say('certificate.of'), say('certificate.subject'), say('certificate.until'), say('certificate.left'), say('certificate.problem')]}>
        ${all.map(
          ({ listener, service, subject, validTo, days, problem }) => html`<tr key=${listener ?? `service ${service}`}>
          <th scope="row">${listener ?? html`<${ServiceName} id=${service} />`}</th><td>${subject}</td><td><${Moment} at=${validTo} /></td>
          <td>${days < 30 ? html`<${Badge} kind=${days < 0 ? 'out-of-service' : 'reconnecting'} word=${sayCount('days', days)} />` : sayCount('days', days)}</td>
          <td>${problem !== null && html`<${Own} text=${problem} />`}</td></tr>`,
        )}
      <//>`
    }
  <//>`;
}

/** @param {{ health: Health }} props */
function Proxies({ health: { proxies } }) {
  if (proxies.length === 0) return null;
  const title = say('proxies');
  const head = ['proxy.name', 'facts.state', 'proxies.at', 'proxy.site', 'proxy.version'];
  return html`<${Section} title=${title}><${Table} label=${title} head=${head.map((key) => say(key))}>
    ${proxies.map(
      ({ id, name, self, heard, heardAt, site, version }) => html`<tr key=${id}>
      <th scope="row">${name} ${self && html`<span class="tag">${say('proxies.this')}</span>`}<br /><span class="id">${id}</span></th>
      <td><${Badge} kind=${heard ? 'in-service' : 'out-of-service'} word=${say(heard ? 'proxies.heard' : 'proxies.silent')} /></td>
      <td><${Moment} at=${heardAt} /></td><td>${site}</td><td>${version}</td></tr>`,
    )}
  <//><//>`;
}

/** How each proxy sees each service, side by side; where they differ that is marked. @param {{ health: Health }} props */
function Views({ health: { proxies, services } }) {
  if (proxies.length < 2) return null;
  const title = say('views');
  const shown = proxies.filter(({ heard }) => heard);
  const head = [say('views.service'), ...shown.map(({ name, site }) => (site === null ? name : `${name} (${site})`))];
  return html`<${Section} title=${title}><${Table} label=${title} head=${head}>
    ${services.map(({ id }) => {
      const views = shown.map((proxy) => proxy.services.find((service) => service.id === id) ?? null);
      const known = views.filter((view) => view !== null);
      const differs = new Set(known.map((view) => `${view.state} ${view.admin}`)).size > 1;
      return html`<tr key=${id}>
      <th scope="row"><${ServiceName} id=${id} />${differs && html`<br /><${Badge} kind="reconnecting" word=${say('views.differ')} />`}</th>
      ${views.map((view, index) => html`<td key=${shown[index]?.id}>${view !== null && html`<${View} view=${view} />`}</td>`)}</tr>`;
    })}
  <//><//>`;
}

/** @param {{ view: Health['proxies'][number]['services'][number] }} props */
function View({ view: { state: now, attempt, admin, phones } }) {
  const word = attempt === null ? say(`state.${now}`) : say('views.attempt', { n: attempt });
  return html`<${Badge} kind=${now} word=${word} />${admin !== 'ready' && html` <span class="tag">${say(`admin.${admin}`)}</span>`}
    <br /><span class="quiet">${sayCount('phones', phones)}</span>`;
}

/** @param {{ health: Health }} props */
function Store({ health: { store } }) {
  if (store === null) return null;
  const { server, state: now, since, reason, means, lagMs, waiting, facts } = store;
  const kind = now === 'connected' ? 'in-service' : now === 'connecting' ? 'unknown' : 'reconnecting';
  return html`<${Section} title=${say('store')}>
    <dl class="panel facts-list">
      <div><dt>${say('store.server')}</dt><dd>${server}</dd></div>
      <div><dt>${say('facts.state')}</dt><dd><${Badge} kind=${kind} word=${say(`store.${now}`)} /> ${say('since')} <${Moment} at=${since} /></dd></div>
      <div><dt>${say('store.means')}</dt><dd><${Own} text=${means} /></dd></div>
      ${reason !== null && html`<div><dt>${say('facts.reason')}</dt><dd><${Own} text=${reason} /></dd></div>`}
      ${lagMs !== null && html`<div><dt>${say('store.lag')}</dt><dd>${lagMs} ms</dd></div>`}
      <div><dt>${say('store.waiting')}</dt><dd>${waiting}</dd></div>
      <div><dt>${say('store.facts')}</dt><dd>${facts}</dd></div>
    </dl>
  <//>`;
}

/** @param {{ health: Health }} props */
function Processes({ health: { processes } }) {
  if (processes.length === 0) return null;
  const title = say('processes');
  const head = ['process', 'facts.state', 'phones.since', 'process.restarts', 'process.before'];
  return html`<${Section} title=${title}><${Table} label=${title} head=${head.map((key) => say(key))}>
    ${processes.map(
      ({ process, pid, state: now, since, restarts, ended }) => html`<tr key=${process}>
      <th scope="row">${process}${pid !== null && html` <span class="id">${pid}</span>`}</th>
      <td><${Badge} kind=${now === 'serving' ? 'in-service' : now === 'ended' ? 'out-of-service' : 'unknown'} word=${say(`process.${now}`)} /></td>
      <td><${Moment} at=${since} /></td><td class="number">${restarts}</td><td>${ended !== null && html`<${Own} text=${ended} />`}</td></tr>`,
    )}
  <//><//>`;
}

/** @param {{ health: Health }} props */
function Webhooks({ health: { webhooks } }) {
  if (webhooks.length === 0) return null;
  const title = say('webhooks');
  const head = ['webhook', 'facts.state', 'webhook.to-come', 'webhook.lost', 'webhook.delivered', 'facts.reason'];
  return html`<${Section} title=${title}><${Table} label=${title} head=${head.map((key) => say(key))}>
    ${webhooks.map(
      ({ name, state: now, waiting, lost, delivered, reason }) => html`<tr key=${name}>
      <th scope="row">${name}</th><td><${Badge} kind=${now === 'ok' ? 'in-service' : 'reconnecting'} word=${say(`webhook.${now}`)} /></td>
      <td class="number">${waiting}</td><td class="number">${lost}</td><td><${Moment} at=${delivered} /></td>
      <td>${reason !== null && html`<${Own} text=${reason} />`}</td></tr>`,
    )}
  <//><//>`;
}
