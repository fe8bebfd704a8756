/**
 * The one registry of errors: a stable code, the operator's words and the key of the phone's words (phone-xml/languages).
 * Code matches on the code, never on a message. docs/errors.md is generated from it.
 */

export interface FailureKind {
  /** What the operator should read and do. */
  readonly operator: string;
  /** Key of the phone's words in the language files, or null when a phone never sees it. */
  readonly phone: PhoneMessage | null;
  /** Whose fault: the request, the Finesse server, or the configuration. */
  readonly cause: 'request' | 'server' | 'configuration';
}

/** What a phone is told on the error page. Each has its words in every language file. */
export type PhoneMessage =
  | 'badAddress'
  | 'unknownService'
  | 'badDevice'
  | 'tooLong'
  | 'wrongMethod'
  | 'tooLarge'
  | 'badRequest'
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
  // The Finesse server
  refused: { cause: 'server', phone: 'noAnswer', operator: 'Connection refused: nothing listens on that port.' },
  unreachable: { cause: 'server', phone: 'noAnswer', operator: 'The host cannot be reached.' },
  'name-not-found': {
    cause: 'configuration',
    phone: 'noAnswer',
    operator: 'The host name does not resolve. Check url and DNS.',
  },
  'certificate-untrusted': {
    cause: 'configuration',
    phone: 'noAnswer',
    operator: 'The certificate of Finesse is not trusted. Set tls.ca of the service to its CA (see check --probe).',
  },
  tls: { cause: 'server', phone: 'noAnswer', operator: 'The TLS handshake failed.' },
  'connect-timeout': { cause: 'server', phone: 'noAnswer', operator: 'No connection within the time limit.' },
  timeout: {
    cause: 'server',
    phone: 'mayHaveHappened',
    operator: 'Connected, but no complete answer within the time limit.',
  },
  reset: { cause: 'server', phone: 'mayHaveHappened', operator: 'The connection broke before a complete answer.' },
  'http-status': { cause: 'server', phone: 'badAnswer', operator: 'An HTTP status other than 200 without phone XML.' },
  redirect: {
    cause: 'server',
    phone: 'badAnswer',
    operator: 'A redirect that leaves the server, repeats a POST, or is one too many.',
  },
  'not-phone-xml': {
    cause: 'server',
    phone: 'badAnswer',
    operator: 'The answer is not phone XML (HTML, JSON, empty or truncated).',
  },
  'answer-too-large': { cause: 'server', phone: 'badAnswer', operator: 'The answer is larger than 256 KiB.' },
  'answer-encoding': {
    cause: 'server',
    phone: 'badAnswer',
    operator: 'The answer is compressed although identity was asked for.',
  },
  'not-system-info': {
    cause: 'server',
    phone: null,
    operator: 'The answer to the probe is not a SystemInfo document.',
  },
  'out-of-service': {
    cause: 'server',
    phone: null,
    operator: 'SystemInfo says OUT_OF_SERVICE: Finesse has no CTI connection, or not yet.',
  },
  unauthorized: {
    cause: 'configuration',
    phone: null,
    operator:
      'SystemInfo asks for credentials (401 or 403): set probe.username and probe.password. The state of the service is kept.',
  },
  busy: { cause: 'server', phone: 'busy', operator: 'Too many requests to this service are waiting.' },
  internal: {
    cause: 'server',
    phone: 'internal',
    operator: 'A fault of the proxy itself; please report it with the log line.',
  },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof failures;
