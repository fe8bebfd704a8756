/** Writes docs/events.md from the reference of events and the table of log lines. */

import { writeFileSync } from 'node:fs';
import { eventReference } from '../src/domain/event-reference.ts';

export function renderEventsDoc(): string {
  const rows = Object.entries(eventReference).map(([kind, { when, fields }]) => {
    const named = Object.entries(fields).map(([field, means]) => `\`${field}\` (${means})`);
    return `| \`${kind}\` | ${when} | ${named.join(', ')} |`;
  });
  return `# Events

Everything that happens in the proxy is reported once, as one of these; log, metrics and pushes are subscribers. Each has
\`at\` too, when it happened. This page is generated from src/domain/event-reference.ts (\`npm run docs\`); the log lines that come of
them are in [operations](operations.md), the metrics in [metrics](metrics.md).

| Event | When | Fields |
|---|---|---|
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(new URL('../docs/events.md', import.meta.url), renderEventsDoc());
