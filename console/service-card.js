/** One service: its state, why, what stands against it, and what is to be done about it. */

import { Moments } from './outage-panel.js';
import { Badge, codeOf, Dissent, Mark, markOf, Own, Reason } from './parts.js';
import { Plot } from './plot.js';
import { isLive, maySet, nameOf, state, update } from './store.js';
import { Ago, Moment, spanText, useNow } from './time.js';
import { html } from './ui.js';
import { severityOf, splitDissent } from './verdict.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Service} Service */
/** @typedef {import('./types.d.ts').Outage} Outage */
/** @typedef {import('./types.d.ts').Probe} Probe */

/** @param {{ service: Service, probes: readonly Probe[], outage: Outage | null, over: { count: number, seconds: number }, isDense: boolean }} props */
export function ServiceCard({ service, probes, outage, over, isDense }) {
  const { id, name, site, latencyMs } = service;
  const title = `card-${id}`;
  return html`<article class=${`card is-${markOf(service)} severity-${severityOf(service)}${isDense ? ' is-dense' : ''}`} aria-labelledby=${title}>
    <header class="card-head">
      <h3 id=${title}><a href=${`#/services/${encodeURIComponent(id)}`}>${name}</a> <span class="id">${id}${site === null ? '' : ` · ${site}`}${isDense && latencyMs !== null ? ` · ${latencyMs} ms` : ''}</span></h3>
      <${StateBadge} service=${service} />
    </header>
    ${!isDense && html`<${StateFacts} service=${service} outage=${outage} /><${Notes} service=${service} />`}
    ${over.count > 0 && html`<p class="over quiet">${sayCount(outage === null ? 'card.day' : 'card.before', over.count, { span: spanText(over.seconds) })}</p>`}
    <footer class="card-foot">
      <span class="figure"><strong>${service.phones.toLocaleString(document.documentElement.lang)}</strong> ${sayCount('card.phones', service.phones)}</span>
      ${
        isDense
          ? html`<span class="quiet">${service.since !== null && html`${say('since')} <${Moment} at=${service.since} />`}</span>`
          : html`<span class="figure plot-box"><${Plot} probes=${probes} width=${110} /><span>${service.latencyMs === null ? '' : `${service.latencyMs} ms`}</span></span>`
      }
      <${SetButtons} service=${service} />
    </footer>
  </article>`;
}

/** @param {{ service: Service }} props */
export function StateBadge({ service }) {
  const { state: now, attempt } = service;
  const attempts = state.about?.attempts ?? 3;
  const word = attempt === null ? say(`state.${now}`) : say('state.attempt', { n: attempt, of: attempts });
  return html`<${Badge} kind=${now} word=${word} />`;
}

/** Since when, and how long this attempt goes on. @param {{ service: Service, outage: Outage | null }} props */
export function StateFacts({ service, outage }) {
  const { since, runbook, state: now, lastProbe } = service;
  const isOut = now === 'out-of-service' || now === 'reconnecting';
  return html`<p class="since">
      ${isOut && outage !== null ? html`<${Moments} outage=${outage} />` : since !== null && html`${say('since')} <${Moment} at=${since} zone=${isOut} /> <span class="quiet">(<${Ago} at=${since} />)</span>`}
      ${now === 'reconnecting' && html` <${Countdown} service=${service} />`}
      ${now === 'unknown' && html`<span class="quiet">${say('state.unknown.hint')}</span>`}
    </p>
    <${Reason} code=${codeOf(runbook)} words=${splitDissent(service).failed} runbook=${runbook} />
    ${
      isOut &&
      html`<p class="quiet">${say('last-probe')} <${Moment} at=${lastProbe} />${
        outage === null
          ? ''
          : html` · <a href=${`#/outages/${encodeURIComponent(outage.id)}`}>${sayCount('outage.missing', outage.missing)}</a>`
      }</p>`
    }`;
}

/** A sentence that stands for a screen reader, a number that runs for eyes. @param {{ service: Service }} props */
function Countdown({ service: { since, attempt } }) {
  const now = useNow();
  const seconds = state.about?.attemptSeconds ?? 5;
  if (since === null || attempt === null) return null;
  const left = Math.max(0, Math.ceil((Date.parse(since) + attempt * seconds * 1000 - now) / 1000));
  const done = Math.min(1, Math.max(0, 1 - left / seconds));
  return html`<span class="countdown"><span class="unseen">${sayCount('attempt.each', seconds)}</span>
    <progress aria-hidden="true" max="1" value=${done}></progress><span aria-hidden="true">${say('attempt.left', { n: left })}</span></span>`;
}

/** What operators set, drills, and what else keeps agents away. @param {{ service: Service }} props */
export function Notes({ service }) {
  const { admin, drill, finesseDrains, notAlternateBecause, fippaFailing, certificate, state: now } = service;
  const { dissent } = splitDissent(service);
  // What was set and is over stands in the audit trail.
  const isSet = admin !== 'ready';
  return html`<ul class="notes">
    ${isSet && html`<li class=${`is-${admin}`}><${Mark} kind=${admin} /><div><${Setting} service=${service} /></div></li>`}
    ${drill !== null && html`<li class="is-drill"><${Mark} kind="drill" /><div><${DrillNote} service=${service} /></div></li>`}
    ${fippaFailing && html`<li class="is-reconnecting"><${Mark} kind="reconnecting" /><div>${say('note.pages-fail')}</div></li>`}
    ${finesseDrains && html`<li class="is-drain"><${Mark} kind="drain" /><div>${say('note.finesse-drains')}</div></li>`}
    ${
      certificate !== null &&
      certificate.days < 30 &&
      html`<li class="is-reconnecting"><${Mark} kind="reconnecting" /><div>${sayCount('note.certificate', certificate.days)}</div></li>`
    }
    ${
      dissent !== null &&
      html`<li class="is-reconnecting"><${Mark} kind="reconnecting" /><div><${Dissent}><${Own} text=${dissent} /><//></div></li>`
    }
    ${
      notAlternateBecause !== null &&
      now === 'in-service' &&
      admin === 'ready' &&
      html`<li><${Mark} kind="unknown" /><div>${say('note.no-alternate')} <${Own} text=${notAlternateBecause} /></div></li>`
    }
  </ul>`;
}

/** Who set it, when, why and until when. @param {{ service: Service }} props */
export function Setting({ service: { admin, adminReason, until, maintAt, setBy, setAt } }) {
  return html`<strong>${say(`admin.${admin}`)}</strong>${adminReason === null ? '' : html`: <q>${adminReason}</q>`}
    <span class="quiet">${setBy === null ? '' : ` ${say('set.by', { who: setBy })}`}${
      setAt === null ? '' : html` <${Moment} at=${setAt} />`
    }</span>
    ${maintAt !== null && html`<br /><span>${say('set.maint-at')} <${Moment} at=${maintAt} /> (<${Left} at=${maintAt} />)</span>`}
    ${until !== null && html`<br /><span>${say('set.until')} <${Moment} at=${until} /> (<${Left} at=${until} />)</span>`}`;
}

/** @param {{ at: string }} props */
export function Left({ at }) {
  return html`<span>${say('left', { span: spanText((Date.parse(at) - useNow()) / 1000) })}</span>`;
}

/** @param {{ service: Service }} props */
function DrillNote({ service: { id, drill } }) {
  if (drill === null) return null;
  const whom = drill.devices === null ? say('drill.all') : sayCount('drill.devices', drill.devices);
  return html`<strong>${say('drill.on')}</strong> ${whom} <span class="quiet">${say('set.until')} <${Moment} at=${drill.until} /> (<${Left} at=${drill.until} />)</span>
    ${maySet() && html`<br /><button type="button" disabled=${!isLive()} title=${whyNot()} onClick=${() => update({ dialog: { kind: 'drill', service: id } })}>${say('drill.end')}</button>`}`;
}

/** @param {{ service: Service }} props */
export function SetButtons({ service: { id, name } }) {
  if (!maySet()) return null;
  return html`<span class="buttons">
    <button type="button" disabled=${!isLive()} title=${whyNot()} onClick=${() => update({ dialog: { kind: 'setting', service: id } })}>${say('set')}<span class="unseen"> ${name}</span></button>
    <button type="button" disabled=${!isLive()} title=${whyNot()} onClick=${() => update({ dialog: { kind: 'drill', service: id } })}>${say('drill')}<span class="unseen"> ${name}</span></button>
    ${!isLive() && html`<span class="unseen">${say('live.no-orders')}</span>`}
  </span>`;
}

function whyNot() {
  return isLive() ? undefined : say('live.no-orders');
}

/** @param {{ id: string | null }} props */
export function ServiceName({ id }) {
  if (id === null) return html`<span class="none">${say('none')}</span>`;
  return html`<a href=${`#/services/${encodeURIComponent(id)}`}>${nameOf(id)}</a>`;
}
