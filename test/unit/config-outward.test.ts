/** The keys of webhooks and of syslog: what is right, what is wrong, and what no message shows. */
import { describe, expect, it } from 'vitest';
import { diffConfig } from '../../src/config/diff.ts';
import { WEBHOOK_GROUPS } from '../../src/domain/webhook-event.ts';
import { PROXY_CERTIFICATE } from './config-certificates.ts';
import { load, problemsOf, VALID, warningsOf } from './config-files.ts';

const KEY = `whsec_${Buffer.from('CANARYCANARYCANARYCANARY').toString('base64')}`;
const NOC = `name: noc, url: "https://noc.example.com/CANARY", secret: ${KEY}`;
const STATE = 'state: { folder: /var/lib/ippa-proxy }\n';
const webhooks = (...flows: readonly string[]) =>
  `${VALID}${STATE}webhooks:\n${flows.map((flow) => `  - { ${flow} }\n`).join('')}`;

async function loaded(text: string, files: Readonly<Record<string, string>> = {}, env = {}) {
  const result = await load(text, files, { env });
  if (!result.ok) throw new Error(result.problems.map(({ key, message }) => `${key}: ${message}`).join('\n'));
  return result.config;
}

describe('webhooks', () => {
  it('have their defaults, and each its own way to say what is secret', async () => {
    const config = await loaded(
      webhooks(
        `${NOC}, previousSecret: { env: OLD }, events: [service.out, outage], tls: { ca: ca.pem }, headers: [{ name: X-Key, value: { file: key } }]`,
        'name: chat, format: slack, url: { file: slack }',
        'name: pager, format: pagerduty, routingKey: R123',
      ),
      { 'ca.pem': PROXY_CERTIFICATE, key: 'value\n', slack: 'https://hooks.slack.com/services/T/B/x\n' },
      { OLD: KEY },
    );
    const none = { ca: null, fingerprints: [], certificateNames: [], headers: [], events: null, routingKey: null };
    expect(config.webhooks).toEqual([
      {
        ...{ ...none, name: 'noc', format: 'cloudevents', url: 'https://noc.example.com/CANARY', secrets: [KEY, KEY] },
        ...{ events: ['service.out', 'outage'], ca: PROXY_CERTIFICATE, headers: [{ name: 'X-Key', value: 'value' }] },
      },
      { ...none, name: 'chat', format: 'slack', url: 'https://hooks.slack.com/services/T/B/x', secrets: [] },
      {
        ...{ ...none, name: 'pager', format: 'pagerduty', url: 'https://events.pagerduty.com/v2/enqueue', secrets: [] },
        routingKey: 'R123',
      },
    ]);
  });

  it.each([
    ['no secret', 'name: a, url: "https://x"', 'webhooks[0].secret', 'nothing', 'format: cloudevents'],
    ['no url', `name: a, secret: ${KEY}`, 'webhooks[0].url', 'nothing', 'needs'],
    ['no url of Slack', 'name: a, format: slack', 'webhooks[0].url', 'nothing', 'needs'],
    ['a secret with Slack', `${NOC}, format: slack`, 'webhooks[0].secret', 'not printed', 'cloudevents'],
    ['a routing key', `${NOC}, routingKey: CANARY`, 'webhooks[0].routingKey', 'not printed', 'pagerduty'],
    ['none', 'name: a, format: pagerduty', 'webhooks[0].routingKey', 'nothing', 'pagerduty'],
    [
      'a url that is none',
      `name: a, url: "CANARY", secret: ${KEY}`,
      'webhooks[0].url',
      'not printed',
      'without credentials',
    ],
    [
      'credentials',
      `name: a, url: "https://u:CANARY@x/", secret: ${KEY}`,
      'webhooks[0].url',
      'not printed',
      'credentials',
    ],
    [
      'a short key',
      'name: a, url: "https://x", secret: whsec_Q0FOQVJZ',
      'webhooks[0].secret',
      'not printed',
      'openssl rand',
    ],
    [
      'a key without prefix',
      'name: a, url: "https://x", secret: CANARYCANARY',
      'webhooks[0].secret',
      'not printed',
      'whsec_',
    ],
    ['an unknown event', `${NOC}, events: [service.gone]`, 'webhooks[0].events[0]', '"service.gone"', 'service.out'],
    ['test as an event', `${NOC}, events: [test]`, 'webhooks[0].events[0]', '"test"', 'one of'],
    ['no event', `${NOC}, events: []`, 'webhooks[0].events', 'an empty list', 'at least one'],
    [
      'an own header',
      `${NOC}, headers: [{ name: Webhook-Id, value: x }]`,
      'webhooks[0].headers[0].name',
      '"Webhook-Id"',
      'write',
    ],
    [
      'a header of several lines',
      `${NOC}, headers: [{ name: A, value: "東CANARY" }]`,
      'webhooks[0].headers[0].value',
      'not printed',
      'header',
    ],
    ['an unknown key', `${NOC}, secrets: x`, 'webhooks[0].secrets', 'unknown', 'did you mean secret'],
  ])('with %s are refused, and nothing secret is in the message', async (_, flow, key, found, allowed) => {
    const problems = await problemsOf(webhooks(flow));
    expect(problems.map((problem) => problem.key)).toContain(key);
    const problem = problems.find((each) => each.key === key);
    expect(problem?.found).toContain(found);
    expect(problem?.allowed).toContain(allowed);
    expect(JSON.stringify(problems)).not.toContain('CANARY');
  });

  it('have names of their own', async () => {
    const [problem] = await problemsOf(webhooks(NOC, NOC));
    expect(problem).toMatchObject({ key: 'webhooks[1].name', found: expect.stringContaining('webhooks[0]') });
  });

  it('take every group of events', async () => {
    expect((await loaded(webhooks(`${NOC}, events: [${WEBHOOK_GROUPS.join(', ')}]`))).webhooks).toHaveLength(1);
  });

  it('without TLS or without a folder are warned of', async () => {
    const plain = NOC.replace('https:', 'http:');
    const words = async (text: string) => (await warningsOf(text)).map(({ key, message }) => `${key}: ${message}`);
    expect(await words(webhooks(plain))).toEqual([expect.stringMatching(/^webhooks\[0\].url: .*without TLS/)]);
    expect(await words(webhooks(plain.replace('noc.example.com', '127.0.0.1')))).toEqual([]);
    expect(await words(webhooks(NOC).replace(STATE, ''))).toEqual([expect.stringMatching(/^webhooks: .*state.folder/)]);
  });

  it('B606 in what a reload says are known by their names, and what is secret is not said', async () => {
    const before = await loaded(webhooks(NOC, 'name: chat, format: slack, url: "https://CANARYold/x"'));
    const after = await loaded(
      webhooks(
        `${NOC}, events: [drill], headers: [{ name: A, value: CANARY }]`,
        'name: chat, format: slack, url: "https://CANARYnew/x"',
      ),
    );
    const changes = diffConfig(before, after);
    expect(changes).toEqual([
      { key: 'webhooks[noc].events', words: expect.any(String), needsRestart: false },
      { key: 'webhooks[noc].headers', words: 'changed', needsRestart: false },
      { key: 'webhooks[chat].url', words: 'changed', needsRestart: false },
    ]);
    expect(JSON.stringify(changes)).not.toContain('CANARY');
    expect(diffConfig(before, await loaded(VALID + STATE)).map(({ key, words }) => [key, words])).toEqual([
      ['webhooks[noc]', 'removed'],
      ['webhooks[chat]', 'removed'],
    ]);
  });
});

