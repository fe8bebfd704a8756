import { spawnSync } from 'node:child_process';
import { defineConfig } from 'vitest/config';

/** Once more with everything read by Node's parser (`phones.httpParser: node`). */
const BY_NODE = [
  'listener',
  'plain-get-connection',
  'connection-policy',
  'slow-readers',
  'gate',
  'smuggling',
  'limits',
  'limits-tls',
];

/** Once more with two processes that serve phones (`processes: 2`): what a phone meets is the same. */
const BY_TWO = ['failover', 'elsewhere', 'gate'];

/** Once more with Valkey in place of Redis, on machines that have it: Debian 12 has not. */
const BY_VALKEY = ['store-link', 'store-poison', 'store-refusals', 'store-server'];
const VALKEY = 'valkey-server';
const hasValkey = spawnSync(VALKEY, ['--version'], { stdio: 'ignore' }).status === 0;

const test = {
  // Real sockets and real processes: generous limits, since a slow machine is not a failure.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Vitest's own second is too short for a busy machine. Less than a test has, so that a failure says what was awaited.
  expect: { poll: { timeout: 25_000, interval: 20 } },
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...test, name: 'auto', include: ['test/**/*.test.ts'] } },
      {
        test: {
          ...test,
          name: 'httpParser: node',
          include: BY_NODE.map((file) => `test/component/${file}.test.ts`),
          env: { HTTP_PARSER: 'node' },
        },
      },
      {
        test: {
          ...test,
          name: 'processes: 2',
          include: BY_TWO.map((file) => `test/component/${file}.test.ts`),
          env: { PROCESSES: '2' },
        },
      },
      ...(hasValkey
        ? [
            {
              test: {
                ...test,
                name: 'valkey',
                include: BY_VALKEY.map((file) => `test/component/${file}.test.ts`),
                env: { STORE_SERVER: VALKEY },
              },
            },
          ]
        : []),
    ],
    reporters: ['default'],
  },
});
