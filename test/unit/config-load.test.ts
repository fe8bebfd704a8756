import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { renderConfigurationDocs } from '../../scripts/docs.ts';
import type { Config } from '../../src/config/config.ts';
import { describeConfig, type KeyDescription } from '../../src/config/key-description.ts';
import { loadConfig } from '../../src/config/load.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, load, VALID, writeFiles } from './config-files.ts';

async function configOf(text: string, files = {}, env = {}): Promise<Config> {
  const result = await load(text, files, { env });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

test('the defaults', async () => {
  const probe = { username: null, password: null, intervalMs: 5000, timeoutMs: 4000 };
  const service = {
    aliases: [],
    site: null,
    ca: null,
    fingerprints: [],
    certificateNames: [],
    pushFrom: null,
    notification: null,
  };
  const [a, b] = ['https://finesse-a.example.com:8445', 'https://finesse-b.example.com:8445'];
  expect(await configOf(VALID)).toEqual({
    phones: {
      listeners: [{ host: '127.0.0.1', port: 8082, publicUrl: null, tls: null, service: null }],
      answerWithinMs: 4500,
      networks: [],
      trustedFronts: [],
      forgetAfterMs: 43_200_000,
      httpParser: 'auto',
      limits: {
        ...{ headersMs: 8000, requestMs: 15_000, answerMs: 10_000, keepAliveMs: 15_000 },
        ...{ connections: 16_384, requestsPerConnection: 1000 },
        perAddress: { connections: 500, requestsPerSecond: 100, burst: 1_000, exempt: ['127.0.0.1', '::1'] },
      },
    },
    ops: { host: '127.0.0.1', port: 8090, operators: [], phone: true, tls: null },
    clusters: [
      {
        id: 'main',
        frontDoor: true,
        services: [
          { id: 'a', name: 'Finesse A', url: a, ...service, probe: { url: `${a}/finesse/api/SystemInfo`, ...probe } },
          { id: 'b', name: 'Finesse B', url: b, ...service, probe: { url: `${b}/finesse/api/SystemInfo`, ...probe } },
        ],
      },
    ],
    reconnect: { intervalMs: 5000, attempts: 3, fippaFailingForMs: 60_000 },
    pages: { folder: null, languages: ['en', 'de'], help: null },
    site: null,
    island: { suspectAfterMs: 60_000, warnAfterMs: 345_600_000 },
    reports: null,
    push: null,
    store: null,
    state: { folder: null },
    outages: { summaryAfterMs: 300_000, keepForMs: 34_560_000_000 },
    processes: 1,
    reload: { watch: false },
    stop: { pauseMs: 0, withinMs: 10_000 },
    webhooks: [],
    log: { level: 'info', format: 'auto', syslog: null },
  });
});

test('every key set', async () => {
  const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
  const text = `phones:
  listeners:
    - { host: "::", port: 0, publicUrl: "HTTPS://IPPA.example.com:443/", tls: { cert: proxy.pem, key: proxy.key }, service: a }
  answerWithin: 10s
  networks: [10.20.0.0/16, "2001:db8::/32"]
  trustedFronts: [10.1.1.1]
  forgetAfter: 90m
  httpParser: node
ops: { host: 0.0.0.0, port: 1, token: { env: TOKEN } }
clusters:
  - id: one
    frontDoor: true
    services:
      - id: a
        name: Büro 東京
        url: https://Finesse-A.example.com/
        aliases: [fin, "[::1]:8445"]
        site: east
        tls: { ca: proxy.pem, fingerprints: [${fingerprint.replaceAll(':', '').toLowerCase()}] }
        pushFrom: [10.9.0.0/24, "2001:db8::9"]
        probe: { url: "https://x.example.com/SystemInfo", username: u, password: { file: password }, interval: 7s, timeout: 900ms }
  - id: two
    services: [{ id: b, name: B, url: "https://b.example.com" }]
reconnect: { interval: 2s, attempts: 4 }
pages: { folder: ., languages: [de, pt-BR], help: 'Help desk: 4711' }
state: { folder: later }
push:
  listeners: [{ port: 80 }, { host: 10.1.1.1, port: 443, tls: { cert: proxy.pem, key: proxy.key } }]
  username: ippa
  password: { file: password }
  onVerdict: false
  onRecovery: true
  atFirstFailure: true
  priority: 0
  phoneScheme: http
  phonePorts: { http: 8080 }
  concurrent: 7
  perSecond: 8
  timeout: 9s
log: { level: debug, format: json }
`;
  const files = { 'proxy.pem': PROXY_CERTIFICATE, 'proxy.key': PROXY_KEY, password: 'hunter2\n' };
  const folder = writeFiles({ ...files, 'ippa.yaml': text });
  const result = await loadConfig(join(folder, 'ippa.yaml'), { env: { TOKEN: 'secret token' } });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const { phones, ops, clusters, pages, state, push } = result.config;
  const [a] = clusters[0]?.services ?? [];
  expect(phones.listeners[0]).toEqual({
    host: '::',
    port: 0,
    publicUrl: 'https://ippa.example.com',
    tls: { cert: join(folder, 'proxy.pem'), key: join(folder, 'proxy.key') },
    service: 'a',
  });
  expect(phones).toMatchObject({
    answerWithinMs: 10_000,
    forgetAfterMs: 5_400_000,
    httpParser: 'node',
    trustedFronts: ['10.1.1.1'],
  });
  expect(ops.operators).toEqual([{ name: 'token', token: 'secret token', may: 'set' }]);
  expect(a).toMatchObject({ url: 'https://finesse-a.example.com', ca: PROXY_CERTIFICATE, fingerprints: [fingerprint] });
  expect(a?.probe).toEqual({
    url: 'https://x.example.com/SystemInfo',
    username: 'u',
    password: 'hunter2',
    intervalMs: 7000,
    timeoutMs: 900,
  });
  // Its time-out was not set: the default gives way to a short interval.
  expect(clusters[1]?.services[0]?.probe).toMatchObject({ intervalMs: 5000, timeoutMs: 1600 });
  expect(clusters.map(({ frontDoor }) => frontDoor)).toEqual([true, false]);
  expect(pages).toEqual({ folder, languages: ['de', 'pt-BR'], help: 'Help desk: 4711' });
  expect(state.folder).toBe(join(folder, 'later'));
  expect(a?.pushFrom).toEqual(['10.9.0.0/24', '2001:db8::9']);
  expect(push).toEqual({
    listeners: [
      { host: '0.0.0.0', port: 80, tls: null },
      { host: '10.1.1.1', port: 443, tls: { cert: join(folder, 'proxy.pem'), key: join(folder, 'proxy.key') } },
    ],
    timeoutMs: 9000,
    phonePorts: { http: 8080, https: 443 },
    own: {
      ...{ username: 'ippa', password: 'hunter2', onVerdict: false, onRecovery: true, atFirstFailure: true },
      ...{ priority: 0, scheme: 'http', concurrent: 7, perSecond: 8 },
    },
  });
});

test('a section whose values are all commented out counts as absent', async () => {
  expect((await configOf(`${VALID}pages:\n  # folder: x\nops:\n  token:\n`)).ops.operators).toEqual([]);
});

test('several clusters without a front door have none', async () => {
  const text = `${VALID}  - { id: two, services: [{ id: c, name: C, url: "https://c.example.com" }] }\n`;
  expect((await configOf(text)).clusters.map(({ frontDoor }) => frontDoor)).toEqual([false, false]);
});

test('the example of the project is right, and warns of nothing', async () => {
  const file = fileURLToPath(new URL('../../ippa-proxy.example.yaml', import.meta.url));
  expect(await loadConfig(file)).toMatchObject({ ok: true, warnings: [] });
});

test('so are the settings that the example has commented out', async () => {
  const example = readFileSync(new URL('../../ippa-proxy.example.yaml', import.meta.url), 'utf8');
  const [head = '', body = ''] = example.split(/(?<=this machine only\.\n)/);
  // Prose has no colon with something before it that looks like a key.
  const text = body
    .replace(/^( *)# ((?: *)(?:- )?[a-z][A-Za-z]*:.*)$/gm, '$1$2')
    .replace(/^( *)# ( {2,}[a-z])/gm, '$1$2');
  const files = {
    'proxy.pem': PROXY_CERTIFICATE,
    'push-password': 'push\n',
    'proxy.key': PROXY_KEY,
    'finesse-a-ca.pem': PROXY_CERTIFICATE,
    'ops-token': 'x',
    'store-password': 'x',
    'store-ca.pem': PROXY_CERTIFICATE,
    'probe-password': 'x',
    'finesse-notification-password': 'x',
    'noc-webhook-secret': `whsec_${'a'.repeat(32)}`,
    'slack-webhook-url': 'https://hooks.slack.com/services/x',
    'pagerduty-key': 'x',
    'logs-ca.pem': PROXY_CERTIFICATE,
  };
  const result = await load(
    change('  token: { env: IPPA_OPS_TOKEN }', '', head + text)
      .replace('host: 127.0.0.1\n      port: 8082\n', 'host: 127.0.0.1\n      port: 8083\n')
      .replace('folder: my-pages', 'folder: .'),
    files,
  );
  expect(result).toMatchObject({
    ok: true,
    config: {
      clusters: [{ services: [{ probe: { username: '1001' }, notification: { username: 'ippa-proxy' } }, {}] }],
    },
  });
});

test('docs/configuration.md is up to date (npm run docs)', () => {
  const committed = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  expect(committed).toBe(renderConfigurationDocs());
});

test('every key has a description, and every value says what is allowed', () => {
  const missing: string[] = [];
  const visit = (key: KeyDescription, path: string) => {
    const { properties, items } = key;
    if (path !== '' && key.description === undefined) missing.push(`${path}: description`);
    if (properties === undefined && key.allowed === undefined && items?.allowed === undefined)
      missing.push(`${path}: allowed`);
    for (const [name, inner] of Object.entries(properties ?? {})) visit(inner, `${path}.${name}`);
    if (items !== undefined) visit(items, `${path}[]`);
  };
  visit(describeConfig(), '');
  expect(missing).toEqual([]);
});

test('a notification service: what is given, and what follows from the service', async () => {
  const url = 'url: "https://finesse-a.example.com:8445"';
  const yaml = change(url, `${url}, notification: { username: ippa-proxy, password: canary }`);
  const [service] = (await configOf(yaml)).clusters[0]?.services ?? [];
  expect(service?.notification).toEqual({
    ...{ host: 'finesse-a.example.com', port: 5223, tls: 'direct', username: 'ippa-proxy', password: 'canary' },
    ...{ ca: null, fingerprints: [], advisory: false, domain: null, pubsub: null, deadAfterMs: 8000 },
  });
});
