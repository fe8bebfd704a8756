/** Keys with nothing after them: every key of the schema is tried, in a configuration that has them all. */
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { describeConfig, type KeyDescription } from '../../src/config/key-description.ts';
import { type KeyPath, renderKey } from '../../src/config/problem.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { load, VALID, warningsOf } from './config-files.ts';

const FILES = { 'ca.pem': PROXY_CERTIFICATE, 'p.pem': PROXY_CERTIFICATE, 'p.key': PROXY_KEY };
const own = { cert: 'p.pem', key: 'p.key' };
const server = { ca: 'ca.pem', fingerprints: [], names: ['finesse.example.com'] };
const account = { username: 'u', password: 'p' };

/** Every mapping and one item of every list; what may not stand beside them is left out. */
const FULL = {
  phones: {
    listeners: [
      { host: '127.0.0.1', port: 8082, publicUrl: 'https://ippa.example.com', tls: { ...own, profile: 'modern' } },
    ],
    networks: ['10.0.0.0/8'],
    limits: { perAddress: {} },
  },
  ops: { operators: [{ name: 'noc', token: 't', may: 'set' }], tls: own },
  clusters: [
    {
      id: 'main',
      services: [
        {
          ...{ id: 'a', name: 'A', url: 'https://finesse-a.example.com:8445', tls: server, probe: account },
          notification: account,
        },
        { id: 'b', name: 'B', url: 'https://finesse-b.example.com:8445' },
      ],
    },
  ],
  ...{ reconnect: {}, pages: {}, island: {}, state: {}, outages: {}, reload: {}, stop: {} },
  reports: {
    listeners: [{ host: '127.0.0.1', port: 8083, publicUrl: 'https://reports.example.com', tls: own }],
    services: [
      {
        id: 'ca',
        name: 'CA',
        url: 'https://cuic.example.com:8444',
        tls: server,
        probe: { fallback: { statuses: [] } },
      },
    ],
  },
  push: { listeners: [{ host: '127.0.0.1', port: 8084, tls: own }], ...account, phonePorts: {} },
  store: {
    redis: {
      ...{ sentinels: [{ host: 'sentinel.example.com' }], name: 'ippa', ...account },
      ...{ sentinelUsername: 'u', sentinelPassword: 'p', tls: { ca: 'ca.pem' } },
    },
  },
  webhooks: [
    {
      ...{ name: 'chat', format: 'slack', url: 'https://hooks.example.com/x', tls: server },
      headers: [{ name: 'X-Key', value: 'v' }],
    },
  ],
  log: { syslog: { url: 'tls://logs.example.com', tls: server } },
};

/** The way to each key that has a name, through the first item of each list. */
function keysOf(key: KeyDescription, path: KeyPath = []): { readonly path: KeyPath; readonly key: KeyDescription }[] {
  const { properties = {}, items } = key;
  const own = typeof path.at(-1) === 'string' ? [{ path, key }] : [];
  const inside = Object.entries(properties).flatMap(([name, inner]) => keysOf(inner, [...path, name]));
  return [...own, ...inside, ...(items === undefined ? [] : keysOf(items, [...path, 0]))];
}

/** With nothing after that key; what it stands in must be there. */
function emptied(path: KeyPath): string {
  // Nothing of it is shared.
  const config: unknown = JSON.parse(JSON.stringify(FULL));
  const parent = path.slice(0, -1).reduce<unknown>((value, step) => Reflect.get(value as object, step), config);
  if (typeof parent !== 'object' || parent === null) throw new Error(`nothing at ${renderKey(path.slice(0, -1))}`);
  Reflect.set(parent, path.at(-1) ?? '', null);
  return stringify(config);
}

/** Where something else needs what is not there, and says so. */
const MISSED_AT: Readonly<Record<string, string>> = {
  'phones.listeners[0].tls': 'phones.listeners[0].publicUrl',
  'reports.listeners[0].tls': 'reports.listeners[0].publicUrl',
  'store.redis.sentinels': 'store.redis',
  'webhooks[0].format': 'webhooks[0].secret',
};

it('has every mapping of the schema in the configuration that is tried, and that is right', async () => {
  expect((await warningsOf(stringify(FULL), FILES)).filter(({ message }) => message.includes('absent'))).toEqual([]);
});

const keys = keysOf(describeConfig()).map(({ path, key }) => ({ name: renderKey(path), path, key }));

it.each(keys)('B834 no empty key is taken in silence: $name', async ({ name, path, key }) => {
  const isEmptyAnyway = JSON.stringify(key.default) === '{}' || JSON.stringify(key.default) === '[]';
  const result = await load(emptied(path), FILES);
  if (!result.ok) {
    expect(result.problems.map((problem) => problem.key)).toContain(MISSED_AT[name] ?? name);
    return;
  }
  const warnings = result.warnings.filter(({ message }) => message.startsWith('nothing stands here'));
  expect(warnings.map((warning) => warning.key)).toEqual(isEmptyAnyway ? [] : [name]);
});

it('B834 says of an empty key what holds then, and what is allowed', async () => {
  const warnings = await warningsOf(`${VALID}store: null\nprocesses:\npages:\n  # help: Help desk\n`);
  expect(warnings.map(({ line, key, message }) => ({ line, key, message }))).toEqual([
    {
      ...{ line: 9, key: 'store' },
      message: 'nothing stands here, so it counts as absent (default: none); allowed: a mapping with the keys redis',
    },
    {
      ...{ line: 10, key: 'processes' },
      message: 'nothing stands here, so it counts as absent (default: 1); allowed: auto or a whole number from 1 to 64',
    },
  ]);
});
