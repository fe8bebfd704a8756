/** What the proxy tells, folded into what the page shows. Lists that grow are asked for once, then only what is new. */

import { ask, loadAbout, noteRestart } from './api.js';
import { createLive } from './live.js';
import { state, update } from './store.js';
import { proxyNow, setProxyTime } from './time.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Health} Health */
/** @typedef {import('./types.d.ts').Service} Service */
/** @typedef {import('./types.d.ts').Outage} Outage */
/** @typedef {import('./types.d.ts').Change} Change */
/** @typedef {import('./types.d.ts').Probe} Probe */

const DAY_MS = 86_400_000;
const PROBES_EVERY_MS = 5000;
const MAX_PROBES = 60;
const MAX_CHANGES = 2000;
/** Counts of an outage may change twice a second: lists are asked for again at most so often. */
const AGAIN_MS = 1000;

/** @type {string | null} */
let changesTo = null;
/** @type {string | null} */
let probesTo = null;

export function followEvents() {
  // A stream ends with its session, which another tab may have ended.
  const live = createLive({ onEvent, onLive, onResumed: () => void loadAbout() });
  live.start();
  setInterval(() => {
    if (!state.live.isLive || document.visibilityState !== 'visible') return;
    void loadProbes();
    // Phones sign in and probes end without an event of their own.
    void loadOverall();
  }, PROBES_EVERY_MS);
  return live;
}

/** @param {boolean} isLive @param {number} since */
function onLive(isLive, since) {
  update({ live: { isLive, since } });
  announce(isLive ? say('live.again') : say('live.lost'));
}

/** @param {string} name @param {any} data */
function onEvent(name, data) {
  switch (name) {
    case 'snapshot':
      return onSnapshot(data);
    case 'service':
      return onService(data);
    case 'outage':
      return onOutage(data);
    case 'alive':
      return setProxyTime(data.at);
    default:
      return loadSoon();
  }
}

/** @param {Health} health */
function onSnapshot(health) {
  announceChanges(state.health?.services ?? [], health.services);
  if (state.health !== null && health.uptimeSeconds < state.health.uptimeSeconds) noteRestart();
  update({ health, version: state.version ?? health.version });
  void loadAbout().then(() => state.about !== null && setProxyTime(state.about.at));
  // Of another process, say: everything anew.
  changesTo = null;
  probesTo = null;
  void loadOutages();
  void loadChanges();
  void loadProbes();
  update({ told: state.told + 1 });
}

/** @param {Service} service */
function onService(service) {
  const { health } = state;
  if (health === null) return;
  announceChanges(
    health.services.filter(({ id }) => id === service.id),
    [service],
  );
  const services = health.services.map((each) => (each.id === service.id ? service : each));
  update({ health: { ...health, services } });
  loadSoon();
}

/** @param {Outage} outage */
function onOutage(outage) {
  const outages = new Map(state.outages);
  outages.set(outage.id, outage);
  update({ outages });
  loadSoon();
}

async function loadOutages() {
  const since = new Date(proxyNow() - DAY_MS).toISOString();
  /** @type {import('./api.js').Answer<{ outages: readonly Outage[] }>} */
  const answer = await ask(`/outages?since=${encodeURIComponent(since)}`);
  if (answer.ok) update({ outages: new Map(answer.body.outages.map((outage) => [outage.id, outage])) });
}

let isLoading = false;

/** What is told of the clusters, of problems and of changes follows from many events: asked for a moment later, once for all. */
function loadSoon() {
  if (isLoading) return;
  isLoading = true;
  setTimeout(async () => {
    // What is told from here on asks for another look.
    isLoading = false;
    await Promise.all([loadChanges(), loadOverall()]);
    update({ told: state.told + 1 });
  }, AGAIN_MS);
}

async function loadChanges() {
  const since = changesTo ?? new Date(proxyNow() - DAY_MS).toISOString();
  /** @type {import('./api.js').Answer<{ changes: readonly Change[] }>} */
  const answer = await ask(`/changes?since=${encodeURIComponent(since)}`);
  if (!answer.ok) return;
  const found = answer.body.changes;
  // Those of the very moment up to which they are known come again.
  const known = changesTo === null ? [] : state.changes.filter(({ at }) => at < since);
  const changes = [...found, ...known].slice(0, MAX_CHANGES);
  changesTo = changes[0]?.at ?? null;
  update({ changes });
}

/** The level of clusters, and problems: events tell of single services only. */
async function loadOverall() {
  /** @type {import('./api.js').Answer<Health>} */
  const answer = await ask('/console/health');
  if (answer.ok) update({ health: answer.body });
}

async function loadProbes() {
  const query = probesTo === null ? '' : `?since=${encodeURIComponent(probesTo)}`;
  /** @type {import('./api.js').Answer<{ services: readonly { id: string, probes: readonly Probe[] }[] }>} */
  const answer = await ask(`/probes${query}`);
  if (!answer.ok) return;
  const isNew = query === '';
  const probes = new Map(
    answer.body.services.map(({ id, probes: more }) => {
      return [id, [...(isNew ? [] : (state.probes.get(id) ?? [])), ...more].slice(-MAX_PROBES)];
    }),
  );
  const newest = answer.body.services.flatMap((service) => service.probes.at(-1)?.at ?? []).sort();
  probesTo = newest.at(-1) ?? probesTo;
  update({ probes });
}

/** @type {Map<string, string>} */
const toAnnounce = new Map();
let isAnnouncing = false;

/** Only what changed its state is said, and of many only how many. @param {readonly Service[]} before @param {readonly Service[]} after */
function announceChanges(before, after) {
  for (const { id, name, state: now, admin } of after) {
    const former = before.find((service) => service.id === id);
    if (former === undefined || (former.state === now && former.admin === admin)) continue;
    const what = former.state === now ? say(`admin.${admin}`) : say(`state.${now}`);
    toAnnounce.set(id, say('announce.service', { name, what }));
  }
  if (toAnnounce.size === 0 || isAnnouncing) return;
  isAnnouncing = true;
  setTimeout(() => {
    isAnnouncing = false;
    const texts = [...toAnnounce.values()];
    toAnnounce.clear();
    announce(texts.length > 3 ? sayCount('announce.many', texts.length) : texts.join('. '));
  }, 500);
}

/** @param {string} announcement */
export function announce(announcement) {
  update({ announcement });
}
