/**
 * The one registry of errors: a stable code, the operator's words and the key of the phone's words (phone-xml/languages).
 * Code matches on the code, never on a message. docs/errors.md is generated from it.
 */

export interface FailureKind {
  /** What the operator should read and do. */
  readonly operator: string;
  /** Key of the phone's words in the language files, or null when a phone never sees it. */
  readonly phone: PhoneMessage | null;
  /** Whose fault: the request, the Finesse server, or the configuration; or it is about a push. */
  readonly cause: 'request' | 'server' | 'configuration' | 'push';
  /** What agents read of an outage by this failure; absent: it begins none. */
  readonly outage?: OutageCause;
}

/**
 * What has failed, as agents read it of a service that is out: no answer, an answer that is none, the CTI server lost, out of
 * service by its own word, Finesse itself away, its notifications not arriving, or the service that sends them down; and the
 * phone pages alone. Each has its words in every language file.
 */
export type OutageCause =
  | 'noAnswer'
  | 'badAnswer'
  | 'ctiLost'
  | 'outOfService'
  | 'restarting'
  | 'notNotified'
  | 'notificationDown'
  | 'pagesFail';

/** What a phone is told of its request. Each has its words in every language file. */
export type PhoneMessage =
  | 'badAddress'
  | 'unknownService'
  | 'badDevice'
  | 'tooLong'
  | 'wrongMethod'
  | 'tooLarge'
  | 'badRequest'
  | 'notDone'
  | 'otherSite'
  | 'noAnswer'
  | 'mayHaveHappened'
  | 'badAnswer'
  | 'pushHere'
  | 'busy'
  | 'internal';

