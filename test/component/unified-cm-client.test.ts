/** The client of AXL with a simulated Unified CM over TLS: versions, sessions, faults, throttling, lost answers. */

import { expect, test } from 'vitest';
import { RELEASES, type Release } from '../../src/simulators/unified-cm/versions.ts';
import { AxlError } from '../../src/unified-cm/axl-client.ts';
import { readCopies, readService, readUnifiedCm } from '../../src/unified-cm/reader.ts';
import { getService, updateService } from '../../src/unified-cm/requests.ts';
import {
  connectTo,
  operationsOf,
  PASSWORD,
  siteBefore,
  startUnifiedCm,
  targetOf,
  validateAll,
} from './unified-cm-rig.ts';

const ALL = {
  isOurs: () => true,
  phones: null,
  sql: true,
  users: ['finesse-push', 'nobody'],
  isCertificate: () => true,
};
const NOTHING = () => {};

async function failure(work: Promise<unknown>): Promise<AxlError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AxlError)) throw new Error(`no AxlError but ${error}`);
  expect(error.message).not.toContain('CANARY');
  return error;
}

test.each([
  ['15.0', '14.0', 1],
  ['14.0', '14.0', 1],
  ['12.5', '12.5', 2],
  ['12.0', '12.0', 3],
  ['11.5', '11.5', 2],
] as const)('release %s is spoken to in version %s, found with %i requests', async (release, version, requests) => {
  const unifiedCm = await startUnifiedCm({ release });
  const { client } = await connectTo(unifiedCm);
  expect(client.version).toBe(version);
  expect(client.release).toBe(RELEASES[release].full);
  expect(operationsOf(unifiedCm)).toEqual(Array(requests).fill('getCCMVersion'));
});

test.each(Object.keys(RELEASES) as Release[])(
  'what is read from release %s is valid by its schema, both ways',
  async (release) => {
    const database = siteBefore();
    database.certificates.push({
      uuid: '{11111111-2222-3333-4444-555555555555}',
      subjectName: 'CN=ippa.example.com',
      issuerName: 'CN=ippa.example.com',
      serialNumber: '01',
      purposes: ['Phone-trust'],
    });
    const unifiedCm = await startUnifiedCm({ release, database });
    const { client } = await connectTo(unifiedCm);
    const state = await readUnifiedCm(client, ALL, NOTHING);
    expect(state.services.map(({ serviceName }) => serviceName)).toEqual([
      'Finesse A direct',
      'Finesse B direct',
      'Cisco Finesse',
    ]);
    expect(state.copies).toHaveLength(9);
    expect(state.phones.map(({ subscriptions }) => subscriptions.length)).toEqual([3, 3, 3]);
    expect(state.profiles.get('Standard Common Phone Profile')).toEqual({ webAccess: '0', webProtocol: '' });
    expect(state.enterprise).toEqual({ webAccess: '1', webProtocol: '0' });
    expect(state.users.get('finesse-push')).toMatchObject({ devices: Array(3).fill(expect.stringMatching(/^SEP/)) });
    expect(state.users.get('nobody')).toBeNull();
    expect(state.trust).toMatchObject([{ subject: 'CN=ippa.example.com', purposes: ['Phone-trust'] }]);
    expect(validateAll(unifiedCm.requests)).toBeGreaterThan(15);
    expect(operationsOf(unifiedCm).filter((name) => !/^(?:get|list|executeSQLQuery)/.test(name))).toEqual([]);
  },
);

test('a Unified CM that speaks no known version', async () => {
  const unifiedCm = await startUnifiedCm();
  unifiedCm.fault = { name: 'version', args: {}, on: 'any', left: null };
  const error = await failure(connectTo(unifiedCm));
  expect(error.code).toBe('version');
  expect(error.message).toContain('12.x, 14.0, 15.0');
});

test('one session for all requests, and a new one when it is over', async () => {
  const unifiedCm = await startUnifiedCm();
  const { client } = await connectTo(unifiedCm);
  await readUnifiedCm(client, ALL, NOTHING);
  expect(unifiedCm.logins).toBe(1);
  unifiedCm.fault = { name: 'session-expired', args: {}, on: 'any', left: 1 };
  await client.read(...getService('Cisco Finesse'));
  expect(unifiedCm.logins).toBe(2);
  unifiedCm.fault = { name: 'session-expired', args: {}, on: 'write', left: 1 };
  const written = await client.write(...updateService('Cisco Finesse', { serviceUrl: 'http://x.example.com/' }));
  expect(written).toEqual({ kind: 'done' });
  expect(unifiedCm.logins).toBe(3);
  expect(unifiedCm.requests.map(({ withCredentials }) => withCredentials).filter(Boolean)).toHaveLength(3);
});

test('a wrong password is tried once', async () => {
  const unifiedCm = await startUnifiedCm();
  const error = await failure(connectTo(unifiedCm, { password: `${PASSWORD}x` }));
  expect(error.code).toBe('unauthorized');
  expect(unifiedCm.requests).toHaveLength(1);
});

test('who may only read cannot write', async () => {
  const unifiedCm = await startUnifiedCm();
  const { client } = await connectTo(unifiedCm, { username: 'axl-reader' });
  await readUnifiedCm(client, ALL, NOTHING);
  const error = await failure(client.write(...updateService('Cisco Finesse', { serviceUrl: 'http://x.example.com/' })));
  expect(error.message).toContain('403');
});

