/** What becomes of the events of the proxy for receivers outside. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProxyEvent } from '../../src/domain/events.ts';
import {
  eachWebhookKind,
  selectWebhookEvent,
  WEBHOOK_KINDS,
  type WebhookEvent,
  type WebhookFacts,
  type WebhookType,
  wants,
} from '../../src/domain/webhook-event.ts';
import { renderDelivery } from '../../src/webhooks/format.ts';
import { webhookConfig } from '../webhook-receiver.ts';

const at = 1_800_000_000_000;
const facts: WebhookFacts = {
  service: (id) => (id === 'a' ? { name: 'Finesse $& A', cluster: 'main' } : null),
  outage: () => ({ drill: false, verdictAt: '2027-01-15T08:00:15.000Z', missing: 2 }),
  latestOutage: () => 'ID',
};
const failure = { code: 'refused', detail: 'ECONNREFUSED 10.0.0.9:8445' } as const;
const READY = { admin: 'ready', reason: null, until: null } as const;
const changed = { service: 'a', attempt: null, since: at, failure, decidedBy: null } as const;
const counts = { signedIn: 3, told: 3, elsewhere: 1, returned: 0, missing: 2 };

/** One of each that is told; what is not to be told is marked. */
const samples: readonly ProxyEvent[] = [
  { kind: 'service-changed', at, ...changed, from: 'in-service', to: 'reconnecting', attempt: 1 },
  { kind: 'service-changed', at, ...changed, from: 'reconnecting', to: 'out-of-service' },
  { kind: 'service-changed', at, ...changed, from: 'out-of-service', to: 'in-service', failure: null },
  { kind: 'service-changed', at, ...changed, from: 'reconnecting', to: 'in-service', failure: null },
  { kind: 'fippa-failing', at, service: 'a' },
  { kind: 'fippa-works-again', at, service: 'a' },
  { kind: 'credentials-refused', at, service: 'a', failure: { code: 'unauthorized', detail: '' } },
  {
    kind: 'service-set',
    at,
    service: 'a',
    from: READY,
    to: { ...READY, admin: 'drain' },
    who: 'ann',
    address: 'CANARY',
  },
  { kind: 'outage-began', at, service: 'a', outage: 'ID', drill: false, signedIn: 3 },
  {
    ...{ kind: 'outage-summary', at, service: 'a', outage: 'ID', drill: false, startedAt: at, verdictAt: at },
    ...{ endedAt: null, failure, counts },
  },
  { kind: 'outage-ended', at, service: 'a', outage: 'ID', drill: false, afterMs: 20_000 },
  { kind: 'drill-began', at, service: 'a', until: at, devices: ['CANARY'], reason: 'r', who: 'ann', address: 'CANARY' },
  { kind: 'drill-ended', at, service: 'a', because: 'time', devices: ['CANARY'], who: null, address: 'CANARY' },
  { kind: 'notification-disconnected', at, service: 'a', wasUp: true, failure },
  { kind: 'notification-connected', at, service: 'a' },
  { kind: 'certificate-expires', at, listener: 'ops', subject: 'CN=x', validTo: at, days: 3 },
  { kind: 'certificate-refused', at, listener: 'ops', problem: 'no key' },
  { kind: 'certificate-renewed', at, listener: 'ops', subject: 'CN=x', validTo: at },
  { kind: 'reload-refused', at, file: '/etc/CANARY' },
  { kind: 'reloaded', at, changes: 1, restartNeeded: 0 },
  { kind: 'records-not-kept', at, file: '/var/CANARY/outages.jsonl', error: new Error('CANARY') },
  { kind: 'records-kept-again', at, file: '/var/CANARY/outages.jsonl' },
  { kind: 'state-not-kept', at, error: new Error('CANARY') },
  { kind: 'state-kept', at },
  { kind: 'island-suspected', at, site: 'west', since: at },
  { kind: 'island-long', at, site: 'west', since: at },
  { kind: 'island-ended', at, site: 'west', since: at, because: 'reached' },
  { kind: 'report-node-changed', at, node: 'cuic', from: 'up', to: 'down', failure },
  { kind: 'report-node-changed', at, node: 'cuic', from: 'down', to: 'up', failure: null },
  { kind: 'ready', at, services: 2, pid: 1 },
  { kind: 'draining', at },
];
const told = samples.map((event) => selectWebhookEvent(event, facts)).filter((event) => event !== null);
const ofType = (type: WebhookType) => told.find((event) => event.type === type) as WebhookEvent;

