/** All the listeners where phones connect, and which entry of the configuration each of them is at present. */

import type { AddressInfo } from 'node:net';
import type { Config, ListenerConfig } from '../config/config.ts';
import { matchListeners } from '../config/listener-identity.ts';
import { certificateEvent } from '../domain/certificate-event.ts';
import type { Report } from '../domain/events.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import { createListener, type Listener, type ListenerOptions } from '../http/server/listener.ts';
import type { CertificateStatus } from '../http/server/listener-certificate.ts';
import type { Clock } from '../time/clock.ts';

/** What of the configuration is about listeners. */
export type PhoneListenersConfig = Pick<Config['phones'], 'listeners' | 'limits' | 'httpParser'>;

export interface PhoneListenersOptions extends Pick<ListenerOptions, 'clientLimits' | 'onRefused' | 'errorAnswer'> {
  /** `port`: where it listens, also when port 0 is configured. */
  readonly onRequest: (exchange: HttpExchange, listener: ListenerConfig, port: number) => void;
  readonly clock: Clock;
  /** `listener`: its key in the configuration at the start. */
  readonly report: Report;
}

/** The certificate of one listener. */
export interface CertificateOf extends CertificateStatus {
  readonly listener: string;
}

export interface PhoneListeners {
  /** Rejects with a ListenerError. */
  start(): Promise<void>;
  /** Every answer from now on closes its connection. */
  drain(): void;
  /** As the listeners' own `stop`. */
  stop(deadlineMs: number): Promise<void>;
  /**
   * Uses from now on what can change while a socket listens: public URL, service, certificate files, limits, parser. A listener that is
   * no longer configured listens on as it was, a new one has to wait for a restart (`diffConfig` tells).
   */
  reconfigure(config: PhoneListenersConfig): void;
  /** Looks at all certificate files now. */
  lookAtCertificates(): void;
  certificates(): readonly CertificateOf[];
  /** In the order of the configuration at the start. */
  addresses(): readonly AddressInfo[];
  /** Those that listen, each as it is configured at present. */
  open(): readonly OpenPhoneListener[];
}

export interface OpenPhoneListener {
  readonly config: ListenerConfig;
  readonly address: AddressInfo;
}

interface Running {
  readonly key: string;
  config: ListenerConfig;
  readonly listener: Listener;
}

export function createPhoneListeners(
  { listeners: configured, limits, httpParser }: PhoneListenersConfig,
  options: PhoneListenersOptions,
): PhoneListeners {
  const { clientLimits, clock, report, onRefused, errorAnswer } = options;
  const running = configured.map((config, index): Running => {
    const key = `phones.listeners[${index}]`;
    const one: Running = {
      key,
      config,
      listener: createListener(config, {
        ...{ key, limits, parser: httpParser, onRefused, errorAnswer },
        ...(clientLimits === undefined ? {} : { clientLimits }),
        certificate: { clock, report: (seen) => report(certificateEvent(clock.now(), key, seen)) },
        onRequest: (exchange) => options.onRequest(exchange, one.config, one.listener.address().port),
      }),
    };
    return one;
  });
  const lookAtCertificates = () => {
    for (const { config, listener } of running) if (config.tls !== null) void listener.lookAtCertificate(config.tls);
  };
  let started = 0;
  return {
    async start() {
      for (const { listener } of running) {
        await listener.start();
        started += 1;
      }
    },
    drain() {
      for (const { listener } of running) listener.drain();
    },
    async stop(deadlineMs) {
      await Promise.all(running.map(({ listener }) => listener.stop(deadlineMs)));
    },
    reconfigure(next) {
      const matches = matchListeners(
        running.map(({ config }) => config),
        next.listeners,
      );
      for (const [index, one] of running.entries()) {
        one.config = matches[index] ?? one.config;
        one.listener.reconfigure(next.limits, next.httpParser);
      }
      lookAtCertificates();
    },
    lookAtCertificates,
    certificates: () =>
      running.flatMap(({ key, listener }) => {
        const status = listener.certificate();
        return status === null ? [] : [{ ...status, listener: key }];
      }),
    addresses: () => running.map(({ listener }) => listener.address()),
    open: () =>
      running.slice(0, started).map(({ config, listener }) => {
        return { config, address: listener.address() };
      }),
  };
}