export const failures = {
  // The phone's request
  'request-path': {
    cause: 'request',
    phone: 'badAddress',
    operator: 'No such page. Phones ask for /SERVICE/fippa/DEVICE, /CLUSTER/fippa/DEVICE or /fippa/DEVICE.',
  },
  'request-service': {
    cause: 'request',
    phone: 'unknownService',
    operator: 'The first part of the path is neither a configured service nor a cluster.',
  },
  'request-device': {
    cause: 'request',
    phone: 'badDevice',
    operator:
      'The device name must be 1 to 64 letters, digits, dots, underscores or hyphens. In Unified CM the URL must end in #DEVICENAME#.',
  },
  'request-too-long': {
    cause: 'request',
    phone: 'tooLong',
    operator: 'The request target is longer than 2048 characters.',
  },
  'request-method': { cause: 'request', phone: 'wrongMethod', operator: 'Phones use GET and POST only.' },
  'request-body-too-large': { cause: 'request', phone: 'tooLarge', operator: 'A form may have at most 16 KiB.' },
  'request-malformed': {
    cause: 'request',
    phone: 'badRequest',
    operator: 'The request is malformed or ambiguous and was refused; nothing was sent to Finesse.',
  },
  'request-push': {
    cause: 'request',
    phone: 'pushHere',
    operator: 'A push (/CGI/Execute) arrived on a phone listener; pushes have listeners of their own.',
  },
  'request-flood': { cause: 'request', phone: 'busy', operator: 'Too many requests or connections from one address.' },
  'answer-not-taken': {
    cause: 'request',
    phone: null,
    operator: 'The client did not take its answer within phones.limits.answer and was cut off.',
  },
  // The Finesse server
  refused: {
    outage: 'noAnswer',
    cause: 'server',
    phone: 'noAnswer',
    operator:
      'Connection refused: the host answers, but nothing listens on that port. Is Cisco Finesse Tomcat started?',
  },
  unreachable: {
    outage: 'noAnswer',
    cause: 'server',
    phone: 'noAnswer',
    operator: 'The host cannot be reached: it, or the network to it, is down.',
  },
  'name-not-found': {
    outage: 'noAnswer',
    cause: 'configuration',
    phone: 'noAnswer',
    operator: 'The host name does not resolve. Check url and DNS.',
  },
  'certificate-untrusted': {
    outage: 'noAnswer',
    cause: 'configuration',
    phone: 'noAnswer',
    operator: 'The certificate of Finesse is not trusted. Set tls.ca of the service to its CA (see check --probe).',
  },
  tls: { outage: 'noAnswer', cause: 'server', phone: 'noAnswer', operator: 'The TLS handshake failed.' },
  'connect-timeout': {
    outage: 'noAnswer',
    cause: 'server',
    phone: 'noAnswer',
    operator: 'No connection within the time limit: packets are dropped, or the TLS handshake hangs.',
  },
  timeout: {
    outage: 'noAnswer',
    cause: 'server',
    phone: 'mayHaveHappened',
    operator: 'Connected, but no complete answer within the time limit.',
  },
  reset: {
    outage: 'noAnswer',
    cause: 'server',
    phone: 'mayHaveHappened',
    operator: 'The connection broke before a complete answer.',
  },
  'http-status': {
    outage: 'badAnswer',
    cause: 'server',
    phone: 'badAnswer',
    operator: 'An HTTP status other than 200 where a page or SystemInfo was asked for.',
  },
  redirect: {
    outage: 'badAnswer',
    cause: 'server',
    phone: 'badAnswer',
    operator: 'A redirect that leaves the server, repeats a POST, or is one too many.',
  },
  'not-phone-xml': {
    outage: 'badAnswer',
    cause: 'server',
    phone: 'badAnswer',
    operator: 'The answer is not phone XML (HTML, JSON, empty or truncated).',
  },
  'answer-too-large': {
    outage: 'badAnswer',
    cause: 'server',
    phone: 'badAnswer',
    operator: 'The answer is larger than 256 KiB.',
  },
  'answer-encoding': {
    outage: 'badAnswer',
    cause: 'server',
    phone: 'badAnswer',
    operator: 'The answer is compressed although identity was asked for.',
  },
  'not-system-info': {
    outage: 'badAnswer',
    cause: 'server',
    phone: null,
    operator: 'The answer to the probe is not a SystemInfo document.',
  },
  'out-of-service': {
    outage: 'outOfService',
    cause: 'server',
    phone: null,
    operator: 'SystemInfo says OUT_OF_SERVICE: Finesse has no CTI connection, or not yet.',
  },
  'cti-lost': {
    outage: 'ctiLost',
    cause: 'server',
    phone: null,
    operator:
      'SystemInfo says OUT_OF_SERVICE: Finesse has lost its CTI server (Unified CCX: the CCX Engine), and its last CTI heartbeat failed.',
  },
  'fippa-failing': {
    outage: 'pagesFail',
    cause: 'server',
    phone: null,
    operator: 'fippa failing: requests of phones fail although SystemInfo is fine. Check fippa there.',
  },
  // The Notification Service of a Finesse server
  'notification-lost': {
    outage: 'notNotified',
    cause: 'server',
    phone: null,
    operator: 'Notification Service: the connection is lost: the service, or the network to it, is down.',
  },
  'notification-refused': {
    outage: 'notificationDown',
    cause: 'server',
    phone: null,
    operator:
      'Notification Service: it is down: connection refused, nothing listens on that port, while SystemInfo answers.',
  },
  'notification-unreachable': {
    outage: 'notNotified',
    cause: 'server',
    phone: null,
    operator: 'Notification Service: the host cannot be reached: the network to it, or the host, is down.',
  },
  'notification-timeout': {
    outage: 'notNotified',
    cause: 'server',
    phone: null,
    operator:
      'Notification Service: no login within the time limit: the network drops packets, or the service hangs. Is its port open for this machine?',
  },
  'notification-tls': {
    outage: 'notNotified',
    cause: 'server',
    phone: null,
    operator: 'Notification Service: the TLS handshake failed.',
  },
  'notification-presence': {
    outage: 'restarting',
    cause: 'server',
    phone: null,
    operator:
      'Notification Service: the XMPP user finesse is unavailable: Tomcat or the Finesse web application is down. AVAILABLE is awaited, whatever SystemInfo says; with notification.advisory: true SystemInfo alone decides.',
  },
  'notification-awaited': {
    outage: 'restarting',
    cause: 'server',
    phone: null,
    operator:
      'Notification Service: IN_SERVICE is awaited, at most until SystemInfo has said so itself for 30 s; with notification.advisory: true SystemInfo alone decides.',
  },
  'notification-name': {
    outage: 'notNotified',
    cause: 'configuration',
    phone: null,
    operator: 'Notification Service: the host name does not resolve. Check notification.host and DNS.',
  },
  'notification-certificate': {
    cause: 'configuration',
    phone: null,
    operator:
      'Notification Service: the certificate is not trusted. Set notification.ca to its CA, or to the certificate itself if it is self-signed.',
  },
  'notification-certificate-name': {
    cause: 'configuration',
    phone: null,
    operator: 'Notification Service: the certificate carries neither notification.host nor notification.domain.',
  },
  'notification-login': {
    cause: 'configuration',
    phone: null,
    operator:
      'Notification Service: the login is refused. Check notification.username and password; no login is tried for 30 minutes, since five wrong ones lock the account.',
  },
  'notification-setup': {
    cause: 'configuration',
    phone: null,
    operator:
      'Notification Service: it answers, but cannot be used as configured. SystemInfo alone decides until then.',
  },
  'notification-fault': {
    cause: 'server',
    phone: null,
    operator: 'Notification Service: a fault of the proxy itself; please report it with the log line.',
  },
  unauthorized: {
    cause: 'configuration',
    phone: null,
    operator:
      'SystemInfo asks for credentials (401 or 403): set probe.username and probe.password. The state of the service is kept.',
  },
  // Nodes of Unified Intelligence Center
  'report-status': {
    cause: 'server',
    phone: null,
    operator:
      'The node answers with a status that does not count as up: Unified Intelligence Center is not deployed or not running there.',
  },
  'report-certificate': {
    cause: 'configuration',
    phone: null,
    operator: 'The certificate of the node is not trusted. Set tls.ca of the node to its CA (see check --probe).',
  },
  // Pushes; the client is told by the CiscoIPPhoneError that a phone would give
  'push-source': {
    cause: 'push',
    phone: null,
    operator:
      'Neither an address that the url of a service resolves to nor one of its pushFrom. If Finesse pushes from there, add it to pushFrom.',
  },
  'push-malformed': {
    cause: 'push',
    phone: null,
    operator: 'Not a push: POST /CGI/Execute with one form field XML that holds a phone object is expected.',
  },
  'push-too-large': { cause: 'push', phone: null, operator: 'The pushed XML is larger than phones take (40 KiB).' },
  'push-no-device': {
    cause: 'push',
    phone: null,
    operator:
      'No URL in it names a Finesse server and a device, so nothing tells which phone it is for. If it names the server by another name, add that to aliases.',
  },
  'push-unknown-device': {
    cause: 'push',
    phone: null,
    operator:
      'No address of this device is known: it sent no request since the proxy started, or none from phones.networks.',
  },
  'push-phone-gone': {
    cause: 'push',
    phone: null,
    operator: 'The phone takes no connection. Is its web access enabled in Unified CM, and the port right?',
  },
  'push-phone-slow': {
    cause: 'push',
    phone: null,
    operator:
      'No complete answer of the phone within push.timeout. It first asks the authentication URL of Unified CM.',
  },
  'push-phone-broken': {
    cause: 'push',
    phone: null,
    operator: 'The connection to the phone broke before a complete answer, or the answer is too large.',
  },
  'push-credentials': {
    cause: 'push',
    phone: null,
    operator:
      'The phone refuses the credentials (error 4 or status 401). Is the application user right, and are the phones associated with it?',
  },
  'push-refused': {
    cause: 'push',
    phone: null,
    operator: 'The phone answered with an error: a document it cannot read or that is too large for it.',
  },
  busy: { cause: 'server', phone: 'busy', operator: 'Too many requests to this service are waiting.' },
  internal: {
    cause: 'server',
    phone: 'internal',
    operator: 'A fault of the proxy itself; please report it with the log line.',
  },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof failures;

/** Why something failed: a stable code of the registry, and words for the operator that name what was found. */
export interface Failure {
  readonly code: FailureCode;
  /** For the operator; never holds a secret, a query string or a path parameter. */
  readonly detail: string;
}

/** The operator's words of the registry, which say what to do and which key to set, and what was found. */
export function renderFailure({ code, detail }: Failure): string {
  const { operator } = failures[code];
  return detail === '' ? operator : `${operator} (${detail})`;
}

/** What agents read of an outage; null: no more than that there is one. */
export function selectOutageCause(failure: Failure | null): OutageCause | null {
  const kind: FailureKind | null = failure === null ? null : failures[failure.code];
  return kind?.outage ?? null;
}

/** The page of the runbook, and the part of it that is about a failure. */
export const RUNBOOK = 'docs/runbook.md';

export function runbookOf(code: FailureCode): string {
  return `${RUNBOOK}#${code}`;
}
