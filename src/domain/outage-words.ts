/**
 * What agents are told of an outage (reference/high-availability.md): what has failed, whether a call in progress stays up, and
 * whether the vendor's five minutes apply. Pure.
 */

import { type FailureCode, failures, type OutageCause, selectOutageCause } from './failure.ts';
import type { ServiceStatus } from './model.ts';
import { FIVE_MINUTES_MS } from './outage.ts';

export interface OutageWords {
  /** null: no more is known than that the service is out, or it is not. */
  readonly cause: OutageCause | null;
  readonly callStays: boolean;
  readonly hurry: boolean;
}

type Spoken = Pick<ServiceStatus, 'state' | 'failure' | 'fippaFailing' | 'info' | 't0' | 'rejoinedAt'>;

/** How long after the end of an island an outage is taken for a node that drops its mastership. */
const REJOIN_MS = 300_000;

/**
 * `failed`: what a phone's request has just ended by. `others`: the services that agents are led to, which tell of the
 * deployment where the one that failed was never seen.
 */
export function decideOutageWords(
  status: Spoken,
  others: readonly Pick<ServiceStatus, 'info'>[],
  failed: FailureCode | null,
  now: number,
): OutageWords {
  const isOut = status.state === 'reconnecting' || status.state === 'out-of-service';
  const cause = isOut ? selectOutageCause(status.failure) : status.fippaFailing ? 'pagesFail' : null;
  return {
    cause,
    callStays: isOut ? !isRejoin(status) : isServerFault(status, failed),
    hurry: isHurry(status, others, now),
  };
}

/**
 * The loss of Finesse, of its CTI server and of the way to it ends no call with an agent. An operator's own setting, and a
 * refusal of the proxy's own, are in no table of the vendor's.
 */
function isServerFault({ fippaFailing }: Spoken, failed: FailureCode | null): boolean {
  return (
    fippaFailing ||
    (failed !== null && failures[failed].cause !== 'request' && failed !== 'busy' && failed !== 'internal')
  );
}

/** When the sites are joined again one node drops mastership and the calls that it handled. */
function isRejoin({ t0, rejoinedAt }: Spoken): boolean {
  return t0 !== null && rejoinedAt !== null && t0 >= rejoinedAt && t0 - rejoinedAt < REJOIN_MS;
}

/**
 * The five minutes are Unified CCX's, from the failure on. Of a service that is back it is not known when it failed, and
 * whoever reads that was not signed in again yet.
 */
function isHurry({ info, t0 }: Spoken, others: readonly Pick<ServiceStatus, 'info'>[], now: number): boolean {
  const isCcx = [info, ...others.map((other) => other.info)].some((each) => each?.deploymentType === 'UCCX');
  return isCcx && (t0 === null || now - t0 < FIVE_MINUTES_MS);
}
