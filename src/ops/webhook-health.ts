/** The receivers of webhooks as `/health` shows them: by their names, never by their URLs. Pure. */

/** As the sender knows it. Times in epoch ms. */
export interface WebhookStatus {
  readonly name: string;
  readonly format: 'cloudevents' | 'slack' | 'pagerduty';
  readonly state: 'ok' | 'waiting' | 'refused' | 'stopped';
  readonly waiting: number;
  readonly lost: number;
  readonly reason: string | null;
  readonly deliveredAt: number | null;
  readonly failingSince: number | null;
  readonly retryAt: number | null;
}

export interface WebhookEntry {
  readonly name: string;
  readonly format: WebhookStatus['format'];
  /**
   * `waiting`: the last attempt failed, and there will be another; `refused`: it did not want the last event; `stopped`: it
   * answered 410 and is sent nothing more.
   */
  readonly state: WebhookStatus['state'];
  /** Events that are to be delivered. */
  readonly waiting: number;
  /** Events that were given up since the start. */
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
