/** Tries the store of what proxies know together, and says in plain words what it found. */

import type { Config } from '../config/config.ts';
import { printable } from '../config/values.ts';
import { renderStoreFault } from '../domain/store-fault.ts';
import { tryStore } from '../shared/store-trial.ts';
import { urlHost } from '../text/url-host.ts';

export interface StoreCheck {
  readonly ok: boolean;
  /** What it means and what to do. */
  readonly results: readonly string[];
  /** What works, and yet is not as it should be. */
  readonly cautions: readonly string[];
}

const MAX_AHEAD_MS = 5000;

/** null: there is no store. */
export async function checkStore({ store }: Config, now: () => number = Date.now): Promise<StoreCheck | null> {
  if (store === null) return null;
  const { refused, version, aheadMs, policy, saves, role } = await tryStore(store.redis, now);
  const faults = refused.map(({ command, fault }) => {
    return printable(`${command === 'connect' ? '' : `${command}: `}${renderStoreFault(fault)}`, 400);
  });
  const cautions = [
    ...(policy === null || policy === 'noeviction'
      ? []
      : [`maxmemory-policy is ${policy}: when its memory is full sign-ins are lost silently; set noeviction`]),
    ...(aheadMs === null || Math.abs(aheadMs) < MAX_AHEAD_MS
      ? []
      : [
          `its clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`,
        ]),
    ...(saves === 'failed' ? ['its last save to the disk failed'] : []),
    ...(saves === 'no' ? ['it has saved nothing to its disk yet: after its restart the proxies fill it again'] : []),
    ...(role === 'slave' ? ['it is a replica'] : []),
  ];
  const works = `works${version === null ? '' : `, ${version}`}`;
  return { ok: refused.length === 0, results: refused.length === 0 ? [works] : [...new Set(faults)], cautions };
}

export function renderStoreCheck({ store }: Config, check: StoreCheck | null): string {
  if (store === null || check === null) return '';
  const lines = [
    ...check.results.map((words) => `  ${check.ok ? 'ok    ' : 'FAILED'}  ${describeServers(store.redis)}: ${words}`),
    ...check.cautions.map((words) => `          ${words}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** What the configuration means. */
export function renderStore({ store }: Config): string[] {
  if (store === null) return [];
  const { tls, prefix } = store.redis;
  const how = tls === null ? 'in the clear' : 'with TLS';
  return ['Other proxies', `  are met on Redis or Valkey, ${describeServers(store.redis)}, ${how}, below ${prefix}`];
}

function describeServers({ servers, name }: NonNullable<Config['store']>['redis']): string {
  const hosts = servers.map(({ host, port }) => `${urlHost(host)}:${port}`).join(', ');
  return name === null ? hosts : `${name}, of the Sentinels ${hosts}`;
}
