/** Why a connection ended, or never came to be. */

export type XmppErrorCode =
  // The network
  | 'refused'
  | 'unreachable'
  | 'name-not-found'
  | 'connect-timeout'
  | 'timeout'
  | 'reset'
  | 'tls'
  // Whom the server says to be
  | 'certificate-untrusted'
  | 'certificate-name'
  /** It knows no such domain: by a stream error, or by a TLS alert before. */
  | 'host-unknown'
  // The stream
  | 'closed'
  | 'silent'
  | 'stream-error'
  | 'not-xmpp'
  // What the server asks for, or does not do
  | 'tls-required'
  | 'tls-not-offered'
  | 'not-supported'
  /** Another client has the same name. */
  | 'conflict'
  /** It is well, and does not want this client. */
  | 'rejected'
  | 'login-refused'
  | 'login-postponed'
  // This side
  | 'stopped'
  | 'internal';

export class XmppError extends Error {
  readonly code: XmppErrorCode;
  /** What was found; never holds a secret. */
  readonly detail: string;
  /** With `certificate-name`: the names that the certificate carries, as far as they are known. */
  readonly names: readonly string[];

  constructor(code: XmppErrorCode, detail: string, names: readonly string[] = []) {
    super(code);
    this.code = code;
    this.detail = detail;
    this.names = names;
  }
}

/** A fault of this program: nothing of the server's, and nothing that may end the process. */
export function internalError(error: unknown): XmppError {
  return new XmppError('internal', error instanceof Error ? error.name : typeof error);
}

/** The error of a handler or a promise as one that can be told. */
export function toXmppError(error: unknown): XmppError {
  return error instanceof XmppError ? error : internalError(error);
}
