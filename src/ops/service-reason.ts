/** Why a service is as it is and what is wrong with it, each said once to whoever is shown its reason and the problems. Pure. */

import { RUNBOOK } from '../domain/failure.ts';
import type { HealthReport, ServiceEntry } from './health.ts';
import { DISSENT_BEGINS, PROXIES_DISAGREE } from './proxy-health.ts';

type Named = Pick<ServiceEntry, 'id' | 'reason'>;

export const DISSENT_RUNBOOK = `${RUNBOOK}#proxies-see-a-service-differently`;

/** Where problems come first: its reason without what a problem says of it already; null: none is left. */
export function reasonBesideProblems({ id, reason }: Named, problems: readonly string[]): string | null {
  const said = problems.filter((problem) => problem.startsWith(`${id}: `)).map((problem) => wordsOf(problem, id));
  return said.reduce((left, words) => left.replace(words, () => ''), reason ?? '').trim() || null;
}

/** Where services come first: the problems that are not in the reason of a service already (console/verdict.js too). */
export function problemsBesideReasons({ services, problems }: Pick<HealthReport, 'services' | 'problems'>): string[] {
  return problems.filter((problem) => {
    return !services.some(
      ({ id, reason }) => problem.startsWith(`${id}: `) && reason?.includes(wordsOf(problem, id)) === true,
    );
  });
}

/** What failed, and that other proxies see it otherwise, which has help of its own (console/verdict.js too). */
export function splitDissent({ reason, seenOtherwise }: Pick<ServiceEntry, 'reason' | 'seenOtherwise'>) {
  const at = seenOtherwise.length === 0 ? -1 : (reason ?? '').lastIndexOf(DISSENT_BEGINS);
  if (reason === null || at < 0) return { failed: reason, dissent: null };
  return { failed: reason.slice(0, at).trim() || null, dissent: reason.slice(at) };
}

function wordsOf(problem: string, id: string): string {
  return problem.slice(`${id}: `.length).replace(PROXIES_DISAGREE, '');
}
