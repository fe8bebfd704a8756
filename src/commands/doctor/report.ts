/** What `doctor` prints. Pure. */

import { FINDINGS, type Finding, type Severity } from './kinds.ts';

export interface DoctorReport {
  /** ISO 8601. */
  readonly at: string;
  /** Neither errors nor warnings. */
  readonly ok: boolean;
  readonly facts: {
    readonly configuration: string;
    /** Version of what is installed here. */
    readonly proxy: string;
    /** Version and status of the proxy that runs, or null. */
    readonly running: string | null;
    readonly node: string;
    readonly system: string;
    /** With whose rights files were looked at; null: of whoever asked. */
    readonly user: string | null;
  };
  readonly findings: readonly Finding[];
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'hint'];
const MARKS: Readonly<Record<Severity, string>> = { error: 'ERROR  ', warning: 'WARNING', hint: 'hint   ' };
const AREAS = [...new Set(Object.values(FINDINGS).map(({ area }) => area))];

export function renderReport({ facts, findings }: DoctorReport): string {
  const areas = AREAS.flatMap((area) => {
    const found = SEVERITIES.flatMap((severity) =>
      findings.filter((one) => one.area === area && one.severity === severity),
    );
    return [
      area === AREAS[0] ? '' : null,
      `${area}: ${found.length === 0 ? 'nothing found' : ''}`.trimEnd(),
      ...found.flatMap(renderFinding),
    ];
  });
  const lines = [
    `ippa-proxy ${facts.proxy}, Node.js ${facts.node}, ${facts.system}`,
    `configuration ${facts.configuration}${facts.user === null ? '' : `, files as ${facts.user} sees them`}`,
    `running: ${facts.running ?? 'no'}`,
    ...areas.filter((line) => line !== null),
    '',
    renderSum(findings),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function renderFinding({ severity, code, found, todo, docs }: Finding): string[] {
  return [`  ${MARKS[severity]}  ${found}`, `           ${todo} [${code}; docs/${docs}]`];
}

function renderSum(findings: readonly Finding[]): string {
  const counts = SEVERITIES.map((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return `${count} ${severity}${count === 1 ? '' : 's'}`;
  });
  return findings.length === 0 ? 'Nothing found.' : counts.join(', ');
}
