/**
 * Listens to the Notification Service of one Finesse server and reports what it says. When it may connect is decided by
 * SystemInfo: every login follows a probe that confirmed the service (reference/high-availability.md, recovery rule 1).
 */

import type { NotificationConfig, ServiceConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { SignalEvent } from '../domain/health/events.ts';
import type { SystemInfo } from '../domain/model.ts';
import type { Tap } from '../domain/tap.ts';
import type { Clock } from '../time/clock.ts';
import { internalError } from '../xmpp/xmpp-error.ts';
import { type ConnectionEnd, explainEnd, missingDomain } from './connection-failure.ts';
import { AT_ONCE, mayLogIn, reducePace } from './login-pacing.ts';
import { openSession, type Session } from './session.ts';

export interface NotificationOptions {
  readonly service: ServiceConfig;
  readonly config: NotificationConfig;
  /** Length of one attempt of the timeline, as it is configured now. */
  readonly intervalMs: () => number;
  readonly clock: Clock;
  /** Whether a connection that was up is lost, also one of a client before this. */
  readonly isLost: () => boolean;
  /**
   * Letters and digits, the same at each start, and others for each proxy: two with one account must not take each other's
   * place, and the server keeps a subscription of each name that there ever was.
   */
  readonly name: string;
  /** What it says of the service. */
  readonly signal: (event: SignalEvent) => void;
  readonly tap?: Pick<Tap, 'service'>;
  readonly report: Report;
}

export interface NotificationClient {
  /** A probe has confirmed the service: connects, if it is not connected and may. */
  confirmed(info: SystemInfo): void;
  stop(): Promise<void>;
}

/** Of one proxy: each is a subscription that may stay behind. */
const MAX_NAMES = 9;
/** Of an attempt, for a login; the rest is for the probe before it. */
const LOGIN_SHARE = 0.8;

export function createNotificationClient(options: NotificationOptions): NotificationClient {
  const { service, config, clock, signal, report } = options;
  const { id } = service;
  let session: Session | null = null;
  let pace = AT_ONCE;
  let isStopped = false;
  let number = 1;

  const connect = (domain: string, pubsub: string) => {
    const startedAt = clock.passed();
    let isUp = false;
    const resource = `ippa-proxy-${options.name}${number === 1 ? '' : `-${number}`}`;
    session = openSession({
      ...{ service, config, domain, pubsub, resource, clock, loginMs: LOGIN_SHARE * options.intervalMs() },
      events: {
        connected() {
          isUp = true;
          report({ kind: 'notification-connected', at: clock.now(), service: id });
          signal({ kind: 'connected', at: clock.now() });
        },
        presence(available) {
          report({ kind: 'notification-presence', at: clock.now(), service: id, available });
          signal({ kind: 'presence', at: clock.now(), available });
        },
        notified(status) {
          report({ kind: 'notification-status', at: clock.now(), service: id, status });
          signal({ kind: 'notified', at: clock.now(), status });
        },
        received: (stanza) => options.tap?.service(id)?.stanza(stanza),
        ignored: (because) => report({ kind: 'notification-ignored', at: clock.now(), service: id, because }),
        notSubscribed(condition) {
          report({ kind: 'notification-not-subscribed', at: clock.now(), service: id, condition });
          signal({ kind: 'not-subscribed', at: clock.now(), condition });
        },
        ended(error) {
          // Whoever holds our name may be ourselves, on a connection that the server does not know to be dead.
          if (error.code === 'conflict') number = (number % MAX_NAMES) + 1;
          ended(explainEnd(error, config, domain), startedAt, isUp);
        },
      },
    });
  };

  const ended = ({ cause, failure }: ConnectionEnd, startedAt: number, isUp: boolean) => {
    session = null;
    if (isStopped) return;
    const at = clock.now();
    const wasUp = isUp || options.isLost();
    pace = reducePace(pace, { cause, startedAt, at: clock.passed(), wasUp, intervalMs: options.intervalMs() });
    report({ kind: 'notification-disconnected', at, service: id, wasUp: isUp, failure });
    signal({ kind: 'disconnected', at, cause: cause === 'lost' ? 'lost' : 'configuration', failure });
  };

  return {
    confirmed(info) {
      if (isStopped || session !== null || !mayLogIn(pace, clock.passed())) return;
      const domain = config.domain ?? info.xmppDomain;
      if (domain === null) return ended(missingDomain(), clock.passed(), false);
      try {
        connect(domain, config.pubsub ?? info.xmppPubSubDomain ?? `pubsub.${domain}`);
      } catch (error) {
        ended(explainEnd(internalError(error), config, domain), clock.passed(), false);
      }
    },
    async stop() {
      isStopped = true;
      await session?.close();
    },
  };
}
