/**
 * A node of Unified Intelligence Center as a pure state machine, and which of them a browser is led to. Nothing here has any
 * say in what phones get (reference/neighbours.md §1): people are led to reports, agents are not.
 */

import type { Failure } from './failure.ts';

export type ReportNodeState = 'unknown' | 'up' | 'down';

export interface ReportNode {
  readonly state: ReportNodeState;
  /** When the state began, epoch ms; null while unknown. */
  readonly since: number | null;
  /** What the last probe found wrong; null: nothing. */
  readonly failure: Failure | null;
  /** End of the last probe, epoch ms; null: none yet. */
  readonly lastProbeAt: number | null;
  readonly latencyMs: number | null;
  /** Probes in a row that speak against the state. */
  readonly against: number;
}

/** What one probe established, its second question included. */
export type ReportOutcome = { readonly kind: 'up' } | { readonly kind: 'down'; readonly failure: Failure };

export interface ReportProbeEnded {
  readonly at: number;
  readonly latencyMs: number;
  readonly outcome: ReportOutcome;
}

/** Probes in a row that bring a node up, or down. */
export interface ReportNodeSettings {
  readonly rise: number;
  readonly fall: number;
}

/** A node with what the configuration says of it. */
export interface ReportNodeStatus extends ReportNode {
  readonly id: string;
  readonly name: string;
  /** Origin. */
  readonly url: string;
  /** null: that of the proxy. */
  readonly site: string | null;
  readonly isNear: boolean;
}

export const UNKNOWN_NODE: ReportNode = {
  state: 'unknown',
  since: null,
  failure: null,
  lastProbeAt: null,
  latencyMs: null,
  against: 0,
};

/** The first probe decides alone: before it nobody can be led anywhere. */
export function reduceReportNode(node: ReportNode, ended: ReportProbeEnded, settings: ReportNodeSettings): ReportNode {
  const { at, latencyMs, outcome } = ended;
  const failure = outcome.kind === 'up' ? null : outcome.failure;
  const probed = { ...node, failure, lastProbeAt: at, latencyMs };
  if (outcome.kind === node.state) return { ...probed, against: 0 };
  const against = node.against + 1;
  const needed = outcome.kind === 'up' ? settings.rise : settings.fall;
  if (node.state !== 'unknown' && against < needed) return { ...probed, against };
  return { ...probed, state: outcome.kind, since: at, against: 0 };
}

/** A node about which there is doubt is asked again so soon. */
const DOUBT_MS = 1000;

/** From the start of one probe to that of the next. */
export function selectProbeInterval({ against }: ReportNode, intervalMs: number): number {
  return against === 0 ? intervalMs : Math.min(DOUBT_MS, intervalMs);
}

/** The node that a browser is led to: of those that are up one of the own site, then the first; null: none is up. */
export function selectReportNode(nodes: readonly ReportNodeStatus[]): ReportNodeStatus | null {
  const up = nodes.filter(({ state }) => state === 'up');
  return up.find(({ isNear }) => isNear) ?? up[0] ?? null;
}
