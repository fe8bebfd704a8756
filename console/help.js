/** Pages of the documentation, as the package brought them: what to do about each failure. */

import { Markdown } from './markdown.js';
import { Heading } from './parts.js';
import { html, useEffect, useState } from './ui.js';
import { currentLanguage, say } from './words.js';

const PAGES = /** @type {const} */ (['runbook', 'operations', 'console']);

/** @param {{ rest: readonly string[] }} props */
export function Help({ rest: [page = 'runbook', part = ''] }) {
  const name = PAGES.find((each) => each === page) ?? 'runbook';
  const [text, setText] = useState('');
  useEffect(() => {
    void fetch(`/console/docs/${name}.md`).then(async (answer) => answer.ok && setText(await answer.text()));
  }, [name]);
  useEffect(() => {
    if (part === '' || text === '') return;
    const found = document.getElementById(`part-${part}`);
    found?.scrollIntoView();
    found?.focus({ preventScroll: true });
  }, [text, part]);
  return html`<${Heading} title=${say('nav.help')} text=${currentLanguage() === 'en' ? '' : say('help.english')} />
    <p class="tools">${PAGES.map((each) => html`<a key=${each} class="button" href=${`#/help/${each}`} aria-current=${each === name ? 'page' : undefined}>${say(`help.${each}`)}</a>`)}</p>
    <div class="prose" lang="en"><${Markdown} text=${text} page=${name} /></div>`;
}
