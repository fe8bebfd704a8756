/**
 * Reads afterwards what phones, servers and proxies have kept, and says what does not hold: one timeline, one record, one
 * summary and one push per phone for an outage, no request twice, nobody lost, no phone without an answer. Pure.
 */

import type { SeenPage, SeenPush } from './phones.ts';
import { TOKEN } from './phones.ts';
import type { LogLine } from './proxies.ts';

export interface ProxyHistory {
  readonly name: string;
  readonly lines: readonly LogLine[];
  readonly away: readonly { readonly from: number; readonly to: number }[];
}

/** One fault of one server, from its beginning until all proxies saw the service back. */
export interface Episode {
  readonly service: string;
  readonly fault: string;
  readonly stage: string;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly settledAt: number;
  /** The store could be had all the while: only then can proxies know of each other. */
  readonly withStore: boolean;
}

export interface OutageSeen {
  readonly id: string;
  readonly service: string;
  readonly startedAt: string;
  readonly verdictAt: string | null;
  readonly endedAt: string | null;
  readonly cause: { readonly code: string } | null;
  readonly signedIn: number;
  readonly elsewhere: number;
  readonly returned: number;
  readonly missing: number;
}

export interface Timing {
  readonly intervalMs: number;
  /** How late a busy machine may be. */
  readonly slackMs: number;
}

const ATTEMPTS = 3;
/** No phone waits longer for an answer while some proxy lives. */
export const ANSWER_WITHIN_MS = 5000;

export function checkTokens(targets: readonly string[]): string[] {
  const seen = new Set<string>();
  return targets.flatMap((target) => {
    const token = TOKEN.exec(target)?.[1];
    if (token === undefined) return [];
    if (seen.has(token)) return [`a server saw a request that a server had seen: ${target}`];
    seen.add(token);
    return [];
  });
}

export function checkAnswers(pages: readonly SeenPage[]): string[] {
  return pages
    .filter(({ tookMs }) => tookMs > ANSWER_WITHIN_MS)
    .map(({ device, tookMs, kind }) => `${device} waited ${tookMs} ms for its page (${kind})`);
}

/** Attempts and verdicts of all proxies, and what phones were shown, against one grid that begins with the earliest t0. */
export function checkTimeline(
  { service, beganAt, settledAt, withStore, fault, stage }: Episode,
  proxies: readonly ProxyHistory[],
  pages: readonly SeenPage[],
  { intervalMs, slackMs }: Timing,
): string[] {
  if (!withStore) return [];
  const about = `${fault} on ${service} (${stage})`;
  const lines: (LogLine & { readonly proxy: string })[] = proxies.flatMap(({ name, lines: all }) =>
    all
      .filter((line) => line.service === service && line.at >= beganAt && line.at <= settledAt)
      .map((line) => Object.assign({ proxy: name }, line)),
  );
  const begun = lines.filter(({ event, to }) => event === 'service-state' && to === 'reconnecting');
  if (begun.length === 0) return [];
  const t0 = Math.min(...begun.map(({ at }) => at));
  // A page was made at some time between the request and its arrival.
  const isWithin = (at: number, attempt: number, tookMs: number) =>
    at >= t0 + (attempt - 1) * intervalMs - slackMs && at - tookMs <= t0 + attempt * intervalMs + slackMs;
  // Who established it apart learns of the others a moment later.
  const attempts = lines
    .filter(({ event }) => event === 'service-attempt')
    .map(({ proxy, at, attempt }) => ({ proxy, at, attempt: Number(attempt), tookMs: 0 }));
  const shown = pages
    .filter((page) => page.kind === 'reconnecting' && page.at >= t0 && page.at <= settledAt)
    .filter((page) => page.service === service || page.service === null)
    .map((page) => ({
      proxy: `${proxies[page.proxy]?.name} to ${page.device}`,
      at: page.at,
      attempt: page.attempt ?? 0,
      tookMs: page.tookMs,
    }));
  const wrong = [...attempts, ...shown].filter(({ at, attempt, tookMs }) => !isWithin(at, attempt, tookMs));
  const verdictAt = t0 + ATTEMPTS * intervalMs;
  const verdicts = lines.filter(({ event, to }) => event === 'service-state' && to === 'out-of-service');
  const early = verdicts.filter(({ at }) => at < verdictAt - slackMs);
  // A proxy that started after the verdict joins it then.
  const wasAway = (name: string) =>
    proxies.find((each) => each.name === name)?.away.some(({ from, to }) => from < settledAt && to > beganAt) === true;
  const late = verdicts.filter(({ at, proxy }) => at > verdictAt + slackMs && !wasAway(proxy));
  return [
    ...wrong.map(({ proxy, at, attempt }) => `${about}: ${proxy} shows attempt ${attempt} at t0+${at - t0} ms`),
    ...[...early, ...late].map(({ at, proxy }) => `${about}: ${proxy} has a verdict at t0+${at - t0} ms`),
  ];
}

