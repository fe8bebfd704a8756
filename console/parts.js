/** Parts that several views share: marks of state, links, dialogs, tables. */

import { html, useEffect, useRef } from './ui.js';
import { currentLanguage, isSaid, ownText, say, translateOwn } from './words.js';

/** @typedef {import('./types.d.ts').Service} Service */
/** @typedef {import('preact').ComponentChildren} Children */

/** A state has a shape of its own, so that colour is never needed to tell it: drawn in a box of 16. */
const SHAPES = {
  'in-service': 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM4.7 8.2 7 10.5l4.3-4.7',
  reconnecting: 'M8 1.5 15 14.2H1zM8 6v4M8 11.8v.6',
  'out-of-service': 'M2 2h12v12H2zM5.2 5.2l5.6 5.6M10.8 5.200l-5.6 5.6',
  unknown: 'M8 1.500a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5 8h6',
  drain: 'M2 3h12l-4.5 5.500V14l-3-2V8.500z',
  maint: 'M8 1.5 14.5 8 8 14.5 1.5 8zM6.5 5.800v4.400M9.5 5.800v4.4',
  drill: 'M8 1.5 14.5 5.500v5L8 14.5 1.5 10.500v-5zM8 5v3.500M8 10.500v.5',
};

/** Health is not configuration: what an operator set never hides that a service is out. @param {Service} service */
export function markOf({ state, admin, drill }) {
  if (state === 'out-of-service' || state === 'reconnecting') return state;
  if (drill !== null) return 'drill';
  return admin === 'ready' ? state : admin;
}

/** @param {{ kind: string, size?: number }} props */
export function Mark({ kind, size = 16 }) {
  const shape = SHAPES[/** @type {keyof typeof SHAPES} */ (kind)] ?? SHAPES.unknown;
  return html`<svg class=${`mark mark-${kind}`} width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d=${shape} /></svg>`;
}

/** The state in word, shape and colour. @param {{ kind: string, word: string }} props */
export function Badge({ kind, word }) {
  return html`<span class=${`badge is-${kind}`}><${Mark} kind=${kind} />${word}</span>`;
}

/** Such as `refused` of `docs/runbook.md#refused`. @param {string | null} runbook */
export function codeOf(runbook) {
  return runbook?.split('#')[1] ?? null;
}

/**
 * What failed: in a few words, then in the proxy's own, which name ports and codes.
 * @param {{ code: string | null, words: string | null, runbook?: string | null }} props
 */
export function Reason({ code, words, runbook = null }) {
  const key = `cause.${code}`;
  if (words === null && !isSaid(key)) return null;
  const [first, rest] = splitReason(words ?? '');
  // The proxy's own words often begin with the same ones.
  const isRepeated = ownText(first).toLowerCase().startsWith(say(key).toLowerCase());
  return html`<div class="reason">
    ${isSaid(key) && !isRepeated && html`<strong>${say(key)}${words === null ? '' : '.'}</strong> `}
    ${words !== null && html`<${Own} text=${first} /> `}
    ${runbook !== null && html`<${RunbookLink} to=${runbook} />`}
    ${rest !== '' && html` <details><summary>${say('reason.more')}</summary><${Own} text=${rest} /></details>`}
  </div>`;
}

/**
 * What failed, and what somebody who changes the configuration reads: from the first sentence or part on that names a key of it.
 * @param {string} words @returns {[string, string]}
 */
export function splitReason(words) {
  const parts = words.split(/(?<=[.?;])\s+/);
  const at = parts.findIndex((part, index) => index > 0 && KEY_OF_CONFIGURATION.test(part));
  if (at < 0) return [words, ''];
  return [parts.slice(0, at).join(' ').replace(/;$/, '.'), parts.slice(at).join(' ')];
}

const KEY_OF_CONFIGURATION = /\b(?:notification|ops|phones|probe|push|reports|tls)\.[a-z]/i;

/** @param {{ to: string }} props */
export function RunbookLink({ to }) {
  const [, page = 'runbook', part = ''] = /^docs\/([a-z]+)\.md(?:#(.*))?$/.exec(to) ?? [];
  return html`<a class="runbook" href=${`#/help/${page}/${part}`}>${say('runbook.link')}</a>`;
}

/** That other proxies see a service otherwise. @param {{ children: Children }} props */
export function Dissent({ children }) {
  return html`${children} <${RunbookLink} to="docs/runbook.md#proxies-see-a-service-differently" />`;
}

/** What the proxy itself put into words: what nobody translated is English. @param {{ text: string }} props */
export function Own({ text }) {
  if (currentLanguage() === 'en') return html`<span>${text}</span>`;
  return html`<span>${translateOwn(text).map(({ text: piece, isTranslated }) =>
    isTranslated || !/\p{L}{2}/u.test(piece) ? piece : html`<span lang="en">${piece}</span>`,
  )}</span>`;
}

/**
 * A dialog of the browser's own: it keeps the focus inside, closes by Escape and gives the focus back.
 * @param {{ title: string, onClose: () => void, children?: Children, wide?: boolean }} props
 */
export function Modal({ title, onClose, children, wide = false }) {
  /** @type {{ current: HTMLDialogElement | null }} */
  const dialog = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      // Whoever opened it may have been drawn anew meanwhile.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return html`<dialog ref=${dialog} class=${wide ? 'modal wide' : 'modal'} aria-labelledby="modal-title" onClose=${onClose}>
    <h2 id="modal-title">${title}</h2>
    ${children}
  </dialog>`;
}

/** @param {{ title: string, text?: Children, id?: string, children?: Children, actions?: Children }} props */
export function Section({ title, text, id, children, actions }) {
  return html`<div class="section">
    <div class="section-head"><h2 id=${id}>${title}</h2>${text !== undefined && html`<p class="quiet">${text}</p>`}${actions}</div>
    ${children}
  </div>`;
}

/**
 * A table that scrolls by itself where it is too wide, also by keyboard.
 * @param {{ label: string, head: readonly string[], children?: Children }} props
 */
export function Table({ label, head, children }) {
  return html`${head.length > 3 && html`<p class="table-hint quiet" aria-hidden="true">${say('table.hint')}</p>`}<div class="table" tabindex="0" role="region" aria-label=${label}>
    <table><thead><tr>${head.map((text) => html`<th scope="col" key=${text}>${text}</th>`)}</tr></thead>
    <tbody>${children}</tbody></table>
  </div>`;
}

/** @param {{ title: string, text: string }} props */
export function Heading({ title, text }) {
  return html`<div class="heading"><h1 tabindex="-1">${title}</h1><p class="quiet">${text}</p></div>`;
}
