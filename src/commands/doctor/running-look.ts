/** What the running proxy says of itself. */

import type { HealthReport } from '../../ops/health.ts';
import { reasonBesideProblems } from '../../ops/service-reason.ts';
import { findOps } from '../ops-access.ts';
import { createOpsClient, field, OpsUnreachable } from '../ops-client.ts';
import { type Finding, finding } from './kinds.ts';

export interface RunningProxy {
  /** null: it does not run, or cannot be asked. */
  readonly health: HealthReport | null;
  readonly findings: readonly Finding[];
  /** The text of a path of its ops port; null: no answer. */
  read(path: string): Promise<string | null>;
}

/** Without the token: nothing that needs it is asked. */
export async function lookAtRunning(config: string, version: string): Promise<RunningProxy> {
  const found = await findOps({ config }, 'none');
  const silent = { health: null, read: async () => null };
  // What is wrong with it is an error of the configuration.
  if (!found.ok) return { ...silent, findings: [] };
  const client = createOpsClient(found.place);
  const read = (path: string) =>
    client.get(path).then(
      ({ text }) => text,
      () => null,
    );
  try {
    const { body } = await client.health();
    if (!isHealth(body)) return { ...silent, findings: [finding('ops-foreign', client.origin)] };
    return { health: body, read, findings: decideHealth(body, version) };
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    return { ...silent, findings: [finding('not-running', error.message)] };
  }
}

function isHealth(body: unknown): body is HealthReport {
  return typeof field(body, 'version') === 'string' && Array.isArray(field(body, 'services'));
}

function decideHealth(health: HealthReport, version: string): Finding[] {
  const down = health.clusters.filter(({ status }) => status === 'down').map(({ id }) => `cluster ${id} is down`);
  const reasons = health.services.flatMap((service) => {
    const reason = reasonBesideProblems(service, health.problems);
    return reason === null ? [] : [`${service.id}: ${reason}`];
  });
  return [
    ...decideVersion(health.version, version),
    ...down.map((words) => finding('running-down', words)),
    ...[...health.problems, ...reasons].map((words) => finding('running-problem', words)),
  ];
}

function decideVersion(running: string, here: string): Finding[] {
  if (running === here) return [];
  if (isNewer(running, here)) return [finding('running-newer', `${running} runs, this command is ${here}`)];
  return [finding('running-older', `${running} runs, ${here} is installed`)];
}

/** By their numbers; what follows a hyphen does not count. */
function isNewer(one: string, other: string): boolean {
  const numbers = (version: string) => version.replace(/-.*/, '');
  return numbers(one).localeCompare(numbers(other), 'en', { numeric: true }) > 0;
}
