/** One login to a Notification Service, to see whether it works: signs in, subscribes, looks for finesse, and leaves. */

import type { NotificationConfig, ServiceConfig } from '../config/config.ts';
import type { Failure, SystemInfo } from '../domain/model.ts';
import type { Clock } from '../time/clock.ts';
import { internalError } from '../xmpp/xmpp-error.ts';
import { explainEnd, missingDomain } from './connection-failure.ts';
import { openSession, type Session } from './session.ts';

export interface Trial {
  /** Why there is no login, or null. */
  readonly failure: Failure | null;
  /** The server refuses the account: another try may lock it. */
  readonly areCredentialsRefused: boolean;
  /** The condition with which the subscription is refused, or null. */
  readonly refused: string | null;
  /** Of the user finesse; null: none came. */
  readonly presence: 'available' | 'unavailable' | null;
}

export interface TrialOptions {
  readonly service: ServiceConfig;
  readonly config: NotificationConfig;
  /** What a probe found that confirmed the service: no login goes before that. */
  readonly info: SystemInfo;
  readonly loginMs: number;
  readonly clock: Clock;
}

/** What comes after the login is waited for this long. */
const LOOK_MS = 2000;
/** Another one than any proxy's, whose connection would be ended by this one. */
const RESOURCE = 'ippa-proxy-check';

/** Never tries twice: five wrong passwords lock an account (reference/finesse-health.md §8). */
export async function tryLogin({ service, config, info, loginMs, clock }: TrialOptions): Promise<Trial> {
  const domain = config.domain ?? info.xmppDomain;
  const nothing: Trial = { failure: null, areCredentialsRefused: false, refused: null, presence: null };
  if (domain === null) return { ...nothing, failure: missingDomain().failure };
  let found = nothing;
  let isAnswered = false;
  const over = Promise.withResolvers<void>();
  let cancel = () => {};
  const look = (next: Partial<Trial>) => {
    found = { ...found, ...next };
    if (isAnswered && found.presence !== null) over.resolve();
  };
  const answered = (refused: string | null) => {
    isAnswered = true;
    look({ refused });
  };
  let session: Session | null = null;
  try {
    session = openSession({
      ...{ service, config, domain, resource: RESOURCE, loginMs, clock },
      pubsub: config.pubsub ?? info.xmppPubSubDomain ?? `pubsub.${domain}`,
      events: {
        connected() {
          cancel = clock.after(LOOK_MS, over.resolve);
        },
        presence: (available) => look({ presence: available ? 'available' : 'unavailable' }),
        notified() {},
        ignored() {},
        subscribed: () => answered(null),
        notSubscribed: (condition) => answered(condition),
        ended(error) {
          const { cause, failure } = explainEnd(error, config, domain);
          if (cause !== 'stopped') found = { ...found, failure, areCredentialsRefused: cause === 'credentials' };
          over.resolve();
        },
      },
    });
    await over.promise;
  } catch (error) {
    found = { ...found, failure: explainEnd(internalError(error), config, domain).failure };
  }
  cancel();
  await session?.close();
  return found;
}
