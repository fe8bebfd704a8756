/** What becomes of the certificate of a listener, as an event of the proxy. Pure. */

import type { ProxyEvent } from './events.ts';

/** As the listener tells it; `validTo` in epoch ms. */
export type CertificateChange =
  | { readonly kind: 'renewed'; readonly subject: string; readonly validTo: number }
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'ends'; readonly subject: string; readonly validTo: number; readonly days: number };

/** `listener`: its key in the configuration. */
export function certificateEvent(at: number, listener: string, change: CertificateChange): ProxyEvent {
  if (change.kind === 'refused') return { kind: 'certificate-refused', at, listener, problem: change.problem };
  const { subject, validTo } = change;
  if (change.kind === 'renewed') return { kind: 'certificate-renewed', at, listener, subject, validTo };
  return { kind: 'certificate-expires', at, listener, subject, validTo, days: change.days };
}
