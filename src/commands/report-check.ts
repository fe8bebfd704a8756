/** Asks every node of Unified Intelligence Center of a configuration once and says in plain words what it answered. */

import type { Config, ReportNodeConfig } from '../config/config.ts';
import { printable, renderDuration } from '../config/values.ts';
import { renderFailure } from '../domain/failure.ts';
import { createReportProbe } from '../reports/probe.ts';
import { lookAtCertificate, type PeerCertificate, renderTrustAdvice } from './peer-certificate.ts';

export interface ReportCheck {
  readonly id: string;
  readonly name: string;
  readonly up: boolean;
  /** What it means and what to do. */
  readonly result: string;
  readonly latencyMs: number;
  /** One that is not trusted. */
  readonly certificate: PeerCertificate | null;
}

/** One probe of every node, all at once; in the order of the configuration. */
export function checkReports({ reports }: Config, now: number): Promise<ReportCheck[]> {
  return Promise.all((reports?.services ?? []).map((node) => checkNode(node, now)));
}

async function checkNode(node: ReportNodeConfig, now: number): Promise<ReportCheck> {
  const { id, name, url, probe } = node;
  const { outcome, latencyMs } = await createReportProbe(node)(new AbortController().signal);
  const answered = { id, name, up: outcome.kind === 'up', latencyMs };
  if (outcome.kind === 'up') return { ...answered, result: 'up', certificate: null };
  const untrusted = outcome.failure.code === 'report-certificate';
  const certificate = untrusted ? await lookAtCertificate(url, probe.timeoutMs, now) : null;
  // The words of the registry send their reader here.
  const words = printable(renderFailure(outcome.failure).replace(' (see check --probe)', ''), 400);
  return { ...answered, result: `down: ${words}`, certificate };
}

/** Several lines for each node. */
export function renderReportChecks(checks: readonly ReportCheck[]): string {
  return checks
    .flatMap(({ id, name, up, result, latencyMs, certificate }) => {
      const head = `  ${up ? 'ok    ' : 'FAILED'}  ${id} (${name}): ${result}${up ? `, ${latencyMs} ms` : ''}`;
      const advice = certificate === null ? [] : renderTrustAdvice({ id }, certificate);
      return [head, ...advice.map((line) => `          ${line}`)];
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** What the configuration means. */
export function renderReports({ reports }: Config): string[] {
  if (reports === null) return [];
  return [
    'Reports (Unified Intelligence Center)',
    ...reports.listeners.map(({ host, port, publicUrl, tls }) => {
      const reached = publicUrl === null ? '' : `, reached as ${publicUrl}`;
      return `  browsers ask by ${tls === null ? 'http' : 'https'} on ${host} port ${port}${reached}`;
    }),
    ...reports.services.map(({ id, name, url, probe }) => {
      return `  ${id} (${name}) at ${url}, asked every ${renderDuration(probe.intervalMs)}`;
    }),
  ];
}
