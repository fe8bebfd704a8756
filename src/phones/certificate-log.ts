/** What becomes of the certificates of listeners, as log lines. */

import type { CertificateReport } from '../http/server/listener-certificate.ts';
import type { Log } from '../ops/log.ts';

/** `listener`: its key in the configuration. */
export function logCertificate(log: Log, listener: string, report: CertificateReport): void {
  if (report.kind === 'refused') {
    log.error('certificate-refused', { listener, problem: report.problem });
    return;
  }
  const fields = { listener, subject: report.subject, validTo: new Date(report.validTo).toISOString() };
  if (report.kind === 'renewed') log.info('certificate-renewed', fields);
  else log.warn('certificate-ends', { ...fields, days: report.days });
}