describe('what is told', () => {
  it('B613 has a sample of every kind here, and names no phone, agent, address or folder', () => {
    const kinds = Object.keys(eachWebhookKind(() => {}));
    expect(new Set(samples.map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(new Set(told.map(({ type }) => type))).toEqual(
      new Set(Object.keys(WEBHOOK_KINDS).filter((type) => type !== 'test')),
    );
    expect(JSON.stringify(told)).not.toContain('CANARY');
  });

  it('B613 stands in docs/events-out.md, with when, and whether it has to be asked for', () => {
    const page = readFileSync(new URL('../../docs/events-out.md', import.meta.url), 'utf8');
    for (const [name, kind] of Object.entries(WEBHOOK_KINDS)) {
      const when = kind.when + ('isQuiet' in kind ? ' *On request.*' : '');
      expect(page).toContain(`| \`${name}\` | ${when} |\n`);
    }
  });

  it('B601 has an id that is the outage and what happened to it, on whichever proxy', () => {
    expect(ofType('service.out').id).toBe('ID:service.out');
    expect(ofType('outage.ended').id).toBe('ID:outage.ended');
    expect(ofType('proxy.ready')).toMatchObject({ id: `proxy:${at}:proxy.ready`, isShared: false });
    expect(new Set(told.map(({ id }) => id)).size).toBeGreaterThan(told.length - 3);
  });

  it('B610 opens and closes under one key', () => {
    const alerts = told.flatMap(({ type, alert }) => (alert === null ? [] : [{ type, ...alert }]));
    const opened = alerts.filter(({ action }) => action === 'trigger').map(({ key }) => key);
    const closed = alerts.filter(({ action }) => action === 'resolve').map(({ key }) => key);
    expect(new Set(opened)).toEqual(new Set(closed));
    expect(ofType('service.out').alert).toEqual({ key: 'ID', action: 'trigger' });
    expect(ofType('outage.ended').alert).toEqual({ key: 'ID', action: 'resolve' });
  });

  it('B610 of a drill opens nothing, and an outage without a verdict is not told as one', () => {
    const drill = { kind: 'outage-ended', at, service: 'a', outage: 'ID', drill: true, afterMs: 1 } as const;
    expect(selectWebhookEvent(drill, facts)?.alert).toBeNull();
    const early = { ...facts, outage: () => ({ drill: false, verdictAt: null }) };
    expect(selectWebhookEvent({ ...drill, drill: false }, early)).toBeNull();
    const attempt2 = {
      kind: 'service-changed',
      at,
      ...changed,
      from: 'reconnecting',
      to: 'reconnecting',
      attempt: 2,
    } as const;
    expect(selectWebhookEvent(attempt2, facts)).toBeNull();
  });

  it('B613 is what a receiver asked for, or all but what means nothing to anybody', () => {
    expect(wants(null, 'service.out')).toBe(true);
    expect(wants(null, 'service.reconnecting')).toBe(false);
    expect(wants(['service'], 'service.reconnecting')).toBe(true);
    expect(wants(['service.out'], 'service.back')).toBe(false);
    expect(wants(['drill'], 'test')).toBe(true);
  });

  it('reads as a sentence, whatever a name holds', () => {
    expect(ofType('service.back').text).toBe('Finesse $& A is back in service.');
    expect(ofType('service.out').text).toMatch(/^Finesse \$& A is out of service: /);
  });
});

it('every event can be rendered in every format, within the limits of PagerDuty', () => {
  for (const format of ['cloudevents', 'slack', 'pagerduty'] as const) {
    const config = webhookConfig('https://x', { format, routingKey: 'K' });
    for (const event of [...told, { ...ofType('service.set'), text: '😀'.repeat(3000) }]) {
      const { body } = renderDelivery(config, event, { proxy: 'p', version: '0' }, at);
      const json = JSON.parse(body);
      if (format !== 'pagerduty' || event.alert?.action === 'resolve') continue;
      expect([...json.payload.summary].length).toBeLessThanOrEqual(1024);
      expect(['critical', 'error', 'warning', 'info']).toContain(json.payload.severity);
    }
  }
});
