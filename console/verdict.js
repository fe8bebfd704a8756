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

/** @param {Health} health */
export function countWrong({ services, reports, islands }) {
  return (
    services.filter((service) => severityOf(service) >= 2).length +
    reports.filter(({ state }) => state === 'down').length +
    islands.length
  );
}

/** A drill is not all in service. @param {Health} health */
export function statusWords({ status, services }) {
  const drills = services.filter(({ drill }) => drill !== null).length;
  if (drills === 0) return say(`status.${status}`);
  const words = sayCount('summary.drill', drills);
  return status === 'ok' ? words : `${say(`status.${status}`)} · ${words}`;
}

/** Such as: 1 of 4 services is out of service, 1 is reconnecting. @param {Health} health */
export function summary(health) {
  const { services } = health;
  const of = (/** @type {string} */ state) =>
    services.filter((service) => service.state === state && service.admin !== 'maint').length;
  const parts = [
    ...part('summary.out', of('out-of-service')),
    ...part('summary.reconnecting', of('reconnecting')),
    ...part('summary.drained', services.filter(({ admin }) => admin === 'drain').length),
    ...part('summary.maint', services.filter(({ admin }) => admin === 'maint').length),
    ...part('summary.drill', services.filter(({ drill }) => drill !== null).length),
  ];
  if (parts.length > 0) return parts.join(' · ');
  return health.status === 'ok' ? sayCount('summary.fine', services.length) : say(`status.${health.status}`);
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

export const FIVE_MINUTES_MS = 300_000;
const HOUR_MS = 3_600_000;
