/** Asks the ops port. The session is in a cookie that no script can read; nothing here knows the token. */

import { state, update } from './store.js';
import { ownText, say } from './words.js';

/**
 * @template T
 * @typedef {{ ok: true, body: T } | { ok: false, status: number, message: string }} Answer
 */

/**
 * @template T
 * @param {string} path
 * @param {{ method?: string, body?: object, signal?: AbortSignal }} [options]
 * @returns {Promise<Answer<T>>}
 */
export function ask(path, options = {}) {
  /** @type {Promise<Answer<T>>} */
  const answer = exchange(path, options);
  underWay.add(answer);
  return answer.finally(() => underWay.delete(answer));
}

/** @type {Set<Promise<unknown>>} */
const underWay = new Set();

/** What was asked with the session is answered before it ends. */
export async function endSession() {
  // What needs one is asked for no more, from this moment on.
  if (state.about !== null) update({ about: { ...state.about, operator: null, may: null }, sessionLost: null });
  await Promise.allSettled([...underWay]);
  await ask('/session', { method: 'DELETE' });
  await loadAbout();
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: object, signal?: AbortSignal }} options
 * @returns {Promise<Answer<any>>}
 */
async function exchange(path, { method = 'GET', body, signal }) {
  try {
    const answer = await fetch(path, {
      ...{ method, cache: 'no-store', credentials: 'same-origin' },
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = text === '' ? null : JSON.parse(text);
    if (answer.ok) return { ok: true, body: json };
    // The session has ended: what needs one is not shown any more.
    if (answer.status === 401 && path !== '/session') void loadAbout();
    return { ok: false, status: answer.status, message: ownText(json?.error?.message ?? `HTTP ${answer.status}`) };
  } catch (error) {
    // What browsers say of it differs, and helps nobody.
    const isAborted = error instanceof DOMException && error.name === 'AbortError';
    return { ok: false, status: 0, message: isAborted ? '' : say('unanswered') };
  }
}

/** Who is signed in. */
export async function loadAbout() {
  const isOperator = state.about?.operator != null;
  /** @type {Answer<import('./types.d.ts').About>} */
  const answer = await ask('/console/about');
  if (!answer.ok) return;
  const isLost = isOperator && answer.body.operator === null && state.about?.operator != null;
  const sessionLost = answer.body.operator !== null ? null : isLost ? lossOf() : state.sessionLost;
  update({ about: answer.body, sessionLost });
  // Other streams tell operators more: whoever signs in or out has to open one of their own.
  if (streamOf !== answer.body.operator) onOperatorChange();
  streamOf = answer.body.operator;
}

let isRestarted = false;

/** Sessions do not outlive the proxy: whoever was signed in is told that this is why. */
export function noteRestart() {
  isRestarted = true;
}

function lossOf() {
  const loss = isRestarted ? 'restarted' : 'ended';
  isRestarted = false;
  return loss;
}

/** @type {string | null} */
let streamOf = null;
let onOperatorChange = () => {};

/** @param {() => void} listener */
export function whenOperatorChanges(listener) {
  onOperatorChange = listener;
}
