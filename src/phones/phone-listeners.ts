/** All the listeners where phones connect, and which entry of the configuration each of them is at present. */

import type { AddressInfo, BlockList } from 'node:net';
import type { Config, ListenerConfig } from '../config/config.ts';
import { matchListeners } from '../config/listener-identity.ts';
import { certificateEvent } from '../domain/certificate-event.ts';
import type { Report } from '../domain/events.ts';
import { parseNetworks } from '../http/server/client-address.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import { createListener, type Listener, type ListenerOptions } from '../http/server/listener.ts';
import type { CertificateStatus } from '../http/server/listener-certificate.ts';
import type { Clock } from '../time/clock.ts';

/** What of the configuration is about listeners. */
export type PhoneListenersConfig = Pick<Config['phones'], 'listeners' | 'limits' | 'httpParser' | 'trustedFronts'>;

export interface PhoneListenersOptions
  extends Pick<ListenerOptions, 'clientLimits' | 'onRefused' | 'errorAnswer' | 'shared'> {
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
}

interface Running {
  readonly key: string;
  config: ListenerConfig;
  readonly listener: Listener;
}

export function createPhoneListeners(
  { listeners: configured, limits, httpParser, trustedFronts }: PhoneListenersConfig,
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
        fronts: frontsOf(config, trustedFronts),
        ...(clientLimits === undefined ? {} : { clientLimits }),
        ...(options.shared === undefined ? {} : { shared: options.shared }),
        certificate: { clock, report: (seen) => report(certificateEvent(clock.now(), key, seen)) },
        onRequest: (exchange) => options.onRequest(exchange, one.config, one.listener.address().port),
      }),
    };
    return one;
  });
  const lookAtCertificates = () => {
    for (const { config, listener } of running) if (config.tls !== null) void listener.lookAtCertificate(config.tls);
  };
  return {
    async start() {
      for (const { listener } of running) await listener.start();
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
        one.listener.reconfigure(next.limits, next.httpParser, frontsOf(one.config, next.trustedFronts));
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
  };
}

/** Whose connections begin with a header of the PROXY protocol. */
function frontsOf({ proxyProtocol }: ListenerConfig, trustedFronts: readonly string[]): BlockList | null {
  return proxyProtocol === true ? parseNetworks(trustedFronts) : null;
}
