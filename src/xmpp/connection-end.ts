/** Why a connection to the Notification Service ended, or never came to be. */

import type { FailureCode } from '../domain/failure.ts';
import type { Failure } from '../domain/model.ts';

/**
 * `lost`: the service or the network. `configuration`: the service answers, and somebody has to change something.
 * `credentials`: it refuses the login, and trying on would lock the account. `stopped`: the proxy itself.
 */
export type EndCause = 'lost' | 'configuration' | 'credentials' | 'stopped';

export class NotificationEnd extends Error {
  readonly why: EndCause;
  readonly failure: Failure;

  constructor(why: EndCause, code: FailureCode, detail: string) {
    super(code);
    this.why = why;
    this.failure = { code, detail };
  }
}

/** A fault of the proxy itself: no outage of the service, and nothing that may end the process. */
export function faultEnd(error: unknown): NotificationEnd {
  return new NotificationEnd('configuration', 'internal', error instanceof Error ? error.name : typeof error);
}
