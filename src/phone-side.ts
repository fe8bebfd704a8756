/**
 * The half of the proxy that phones meet: listeners, gate, handler, relay, limits of clients. It runs beside the other half
 * (`app.ts`), or in several processes of which each has one (`phone-process.ts`); what it asks of the other half is here.
 */

import type { AddressInfo } from 'node:net';
import type { Config } from './config/config.ts';
import { type ClientLimits, createClientLimits } from './http/server/client-limits.ts';
import type { SharedListening } from './http/server/listener.ts';
import type { PageTemplates } from './pages/templates.ts';
import { createPhoneHandler, type HandlerOptions } from './phones/handler.ts';
import { type CertificateOf, createPhoneListeners } from './phones/phone-listeners.ts';
import { allServices, createPlan, defineClientLimits } from './plan.ts';
import { createRelay } from './relay/relay.ts';
import type { NameStore } from './store/names.ts';

export interface PhoneSideOptions extends Omit<HandlerOptions, 'plan' | 'relay'> {
  readonly config: Config;
  readonly templates: PageTemplates;
  readonly names: NameStore;
  /** Absent: what the configuration says. */
  readonly clientLimits?: ClientLimits;
  /** Other processes listen on the same ports. */
  readonly shared?: SharedListening;
}

export interface PhoneSide {
  /** Rejects with a ListenerError. */
  start(): Promise<void>;
  /** Another configuration, after the stores. Requests under way end by the one they came under. */
  apply(config: Config, templates: PageTemplates): void;
  /** Every answer from now on closes its connection. */
  drain(): void;
  /** Accepts no more, finishes what is in flight within `deadlineMs`, and closes the connections to Finesse. */
  stop(deadlineMs: number): Promise<void>;
  /** In the order of the configuration; after start. */
  addresses(): readonly AddressInfo[];
  certificates(): readonly CertificateOf[];
}

export function createPhoneSide(options: PhoneSideOptions): PhoneSide {
  const { config, names, clock, report } = options;
  let plan = createPlan(config, options.templates);
  const relay = createRelay(allServices(config), names);
  const handler = createPhoneHandler({ ...options, plan: () => plan, relay: relay.relay });
  const { clientLimits = createClientLimits(defineClientLimits(config), clock) } = options;
  const listeners = createPhoneListeners(config.phones, {
    onRequest: (exchange, listener, port) => void handler.handle(exchange, listener, port),
    onRefused: handler.refused,
    errorAnswer: handler.refusalPage,
    ...{ clientLimits, clock, report },
    ...(options.shared === undefined ? {} : { shared: options.shared }),
  });

  return {
    start: listeners.start,
    apply(next, templates) {
      plan = createPlan(next, templates);
      relay.reconfigure(allServices(next));
      clientLimits.reconfigure(defineClientLimits(next));
      listeners.reconfigure(next.phones);
    },
    drain: listeners.drain,
    async stop(deadlineMs) {
      await listeners.stop(deadlineMs);
      await relay.close();
    },
    addresses: listeners.addresses,
    certificates: listeners.certificates,
  };
}
