/** The outages that are on: since when, why, the five minutes, and who is back, elsewhere or missing. */

import { ask } from './api.js';
import { codeOf, Dissent, Mark, Own, Reason } from './parts.js';
import { isSignedIn, serviceOf, state, update } from './store.js';
import { Ago, Moment, momentText, proxyNow, spanText, useNow } from './time.js';
import { html, useEffect, useRef, useState } from './ui.js';
import { FIVE_MINUTES_MS, outagesOfNow, splitDissent } from './verdict.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Outage} Outage */
/** @typedef {import('./types.d.ts').OutageDevice} OutageDevice */

const NAMED = 24;
/** Of more panels than this each says less, so that all of them are seen at one glance; of many more only so many are there. */
const IN_FULL = 2;
const NAMED_IN_BRIEF = 6;
const SHOWN_PANELS = 12;
const SHOWN_LINES = 4;
const NAMED_IN_LINE = 6;
/** In an outage of thousands the number of those missing changes twice a second. */
const AGAIN_MS = 500;

/**
 * Who is missing from an outage, without those who are named further up.
 * @typedef {{ devices: readonly OutageDevice[], above: number, more: number }} Named
 */

/** On top of the overview, and beside the phone in the browser. */
export function OutagePanels() {
  const { panels, lines } = outagesOfNow(state.outages, proxyNow());
  const shown = lines.slice(0, SHOWN_LINES);
  const first = panels.slice(0, SHOWN_PANELS);
  const isBrief = panels.length > IN_FULL;
  const named = useMissing([...first, ...shown], isBrief ? NAMED_IN_BRIEF : NAMED);
  return html`<div class=${isBrief ? 'outages is-brief' : 'outages'}>${first.map((outage) => html`<${OutagePanel} key=${outage.id} outage=${outage} named=${named.get(outage.id) ?? null} />`)}</div>
    ${panels.length > first.length && html`<p class="more-outages"><a href="#/outages">${sayCount('outage.more-panels', panels.length - first.length)}</a></p>`}
    ${
      shown.length > 0 &&
      html`<ul class="still-missing">${shown.map((outage) => html`<${StillMissing} key=${outage.id} outage=${outage} named=${named.get(outage.id) ?? null} />`)}
      ${lines.length > shown.length && html`<li><a href="#/outages">${sayCount('outage.more-lines', lines.length - shown.length)}</a></li>`}</ul>`
    }`;
}

/** @param {{ outage: Outage, named: Named | null }} props */
function StillMissing({ outage: { id, name, startedAt, missing }, named }) {
  const who = (named?.devices ?? []).slice(0, NAMED_IN_LINE).map(nameOfDevice);
  const words = [
    ...who,
    ...(named !== null && missing > who.length ? [sayCount('outage.more', missing - who.length)] : []),
  ];
  return html`<li><${Mark} kind="out-of-service" /><span>${sayCount('outage.still', missing, { name, at: momentText(Date.parse(startedAt)) })}${
    named === null ? '' : ` (${who.length === 0 ? say('outage.above') : words.join('; ')})`
  } <a href=${`#/outages/${encodeURIComponent(id)}`}>${say('outage.record')}<span class="unseen"> ${name}</span></a></span></li>`;
}

/** @param {OutageDevice} device */
function nameOfDevice({ device, agent, extension }) {
  if (agent === null) return device;
  return extension === null ? agent : `${agent}, ${say('extension', { extension })}`;
}

/** @param {{ outage: Outage, named: Named | null }} props */
function OutagePanel({ outage, named }) {
  const { id, name, verdictAt, endedAt, drill, signedIn } = outage;
  const isOfOthers = endedAt === null && !drill && seenByOthersOnly(outage.service).length > 0;
  const kind = drill
    ? 'drill'
    : endedAt !== null
      ? 'in-service'
      : verdictAt === null || isOfOthers
        ? 'reconnecting'
        : 'out-of-service';
  const title = `outage-${id}`;
  const seen = verdictAt === null ? 'outage.reconnecting' : 'outage.out';
  const what = endedAt !== null ? 'outage.over' : isOfOthers ? 'outage.of-others' : seen;
  return html`<section class=${`outage is-${kind}`} aria-labelledby=${title}>
    <h2 id=${title}><${Mark} kind=${kind} size=${22} />${drill ? `${say('drill.word')}: ` : ''}${say(what, { name })}</h2>
    <p class="since"><${Moments} outage=${outage} /> · <a href=${`#/outages/${encodeURIComponent(id)}`}>${say('outage.record')}</a></p>
    ${endedAt === null && !drill && html`<${SeenBy} service=${outage.service} />`}
    ${drill ? html`<p>${say('drill.explained')}</p>` : html`<${Why} outage=${outage} />`}
    ${signedIn === 0 ? html`<p>${say('outage.nobody')}</p>` : html`<div class="counts-row"><${Counts} outage=${outage} /><${Clock} outage=${outage} /></div><${Missing} outage=${outage} named=${named} />`}
  </section>`;
}

/** Where this proxy sees the service in service: which others do not. @param {string} service */
function seenByOthersOnly(service) {
  if (serviceOf(service)?.state !== 'in-service') return [];
  return (state.health?.proxies ?? []).filter(({ self, heard, services }) => {
    const seen = services.find(({ id }) => id === service)?.state;
    return !self && heard && (seen === 'reconnecting' || seen === 'out-of-service');
  });
}

/** @param {{ service: string }} props */
function SeenBy({ service }) {
  const others = seenByOthersOnly(service);
  if (others.length === 0) return null;
  const list = others.map(({ id, name }) => `${name} (${id.slice(0, 8)}…)`).join(', ');
  return html`<p><${Dissent}><strong>${say('outage.seen-by', { list })}</strong><//></p>`;
}

