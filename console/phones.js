/** Phones and agents. There may be 20,000: the server searches, and at most so many are shown. */

import { ask } from './api.js';
import { Heading, Table } from './parts.js';
import { ServiceName } from './service-card.js';
import { isSignedIn, state, update } from './store.js';
import { Moment, zoneName } from './time.js';
import { html, useEffect, useState } from './ui.js';
import { say } from './words.js';

/** @typedef {import('./types.d.ts').Device} Device */

const SHOWN = 200;
/** Whoever types has not finished. */
const TYPING_MS = 250;

export function Phones() {
  const [wanted, setWanted] = useState('');
  const [found, setFound] = useState(/** @type {{ devices: readonly Device[], total: number } | null} */ (null));
  const [again, setAgain] = useState(0);
  const operator = state.about?.operator ?? null;
  useEffect(() => {
    if (operator === null) return setFound(null);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      // Whoever has just signed out must not ask as somebody whose session has ended.
      if (!isSignedIn()) return;
      const query = new URLSearchParams({ q: wanted, limit: String(SHOWN) });
      /** @type {import('./api.js').Answer<{ devices: readonly Device[], total: number }>} */
      const answer = await ask(`/devices?${query}`, { signal: stop.signal });
      if (answer.ok) setFound(answer.body);
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [wanted, operator, again]);
  return html`<${Heading} title=${say('nav.phones')} text=${say('phones.intro', { zone: zoneName() })} />
    ${
      !isSignedIn()
        ? html`<${NeedsSignIn} />`
        : html`<div class="tools">
      <label class="search"><span class="unseen">${say('phones.search')}</span>
        <input type="search" placeholder=${say('phones.search')} value=${wanted}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setWanted(currentTarget.value)} /></label>
      <button type="button" onClick=${() => setAgain(again + 1)}>${say('phones.again')}</button>
      <p class="quiet" role="status">${found === null ? '' : say('shown-of', { n: found.devices.length, of: found.total })}</p>
    </div>
    ${found !== null && html`<${Found} devices=${found.devices} isSearch=${wanted.trim() !== ''} />`}`
    }`;
}

export function NeedsSignIn() {
  if (!state.about?.canSignIn) return html`<p class="quiet empty">${say('who.nobody')}</p>`;
  return html`<p class="empty">${say('needs-sign-in')} <button type="button" class="primary" onClick=${() => update({ dialog: { kind: 'sign-in' } })}>${say('sign-in')}</button></p>`;
}

/** @param {{ devices: readonly Device[], isSearch: boolean }} props */
function Found({ devices, isSearch }) {
  if (devices.length === 0)
    return html`<p class="quiet empty">${say(isSearch ? 'phones.none' : 'phones.none-yet')}</p>`;
  const head = [
    'phones.device',
    'phones.agent',
    'phones.extension',
    'phones.on',
    'phones.since',
    'phones.model',
    'phones.address',
    'phones.seen',
  ];
  return html`<${Table} label=${say('nav.phones')} head=${head.map((key) => say(key))}>
    ${devices.toReversed().map(
      ({ device, agent, extension, service, since, model, address, seenAt }) => html`<tr key=${device}>
      <th scope="row">${device}</th><td>${agent}</td><td>${extension}</td><td>${service === null ? html`<span class="none">${say('phones.nowhere')}</span>` : html`<${ServiceName} id=${service} />`}</td>
      <td><${Moment} at=${since} /></td><td>${model}</td><td>${address}</td><td><${Moment} at=${seenAt} /></td></tr>`,
    )}
  <//>`;
}
