/** What the end of a connection to the Notification Service means: for the service, and in words for the operator. Pure. */

import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { NotificationConfig } from '../config/config.ts';
import type { Failure, FailureCode } from '../domain/failure.ts';
import type { XmppError, XmppErrorCode } from '../xmpp/xmpp-error.ts';

/**
 * `lost`: the service or the network. `configuration`: the service answers, and somebody has to change something.
 * `credentials`: it refuses the login, and trying on would lock the account. `stopped`: the proxy itself.
 */
export type EndCause = 'lost' | 'configuration' | 'credentials' | 'stopped';

export interface ConnectionEnd {
  readonly cause: EndCause;
  readonly failure: Failure;
}

const MEANINGS: Readonly<Record<XmppErrorCode, readonly [EndCause, FailureCode]>> = {
  refused: ['lost', 'notification-refused'],
  unreachable: ['lost', 'notification-unreachable'],
  'name-not-found': ['lost', 'notification-name'],
  'connect-timeout': ['lost', 'notification-timeout'],
  timeout: ['lost', 'notification-timeout'],
  reset: ['lost', 'notification-lost'],
  tls: ['lost', 'notification-tls'],
  // A certificate that is not trusted is for the configuration to mend, whenever it is met.
  'certificate-untrusted': ['configuration', 'notification-certificate'],
  'certificate-name': ['configuration', 'notification-certificate-name'],
  'host-unknown': ['configuration', 'notification-setup'],
  closed: ['lost', 'notification-lost'],
  silent: ['lost', 'notification-lost'],
  'stream-error': ['lost', 'notification-lost'],
  'not-xmpp': ['lost', 'notification-lost'],
  'tls-required': ['configuration', 'notification-setup'],
  'tls-not-offered': ['configuration', 'notification-setup'],
  'not-supported': ['configuration', 'notification-setup'],
  conflict: ['configuration', 'notification-setup'],
  rejected: ['configuration', 'notification-setup'],
  'login-refused': ['credentials', 'notification-login'],
  'login-postponed': ['lost', 'notification-lost'],
  stopped: ['stopped', 'notification-lost'],
  // A fault of the proxy is no outage of the service.
  internal: ['configuration', 'notification-fault'],
};

/** `domain` is the one that was used: that of the configuration, or the one that SystemInfo told. */
export function explainEnd(error: XmppError, config: NotificationConfig, domain: string): ConnectionEnd {
  const [cause, code] = MEANINGS[error.code];
  const advice = advise(error, config, domain);
  return { cause, failure: { code, detail: advice === null ? error.detail : `${error.detail}: ${advice}` } };
}

export function missingDomain(): ConnectionEnd {
  const detail = 'SystemInfo names no XMPP domain: set notification.domain';
  return { cause: 'configuration', failure: { code: 'notification-setup', detail } };
}

/** Which key to set, where the words of the registry leave that open. */
function advise({ code, detail, names }: XmppError, config: NotificationConfig, domain: string): string | null {
  if (code === 'tls-required') return 'it takes logins by TLS only: set starttls (notification.tls: starttls)';
  if (code === 'host-unknown') return `it does not serve ${domain}: set notification.domain to its XMPP domain`;
  // OpenSSL's word for an answer that is no TLS record.
  if (code === 'tls' && config.tls === 'direct' && detail.includes('WRONG_VERSION_NUMBER')) {
    return 'that port does not begin with TLS: set notification.tls: starttls, or notification.port';
  }
  if (code !== 'certificate-name') return null;
  // Only a configured name proves anything: a domain learnt by plain HTTP may be an attacker's.
  if (config.domain === null && covers(names, domain)) return `set notification.domain to ${domain}`;
  const [first] = names;
  return first === undefined
    ? 'it names no host: set notification.fingerprints'
    : `not for ${config.host}: set notification.host to a name that it carries, if that is the server`;
}

function covers(names: readonly string[], host: string): boolean {
  const subjectaltname = names.map((name) => `DNS:${name}`).join(', ');
  return checkServerIdentity(host, { subject: {}, subjectaltname } as PeerCertificate) === undefined;
}
