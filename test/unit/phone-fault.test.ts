import { describe, expect, it } from 'vitest';
import type { ListenerConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import type { HttpAnswer } from '../../src/http/server/answer.ts';
import { findHeader, type HttpExchange } from '../../src/http/server/exchange.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { createPhoneHandler, type HandlerOptions } from '../../src/phones/handler.ts';
import type { RelayResult } from '../../src/relay/relay.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createFakeClock } from '../fake-clock.ts';
import { serviceStatus } from '../service-status.ts';

const LISTENER: ListenerConfig = {
  ...{ host: '127.0.0.1', port: 8080, publicUrl: 'http://ippa.example.com:8080', service: null },
  tls: null,
};
const PLAN = {
  ...{ answerWithinMs: 5_000, frontDoor: null, addressOf: () => '192.0.2.7' },
  templates: loadPages({ folder: 'phone-xml', languages: ['en'], help: null }),
};
const FAULT = new Error('a fault');

/** One request of a phone to a proxy of which a part fails. */
async function ask(but: Partial<HandlerOptions>) {
  const events: ProxyEvent[] = [];
  const answers: HttpAnswer[] = [];
  let broken = 0;
  const exchange: HttpExchange = {
    ...{ method: 'GET', url: '/b/fippa/SEP001122334455', httpVersion: '1.1', rawHeaders: ['Host', 'ippa.example.com'] },
    ...{ remoteAddress: '192.0.2.7', isGone: false },
    get isAnswered() {
      return answers.length > 0;
    },
    header: (name) => findHeader(exchange.rawHeaders, name),
    readForm: async () => ({ ok: true, body: Buffer.alloc(0) }),
    closeAfter: () => {},
    answer: (answer) => void answers.push(answer),
    breakOff() {
      broken += 1;
    },
  };
  const service = serviceStatus();
  const handler = createPhoneHandler({
    plan: () => PLAN,
    store: { requestFailed: () => false, pageRelayed: () => false },
    viewFor: () => ({ get: () => service, candidates: () => [], alternates: () => [] }),
    devices: createDeviceRegistry(),
    monitor: { requestFailed: async () => {}, confirm: async () => true },
    relay: () => Promise.reject(FAULT),
    addresses: { seen: () => {}, signedIn: () => {} },
    tap: { device: () => null },
    clock: createFakeClock(),
    report: (event) => void events.push(event),
    ...but,
  });
  await handler.handle(exchange, LISTENER, 8080);
  return { answers, events, broken };
}

const RELAYED: RelayResult = {
  ok: true,
  ...{ body: '<CiscoIPPhoneText/>', contentType: 'text/xml', refresh: null, expires: null, setCookies: [] },
  ...{ page: null, overlong: 0 },
};

describe('a fault of the proxy itself', () => {
  it.each<[string, Partial<HandlerOptions>]>([
    ['where the request is looked at', { addresses: { seen: () => thrown(), signedIn: () => {} } }],
    ['where an answer is waited for', { relay: () => Promise.reject(FAULT) }],
  ])('B967 costs one request an error page, and is told: %s', async (_, but) => {
    const { answers, events, broken } = await ask(but);
    expect(answers).toHaveLength(1);
    expect(String(answers[0]?.body)).toContain('Something went wrong');
    expect(broken).toBe(0);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'internal-fault', where: 'phones', error: FAULT }));
  });

  it('B967 breaks the connection if the answer has been written', async () => {
    const events: ProxyEvent[] = [];
    const report = (event: ProxyEvent) => (event.kind === 'page-relayed' ? thrown() : void events.push(event));
    const { answers, broken } = await ask({ relay: async () => RELAYED, report });
    expect(answers).toHaveLength(1);
    expect(broken).toBe(1);
    expect(events.map(({ kind }) => kind)).toEqual(['internal-fault']);
  });
});

function thrown(): never {
  throw FAULT;
}
