/** A receiver of webhooks as its sender knows it, for `/health` and the metrics. */

export interface WebhookStatus {
  readonly name: string;
  readonly format: 'cloudevents' | 'slack' | 'pagerduty';
  /**
   * `waiting`: the last attempt failed, and there will be another; `refused`: it did not want the last event; `stopped`: it
   * answered 410 and is sent nothing more.
   */
  readonly state: 'ok' | 'waiting' | 'refused' | 'stopped';
  /** Events that are to be delivered. */
  readonly waiting: number;
  /** Events that were given up since the start. */
  readonly lost: number;
  /** Why the last attempt failed; null: it did not. */
  readonly reason: string | null;
  /** Epoch ms. */
  readonly deliveredAt: number | null;
  readonly failingSince: number | null;
  readonly retryAt: number | null;
}
