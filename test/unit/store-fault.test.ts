/** What servers and the client say, in words an operator can act on; and how far the clock of the store is ahead. */
import { describe, expect, it } from 'vitest';
import {
  classifyStoreError,
  refusesWritesOnly,
  renderStoreFault,
  storeFaultCodes,
} from '../../src/domain/store-fault.ts';
import { decideStoreProblem, describeStore, type StoreStatus } from '../../src/domain/store-status.ts';
import { createClockOffset } from '../../src/shared/clock-offset.ts';
import { factAt, parseRegister, placeOf } from '../../src/shared/redis-layout.ts';

describe('an error of the store', () => {
  it.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', 'store-credentials'],
    ['NOAUTH Authentication required.', 'store-credentials'],
    [
      'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.',
      'store-protected',
    ],
    ["NOPERM this user has no permissions to run the 'hscan' command", 'store-acl'],
    ["ERR The user executing the script can't run this command or subcommand script: 1f", 'store-acl'],
    ['LOADING Redis is loading the dataset in memory', 'store-loading'],
    ["READONLY You can't write against a read only replica. script: 1f, on @user_script:20.", 'store-read-only'],
    ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.', 'store-disk'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'store-memory'],
    ['NOREPLICAS Not enough good replicas to write.', 'store-replicas'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'store-master-down'],
    ['All sentinels are unreachable. Retrying from scratch after 250ms.', 'store-no-master'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'store-busy'],
    ['self-signed certificate', 'store-tls'],
    ["Hostname/IP does not match certificate's altnames: Host: other", 'store-tls'],
    ['Command timed out', 'store-timeout'],
    ["Socket timeout. Expecting data, but didn't receive any in 1000ms.", 'store-timeout'],
    ['connect ETIMEDOUT', 'store-timeout'],
    ['Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest"', 'store-unreachable'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'store-unreachable'],
    ['Connection is closed.', 'store-unreachable'],
    ['getaddrinfo ENOTFOUND store.example.com', 'store-unreachable'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'store-key'],
    ['ERR something new', 'store-other'],
  ])('%s', (message, code) => {
    const fault = classifyStoreError(message);
    expect(fault.code).toBe(code);
    expect(renderStoreFault(fault)).toMatch(/^(It|Its|The|No) .*\.$/);
  });

  it('is told without what the client says before the reason', () => {
    const said = 'All sentinels are unreachable. Retrying from scratch after 250ms. Last error: Connection timeout';
    expect(classifyStoreError(said).detail).toBe('Connection timeout');
    expect(renderStoreFault(classifyStoreError(said.slice(0, said.indexOf(' Last'))))).not.toContain('unreachable');
  });

  it('has words for every code, and only some leave reads alone', () => {
    for (const code of storeFaultCodes) expect(renderStoreFault({ code, detail: '' })).toMatch(/^(It|Its|The|No) /);
    const only = storeFaultCodes.filter((code) => refusesWritesOnly({ code, detail: '' }));
    expect(only).toEqual(['store-acl', 'store-read-only', 'store-disk', 'store-memory', 'store-replicas']);
  });

  it('is a problem in /health that says since when, why, and what it means for whom', () => {
    const status: StoreStatus = {
      ...{
        server: 'store:6379',
        state: 'gone',
        since: 0,
        fault: { code: 'store-unreachable', detail: 'ECONNREFUSED' },
      },
      ...{ lagMs: null, waiting: 3, written: 0, refused: 0, facts: 7, peers: [] },
    };
    expect(decideStoreProblem(status)).toBe(
      `store: it is gone since 1970-01-01T00:00:00.000Z. It cannot be reached (ECONNREFUSED). ${describeStore(status)}`,
    );
    expect(describeStore(status)).toContain('Phones are answered as before');
    expect(decideStoreProblem({ ...status, state: 'connected', fault: null })).toBeNull();
  });
});

it('the clock of the store is taken from the quickest answer of the last minute', () => {
  const offset = createClockOffset();
  expect(offset.add({ said: 5000, askedAt: 100, heardAt: 200 })).toBe(4850);
  expect(offset.add({ said: 5300, askedAt: 300, heardAt: 302 })).toBe(4999);
  // Slower ones say less.
  expect(offset.add({ said: 5900, askedAt: 400, heardAt: 1400 })).toBe(4999);
  // After a minute the quick one is forgotten.
  expect(offset.add({ said: 75_000, askedAt: 70_000, heardAt: 70_100 })).toBe(4950);
});

it('a register is text with its time and proxy, and whatever is none is passed over', () => {
  expect(parseRegister('17 p1 {"a":"x y"}')).toEqual({ at: 17, proxy: 'p1', value: { a: 'x y' } });
  for (const text of ['', 'x', '17 p1', '17 p1 {', '-1 p1 null', 7, null, undefined])
    expect(parseRegister(text)).toBeNull();
  expect(placeOf('outage-devices', 'o1/SEP1')).toMatchObject({ hash: 'outage:o1', field: 'SEP1' });
  expect(factAt('outage:o1', 'SEP1')).toEqual({ kind: 'outage-devices', field: 'o1/SEP1' });
  expect(factAt('devices', 'SEP1')).toEqual({ kind: 'devices', field: 'SEP1' });
  expect(factAt('of-tomorrow', 'x')).toBeNull();
});
