/** Writes docs/metrics.md from the metrics' definitions. A test compares them. */

import { writeFileSync } from 'node:fs';
import { type MetricDefinition, metricDefinitions } from '../src/ops/metric-definitions.ts';

/** docs/metrics.md. */
export function renderMetricsDoc(): string {
  const rows = Object.entries<MetricDefinition>(metricDefinitions).map(([name, { type, labels, help }]) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  });
  return `# Metrics

<!-- Generated from src/ops/metric-definitions.ts by "node scripts/docs-metrics.ts". -->

\`GET /metrics\` on the ops port answers in the Prometheus text format. No label grows with the number of phones:
\`service\`, \`from\` and \`to\` are ids of the configuration, \`code\` is one of [the error codes](errors.md), and the rest are
fixed words. Counters begin at 0 with the process. What to alert on, and a dashboard, is in [alerts](alerts.md).

| Metric | Type | Labels | Meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(new URL('../docs/metrics.md', import.meta.url), renderMetricsDoc());
