/** Writes docs/errors.md from the registry of errors. A test compares them. */

import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type FailureKind, failures } from '../src/domain/failure.ts';

const CAUSES: Record<FailureKind['cause'], readonly [title: string, text: string]> = {
  request: [
    "The phone's request",
    'Refused before anything was sent to Finesse. The phone shows the `error` page, the log has `request-refused`, and\n`ippa_requests_refused_total` counts it.',
  ],
  server: [
    'The Finesse server',
    'What a probe or the relayed request of a phone ran into. A failed probe begins the attempts; a failed request starts a\nprobe and counts in `ippa_relay_failures_total`.',
  ],
  push: [
    'Pushes',
    'A push of Finesse that did not reach its phone, or one of the proxy itself (see [pushes](pushes.md)). Finesse is told by a\n`CiscoIPPhoneError`; the log has `push-failed`; `ippa_push_relays_total` and `ippa_pushes_total` count it.',
  ],
  configuration: ['The configuration', 'The proxy goes on, but this needs a change of its configuration or of DNS.'],
};

const english: Readonly<Record<string, { readonly prompt: string }>> = parse(
  readFileSync(new URL('../phone-xml/languages/en.yaml', import.meta.url), 'utf8'),
).messages;

/** docs/errors.md. */
export function renderErrorsDoc(): string {
  const sections = (Object.keys(CAUSES) as FailureKind['cause'][]).map((cause) => {
    const rows = Object.entries<FailureKind>(failures)
      .filter(([, kind]) => kind.cause === cause)
      .map(([code, { operator, phone }]) => {
        return `| \`${code}\` | ${operator} | ${phone === null ? '' : `${english[phone]?.prompt} (\`${phone}\`)`} | [${code}](runbook.md#${code}) |`;
      });
    const [title, text] = CAUSES[cause];
    return `## ${title}\n\n${text}\n\n| Code | What it means and what to do | The phone's words | Runbook |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Error codes

<!-- Generated from src/domain/failure.ts by "node scripts/docs-errors.ts". -->

Every failure has one of these codes, in the log, in the metrics and, in words, as the \`reason\` of a service in \`/health\`.
Codes are stable; words may change. Each leads to its part of the [runbook](runbook.md). The third column is the prompt of the phone's \`error\` page in English, by which an agent's
report leads to the code, and the key of its words in the language files of [phone-xml](../phone-xml); where it is empty,
phones are not told.

${sections.join('\n')}`;
}

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), renderErrorsDoc());
