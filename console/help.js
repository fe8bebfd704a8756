/** Pages of the documentation, as the package brought them and the proxy renders them: what to do about each failure. */

import { Heading } from './parts.js';
import { html, useEffect, useRef, useState } from './ui.js';
import { currentLanguage, say } from './words.js';

const PAGES = /** @type {const} */ (['runbook', 'operations', 'console']);

/** By name: what was read once is there while the proxy is not. @type {Map<string, Element>} */
const read = new Map();

/** @param {{ rest: readonly string[] }} props */
export function Help({ rest: [page = 'runbook', part = ''] }) {
  const name = PAGES.find((each) => each === page) ?? 'runbook';
  const [prose, setProse] = useState(/** @type {Element | null} */ (null));
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => void readProse(name).then(setProse), [name]);
  useEffect(() => {
    if (prose === null) return;
    place.current?.replaceChildren(prose);
    const found = part === '' ? null : prose.querySelector(`#${CSS.escape(part)}`);
    if (!(found instanceof HTMLElement)) return;
    found.tabIndex = -1;
    found.scrollIntoView();
    found.focus({ preventScroll: true });
  }, [prose, part]);
  return html`<${Heading} title=${say('nav.help')} text=${currentLanguage() === 'en' ? '' : say('help.english')} />
    <p class="tools">${PAGES.map((each) => html`<a key=${each} class="button" href=${`#/help/${each}`} aria-current=${each === name ? 'page' : undefined}>${say(`help.${each}`)}</a>`)}</p>
    <div ref=${place}></div>`;
}

/** That of the page without JavaScript, in which no text became markup. @param {string} name */
async function readProse(name) {
  const prose = read.get(name) ?? (await readDocument(`/console/help/${name}`))?.querySelector('.prose') ?? null;
  if (prose === null || read.has(name)) return prose;
  for (const link of prose.querySelectorAll('a')) link.setAttribute('href', toView(link.getAttribute('href') ?? ''));
  read.set(name, prose);
  return prose;
}

/**
 * The browser makes a document of it as it does of any page, so that here no text has to become markup. Null: there was no answer.
 * @param {string} path @returns {Promise<Document | null>}
 */
function readDocument(path) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('GET', path);
    request.responseType = 'document';
    request.addEventListener('loadend', () => resolve(request.responseXML));
    request.send();
  });
}

/** Such as `#/help/runbook/refused` for `/console/help/runbook#refused`. @param {string} href */
function toView(href) {
  return href.replace(/^\/console\/help\/(\w+)#?/, '#/help/$1/');
}
