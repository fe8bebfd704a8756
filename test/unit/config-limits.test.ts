/** Keys of limits, stopping, reloading and TLS profiles: what is allowed, and what it becomes. */

import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, load, problemsOf, VALID, warningsOf } from './config-files.ts';

const LISTENER = '    - { host: 127.0.0.1, port: 8082 }\n';
const FILES = { 'p.pem': PROXY_CERTIFICATE, 'p.key': PROXY_KEY };

async function configOf(text: string): Promise<Config> {
  const result = await load(text, FILES);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

const phones = (more: string) => change(LISTENER, `${LISTENER}  ${more}\n`);
/** Listeners, one a line. */
const listeners = (...flows: string[]) =>
  change(LISTENER, flows.map((flow) => `    - { host: 127.0.0.1, ${flow} }\n`).join(''));
const MODERN = 'port: 8445, publicUrl: "https://proxy.example.com:8445", tls: { cert: p.pem, key: p.key }';
const LEGACY =
  'port: 8446, publicUrl: "https://proxy.example.com:8446", tls: { cert: p.pem, key: p.key, profile: legacy }';

describe('limits', () => {
  it('are read key by key, the rest by default', async () => {
    const { limits } = (
      await configOf(phones('limits: { headers: 3s, connections: 50, perAddress: { burst: 9, exempt: [10.0.0.0/8] } }'))
    ).phones;
    expect(limits).toEqual({
      ...{ headersMs: 3000, requestMs: 15_000, answerMs: 10_000, keepAliveMs: 15_000 },
      ...{ connections: 50, requestsPerConnection: 1000 },
      perAddress: { connections: 500, requestsPerSecond: 100, burst: 9, exempt: ['10.0.0.0/8'] },
    });
  });

  it.each([
    [
      'limits: { headers: 20s }',
      'phones.limits.headers',
      'phones.limits.headers (20s) at most phones.limits.request (15s)',
    ],
    [
      'limits: { request: 5s }',
      'phones.limits.request',
      'phones.limits.headers (8s) at most phones.limits.request (5s)',
    ],
    ['limits: { connections: 0 }', 'phones.limits.connections', 'a whole number from 1'],
    ['limits: { answer: 1 }', 'phones.limits.answer', 'a duration'],
    ['limits: { perAddress: { exempt: [nowhere] } }', 'phones.limits.perAddress.exempt[0]', 'an IP address'],
    ['limits: { perAdress: {} }', 'phones.limits.perAdress', 'did you mean perAddress?'],
  ])('%s', async (text, key, allowed) => {
    const problems = await problemsOf(phones(text));
    expect(problems).toMatchObject([{ key, line: 4, allowed: expect.stringContaining(allowed) }]);
  });
});

describe('stopping and reloading', () => {
  it('are read', async () => {
    const config = await configOf(`${VALID}stop: { pause: 5s, within: 1m }\nreload: { watch: true }\n`);
    expect(config).toMatchObject({ stop: { pauseMs: 5000, withinMs: 60_000 }, reload: { watch: true } });
  });

  it.each([
    ['stop: { pause: 10s }', 'stop.pause (10s) less than stop.within (10s)', 'stop.pause'],
    ['stop: { pause: 3s, within: 2s }', 'stop.pause (3s) less than stop.within (2s)', 'stop.pause'],
  ])('%s', async (text, allowed, key) => {
    expect(await problemsOf(`${VALID}${text}\n`)).toMatchObject([{ key, allowed, line: 9 }]);
  });
});

describe('a legacy listener', () => {
  it('stands beside a modern one', async () => {
    const { listeners: read } = (await configOf(listeners(MODERN, LEGACY))).phones;
    expect(read.map(({ tls }) => tls?.profile)).toEqual([undefined, 'legacy']);
  });

  it('B220 is refused alone, also beside a plain one: other phones would have to use it', async () => {
    for (const others of [[], ['port: 8082']]) {
      const [problem, ...rest] = await problemsOf(listeners(...others, LEGACY), FILES);
      expect(problem).toMatchObject({
        key: `phones.listeners[${others.length}].tls.profile`,
        message:
          'found "legacy" on the only TLS listener; allowed: only beside another TLS listener without `profile: legacy`, for all other phones',
      });
      expect(rest).toEqual([]);
    }
  });

  it('has a public URL of its own', async () => {
    const shared = LEGACY.replace(/:8446"/, ':8445"');
    expect(await problemsOf(listeners(MODERN, shared), FILES)).toMatchObject([
      { key: 'phones.listeners[1].publicUrl' },
    ]);
  });

  it('needs an RSA certificate, as a warning tells', async () => {
    const rsa = selfSigned(['proxy.example.com'], Date.now());
    const files = { ...FILES, 'r.pem': rsa.cert, 'r.key': rsa.key };
    const about = async (legacy: string) =>
      (await warningsOf(listeners(MODERN, legacy), files))
        .filter(({ message }) => message.includes('RSA'))
        .map(({ key }) => key);
    expect(await about(LEGACY)).toEqual(['phones.listeners[1].tls.cert']);
    expect(await about(LEGACY.replace('p.pem', 'r.pem').replace('p.key', 'r.key'))).toEqual([]);
  });

  it('is named by one of two words', async () => {
    const [problem] = await problemsOf(listeners(MODERN, LEGACY.replace('legacy', 'old')), FILES);
    expect(problem).toMatchObject({ key: 'phones.listeners[1].tls.profile', allowed: 'modern or legacy' });
  });
});

describe('names of the certificate of Finesse', () => {
  const service = (names: string) =>
    change('8445" }\n      - { id: b', `8445", tls: { names: ${names} } }\n      - { id: b`);

  it('are hosts and addresses, at least one', async () => {
    const config = await configOf(service('[fin-a, 10.1.1.5]'));
    expect(config.clusters[0]?.services.map(({ certificateNames }) => certificateNames)).toEqual([
      ['fin-a', '10.1.1.5'],
      [],
    ]);
    for (const bad of ['[]', '["https://fin-a"]', '["fin a"]']) expect(await problemsOf(service(bad))).toHaveLength(1);
  });
});
