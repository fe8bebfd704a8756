/** Why an exchange with a server brought no answer. Whoever asked says what that means for those who are waiting. */

export type ExchangeFaultCode =
  /** Nothing listens on that port. */
  | 'refused'
  | 'unreachable'
  | 'name-not-found'
  | 'certificate-untrusted'
  | 'tls'
  /** No connection in time. */
  | 'connect-timeout'
  /** Connected, but no complete answer in time. */
  | 'timeout'
  /** The connection broke, or what came on it cannot be read. */
  | 'reset'
  | 'answer-too-large'
  | 'answer-encoding'
  /** No connection was free in time. */
  | 'busy'
  | 'internal';

export interface ExchangeFault {
  readonly code: ExchangeFaultCode;
  /** For the operator; never part of a URL, a header or a body. */
  readonly detail: string;
}
