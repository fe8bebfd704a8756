/** Sends what waits for one receiver, one after the other, until each is delivered or given up. */

import type { WebhookConfig } from '../config/config.ts';
import {
  type DeliveryOutcome,
  type DeliveryStep,
  decideDelivery,
  GIVE_UP_AFTER_MS,
  RETRY_AFTER_MS,
  renderOutcome,
} from '../domain/delivery.ts';
import type { EventOf, Report } from '../domain/events.ts';
import type { WebhookEvent } from '../domain/webhook-event.ts';
import type { WebhookStatus } from '../domain/webhook-status.ts';
import type { Clock } from '../time/clock.ts';
import { type DeliverySender, renderDelivery } from './format.ts';
import type { Outbox, Waiting } from './outbox.ts';
import type { Post } from './post.ts';

/** Whether another proxy does what is to be done once (shared/facts.ts); `unknown`: nobody can say. */
export type ClaimDelivery = (name: string, forMs: number) => Promise<'ours' | 'theirs' | 'unknown'>;

export interface Receiver {
  /** Something may be waiting. */
  wake(): void;
  /** So many of its events are lost. */
  lost(events: number, because: LossReason): void;
  status(): WebhookStatus;
  reconfigure(config: WebhookConfig): void;
  /** Begins nothing any more, and breaks off what is under way after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

export type LossReason = EventOf<'webhook-lost'>['because'];

export interface ReceiverOptions {
  readonly config: WebhookConfig;
  readonly outbox: Outbox;
  readonly sender: DeliverySender;
  readonly post: Post;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
  readonly claim?: ClaimDelivery | undefined;
}

/** Longer than any attempt of the one who has it. */
const CLAIM_MS = 24 * 3_600_000;

export function createReceiver(options: ReceiverOptions): Receiver {
  const { outbox, sender, post, clock, random, report, claim } = options;
  let { config } = options;
  const { name } = config;
  let isRunning = true;
  let busy: Promise<void> | null = null;
  let abort = new AbortController();
  let cancelRetry: (() => void) | null = null;
  let failures = 0;
  let isStopped = false;
  let isRefused = false;
  let lostCount = 0;
  let reason: string | null = null;
  let deliveredAt: number | null = null;
  let failingSince: number | null = null;
  let retryAt: number | null = null;
  /** Of the first event: asked once. */
  let claimed: string | null = null;

  const wake = () => {
    if (!isRunning || isStopped || busy !== null || cancelRetry !== null) return;
    if (outbox.first(name) === null) return;
    busy = sendAll().finally(() => {
      busy = null;
      // What came between the last look and here.
      wake();
    });
  };

  const sendAll = async (): Promise<void> => {
    for (let next = outbox.first(name); next !== null && isRunning; next = outbox.first(name)) {
      if (await isTheirs(next)) {
        outbox.remove(name, next.event.id);
        continue;
      }
      if (!(await attempt(next))) return;
    }
  };

  const isTheirs = async ({ event, isRead }: Waiting): Promise<boolean> => {
    // A claim of the process before this one looks like that of somebody else.
    if (claim === undefined || !event.isShared || isRead || claimed === event.id) return false;
    const answer = await claim(`webhook:${name}:${event.id}`, CLAIM_MS).catch(() => 'unknown' as const);
    // Twice is better than never, and receivers know doubles by their id.
    if (answer !== 'theirs') claimed = event.id;
    return answer === 'theirs';
  };

  /** Whether the next one may follow at once. */
  const attempt = async ({ event, agedMs, since }: Waiting): Promise<boolean> => {
    const { signal } = abort;
    const outcome = await postSafely(event, signal);
    // Broken off by the end of the process or by another configuration: nothing is known of it.
    if (signal.aborted && outcome.kind === 'failed') return isRunning;
    const ageMs = ageOf({ agedMs, since });
    const isDelivered = outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
    const step = decideDelivery(outcome, { failures: failures + (isDelivered ? 0 : 1), ageMs, random: random() });
    return take(event, outcome, step, ageMs);
  };

  /** A fault of our own must not stop the queue without a word. */
  const postSafely = async (event: WebhookEvent, signal: AbortSignal): Promise<DeliveryOutcome> => {
    try {
      return await post(config, renderDelivery(config, event, sender, clock.now()), signal);
    } catch (error) {
      return {
        kind: 'failed',
        detail: `a fault of the proxy itself (${error instanceof Error ? error.name : 'thrown'})`,
      };
    }
  };

  const ageOf = ({ agedMs, since }: Pick<Waiting, 'agedMs' | 'since'>) => agedMs + clock.passed() - since;

  const take = (event: WebhookEvent, outcome: DeliveryOutcome, step: DeliveryStep, ageMs: number): boolean => {
    const at = clock.now();
    const { id, type } = event;
    if (step.next === 'delivered') {
      outbox.remove(name, id);
      report({ kind: 'webhook-delivered', at, webhook: name, type, id, afterMs: Math.round(ageMs), failures });
      failures = 0;
      isRefused = false;
      ({ reason, failingSince, retryAt } = { reason: null, failingSince: null, retryAt: null });
      deliveredAt = at;
      return true;
    }
    reason = renderOutcome(outcome);
    const retryInMs = step.next === 'retry' ? step.afterMs : null;
    report({ kind: 'webhook-failed', at, webhook: name, type, id, because: reason, retryInMs });
    if (step.next === 'lost' && step.because === 'refused') {
      outbox.remove(name, id);
      lost(1, 'refused');
      // It says nothing of the next one.
      isRefused = true;
      return true;
    }
    failures += 1;
    failingSince ??= at;
    if (step.next === 'stop') stopForGood(at);
    else if (step.next === 'retry') retry(step.afterMs);
    else {
      loseOld();
      retry(RETRY_AFTER_MS.at(-1) ?? 0);
    }
    return false;
  };

  /** A day of attempts was in vain: whatever is as old is of no use to anybody. */
  const loseOld = () => {
    let count = 0;
    for (let next = outbox.first(name); next !== null && ageOf(next) >= GIVE_UP_AFTER_MS; next = outbox.first(name)) {
      outbox.remove(name, next.event.id);
      count += 1;
    }
    lost(count, 'too-old');
  };

  const retry = (afterMs: number) => {
    retryAt = clock.now() + afterMs;
    cancelRetry = clock.after(afterMs, () => {
      cancelRetry = null;
      wake();
    });
  };

  const stopForGood = (at: number) => {
    isStopped = true;
    report({ kind: 'webhook-stopped', at, webhook: name });
    const count = outbox.size(name);
    for (let next = outbox.first(name); next !== null; next = outbox.first(name)) outbox.remove(name, next.event.id);
    lost(count, 'stopped');
  };

  const lost = (events: number, because: LossReason) => {
    if (events === 0) return;
    lostCount += events;
    report({ kind: 'webhook-lost', at: clock.now(), webhook: name, events, because });
  };

  const status = (): WebhookStatus => ({
    ...{ name, format: config.format, waiting: outbox.size(name), lost: lostCount },
    state: isStopped ? 'stopped' : failingSince !== null ? 'waiting' : isRefused ? 'refused' : 'ok',
    ...{ reason, deliveredAt, failingSince, retryAt },
  });

  return {
    wake,
    lost,
    status,
    reconfigure(next) {
      config = next;
      // Another address or key may be just what was missing: whatever waits is tried at once.
      isStopped = false;
      failures = 0;
      cancelRetry?.();
      cancelRetry = null;
      retryAt = null;
      const before = abort;
      abort = new AbortController();
      before.abort();
      wake();
    },
    async stop(withinMs) {
      isRunning = false;
      cancelRetry?.();
      cancelRetry = null;
      const cancel = clock.after(withinMs, () => abort.abort());
      await busy;
      cancel();
    },
  };
}
