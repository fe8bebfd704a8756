/** The store of what proxies know together, tried as `check --probe` does. */

import type { Config } from '../../config/config.ts';
import { checkStore } from '../store-check.ts';
import { type Finding, finding } from './kinds.ts';

export async function lookAtStore(config: Config, now: () => number): Promise<Finding[]> {
  const check = await checkStore(config, now);
  if (check === null) return [];
  return [
    ...(check.ok ? [] : check.results.map((words) => finding('store-refused', words))),
    ...check.cautions.map((words) => finding('store-caution', words)),
    ...(config.state.folder === null ? [finding('store-without-state', 'no state.folder beside store')] : []),
  ];
}
