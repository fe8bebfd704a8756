/** Why a request, or a connection, was not served. Whoever owns the listener says what the client is told. */

export type RequestFaultCode =
  /** Not valid HTTP, in doubt, or not complete in time. */
  | 'malformed'
  | 'method'
  /** The target, or request line and headers together. */
  | 'too-long'
  | 'body-too-large'
  /** More requests or connections than a client, or all together, may have. */
  | 'flood'
  /** The answer was not taken in time. */
  | 'not-taken';

export interface RequestFault {
  readonly code: RequestFaultCode;
  /** For the operator; never part of a target, a header's value or a body. */
  readonly detail: string;
}
