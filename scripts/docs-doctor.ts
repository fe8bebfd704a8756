/** Writes docs/doctor.md from what `doctor` can find. A test compares them. */

import { writeFileSync } from 'node:fs';
import { type Area, FINDINGS, type FindingKind } from '../src/commands/doctor/kinds.ts';

/** docs/doctor.md. */
export function renderDoctorDoc(): string {
  const kinds = Object.entries<FindingKind>(FINDINGS);
  const areas = [...new Set(kinds.map(([, { area }]) => area))];
  const sections = areas.map((area: Area) => {
    const rows = kinds
      .filter(([, kind]) => kind.area === area)
      .map(([code, { severity, means, todo, docs }]) => {
        return `| \`${code}\` | ${severity} | ${means} | ${todo} | [${docs.replace(/\.md.*/, '')}](${docs}) |`;
      });
    return `### ${area[0]?.toUpperCase()}${area.slice(1)}\n\n| Code | Severity | What it means | What to do | More |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# What is wrong here

<!-- Generated from src/commands/doctor/kinds.ts by "node scripts/docs-doctor.ts". -->

\`ippa-proxy doctor\` looks at this installation and says what is wrong with it, and what to do: the configuration, the files and
their rights, ports, certificates, names, the Finesse servers and their clocks, the machine, and the proxy that runs. It changes
nothing, signs in nowhere (a wrong password would lock an account), and asks each Finesse server for SystemInfo as the proxy
itself does.

\`\`\`
ippa-proxy doctor                                        # of /etc/ippa-proxy/ippa-proxy.yaml
ippa-proxy doctor --config FILE --json                   # for monitoring
ippa-proxy doctor --bundle support.tar.gz --log LOGFILE  # for whoever helps
\`\`\`

| Option | |
|---|---|
| \`--config FILE\` | the configuration; \`/etc/ippa-proxy/ippa-proxy.yaml\` if that is there |
| \`--json\` | \`{at, ok, facts, findings: [{code, severity, area, found, todo, docs}]}\` |
| \`--user NAME\` | as root: with whose rights files are looked at; \`ippa-proxy\` if there is such a user |
| \`--bundle FILE\` | writes an archive for support; never over a file that is there |
| \`--log FILE\` | its last MiB goes into the archive: \`journalctl -u ippa-proxy -o cat > LOGFILE\` makes one |

Run it as root, or as the user of the service: others may not read the keys, and then that is all it finds. Exit codes: 0 nothing
was found, or hints alone; 1 there are warnings or errors, or the archive could not be written; 2 bad usage.

## The archive

A \`.tar.gz\` with the report as text and as JSON, the configuration, and, if the proxy runs, its \`/health\`, \`/metrics\` and \`/outages\`.
The configuration is written anew, without comments; secrets and the values of unknown keys are \`***\`, and one that is no YAML is left
out, and the log with it, since nobody knows then what is a secret. Every secret of the configuration, wherever it is kept, (of four characters or more) is taken out of all files, also URL-encoded, in base64 and in hex; query
strings, cookies, and what stands behind \`password\`, \`token\` and the like are taken out whatever they are. Private keys are not
read for it. It does hold names of hosts, services, devices and agents: look before you send it.

## Findings

Codes are stable; words may change. A **hint** is no reason to act now. Rights are judged by mode bits alone, not by access lists.
`;

if (import.meta.main) writeFileSync(new URL('../docs/doctor.md', import.meta.url), renderDoctorDoc());