test.each(['503', 'memory', 'reset'] as const)('a read that meets %s is repeated with growing pauses', async (name) => {
  const unifiedCm = await startUnifiedCm();
  const { client, pauses } = await connectTo(unifiedCm);
  unifiedCm.fault = { name, args: {}, on: 'read', left: 3 };
  expect((await readService(client, 'Cisco Finesse')).serviceUrl).toContain('finesse-a.example.com');
  expect(pauses).toEqual([1000, 2000, 4000]);
  unifiedCm.fault = { name, args: {}, on: 'read', left: null };
  const before = unifiedCm.requests.length;
  await failure(readService(client, 'Cisco Finesse'));
  expect(unifiedCm.requests.length - before).toBe(6);
});

test('a write that meets 503 was not done; one whose answer is lost may have been; neither is sent again', async () => {
  const unifiedCm = await startUnifiedCm();
  const { client } = await connectTo(unifiedCm, { timeoutMs: 4_000 });
  const write = () => client.write(...updateService('Cisco Finesse', { serviceUrl: 'http://x.example.com/' }));
  const outcomes = [];
  for (const name of ['503', 'memory', 'lost', 'silent', 'truncated', 'html', 'reset'] as const) {
    unifiedCm.fault = { name, args: {}, on: 'write', left: 1 };
    const before = unifiedCm.requests.length;
    outcomes.push([name, (await write()).kind, unifiedCm.requests.length - before]);
  }
  expect(outcomes).toEqual([
    ['503', 'busy', 1],
    ['memory', 'busy', 1],
    ['lost', 'unknown', 1],
    ['silent', 'unknown', 1],
    ['truncated', 'unknown', 1],
    ['html', 'unknown', 1],
    ['reset', 'unknown', 1],
  ]);
});

test('faults in words', async () => {
  const unifiedCm = await startUnifiedCm();
  const { client } = await connectTo(unifiedCm);
  unifiedCm.fault = {
    name: 'fault',
    args: { code: '5003', message: 'Rank too low for http://x/?id=1&password=CANARYagent here' },
    on: 'any',
    left: 1,
  };
  const error = await failure(readService(client, 'Cisco Finesse'));
  expect(error.message).toBe(
    'fault 5003, a rule of Unified CM forbids it, for example a user rank that is too low: Rank too low for http://x/?… here',
  );
  for (const [name, words] of [
    ['unauthorized', 'user name or password is not accepted'],
    ['forbidden', 'HTTP 403'],
    ['html', 'not AXL'],
    ['truncated', 'no answer (reset'],
  ] as const) {
    unifiedCm.fault = { name, args: {}, on: 'any', left: null };
    expect((await failure(readService(client, 'Cisco Finesse'))).message).toContain(words);
  }
});

test('answers that would be too large are asked for in smaller pages', async () => {
  const unifiedCm = await startUnifiedCm({ database: siteBefore(30) });
  const { client } = await connectTo(unifiedCm);
  unifiedCm.fault = { name: 'too-large', args: { rows: '7' }, on: 'any', left: null };
  expect(await readCopies(client, ['Cisco Finesse'])).toHaveLength(30);
  const state = await readUnifiedCm(client, { ...ALL, phones: ['%'] }, NOTHING);
  expect(state.phones).toHaveLength(30);
});

test('one request at a time, also when many are asked for at once', async () => {
  const unifiedCm = await startUnifiedCm();
  const { client } = await connectTo(unifiedCm);
  unifiedCm.fault = { name: 'slow', args: { ms: '100' }, on: 'any', left: 1 };
  const done: number[] = [];
  await Promise.all([1, 2, 3].map((number) => readService(client, 'Cisco Finesse').then(() => done.push(number))));
  expect(done).toEqual([1, 2, 3]);
});

test('a certificate that is not trusted gets no request; a fingerprint trusts it', async () => {
  const unifiedCm = await startUnifiedCm();
  const error = await failure(connectTo(unifiedCm, { ca: null }));
  expect(error.code).toBe('untrusted');
  expect(unifiedCm.requests).toEqual([]);
  const { X509Certificate } = await import('node:crypto');
  const { fingerprint256 } = new X509Certificate(unifiedCm.certificate);
  const { client } = await connectTo(unifiedCm, { ca: null, fingerprints: [fingerprint256] });
  expect(client.version).toBe('14.0');
});

test('a host that does not answer, and a path without AXL', async () => {
  const unifiedCm = await startUnifiedCm();
  expect((await failure(connectTo(unifiedCm, { url: unifiedCm.url.replace(/axl\/$/, 'axl') }))).code).toBe('not-found');
  const { url } = targetOf(unifiedCm);
  await unifiedCm.stop();
  expect((await failure(connectTo(unifiedCm, { url }))).code).toBe('unreachable');
});

test('SQL that is refused is no reason to read nothing', async () => {
  const unifiedCm = await startUnifiedCm();
  const { client } = await connectTo(unifiedCm);
  unifiedCm.fault = {
    name: 'fault',
    args: { code: '-201', message: 'no SQL here' },
    on: 'executeSQLQuery',
    left: null,
  };
  const state = await readUnifiedCm(client, ALL, NOTHING);
  expect(state.copies).toEqual({ unread: 'fault -201: no SQL here' });
  // Then every phone is read, to find those that are subscribed.
  expect(state.phones).toHaveLength(3);
});

test.each(['getEnterprisePhoneConfig', 'getCommonPhoneConfig', 'getAppUser', 'listTvsCertificate'])(
  'a Unified CM that refuses %s: the rest is read',
  async (operation) => {
    const unifiedCm = await startUnifiedCm();
    const { client } = await connectTo(unifiedCm);
    unifiedCm.fault = { name: 'fault', args: { code: '-1', message: 'no' }, on: operation, left: null };
    const { services, enterprise, profiles, users, trust } = await readUnifiedCm(client, ALL, NOTHING);
    expect(services).toHaveLength(3);
    const parts = [enterprise, ...profiles.values(), ...users.values(), trust];
    expect(parts).toContainEqual({ unread: 'fault -1: no' });
  },
);
