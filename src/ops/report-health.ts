/** The nodes of Unified Intelligence Center as `/health` shows them. Pure. */

import { renderFailure } from '../domain/failure.ts';
import type { ReportNodeState, ReportNodeStatus } from '../domain/report-node.ts';

export interface ReportEntry {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly site: string | null;
  readonly state: ReportNodeState;
  readonly since: string | null;
  readonly reason: string | null;
  readonly lastProbe: string | null;
  readonly latencyMs: number | null;
}

export function renderReportNode(node: ReportNodeStatus): ReportEntry {
  const { id, name, url, site, state, since, failure, lastProbeAt, latencyMs } = node;
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  const reason = failure === null ? null : renderFailure(failure);
  return { ...{ id, name, url, site, state }, since: time(since), reason, lastProbe: time(lastProbeAt), latencyMs };
}

/** They do not change `status`: phones need none of them. */
export function decideReports(nodes: readonly ReportNodeStatus[]): string[] {
  const down = nodes.filter(({ state }) => state === 'down');
  if (down.length === 0) return [];
  const others =
    down.length === nodes.length ? '; browsers get a page that says so' : '; browsers are led to another node';
  return down.map(({ id, failure }) => {
    const why = failure === null ? 'it answers again, but not long enough yet' : renderFailure(failure);
    return `reports ${id}: down: ${why}${others}`;
  });
}
