/** The frame: head, navigation, the view that the address names, dialogs, and what a screen reader is told. */

import { endSession } from './api.js';
import { Dialogs } from './dialogs.js';
import { announce } from './follow.js';
import { Mark } from './parts.js';
import { chooseScheme, chosenScheme } from './scheme.js';
import { isSignedIn, state, update, useStore } from './store.js';
import { clockText, isUtcShown, Moment, shortZone, showUtc, useClock, zoneName } from './time.js';
import { html, useEffect, useRef, useState } from './ui.js';
import { countWrong, faviconOf, statusWords, summary } from './verdict.js';
import { findView, views } from './views.js';
import { currentLanguage, keepLanguage, LANGUAGES, loadWords, say } from './words.js';

function useRoute() {
  const [route, setRoute] = useState(location.hash);
  useEffect(() => {
    const changed = () => setRoute(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

export function App() {
  useStore();
  const route = useRoute();
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);
  const { view, rest, path } = findView(route);
  const View = view.component;

  useEffect(() => {
    // At the first look the page begins at its top, as any other; later the view that was asked for has the focus.
    if (!isFirst.current) {
      main.current?.querySelector('h1')?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [path]);
  useEffect(() => showOutside());

  return html`
    <a class="skip" href="#main" onClick=${skip}>${say('skip')}</a>
    <${Head} />
    <${NotLive} />
    <${SessionLost} />
    <${NewVersion} />
    <div class="frame">
      <${Navigation} current=${view.path} />
      <main id="main" ref=${main} tabindex="-1">
        ${state.health === null ? html`<div class="heading"><h1 tabindex="-1">${say('loading')}</h1></div>` : html`<${View} rest=${rest} key=${path} />`}
      </main>
    </div>
    <footer class="foot-narrow"><${Foot} /></footer>
    <${Dialogs} />
    <div class="unseen" role="status" aria-live="polite">${state.announcement}</div>`;
}

/** The address stays that of the view. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** The tab tells what is wrong too. */
function showOutside() {
  const { health, live } = state;
  const icon = `/console/icons/${faviconOf(health, live.isLive)}.svg`;
  const link = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel=icon]'));
  if (link !== null && link.getAttribute('href') !== icon) link.setAttribute('href', icon);
  const wrong = health === null ? 0 : countWrong(health);
  const prefix = health === null ? '' : !live.isLive ? `${say('live.stale')} · ` : wrong > 0 ? `(${wrong}) ` : '';
  const title = `${prefix}${health === null ? '' : `${statusWords(health)} · `}ippa-proxy`;
  if (document.title !== title) document.title = title;
}

function Head() {
  const { health, live } = state;
  const level = health?.status ?? 'unknown';
  return html`<header class="head">
    <a class="brand" href="#/"><span class=${`brand-mark is-level-${live.isLive ? level : 'unknown'}`} aria-hidden="true"></span>ippa-proxy</a>
    ${health !== null && html`<p class=${`verdict is-level-${level}`}>${summary(health)}</p>`}
    <div class="head-tools">
      <${Live} />
      <${Clock} />
      <${Who} />
    </div>
  </header>`;
}

function Live() {
  const { isLive } = state.live;
  return html`<span class=${isLive ? 'live' : 'live is-stale'}><${Mark} kind=${isLive ? 'in-service' : 'unknown'} size=${12} />
    ${say(isLive ? 'live.on' : 'live.stale')}</span>`;
}

/** It would speak every second: only for eyes. */
function Clock() {
  const now = useClock();
  return html`<span class="clock"><span aria-hidden="true">${clockText(now)}</span>
    <button type="button" class="link" aria-pressed=${isUtcShown() ? 'true' : 'false'} title=${`${zoneName()}. ${say('time.toggle')}`}
      onClick=${() => {
        showUtc(!isUtcShown());
        update({});
      }}>${shortZone()}</button></span>`;
}

function Choices() {
  return html`<label class="choice"><span class="unseen">${say('language')}</span>
      <select value=${currentLanguage()} onChange=${chooseLanguage}>
        ${Object.entries(LANGUAGES).map(([id, name]) => html`<option key=${id} value=${id} lang=${id}>${name}</option>`)}
      </select></label>
    <label class="choice"><span class="unseen">${say('scheme')}</span>
      <select value=${chosenScheme()} onChange=${(
        /** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget },
      ) => {
        chooseScheme(currentTarget.value);
        update({});
      }}>
        ${['auto', 'light', 'dark'].map((id) => html`<option key=${id} value=${id}>${say(`scheme.${id}`)}</option>`)}
      </select></label>`;
}

/** @param {{ currentTarget: HTMLSelectElement }} event */
async function chooseLanguage({ currentTarget }) {
  const language = /** @type {import('./words.js').Language} */ (currentTarget.value);
  keepLanguage(language);
  await loadWords(language);
  update({});
}

function Who() {
  const { about } = state;
  if (about === null) return null;
  if (!isSignedIn()) {
    if (!about.canSignIn) return html`<span class="quiet">${say('who.nobody')}</span>`;
    return html`<button type="button" class="primary" onClick=${() => update({ dialog: { kind: 'sign-in' } })}>${say('sign-in')}</button>`;
  }
  return html`<span class="who"><span class="quiet">${say(`who.${about.may}`)}</span> <strong>${about.operator}</strong></span>
    <button type="button" onClick=${signOut}>${say('sign-out')}</button>`;
}

async function signOut() {
  await endSession();
  announce(say('signed-out'));
}

/** Stays above everything, and in the way of nothing: what is shown was true at that time. */
function NotLive() {
  const { live, health } = state;
  if (live.isLive || health === null) return null;
  return html`<p class="stale" role="alert"><${Mark} kind="unknown" />
    <span>${say('live.since')} <${Moment} at=${new Date(live.since).toISOString()} zone=${true} />. ${say('live.trying')}</span></p>`;
}

/** Whoever was signed in and is not any more would else find out by looking for buttons. */
function SessionLost() {
  const { about, sessionLost, live } = state;
  if (sessionLost === null || !about?.canSignIn || !live.isLive) return null;
  return html`<p class="note" role="alert">${say(`session.${sessionLost}`)}
    <button type="button" class="primary" onClick=${() => update({ dialog: { kind: 'sign-in' } })}>${say('sign-in')}</button></p>`;
}

function NewVersion() {
  const { health, version } = state;
  if (health === null || version === null || health.version === version) return null;
  return html`<p class="note">${say('new-version', { version: health.version })}
    <button type="button" onClick=${() => location.reload()}>${say('reload')}</button></p>`;
}

/** @param {{ current: string }} props */
function Navigation({ current }) {
  return html`<nav class="nav" aria-label=${say('nav')}>
    <ul>${views
      .filter(({ word }) => word !== null)
      .map(({ path, word, count, isDrill }) => {
        const n = count === undefined || state.health === null ? 0 : count(state);
        return html`<li key=${path}><a href=${`#/${path}`} aria-current=${path === current ? 'page' : undefined}>
          <span>${say(/** @type {string} */ (word))}</span>${n > 0 && html`<span class=${isDrill?.(state) ? 'count is-drill' : 'count'}>${n}</span>`}</a></li>`;
      })}</ul>
    <${Foot} />
  </nav>`;
}

function Foot() {
  const { health } = state;
  return html`<div class="foot quiet"><${Choices} /><p>${health === null ? '' : `ippa-proxy ${health.version}`}</p></div>`;
}
