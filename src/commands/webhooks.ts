/** `ippa-proxy webhooks test NAME`: sends one event to a receiver from here, as the proxy would, and says what it answered. */

import { hostname } from 'node:os';
import type { WebhookConfig } from '../config/config.ts';
import { renderProblems } from '../config/load.ts';
import { printable } from '../config/values.ts';
import { type DeliveryOutcome, renderOutcome } from '../domain/delivery.ts';
import { testEvent } from '../domain/webhook-event.ts';
import { renderDelivery } from '../webhooks/format.ts';
import { post } from '../webhooks/post.ts';
import { loadConfiguration } from './configuration.ts';
import type { Output } from './output.ts';

export interface WebhookTestOptions {
  readonly config: string;
  /** Absent: every one. */
  readonly name?: string | undefined;
  readonly json?: boolean;
}

interface WebhookTest {
  readonly name: string;
  readonly delivered: boolean;
  readonly result: string;
}

/** 0: all of them took it · 1: one did not · 2: no such webhook, or the configuration is wrong. */
export async function runWebhooksTest(
  { config: file, name, json = false }: WebhookTestOptions,
  version: string,
  output: Output,
): Promise<0 | 1 | 2> {
  const loaded = await loadConfiguration(file);
  if (!loaded.ok) {
    output.stderr(renderProblems(loaded.problems));
    return 2;
  }
  const { webhooks } = loaded.config;
  const chosen = webhooks.filter((webhook) => name === undefined || webhook.name === name);
  if (chosen.length === 0) {
    const there = webhooks.map((webhook) => webhook.name).join(', ');
    const what = name === undefined ? 'has no webhooks' : `has no webhook ${printable(name)}`;
    output.stderr(`${file} ${what}${there === '' ? '' : `; it has: ${there}`}\n`);
    return 2;
  }
  const results = await Promise.all(chosen.map((webhook) => testOne(webhook, version)));
  const ok = results.every(({ delivered }) => delivered);
  if (json) output.stdout(`${JSON.stringify({ ok, webhooks: results }, null, 2)}\n`);
  else {
    for (const { name: each, delivered, result } of results) {
      output.stdout(`  ${delivered ? 'ok    ' : 'FAILED'}  ${each}: ${result}\n`);
    }
  }
  return ok ? 0 : 1;
}

/** Whoever pages people is sent what opens an incident of the lowest severity, and at once what closes it. */
async function testOne(webhook: WebhookConfig, version: string): Promise<WebhookTest> {
  const { name, format } = webhook;
  const at = Date.now();
  const actions = format === 'pagerduty' ? (['trigger', 'resolve'] as const) : [null];
  let outcome: DeliveryOutcome = { kind: 'failed', detail: 'nothing was sent' };
  for (const action of actions) {
    const request = renderDelivery(webhook, testEvent(at, action), { proxy: hostname(), version }, at);
    outcome = await post(webhook, request, new AbortController().signal);
    if (!isDelivered(outcome)) break;
  }
  const delivered = isDelivered(outcome);
  const result = `${delivered ? 'it took the event' : 'it did not take the event'} (${renderOutcome(outcome)})`;
  return { name, delivered, result };
}

function isDelivered(outcome: DeliveryOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
}
