/** The certificates of the listeners that other processes have: watched and reported here, once and not by each of them. */

import type { Config, ListenerConfig } from '../config/config.ts';
import { matchListeners } from '../config/listener-identity.ts';
import { certificateEvent } from '../domain/certificate-event.ts';
import type { Report } from '../domain/events.ts';
import {
  type CertificatePair,
  type CertificateStatus,
  createListenerCertificate,
  type ListenerCertificate,
} from '../http/server/listener-certificate.ts';
import { ListenerError } from '../http/server/listener-error.ts';
import type { Clock } from '../time/clock.ts';

export interface SharedCertificates {
  /** Rejects with a ListenerError. */
  start(): Promise<void>;
  reconfigure(phones: Pick<Config['phones'], 'listeners'>): void;
  /** What is in use, by listener at the start; null: no TLS. */
  pairs(): readonly (CertificatePair | null)[];
  all(): readonly (CertificateStatus & { readonly listener: string })[];
  stop(): void;
}

interface Held {
  readonly key: string;
  config: ListenerConfig;
  readonly certificate: ListenerCertificate | null;
}

export function createSharedCertificates(
  { listeners }: Pick<Config['phones'], 'listeners'>,
  clock: Clock,
  report: Report,
): SharedCertificates {
  const held = listeners.map((config, index): Held => {
    const key = `phones.listeners[${index}]`;
    const seen = (change: Parameters<typeof certificateEvent>[2]) => report(certificateEvent(clock.now(), key, change));
    const { tls } = config;
    return { key, config, certificate: tls === null ? null : createListenerCertificate(tls, { clock, report: seen }) };
  });
  return {
    async start() {
      for (const { key, certificate } of held) {
        try {
          await certificate?.load();
        } catch (error) {
          throw new ListenerError(
            `${key}.tls`,
            `certificate or key cannot be used: ${(error as Error).message}`,
            error,
          );
        }
        // The processes watch the files themselves.
        certificate?.watch(() => {});
      }
    },
    reconfigure(next) {
      const matches = matchListeners(
        held.map(({ config }) => config),
        next.listeners,
      );
      for (const [index, one] of held.entries()) {
        one.config = matches[index] ?? one.config;
        if (one.config.tls !== null) void one.certificate?.look(one.config.tls);
      }
    },
    pairs: () => held.map(({ certificate }) => certificate?.pair() ?? null),
    all: () =>
      held.flatMap(({ key, certificate }) => {
        const status = certificate?.status() ?? null;
        return status === null ? [] : [{ ...status, listener: key }];
      }),
    stop() {
      for (const { certificate } of held) certificate?.stop();
    },
  };
}
