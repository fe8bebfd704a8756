/** What `status` says beyond services: the proxies that share a store, the store, and the processes. */

import type { HealthReport } from '../ops/health.ts';
import type { ProcessEntry } from '../ops/process-health.ts';
import type { ProxyEntry } from '../ops/proxy-health.ts';
import type { StoreEntry } from '../ops/store-health.ts';
import { renderSpan, renderTable } from './table.ts';

type Told = Pick<HealthReport, 'services' | 'proxies' | 'store' | 'processes'>;

/** None for a proxy that is alone and one process; one of an earlier version may know of neither. */
export function renderProxies(report: Told, now: number): string[] {
  const others = (report.proxies ?? []).filter(({ self }) => !self);
  const rows = others.map((proxy) => [
    proxy.name,
    proxy.site ?? '-',
    proxy.version,
    proxy.heard ? 'now' : `${spanSince(proxy.heardAt, now)} ago`,
    renderOtherwise(proxy, report),
  ]);
  const lines = [...renderStore(report.store ?? null, now), ...renderProcesses(report.processes ?? [])];
  return [
    ...(rows.length === 0 ? [] : ['', ...renderTable([COLUMNS, ...rows])]),
    ...(lines.length === 0 ? [] : ['', ...lines]),
  ];
}

const COLUMNS = ['OTHER PROXY', 'SITE', 'VERSION', 'HEARD', 'SEES OTHERWISE'];

/** What was heard of one that is gone says nothing of now. */
function renderOtherwise({ heard, services }: ProxyEntry, report: Told): string {
  if (!heard) return '-';
  const differing = services.flatMap(({ id, state, admin }) => {
    const own = report.services.find((service) => service.id === id);
    if (own === undefined) return [];
    const seen = [...(own.state === state ? [] : [state]), ...(own.admin === admin ? [] : [`set to ${admin}`])];
    return seen.length === 0 ? [] : [`${id} ${seen.join(', ')}`];
  });
  return differing.length === 0 ? '-' : differing.join('; ');
}

/** Why it is not connected stands among the problems. */
function renderStore(store: StoreEntry | null, now: number): string[] {
  if (store === null) return [];
  const { server, state, since, waiting } = store;
  const behind = waiting === 0 ? '' : `, ${waiting} to be written`;
  return [`store ${server}: ${state} for ${spanSince(since, now)}${behind}`];
}

function renderProcesses(processes: readonly ProcessEntry[]): string[] {
  if (processes.length === 0) return [];
  const serving = processes.filter(({ state }) => state === 'serving').length;
  const restarts = processes.reduce((sum, process) => sum + process.restarts, 0);
  const again = restarts === 0 ? '' : `; started again ${restarts === 1 ? 'once' : `${restarts} times`}`;
  return [`phones are served by ${serving} of ${processes.length} processes${again}`];
}

function spanSince(time: string, now: number): string {
  return renderSpan((now - Date.parse(time)) / 1000);
}
