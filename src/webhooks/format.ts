/** An event as each kind of receiver takes it: the body and the headers of one request. Pure but for the signature. */

import type { WebhookConfig } from '../config/config.ts';
import { type Severity, type WebhookEvent, wants } from '../domain/webhook-event.ts';
import { renderSignature } from './signature.ts';

export interface DeliveryRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface DeliverySender {
  /** Name of this proxy, for receivers of several. */
  readonly proxy: string;
  readonly version: string;
}

/** Slack cuts longer texts, PagerDuty refuses them. */
const MAX_TEXT = 1000;

/** Whether the receiver is sent it. What closes an alert goes to every receiver that may have opened it. */
export function isFor({ format, events }: Pick<WebhookConfig, 'format' | 'events'>, event: WebhookEvent): boolean {
  if (format !== 'pagerduty') return wants(events, event.type);
  if (event.alert === null) return false;
  return event.alert.action === 'resolve' || wants(events, event.type);
}

/** `at`: of this attempt, epoch ms. */
export function renderDelivery(
  config: WebhookConfig,
  event: WebhookEvent,
  sender: DeliverySender,
  at: number,
): DeliveryRequest {
  const { type, body } = bodies[config.format](config, event, sender);
  const text = JSON.stringify(body);
  const own = Object.fromEntries(config.headers.map(({ name, value }) => [name.toLowerCase(), value]));
  return {
    body: text,
    headers: {
      ...own,
      'content-type': type,
      'user-agent': `ippa-proxy/${sender.version}`,
      ...(config.secrets.length === 0 ? {} : renderSignature(config.secrets, event.id, at, text)),
    },
  };
}

interface Body {
  readonly type: string;
  readonly body: object;
}

type Render = (config: WebhookConfig, event: WebhookEvent, sender: DeliverySender) => Body;

const bodies: Readonly<Record<WebhookConfig['format'], Render>> = {
  // CloudEvents 1.0, JSON format, structured mode
  cloudevents: (_, { id, type, at, subject, data }, { proxy }) => ({
    type: 'application/cloudevents+json; charset=utf-8',
    body: {
      specversion: '1.0',
      id,
      source: `/ippa-proxy/${encodeURIComponent(proxy)}`,
      type: `ippa-proxy.${type}`,
      ...(subject === null ? {} : { subject }),
      time: isoTime(at),
      datacontenttype: 'application/json',
      data,
    },
  }),
  slack: (_, { text, severity, at }, { proxy }) => {
    const line = `${ICONS[severity]} ${escapeSlack(cut(text))}`;
    return {
      type: 'application/json; charset=utf-8',
      body: {
        // What a notification shows, and receivers that know no blocks.
        text: line,
        blocks: [
          { type: 'section', text: { type: 'mrkdwn', text: line } },
          { type: 'context', elements: [{ type: 'mrkdwn', text: `${escapeSlack(proxy)} · ${isoTime(at)}` }] },
        ],
      },
    };
  },
  // Events API v2
  pagerduty: ({ routingKey }, { alert, type, at, subject, text, severity, data }, { proxy }) => ({
    type: 'application/json; charset=utf-8',
    body: {
      routing_key: routingKey,
      event_action: alert?.action ?? 'trigger',
      dedup_key: alert?.key.slice(0, 255),
      ...(alert?.action === 'resolve'
        ? {}
        : {
            payload: {
              ...{ summary: cut(text), source: proxy, severity, timestamp: isoTime(at), class: type },
              ...(subject === null ? {} : { component: subject }),
              ...('cluster' in data ? { group: data.cluster } : {}),
              custom_details: data,
            },
          }),
    },
  }),
};

const ICONS: Readonly<Record<Severity, string>> = {
  critical: ':red_circle:',
  error: ':large_orange_circle:',
  warning: ':large_yellow_circle:',
  info: ':large_blue_circle:',
};

/** Else a reason could hold a link, or call everybody in the channel. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= MAX_TEXT ? text : `${characters.slice(0, MAX_TEXT - 1).join('')}…`;
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
