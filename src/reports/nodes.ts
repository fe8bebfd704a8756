/** The nodes of Unified Intelligence Center that are watched, and what is known of each. */

import { isDeepStrictEqual } from 'node:util';
import type { ReportNodeConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import { type ReportNode, type ReportNodeStatus, reduceReportNode, UNKNOWN_NODE } from '../domain/report-node.ts';
import { isNearSite } from '../domain/site.ts';
import type { Clock } from '../time/clock.ts';
import { createReportProbe, type ReportProbeResult } from './probe.ts';
import { createReportWatch, type ReportWatch } from './watch.ts';

export interface ReportNodes {
  start(): void;
  stop(): void;
  /** A node that has not changed is watched on undisturbed; one with another URL begins as unknown. */
  reconfigure(nodes: readonly ReportNodeConfig[], site: string | null): void;
  /** In the order of the configuration. */
  all(): readonly ReportNodeStatus[];
}

interface Watched {
  readonly config: ReportNodeConfig;
  node: ReportNode;
  readonly watch: ReportWatch;
}

export function createReportNodes(clock: Clock, report: Report): ReportNodes {
  let watched: readonly Watched[] = [];
  let site: string | null = null;
  let isRunning = false;

  return {
    start() {
      isRunning = true;
      for (const { watch } of watched) watch.start();
    },
    stop() {
      isRunning = false;
      for (const { watch } of watched) watch.stop();
    },
    reconfigure(nodes, ownSite) {
      site = ownSite;
      const before = watched;
      watched = nodes.map((config) => {
        const known = before.find(({ config: { id } }) => id === config.id);
        if (known !== undefined && isDeepStrictEqual(known.config, config)) return known;
        const isSame = known !== undefined && known.config.url === config.url;
        return watchNode(config, isSame ? known.node : UNKNOWN_NODE, clock, report);
      });
      for (const old of before) if (!watched.includes(old)) old.watch.stop();
      for (const made of watched) if (isRunning && !before.includes(made)) made.watch.start();
    },
    all: () =>
      watched.map(({ config: { id, name, url, site: own }, node }) => {
        return { ...node, id, name, url, site: own, isNear: isNearSite(own, site) };
      }),
  };
}

function watchNode(config: ReportNodeConfig, initial: ReportNode, clock: Clock, report: Report): Watched {
  const { id, probe } = config;
  const onProbe = ({ outcome, latencyMs }: ReportProbeResult): ReportNode => {
    const at = clock.now();
    const before = watched.node;
    watched.node = reduceReportNode(before, { at, latencyMs, outcome }, probe);
    report({ kind: 'report-node-probed', at, node: id, latencyMs, outcome });
    const { state, failure } = watched.node;
    if (state !== before.state) {
      report({ kind: 'report-node-changed', at, node: id, from: before.state, to: state, failure });
    }
    return watched.node;
  };
  const watch = createReportWatch({
    ...{ probe: createReportProbe(config), intervalMs: probe.intervalMs, clock, onProbe },
    onFault: (error) => report({ kind: 'report-node-fault', at: clock.now(), node: id, error }),
  });
  const watched: Watched = { config, node: initial, watch };
  return watched;
}