describe('log.syslog', () => {
  const syslog = (flow: string) => `${VALID}log: { syslog: { ${flow} } }\n`;

  it('has its defaults', async () => {
    expect((await loaded(syslog('url: "tls://logs.example.com"'))).log).toEqual({
      ...{ level: 'info', format: 'auto' },
      syslog: {
        ...{ protocol: 'tls', host: 'logs.example.com', port: 6514, level: null, facility: 'daemon', hostname: null },
        ...{ enterprise: null, ca: null, fingerprints: [], certificateNames: [] },
      },
    });
  });

  it.each([
    ['url: "http://x"', 'log.syslog.url', 'tls://'],
    ['facility: local3', 'log.syslog.url', 'tls://'],
    ['url: "tcp://x", facility: local9', 'log.syslog.facility', 'local7'],
    ['url: "tcp://x", tls: { ca: ca.pem }', 'log.syslog.tls', 'not encrypted'],
    ['url: "tls://x", tls: { ca: none.pem }', 'log.syslog.tls.ca', 'can be read'],
    ['url: "tcp://x", enterprise: 0', 'log.syslog.enterprise', '1 to 4294967295'],
  ])('with %s is refused', async (flow, key, allowed) => {
    const problems = await problemsOf(syslog(flow), { 'ca.pem': PROXY_CERTIFICATE });
    expect(problems.find((problem) => problem.key === key)?.allowed).toContain(allowed);
  });
});
