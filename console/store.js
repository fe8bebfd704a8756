/** What the page knows, and who is told when that changes. */

import { useEffect, useState } from './ui.js';

/** @typedef {import('./types.d.ts').State} State */

/** @type {State} */
export const state = {
  about: null,
  health: null,
  outages: new Map(),
  changes: [],
  probes: new Map(),
  live: { isLive: false, since: Date.now() },
  version: null,
  announcement: '',
  dialog: null,
  sessionLost: null,
  told: 0,
};

/** @type {Set<() => void>} */
const watchers = new Set();
let isDue = false;

/** @param {Partial<State>} change */
export function update(change) {
  Object.assign(state, change);
  if (isDue) return;
  isDue = true;
  // Many events come at once in an outage: one new picture for all of them. Hidden pages get no frames, so not by those.
  setTimeout(() => {
    isDue = false;
    for (const watch of [...watchers]) watch();
  }, 30);
}

/** Draws a component again after each change. */
export function useStore() {
  const [, draw] = useState(0);
  useEffect(() => {
    const watch = () => draw((count) => count + 1);
    watchers.add(watch);
    // Something may have changed since it was drawn first.
    watch();
    return () => void watchers.delete(watch);
  }, []);
  return state;
}

/** @param {string} id */
export function serviceOf(id) {
  return state.health?.services.find((service) => service.id === id) ?? null;
}

/** The name of a service as agents read it, or its id when it is gone. @param {string | null} id */
export function nameOf(id) {
  return id === null ? '' : (serviceOf(id)?.name ?? id);
}

export function maySet() {
  return state.about?.may === 'set';
}

/** Whether something can be ordered now: the proxy is heard. */
export function isLive() {
  return state.live.isLive;
}

export function isSignedIn() {
  return state.about?.operator != null;
}
