/** Results as the tables that `npm run bench` prints. */

import type { Memory } from './memory.ts';
import type { Outage } from './outage.ts';
import type { OwnPage } from './own-page.ts';
import { type Processes, type ProcessesPage, selectCountedGrowth, selectGrowth } from './processes.ts';
import { FIXED_RATE, type Measured, type Paced } from './relay.ts';
import { ratioOf, type Spread } from './statistics.ts';
import { number, table } from './table.ts';
import type { Verdict } from './targets.ts';

export function renderRelay(relay: readonly Measured[]): string {
  const rows = relay.map(({ name, scenario, cpuMs, pagesPerSecond }) => {
    const own = relay.find((each) => each.name === 'proxy' && each.scenario === scenario)?.cpuMs;
    const ratio = name === 'proxy' || own === undefined ? '' : number(ratioOf(own, cpuMs));
    return [`${scenario}: ${name}`, microseconds(cpuMs), spread(cpuMs), ratio, pagesPerSecond.toFixed(0)];
  });
  return table(['relay and rewrite', 'µs CPU/page', 'spread', 'proxy/this', 'pages/s'], rows);
}

export function renderPaced(paced: readonly Paced[]): string {
  const rows = paced.map(({ name, p50Ms, p99Ms, cpu, peakMiB }) => [
    name,
    number(p50Ms),
    number(p99Ms),
    `${(cpu * 100).toFixed(1)} %`,
    number(peakMiB),
  ]);
  return table(
    [`${FIXED_RATE} pages/s, a connection each`, 'p50 ms', 'p99 ms', 'CPU', 'peak MiB (all of the above)'],
    rows,
  );
}

export function renderOwnPage({ keepAlive, connection }: OwnPage): string {
  const row = (name: string, { page, empty }: OwnPage['keepAlive']) => [
    name,
    microseconds(page),
    spread(page),
    microseconds(empty),
    spread(empty),
    number(ratioOf(page, empty)),
  ];
  const header = ['own page (reconnecting)', 'µs CPU/page', 'spread', 'empty node:http', 'spread', 'ratio'];
  return table(header, [row('keep-alive', keepAlive), row('connection', connection)]);
}

export function renderOutage(outage: Outage): string {
  const { size, choices, pages } = outage;
  const rows = [
    ['requests (polling + wave)', `${outage.requests} (${outage.requestsPerSecond}/s + ${size.wave})`],
    ['not 200 phone XML', `${outage.bad}`],
    ['p50 / p99 / max', `${number(outage.p50Ms)} / ${number(outage.p99Ms)} / ${number(outage.maxMs)} ms`],
    ['p99 of the wave', `${number(outage.waveP99Ms)} ms`],
    ['verdict after', `${outage.verdictAfterMs} ms`],
    ['probes of the failed server, at once', `${outage.probes}, ${outage.probesAtOnce}`],
    [`${size.choices} choices: answered, p99`, `${choices.answered}, ${number(choices.p99Ms)} ms`],
    ['probes of the alternate for them', `${outage.confirmations}`],
    ['CPU, and in the first second', `${number(outage.cpu * 100)} %, ${number(outage.cpuFirstSecond * 100)} %`],
    ['CPU of the phones in the first second', `${number(outage.phonesCpuFirstSecond * 100)} %`],
    ['peak memory', `${number(outage.peakMiB)} MiB`],
    [
      'pages',
      Object.entries(pages)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    ],
  ];
  const complaints = outage.complaints.map((complaint) => `\n${JSON.stringify(complaint)}`);
  return table([`outage, ${size.phones} phones`, ''], rows) + complaints.join('');
}

function renderGrowth(
  title: string,
  pages: readonly ProcessesPage[],
  select: (pages: readonly ProcessesPage[], scenario: string) => number | null,
): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  const rows = pages.map(({ scenario, processes, cpuMs, mainMs, pagesPerSecond, proxyShare, phonesShare }) => {
    const growth = processes === 1 ? null : select(pages, scenario);
    return [
      ...[`${scenario}: processes ${processes}`, microseconds(cpuMs), spread(cpuMs), (mainMs * 1000).toFixed(1)],
      ...[pagesPerSecond.median.toFixed(0), percent(proxyShare), percent(phonesShare)],
      growth === null ? '' : number(growth),
    ];
  });
  return table([title, 'µs CPU/page', 'spread', 'main', 'pages/s', 'proxy', 'phones', 'growth'], rows);
}

export function renderProcesses({ pages, slowed, waves }: Processes): string {
  const grown = [
    renderGrowth('relay and rewrite, growth by CPU time', pages, selectGrowth),
    slowed === null
      ? 'The cores of the proxy cannot be slowed here (a control group of the kernel, as root), so growth is not counted.'
      : renderGrowth('the same on slowed cores, growth as counted', slowed, selectCountedGrowth),
  ];
  const waved = waves.map(
    ({ scheme, key, processes, p50Ms, p99Ms, maxMs, latestMs, bad, cpuSeconds, phonesCpuSeconds }) => [
      ...[
        `${scheme}${key === null ? '' : ` ${key}`}: processes ${processes}`,
        number(p50Ms),
        number(p99Ms),
        number(maxMs),
        `${bad}`,
      ],
      ...[number(cpuSeconds), number(phonesCpuSeconds), number(latestMs)],
    ],
  );
  const waveHeader = [
    `wave of ${waves[0]?.phones} phones in a second`,
    'p50 ms',
    'p99 ms',
    'max ms',
    'bad',
    'CPU s',
    'of phones',
    'phones late by ms',
  ];
  const complaints = waves.flatMap((wave) => wave.complaints.map((complaint) => `\n${JSON.stringify(complaint)}`));
  return [...grown, `${table(waveHeader, waved)}${complaints.join('')}`].join('\n\n');
}

export function renderMemory({ bytesPerPhone, idle }: Memory): string {
  const rows = idle.map(({ name, httpKiB, tlsKiB }) => [`idle connection: ${name}`, number(httpKiB), number(tlsKiB)]);
  return table(
    ['memory', 'KiB, HTTP', 'KiB, HTTPS'],
    [...rows, ['known phone in the registry', number(bytesPerPhone / 1024), '']],
  );
}

export function renderStart(startMs: Spread): string {
  return `serve to ready with 20 services: ${startMs.median.toFixed(0)} ms (${startMs.min.toFixed(0)}–${startMs.max.toFixed(0)})`;
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, found, unit, least, most, holds }) => [
    what,
    `${number(found)} ${unit}`.trim(),
    most === undefined ? `≥ ${number(least ?? 0)}` : `${least === undefined ? '' : `${number(least)}–`}${number(most)}`,
    holds ? 'holds' : 'MISSED',
  ]);
  return table(['target', 'found', 'allowed', ''], rows);
}

function microseconds({ median }: Spread): string {
  return (median * 1000).toFixed(1);
}

function spread({ min, max }: Spread): string {
  return `${(min * 1000).toFixed(1)}–${(max * 1000).toFixed(1)}`;
}
