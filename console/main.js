/** Starts the console: words first, then the page, then what happens. */

import { loadAbout, whenOperatorChanges } from './api.js';
import { App } from './app.js';
import { followEvents } from './follow.js';
import { html, render } from './ui.js';
import { loadWords, preferredLanguage } from './words.js';

// Who is missing may stand there: it would stay after whoever is signed in has gone.
document.querySelector('body > noscript')?.remove();
await loadWords(preferredLanguage());
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('console')));
await loadAbout();
const live = followEvents();
whenOperatorChanges(live.reopen);
