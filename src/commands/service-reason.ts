/** Why a service is as it is, for whoever is shown the problems of `/health` too. Pure. */

import type { HealthReport } from '../ops/health.ts';
import { PROXIES_DISAGREE } from '../ops/proxy-health.ts';

/** Its reason without what a problem says of it already; null: none is left. */
export function reasonBesideProblems(
  { id, reason }: Pick<HealthReport['services'][number], 'id' | 'reason'>,
  problems: readonly string[],
): string | null {
  const said = problems
    .filter((problem) => problem.startsWith(`${id}: `))
    .map((problem) => problem.slice(`${id}: `.length).replace(PROXIES_DISAGREE, ''));
  return said.reduce((left, words) => left.replace(words, () => ''), reason ?? '').trim() || null;
}
