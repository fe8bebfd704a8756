/**
 * Cores of the proxy that are slower than the phones' ones: so the pages a second that it answers can be counted on the machine
 * that its phones compute on too, and what is counted is what the proxy can do and not what the phones leave of it. By a control
 * group, version 1 or 2, which takes root; where that cannot be had nothing is counted so.
 */

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Both the slices in which the kernel lends a processor, and so the longest that a page may wait for one. */
const PERIOD_US = 20_000;

interface Version {
  readonly root: string;
  /** What must be there for the controller to be. */
  readonly mark: string;
  limit(group: string, quotaUs: number): void;
}

const VERSIONS: readonly Version[] = [
  {
    root: '/sys/fs/cgroup/cpu',
    mark: 'cpu.cfs_quota_us',
    limit(group, quotaUs) {
      writeFileSync(join(group, 'cpu.cfs_period_us'), `${PERIOD_US}`);
      writeFileSync(join(group, 'cpu.cfs_quota_us'), `${quotaUs}`);
    },
  },
  {
    root: '/sys/fs/cgroup',
    mark: 'cpu.max',
    limit: (group, quotaUs) => writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`),
  },
];

/** From now on all of `pids` together get `cores` × `share` of the machine's cores. Answers how to end that once they have ended; null: not here. */
export function slowCores(pids: readonly number[], cores: number, share: number): (() => void) | null {
  for (const { root, mark, limit } of VERSIONS) {
    const group = join(root, `ippa-bench-${pids[0]}`);
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    try {
      if (!existsSync(join(group, mark))) throw new Error('the controller is not given to groups here');
      limit(group, Math.round(cores * share * PERIOD_US));
      for (const pid of pids) writeFileSync(join(group, 'cgroup.procs'), `${pid}`);
      return () => rmdirSync(group);
    } catch {
      rmdirSync(group);
    }
  }
  return null;
}