/** When it failed, when that was the verdict, and when it was over. @param {{ outage: Outage }} props */
export function Moments({ outage: { startedAt, verdictAt, endedAt, drill } }) {
  if (endedAt !== null) {
    return html`${say('outage.failed')} <${Moment} at=${startedAt} />${verdictAt === null ? '' : html`, ${say('outage.out-from')} <${Moment} at=${verdictAt} />`} ${say('outage.until')} <${Moment} at=${endedAt} zone=${true} /> (${spanText((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)})`;
  }
  const ago = html`(<${Ago} at=${startedAt} />)`;
  if (drill) return html`${say('since')} <${Moment} at=${startedAt} zone=${true} /> ${ago}`;
  if (verdictAt === null) return html`${say('outage.failed')} <${Moment} at=${startedAt} zone=${true} /> ${ago}`;
  return html`${say('outage.failed')} <${Moment} at=${startedAt} />, ${say('outage.out-since')} <${Moment} at=${verdictAt} zone=${true} /> ${ago}`;
}

/** While it is on, what the service says now, as its card does; the record keeps what was noticed first. @param {{ outage: Outage }} props */
function Why({ outage: { service, endedAt, cause, decidedBy } }) {
  const now = endedAt === null ? serviceOf(service) : null;
  const { failed, dissent } = now === null ? { failed: null, dissent: null } : splitDissent(now);
  const isNow = now !== null && failed !== null;
  const code = isNow ? codeOf(now.runbook) : cause.code;
  return html`<${Reason} code=${code} words=${isNow ? failed : cause.words} runbook=${isNow ? now.runbook : cause.runbook} />
    ${dissent !== null && now?.state !== 'in-service' && html`<p><${Dissent}><${Own} text=${dissent} /><//></p>`}
    ${decidedBy !== null && html`<p class="first quiet">${say('outage.first')} ${say(`signal.${decidedBy}`)}${code === cause.code ? '' : ` (${say(`cause.${cause.code}`)})`}</p>`}`;
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
    return html`<p class="five">${sayCount('five.over', withinFiveMinutes, { of: signedIn })}</p>`;
  }
  const left = Math.max(0, FIVE_MINUTES_MS - passed);
  return html`<p class="five"><span class="unseen">${say('five.sentence')}</span>
    <progress aria-hidden="true" max=${FIVE_MINUTES_MS} value=${Math.min(FIVE_MINUTES_MS, passed)}></progress>
    <span aria-hidden="true">${say('five.left', { span: spanText(left / 1000) })}</span></p>`;
}

/** By name: that is told to operators only. @param {{ outage: Outage, named: Named | null }} props */
function Missing({ outage: { id, missing }, named }) {
  if (missing === 0) return null;
  if (!isSignedIn()) {
    if (!state.about?.canSignIn) return null;
    return html`<p class="quiet"><button type="button" class="link" onClick=${() => update({ dialog: { kind: 'sign-in' } })}>${say('outage.sign-in')}</button></p>`;
  }
  if (named === null) return null;
  return html`<div class="missing"><h3>${say('outage.who')}</h3>
    <ul>${named.devices.map(
      ({ device, agent, extension }) =>
        html`<li key=${device} title=${device}><strong>${agent ?? device}</strong>${agent !== null && extension !== null && html` <span class="quiet">${say('extension', { extension })}</span>`}</li>`,
    )}</ul>
    ${named.above > 0 && html`<p class="quiet">${sayCount('outage.named-above', named.above)}</p>`}
    ${named.more > 0 && html`<p><a href=${`#/outages/${encodeURIComponent(id)}`}>${sayCount('outage.more', named.more)}</a></p>`}
  </div>`;
}

/** Asked for again when a number is another one. Whoever is missing from several is named once. @param {readonly Outage[]} outages @param {number} limit @returns {ReadonlyMap<string, Named>} */
function useMissing(outages, limit) {
  const [found, setFound] = useState(/** @type {ReadonlyMap<string, readonly OutageDevice[]>} */ (new Map()));
  const askedAt = useRef(-AGAIN_MS);
  const operator = state.about?.operator ?? null;
  const wanted = outages.filter(({ missing }) => missing > 0);
  useEffect(() => {
    if (operator === null) return setFound(new Map());
    const stop = new AbortController();
    const timer = setTimeout(
      async () => {
        askedAt.current = performance.now();
        const answers = await Promise.all(
          wanted.map(async ({ id }) => {
            const path = `/outages/${encodeURIComponent(id)}?outcome=missing&limit=${limit}`;
            /** @type {import('./api.js').Answer<Outage & { devices?: readonly OutageDevice[] }>} */
            const answer = await ask(path, { signal: stop.signal });
            return { id, devices: answer.ok ? (answer.body.devices ?? null) : null };
          }),
        );
        if (stop.signal.aborted) return;
        setFound(new Map(answers.flatMap(({ id, devices }) => (devices === null ? [] : [[id, devices]]))));
      },
      Math.max(0, askedAt.current + AGAIN_MS - performance.now()),
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [wanted.map(({ id, missing }) => `${id} ${missing}`).join(), operator, limit]);
  /** @type {Set<string>} */
  const seen = new Set();
  return new Map(
    wanted.flatMap(({ id, missing }) => {
      const all = found.get(id);
      if (all === undefined) return [];
      const devices = all.filter(({ device, agent }) => !seen.has(agent ?? device));
      for (const { device, agent } of devices) seen.add(agent ?? device);
      const named = { devices, above: all.length - devices.length, more: Math.max(0, missing - all.length) };
      return [/** @type {[string, Named]} */ ([id, named])];
    }),
  );
}
