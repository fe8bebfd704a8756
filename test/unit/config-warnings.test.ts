import { expect, test } from 'vitest';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, VALID, warningsOf } from './config-files.ts';

const FILES = { 'proxy.pem': PROXY_CERTIFICATE, 'proxy.key': PROXY_KEY };
const NOW = { now: Date.parse('2026-11-21T12:00:00Z') };
const LISTENER = '{ host: 127.0.0.1, port: 8082 }';
const tls = (publicUrl: string) =>
  change(
    LISTENER,
    `{ host: 0.0.0.0, port: 8445, publicUrl: "${publicUrl}", tls: { cert: proxy.pem, key: proxy.key } }`,
  );

test('a good configuration has none', async () => {
  expect(await warningsOf(VALID)).toEqual([]);
  expect(await warningsOf(tls('https://proxy.example.com:8445'), FILES, NOW)).toEqual([]);
});

test('URLs that may grow over 256 characters', async () => {
  const host = `${'long-name.'.repeat(8)}example.com`;
  const warnings = await warningsOf(
    change(LISTENER, `{ host: 127.0.0.1, port: 8082, publicUrl: "http://${host}:8082" }`),
  );
  expect(warnings).toMatchObject([{ line: 3, key: 'phones.listeners[0].publicUrl' }]);
  expect(warnings[0]?.message).toMatch(
    /^URLs of service a begin with 105 characters here, 71 more than on Finesse; .*256/,
  );
});

test('a cluster with one service', async () => {
  const text = VALID.split('\n').slice(0, 7).join('\n');
  expect(await warningsOf(text)).toMatchObject([
    { line: 6, key: 'clusters[0].services', found: 'the cluster has one service' },
  ]);
});

test('phones without TLS', async () => {
  const text = change(LISTENER, '{ host: 0.0.0.0, port: 8082, publicUrl: "http://ippa.example.com:8082" }');
  expect(await warningsOf(text)).toMatchObject([{ line: 2, key: 'phones.listeners' }]);
});

test('a certificate for another host, one that has ended, one that soon will', async () => {
  const key = 'phones.listeners[0].tls.cert';
  expect(await warningsOf(tls('https://ippa.example.com:8445'), FILES, NOW)).toMatchObject([
    { key, found: 'the certificate is not for ippa.example.com, the host of publicUrl' },
  ]);
  const at = (date: string) => warningsOf(tls('https://proxy.example.com:8445'), FILES, { now: Date.parse(date) });
  expect(await at('2121-01-01')).toMatchObject([{ key, found: 'the certificate expired on 2120-01-01' }]);
  expect(await at('2119-12-20')).toMatchObject([{ key, found: 'the certificate expires on 2120-01-01' }]);
  expect(await at('2019-01-01')).toMatchObject([{ key, found: 'the certificate is valid from 2020-01-01 only' }]);
});

test('a name that two services claim', async () => {
  const text = change('a.example.com:8445" }', 'a.example.com:8445", aliases: [finesse-b.example.com] }');
  const warnings = await warningsOf(text);
  expect(warnings).toMatchObject([{ line: 7, key: 'clusters[0].services[0].aliases' }]);
  expect(warnings[0]?.message).toContain('finesse-b.example.com is claimed by the services a and b');
  expect(warnings[0]?.message).toContain('serves neither');
});

test('Finesse at the address of the proxy', async () => {
  const text = change('https://finesse-a.example.com:8445', 'http://127.0.0.1:8082');
  expect(await warningsOf(text)).toMatchObject([{ found: 'service a has the same address as this listener' }]);
});

test('split DNS is no such case', async () => {
  const text = change(
    LISTENER,
    '{ host: 10.1.1.5, port: 8445, publicUrl: "https://proxy.example.com:8445", service: a, tls: { cert: proxy.pem, key: proxy.key } }',
  );
  expect(await warningsOf(change('finesse-a.example', 'proxy.example', text), FILES, NOW)).toEqual([]);
});

test('SystemInfo by plain HTTP, with and without a password; a path that is not its own', async () => {
  const http = change('https://finesse-a.example.com:8445', 'http://finesse-a.example.com:8082');
  const [plain] = await warningsOf(http);
  expect(plain).toMatchObject({ line: 7, key: 'clusters[0].services[0].probe.url' });
  expect(plain?.message).toContain('redirect');
  const [password] = await warningsOf(change('8082" }', '8082", probe: { username: x, password: y } }', http));
  expect(password?.message).toContain('password of the probe crosses the network in the clear');
  const [path] = await warningsOf(
    change('a.example.com:8445" }', 'a.example.com:8445", probe: { url: "https://x.example.com" } }'),
  );
  expect(path?.message).toContain('SystemInfo');
});

test('push that does nothing, phones on loopback, and a password in the clear', async () => {
  const key = async (text: string) => (await warningsOf(text, FILES, NOW)).map((warning) => warning.key);
  const networks = (text: string, list: string) => change('phones:\n', `phones:\n  networks: [${list}]\n`, text);
  expect(await key(`${VALID}push: {}\n`)).toEqual(['push']);
  const own = 'push: { username: u, password: p }\n';
  expect(await key(`${networks(VALID, '10.20.0.0/16')}${own}`)).toEqual([]);
  expect(await key(`${networks(VALID, '127.0.0.0/8')}${own}`)).toEqual([]);
  const site = tls('https://proxy.example.com:8445');
  expect(await key(`${networks(site, '10.20.0.0/16, 127.0.0.0/8')}${own}`)).toEqual(['phones.networks[1]']);
  expect(await key(`${networks(VALID, '10.20.0.0/16')}${own.replace('u,', 'u, phoneScheme: http,')}`)).toEqual([
    'push.phoneScheme',
  ]);
});

test('push listeners where Finesse does not push to', async () => {
  const keys = async (listeners: string, phones = tls('https://proxy.example.com:8445')) => {
    const text = change('phones:\n', 'phones:\n  networks: [10.20.0.0/16]\n', phones);
    const warnings = await warningsOf(`${text}push: { listeners: [${listeners}] }\n`, FILES, NOW);
    return warnings.map(({ key, message }) => `${key}: ${message}`);
  };
  const files = 'tls: { cert: proxy.pem, key: proxy.key }';
  expect(await keys(`{ port: 80 }, { port: 443, ${files} }`)).toEqual([]);
  expect(await keys(`{ port: 8083 }, { port: 80, ${files} }`)).toEqual([
    'push.listeners[0].port: port 8083, but Finesse pushes to port 80; right only if something leads port 80 here',
    'push.listeners[1].port: port 80, but Finesse pushes to port 443 with TLS; right only if something leads port 443 here',
  ]);
  // A demonstration or a test.
  expect(await keys('{ port: 8083 }', VALID)).toEqual([]);
});

test('a notification service without encryption, but on this machine', async () => {
  const notification = (host: string) =>
    change(
      'a.example.com:8445" }',
      `a.example.com:8445", notification: { host: ${host}, tls: unencrypted, username: ippa-proxy, password: canary } }`,
    );
  const warnings = await warningsOf(notification('finesse-a.example.com'));
  expect(warnings).toMatchObject([{ line: 7, key: 'clusters[0].services[0].notification.tls' }]);
  expect(warnings[0]?.message).not.toContain('canary');
  expect(await warningsOf(notification('127.0.0.1'))).toEqual([]);
});
