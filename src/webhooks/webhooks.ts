/** Events of the proxy, told to whoever the configuration names: which ones, kept until they are delivered or given up. */

import type { Config, WebhookConfig } from '../config/config.ts';
import type { EventHandlers, Report } from '../domain/events.ts';
import { eachWebhookKind, selectWebhookEvent, type WebhookFacts } from '../domain/webhook-event.ts';
import type { WebhookStatus } from '../domain/webhook-status.ts';
import type { Clock } from '../time/clock.ts';
import { type DeliverySender, isFor } from './format.ts';
import { createOutbox } from './outbox.ts';
import { post as postReally } from './post.ts';
import { type ClaimDelivery, createReceiver, type Receiver } from './receiver.ts';

export interface Webhooks {
  readonly handlers: EventHandlers;
  /** In the order of the configuration. */
  status(): readonly WebhookStatus[];
  /** What an operator should know, for `/health`. */
  problems(): readonly string[];
  /** Why what waits would not survive the process although it is meant to; null: it would. */
  notKept(): string | null;
  /** Reads what waits since the last process. */
  read(): void;
  begin(): void;
  reconfigure(config: Config): void;
  /** What is left stays in the folder; without one it is lost, and said so. */
  stop(withinMs: number): Promise<void>;
}

export interface WebhooksOptions {
  readonly config: Pick<Config, 'webhooks' | 'state'>;
  readonly sender: DeliverySender;
  readonly facts: WebhookFacts;
  readonly clock: Clock;
  readonly report: Report;
  readonly random?: () => number;
  readonly post?: typeof postReally;
  readonly claim?: ClaimDelivery;
  readonly maxWaiting?: number;
}

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { sender, facts, clock, report, random = Math.random, post = postReally, claim, maxWaiting } = options;
  let { webhooks, state } = options.config;
  const outbox = createOutbox({ clock, report, ...(maxWaiting === undefined ? {} : { maxWaiting }) });
  const receivers = new Map<string, Receiver>();
  let isRunning = false;

  const make = (config: WebhookConfig) =>
    receivers.set(config.name, createReceiver({ config, outbox, sender, post, clock, random, report, claim }));
  for (const config of webhooks) make(config);

  const handlers = eachWebhookKind((happened) => {
    if (webhooks.length === 0) return;
    const event = selectWebhookEvent(happened, facts);
    if (event === null) return;
    for (const config of webhooks) {
      const receiver = receivers.get(config.name);
      if (receiver === undefined || !isFor(config, event)) continue;
      if (receiver.status().state === 'stopped') receiver.lost(1, 'stopped');
      else if (outbox.add(config.name, event)) receiver.lost(1, 'too-many');
      if (isRunning) receiver.wake();
    }
  });

  const dropOthers = () => {
    const dropped = outbox.keepOnly(webhooks.map(({ name }) => name));
    for (const [webhook, events] of dropped) {
      report({ kind: 'webhook-lost', at: clock.now(), webhook, events, because: 'removed' });
    }
  };

  return {
    handlers,
    status: () => webhooks.flatMap(({ name }) => receivers.get(name)?.status() ?? []),
    problems: () => [
      ...webhooks.flatMap(({ name }) => describeProblem(receivers.get(name)?.status())),
      ...(webhooks.length === 0 ? [] : [outbox.problem()].filter((problem) => problem !== null)),
    ],
    notKept: outbox.problem,
    read: () => outbox.read(state.folder),
    begin() {
      isRunning = true;
      if (webhooks.length > 0 || outbox.receivers().length > 0) outbox.begin();
      dropOthers();
      for (const receiver of receivers.values()) receiver.wake();
    },
    reconfigure(next) {
      const before = new Map(webhooks.map((config) => [config.name, config]));
      if (webhooks.length === 0 && next.webhooks.length > 0 && isRunning) outbox.begin();
      ({ webhooks, state } = next);
      outbox.moveTo(state.folder);
      for (const [name, receiver] of receivers) {
        if (webhooks.some((config) => config.name === name)) continue;
        receivers.delete(name);
        void receiver.stop(0);
      }
      for (const config of webhooks) {
        const old = before.get(config.name);
        if (old === undefined) make(config);
        else if (JSON.stringify(old) !== JSON.stringify(config)) receivers.get(config.name)?.reconfigure(config);
      }
      dropOthers();
    },
    async stop(withinMs) {
      // One that never began, a second copy of the proxy say, has nothing to lose.
      const hasBegun = isRunning;
      isRunning = false;
      await Promise.all([...receivers.values()].map((receiver) => receiver.stop(withinMs)));
      if (hasBegun && !outbox.isKept()) {
        for (const [name, receiver] of receivers) receiver.lost(outbox.size(name), 'ended');
      }
      // A slow disk must not hold the end of the process.
      const limit = Promise.withResolvers<void>();
      const cancel = clock.after(withinMs, limit.resolve);
      await Promise.race([outbox.stop(), limit.promise]);
      cancel();
    },
  };
}

function describeProblem(status: WebhookStatus | undefined): string[] {
  if (status === undefined || status.state === 'ok') return [];
  const { name, reason, waiting, lost } = status;
  const counts = `${waiting} events wait${lost === 0 ? '' : `, ${lost} are lost`}`;
  if (status.state === 'stopped') {
    return [`webhook ${name}: it answered 410 and is sent nothing more (${lost} events are lost); change or remove it`];
  }
  const because = status.state === 'refused' ? `it refused the last event (${reason})` : (reason ?? 'no answer');
  return [`webhook ${name}: ${because}; ${counts}`];
}