/** One record: the same on all proxies, and its sums hold. */
export function checkRecords(
  { service, beganAt, endedAt, settledAt, fault, stage }: Episode,
  byProxy: readonly (readonly OutageSeen[])[],
): string[] {
  const about = `${fault} on ${service} (${stage})`;
  const own = byProxy.map((all) =>
    all.filter((outage) => {
      const at = Date.parse(outage.startedAt);
      return outage.service === service && at >= beganAt - 1000 && at <= settledAt;
    }),
  );
  const problems: string[] = [];
  const texts = new Set(own.map((outages) => JSON.stringify(outages)));
  if (texts.size > 1) problems.push(`${about}: proxies have different records: ${[...texts].join(' | ')}`);
  for (const outage of own[0] ?? []) {
    const { signedIn, elsewhere, returned, missing } = outage;
    if (signedIn !== elsewhere + returned + missing)
      problems.push(`${about}: ${JSON.stringify(outage)} does not add up`);
    if (outage.endedAt === null) problems.push(`${about}: ${outage.id} has not ended`);
  }
  // A server that is well again and is not asked in time, because the machine is too busy, is another outage.
  const isBusy = ({ cause, startedAt }: OutageSeen) => cause?.code === 'timeout' && Date.parse(startedAt) > endedAt;
  const ofFault = own[0]?.filter((outage) => !isBusy(outage)) ?? [];
  if (ofFault.length > 1) {
    const names = ofFault.map(({ id, cause }) => `${id} (${cause?.code})`);
    problems.push(`${about}: ${names.join(', ')} are one outage`);
  }
  return problems;
}

/** For an outage a phone is told at most once of the verdict and once of the recovery. */
export function checkPushes(
  { service, beganAt, endedAt, settledAt, fault, stage }: Episode,
  outages: readonly OutageSeen[],
  pushes: readonly SeenPush[],
): string[] {
  const about = `${fault} on ${service} (${stage})`;
  const record = outages.find((each) => {
    const at = Date.parse(each.startedAt);
    return each.service === service && at >= beganAt - 1000 && at <= settledAt;
  });
  if (record === undefined) return [];
  const own = pushes.filter(
    ({ at, url }) =>
      at >= beganAt && at <= settledAt && new URL(url, 'http://x').pathname.startsWith(`/${service}/fippa/`),
  );
  const byDevice = Map.groupBy(own, ({ device }) => device);
  return [...byDevice].flatMap(([device, all]) => {
    const ofVerdict = all.filter(({ at }) => at < endedAt).length;
    // One of the verdict and one of the recovery.
    return ofVerdict > 1 || all.length > 2
      ? [`${about}: ${device} was pushed to ${ofVerdict} times before it was back, ${all.length} times in all`]
      : [];
  });
}

/** One summary, unless the proxy that wrote it died before it could say so. */
export function checkSummaries(outages: readonly OutageSeen[], proxies: readonly ProxyHistory[]): string[] {
  return outages.flatMap(({ id }) => {
    const written = proxies.flatMap(({ name, lines, away }) =>
      lines
        .filter(({ event, outage }) => event === 'outage-summary' && outage === id)
        .map(({ at }) => ({ name, at, away })),
    );
    if (written.length === 1) return [];
    const hasDied = written.some(({ at, away }) => away.some(({ from }) => from >= at && from - at < 1000));
    if (written.length > 1 && hasDied) return [];
    return [`${id} has ${written.length} summaries: ${written.map(({ name }) => name).join(', ')}`];
  });
}
