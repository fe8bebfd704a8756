/** What is wrong, in one sentence, and how much of it there is. Pure. */

import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Health} Health */
/** @typedef {import('./types.d.ts').Service} Service */
/** @typedef {import('./types.d.ts').Outage} Outage */

/**
 * 3: phones have no service there; 2: soon, or in part; 1: set so by somebody, or rehearsed; 0: nothing.
 * @param {Service} service
 */
export function severityOf({
  state,
  admin,
  reason,
  fippaFailing,
  drill,
  finesseDrains,
  notAlternateBecause,
  certificate,
}) {
  if (state === 'out-of-service') return admin === 'maint' ? 1 : 3;
  if (state === 'reconnecting') return admin === 'maint' ? 1 : 2;
  if (fippaFailing || (reason !== null && !finesseDrains)) return 2;
  if (certificate !== null && certificate.days < 30) return 2;
  if (admin !== 'ready' || drill !== null || finesseDrains) return 1;
  return notAlternateBecause !== null && state === 'in-service' ? 1 : 0;
}

/**
 * What failed, and that other proxies see it otherwise, which has help of its own (as src/ops/service-reason.ts).
 * @param {Pick<Service, 'reason' | 'seenOtherwise'>} service
 */
export function splitDissent({ reason, seenOtherwise }) {
  const at = seenOtherwise.length === 0 ? -1 : (reason ?? '').lastIndexOf('This proxy sees it ');
  if (reason === null || at < 0) return { failed: reason, dissent: null };
  return { failed: reason.slice(0, at).trim() || null, dissent: reason.slice(at) };
}

/**
 * Those that do not stand at a service, in its reason (as src/ops/service-reason.ts).
 * @param {Pick<Health, 'services' | 'problems'>} health
 */
export function problemsBesideReasons({ services, problems }) {
  return problems.filter((problem) => {
    return !services.some(({ id, reason }) => {
      const words = problem.slice(`${id}: `.length).replace('proxies disagree. ', '');
      return problem.startsWith(`${id}: `) && reason?.includes(words) === true;
    });
  });
}

/** @param {Health} health */
export function countWrong({ services, reports, islands }) {
  return (
    services.filter((service) => severityOf(service) >= 2).length +
    reports.filter(({ state }) => state === 'down').length +
    islands.length
  );
}

/** For the tab: what is out, else how it is. A drill is not all in service. @param {Health} health */
export function statusWords(health) {
  const { status, services } = health;
  const drills = services.filter(({ drill }) => drill !== null).length;
  const parts = [...outParts(health), ...part('summary.drill', drills)];
  if (parts.length === 0 || (status === 'degraded' && parts.length === 1 && drills > 0)) {
    return [say(`status.${status}`), ...parts].join(' · ');
  }
  return parts.join(' · ');
}

/** Such as: Finesse A out of service · 1 draining. @param {Health} health */
export function summary(health) {
  const { services } = health;
  const parts = [
    ...outParts(health),
    ...part('summary.drained', services.filter(({ admin }) => admin === 'drain').length),
    ...part('summary.maint', services.filter(({ admin }) => admin === 'maint').length),
    ...part('summary.drill', services.filter(({ drill }) => drill !== null).length),
  ];
  if (parts.length > 0) return parts.join(' · ');
  return health.status === 'ok' ? sayCount('summary.fine', services.length) : say(`status.${health.status}`);
}

/** Named; of more than these only their number. */
const NAMED = 2;

/** What phones have no service at, unless an operator meant it so; that nobody is admitted anywhere comes first. @param {Health} health */
function outParts({ status, services }) {
  const parts = /** @type {const} */ ([
    ['out-of-service', 'summary.out'],
    ['reconnecting', 'summary.reconnecting'],
  ]).flatMap(([state, counted]) => {
    const found = services.filter((service) => service.state === state && service.admin !== 'maint');
    if (found.length === 0 || found.length > NAMED) return part(counted, found.length);
    return [`${found.map(({ name }) => name).join(', ')} ${say(`state.${state}`)}`];
  });
  return status === 'down' && parts.length > 0 ? [say('status.down'), ...parts] : parts;
}

/** @param {string} key @param {number} n */
function part(key, n) {
  return n === 0 ? [] : [sayCount(key, n)];
}

/** @param {Health | null} health @param {boolean} isLive */
export function faviconOf(health, isLive) {
  return health === null || !isLive ? 'unknown' : health.status;
}

/**
 * What stands on top: those that are on, real ones before drills; then those that are over while agents are missing and their five
 * minutes run, of each service the newest one; and as lines the others of the last hour from which agents are still missing.
 * Newest first.
 * @param {ReadonlyMap<string, Outage>} outages @param {number} now
 */
export function outagesOfNow(outages, now) {
  const newest = [...outages.values()].toSorted((one, other) => other.startedAt.localeCompare(one.startedAt));
  const on = outagesOn(outages).toSorted((one, other) => {
    return Number(one.drill) - Number(other.drill) || other.startedAt.localeCompare(one.startedAt);
  });
  const over = newest.filter(({ endedAt, drill, missing }) => {
    return !drill && missing > 0 && endedAt !== null && now - Date.parse(endedAt) < HOUR_MS;
  });
  // One panel for a service is enough, and the outage that is on is the one to look at.
  const shown = new Set(on.filter(({ drill }) => !drill).map(({ service }) => service));
  const back = over.filter(({ service, startedAt }) => {
    if (shown.has(service) || now - Date.parse(startedAt) >= FIVE_MINUTES_MS) return false;
    return shown.add(service);
  });
  return { panels: [...on, ...back], lines: over.filter((outage) => !back.includes(outage)) };
}

/** @param {ReadonlyMap<string, Outage>} outages */
export function outagesOn(outages) {
  return [...outages.values()].filter(({ endedAt }) => endedAt === null);
}

/** How many were over within the last day, and how long they lasted together. @param {readonly Outage[]} outages @param {number} now */
export function downTimeOf(outages, now) {
  const over = outages.flatMap(({ startedAt, endedAt }) => {
    const end = endedAt === null ? 0 : Date.parse(endedAt);
    return now - end < DAY_MS ? [end - Date.parse(startedAt)] : [];
  });
  return { count: over.length, seconds: over.reduce((sum, ms) => sum + ms, 0) / 1000 };
}

export const FIVE_MINUTES_MS = 300_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
