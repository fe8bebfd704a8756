/** What the console says, in the language of whoever reads it. */

import { createTranslation } from './phrases.js';

/** @typedef {Record<string, string>} Words */

export const LANGUAGES = /** @type {const} */ ({ en: 'English', de: 'Deutsch' });
/** @typedef {keyof typeof LANGUAGES} Language */

const KEPT = 'ippa-console-language';

/** @type {Words} */
let words = {};
/** @type {Language} */
let language = 'en';
let plural = new Intl.PluralRules('en');
/** Of what the proxy says, which is English. */
let translate = createTranslation({});

/** What was chosen here before, else the first language of the browser that there is. */
export function preferredLanguage() {
  const wanted = [localStorage.getItem(KEPT), ...navigator.languages].map((each) => each?.slice(0, 2));
  return /** @type {Language} */ (wanted.find((each) => each !== undefined && each in LANGUAGES) ?? 'en');
}

/** @param {Language} next */
export async function loadWords(next) {
  const answer = await fetch(`/console/words/${next}.json`);
  const phrases = next === 'en' ? {} : await (await fetch(`/console/phrases/${next}.json`)).json();
  words = await answer.json();
  translate = createTranslation(phrases);
  language = next;
  plural = new Intl.PluralRules(next);
  document.documentElement.lang = next;
}

/** @param {Language} next */
export function keepLanguage(next) {
  localStorage.setItem(KEPT, next);
}

export function currentLanguage() {
  return language;
}

/**
 * The text of a key, with `{name}` replaced by values.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = words[key] ?? key;
  return text.replaceAll(/\{(\w+)\}/g, (whole, name) => (name in values ? numberText(values[name]) : whole));
}

/**
 * As `say`, by the number: `KEY.one` or `KEY.other`, which hold `{n}`.
 * @param {string} key
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function sayCount(key, n, values = {}) {
  return say(`${key}.${plural.select(n)}`, { n, ...values });
}

/** The proxy's own words, as pieces of the reader's language and of English. @param {string} text */
export function translateOwn(text) {
  return translate(text);
}

/** As `translateOwn`, in one. @param {string} text */
export function ownText(text) {
  return translate(text)
    .map((piece) => piece.text)
    .join('');
}

/** @param {string} key */
export function isSaid(key) {
  return key in words;
}

/** @param {string | number | undefined} value */
function numberText(value) {
  return typeof value === 'number' ? value.toLocaleString(language) : String(value);
}
