/** What a listener found at fault with a request, in the codes of the registry. */

import type { FailureCode } from '../domain/failure.ts';
import type { Failure } from '../domain/model.ts';
import type { RequestFault, RequestFaultCode } from '../http/server/request-fault.ts';

const CODES: Readonly<Record<RequestFaultCode, FailureCode>> = {
  malformed: 'request-malformed',
  method: 'request-method',
  'too-long': 'request-too-long',
  'body-too-large': 'request-body-too-large',
  flood: 'request-flood',
  'not-taken': 'answer-not-taken',
};

export function failureOf({ code, detail }: RequestFault): Failure {
  return { code: CODES[code], detail };
}
