/** What the benchmark promises, as ratios and bounds within one run. */

import type { Name } from './contestants.ts';
import type { Memory } from './memory.ts';
import type { Outage } from './outage.ts';
import type { OwnPage } from './own-page.ts';
import { type Processes, SHARED_SCENARIOS, selectCountedGrowth, selectGrowth } from './processes.ts';
import type { Measured, Scenario } from './relay.ts';
import { ratioOf, type Spread } from './statistics.ts';

export interface Results {
  readonly relay?: readonly Measured[];
  readonly ownPage?: OwnPage;
  readonly outage?: Outage;
  readonly processes?: Processes;
  readonly memory?: Memory;
  readonly startMs?: Spread;
}

export interface Verdict {
  readonly what: string;
  readonly found: number;
  readonly unit: string;
  readonly least?: number;
  /** Absent: as much as it likes. */
  readonly most?: number;
  readonly holds: boolean;
}

/** Those targets for which there is a result. */
export function judge(results: Results): Verdict[] {
  const { relay, ownPage, outage, processes, memory, startMs } = results;
  return [
    ...(relay === undefined ? [] : decideRelay(relay)),
    ...(ownPage === undefined ? [] : decideOwnPage(ownPage)),
    ...(outage === undefined ? [] : decideOutage(outage)),
    ...(processes === undefined ? [] : decideProcesses(processes)),
    ...(memory === undefined
      ? []
      : [verdict('registry, each of 100,000 known phones', memory.bytesPerPhone, 1024, 'B')]),
    ...(startMs === undefined ? [] : [verdict('serve to ready, 20 services', startMs.median, 1000, 'ms')]),
  ];
}

const RATIOS: readonly { readonly scenario: Scenario; readonly to: Name; readonly most: number }[] = [
  { scenario: 'keep-alive', to: 'http-proxy-3', most: 0.65 },
  { scenario: 'keep-alive', to: 'nginx', most: 2.3 },
  { scenario: 'connection', to: 'http-proxy-3', most: 0.75 },
  { scenario: 'connection', to: 'nginx', most: 4 },
  { scenario: 'keep-alive', to: 'express', most: 1 / 8 },
  { scenario: 'connection', to: 'express', most: 1 / 8 },
  { scenario: 'tls-full', to: 'nginx', most: 1.8 },
];

function decideRelay(relay: readonly Measured[]): Verdict[] {
  const costOf = (name: Name, scenario: Scenario) =>
    relay.find((each) => each.name === name && each.scenario === scenario)?.cpuMs;
  return RATIOS.flatMap(({ scenario, to, most }) => {
    const [own, other] = [costOf('proxy', scenario), costOf(to, scenario)];
    if (own === undefined || other === undefined) return [];
    return [verdict(`CPU of a page, ${scenario}, to ${to}`, ratioOf(own, other), most, '×')];
  });
}

function decideOwnPage({ keepAlive, connection }: OwnPage): Verdict[] {
  return [
    verdict('CPU of an own page, keep-alive, to an empty answer', ratioOf(keepAlive.page, keepAlive.empty), 1.3, '×'),
    verdict('CPU of an own page, connection, to an empty answer', ratioOf(connection.page, connection.empty), 1.3, '×'),
  ];
}

function decideOutage(outage: Outage): Verdict[] {
  const { choices } = outage;
  return [
    verdict('outage: answers that were not 200 phone XML', outage.bad + choices.bad, 0, ''),
    verdict('outage: p99', outage.p99Ms, 100, 'ms'),
    verdict('outage: p99 of the wave in its first second', outage.waveP99Ms, 100, 'ms'),
    { ...verdict('outage: verdict', outage.verdictAfterMs, 16_000, 'ms', 14_000) },
    verdict('outage: probes of the failed server at once', outage.probesAtOnce, 1, ''),
    // A poll of the alternate may fall into the same second.
    verdict(`outage: probes of the alternate for ${outage.size.choices} choices`, outage.confirmations, 2, '', 1),
  ];
}

function decideProcesses({ pages, slowed, waves }: Processes): Verdict[] {
  // What a connection each costs is shown, and has no target.
  const scenarios = SHARED_SCENARIOS.filter((scenario) => scenario !== 'connection');
  const growths = scenarios.flatMap((scenario) => {
    const ways = [
      { way: 'by CPU time', growth: selectGrowth(pages, scenario) },
      { way: 'counted', growth: slowed === null ? null : selectCountedGrowth(slowed, scenario) },
    ];
    return ways.flatMap(({ way, growth }) =>
      growth === null ? [] : [atLeast(`growth by a second process, ${scenario}, ${way}`, growth, 1.8, '×')],
    );
  });
  const https = waves.filter(({ key, processes }) => key === 'P-256' && processes === 2);
  return [
    ...growths,
    ...https.map(({ p99Ms }) => verdict('wave over HTTPS (P-256), two processes: p99', p99Ms, 2000, 'ms')),
    verdict(
      'waves: answers that were not 200 phone XML',
      waves.reduce((sum, { bad }) => sum + bad, 0),
      0,
      '',
    ),
  ];
}

function verdict(what: string, found: number, most: number, unit: string, least?: number): Verdict {
  const holds = found <= most && (least === undefined || found >= least);
  return { what, found, unit, most, holds, ...(least === undefined ? {} : { least }) };
}

function atLeast(what: string, found: number, least: number, unit: string): Verdict {
  return { what, found, unit, least, holds: found >= least };
}
