/** The receivers of webhooks as `/health` shows them: by their names, never by their URLs. Pure. */

import type { WebhookStatus } from '../domain/webhook-status.ts';

export interface WebhookEntry {
  readonly name: string;
  readonly format: WebhookStatus['format'];
  readonly state: WebhookStatus['state'];
  readonly waiting: number;
  readonly lost: number;
  readonly reason: string | null;
  readonly delivered: string | null;
  readonly since: string | null;
  readonly retryAt: string | null;
}

export function renderWebhook(status: WebhookStatus): WebhookEntry {
  const { name, format, state, waiting, lost, reason, deliveredAt, failingSince, retryAt } = status;
  return {
    ...{ name, format, state, waiting, lost, reason },
    ...{ delivered: renderTime(deliveredAt), since: renderTime(failingSince), retryAt: renderTime(retryAt) },
  };
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
