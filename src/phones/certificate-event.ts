/** What becomes of the certificates of listeners, as events of the proxy. */

import type { ProxyEvent } from '../domain/events.ts';
import type { CertificateReport } from '../http/server/listener-certificate.ts';

/** `listener`: its key in the configuration. */
export function certificateEvent(at: number, listener: string, report: CertificateReport): ProxyEvent {
  if (report.kind === 'refused') return { kind: 'certificate-refused', at, listener, problem: report.problem };
  const { subject, validTo } = report;
  if (report.kind === 'renewed') return { kind: 'certificate-renewed', at, listener, subject, validTo };
  return { kind: 'certificate-expires', at, listener, subject, validTo, days: report.days };
}
