/** Changes of Unified CM, and taking them back: what is kept, what is read back, what is never sent twice. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newSubscription, updateSubscriptions } from '../../src/simulators/unified-cm/database.ts';
import type { Fault } from '../../src/simulators/unified-cm/faults.ts';
import type { UnifiedCm } from '../../src/simulators/unified-cm/server.ts';
import { applySteps, stepsToUndo, undoSteps } from '../../src/unified-cm/apply.ts';
import { AxlError } from '../../src/unified-cm/axl-client.ts';
import { compareUnifiedCm } from '../../src/unified-cm/compare.ts';
import type { StepOutcome } from '../../src/unified-cm/execute.ts';
import { planSteps } from '../../src/unified-cm/plan.ts';
import { readUnifiedCm } from '../../src/unified-cm/reader.ts';
import { readUndoFile, UndoFile } from '../../src/unified-cm/undo-file.ts';
import { decideWanted, isOurs, type Wanted, type WantedOptions } from '../../src/unified-cm/wanted.ts';
import { change, load, writeFiles } from '../unit/config-files.ts';
import {
  connectTo,
  operationsOf,
  SECRET_OF_AN_AGENT,
  siteBefore,
  startUnifiedCm,
  targetOf,
  validateAll,
} from './unified-cm-rig.ts';

async function wantedOf(options: Partial<WantedOptions> = {}): Promise<Wanted> {
  const listener = '    - { host: 127.0.0.1, port: 8082, publicUrl: "http://ippa.example.com:8082" }';
  const loaded = await load(change('    - { host: 127.0.0.1, port: 8082 }', listener));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const wanted = decideWanted(loaded.config, {
    entries: ['main=Cisco Finesse', 'a'],
    parameters: ['id', 'extension', 'password'],
    subscribe: true,
    users: ['finesse-push'],
    certificates: [],
    ...options,
  });
  if (typeof wanted === 'string') throw new Error(wanted);
  return wanted;
}

async function rig(unifiedCm: UnifiedCm, timeoutMs = 10_000) {
  const wanted = await wantedOf();
  const { client, pauses } = await connectTo(unifiedCm, { timeoutMs });
  const scope = {
    isOurs: (service: Parameters<typeof isOurs>[1]) => isOurs(wanted, service),
    phones: ['SEP%'],
    sql: true,
    users: wanted.users,
    isCertificate: null,
  };
  const read = () => readUnifiedCm(client, scope, () => {});
  const plan = async () => planSteps(wanted, await read(), { updateSubscriptions: true });
  const path = join(writeFiles({}), 'undo.json');
  const outcomes: StepOutcome[] = [];
  const apply = async () => {
    const steps = await plan();
    const file = await UndoFile.create(path, {
      format: 1,
      axl: targetOf(unifiedCm).url,
      release: client.release,
      createdAt: '2026-01-01T00:00:00.000Z',
      steps: steps.map((step) => ({ step, state: 'planned' })),
    });
    return applySteps(steps, { client, pause: async (ms) => void pauses.push(ms), sql: true, file, report: keep });
  };
  const keep = (_: unknown, outcome: StepOutcome) => void outcomes.push(outcome);
  const record = async () => (await readUndoFile(path))!;
  const undo = async () => {
    const found = await record();
    const file = UndoFile.reopen(path, found);
    return undoSteps(stepsToUndo(found), { client, pause: async () => {}, sql: true, file, report: keep });
  };
  const compare = async () => compareUnifiedCm(wanted, await read());
  return { apply, undo, plan, compare, record, outcomes, path, pauses };
}

const state = (unifiedCm: UnifiedCm) => JSON.stringify(unifiedCm.database);

test('apply, again, and back: the database is as before, byte for byte', async () => {
  const unifiedCm = await startUnifiedCm();
  const before = state(unifiedCm);
  const { apply, undo, plan, compare, path, outcomes } = await rig(unifiedCm);
  expect((await compare()).differences.length).toBeGreaterThan(0);
  expect(await apply()).toBe(true);
  expect(await compare()).toMatchObject({
    // AXL has no element for it: the button is left to press.
    differences: [
      { about: 'subscription', field: 'Cisco Finesse: Secure-Service URL', remedy: 'update-subscriptions' },
    ],
  });
  expect(await plan()).toEqual([]);
  expect(unifiedCm.database.devices[0]!.services.map(({ url }) => url)).toEqual([
    'http://finesse-a.example.com:8082/fippa/#DEVICENAME#?id=1001&extension=2001',
    'http://finesse-b.example.com:8082/fippa/#DEVICENAME#?id=1001&extension=2001',
    `http://ippa.example.com:8082/main/fippa/#DEVICENAME#?id=1001&password=${SECRET_OF_AN_AGENT}0`,
    'http://ippa.example.com:8082/a/fippa/#DEVICENAME#',
  ]);
  expect(readFileSync(path, 'utf8')).not.toContain('CANARY');
  expect(await undo()).toBe(true);
  expect(state(unifiedCm)).toBe(before);
  expect(await undo()).toBe(true);
  expect(outcomes.every(({ kind }) => kind === 'done')).toBe(true);
  expect(operationsOf(unifiedCm)).not.toContain('updateAppUser');
  expect(unifiedCm.requests.map(({ document }) => document).join('')).not.toMatch(/associatedDevices>./);
  validateAll(unifiedCm.requests);
});

const fault = (name: Fault['name'], more: Partial<Fault> = {}): Fault => ({
  name,
  args: {},
  on: 'write',
  left: 1,
  ...more,
});

test.each(['lost', 'silent', 'truncated', 'html'] as const)(
  'a write whose answer is %s is read back and not sent again',
  async (name) => {
    const unifiedCm = await startUnifiedCm();
    const before = state(unifiedCm);
    const { apply, undo, outcomes } = await rig(unifiedCm, 4_000);
    const number = name === 'html' ? 'updateIpPhoneServices' : 'write';
    unifiedCm.fault = fault(name, { on: number });
    const isDone = await apply();
    const writes = unifiedCm.requests.filter(({ operation }) => /^(?:add|update|remove)/.test(operation));
    if (name === 'html') {
      // A page in place of an answer, and nothing done: that is found out, said, and left to people.
      expect(isDone).toBe(false);
      expect(outcomes.at(-1)).toMatchObject({ kind: 'unclear', words: expect.stringContaining('not sent again') });
    } else expect(isDone).toBe(true);
    expect(new Set(writes.map(({ document }) => document)).size).toBe(writes.length);
    unifiedCm.fault = fault('none');
    expect(await undo()).toBe(true);
    expect(state(unifiedCm)).toBe(before);
  },
);

test('a write that meets 503 is sent again after a pause, once it is read back that it was not done', async () => {
  const unifiedCm = await startUnifiedCm();
  const { apply, pauses } = await rig(unifiedCm);
  unifiedCm.fault = fault('503', { left: 2 });
  expect(await apply()).toBe(true);
  expect(pauses).toEqual([1000, 2000]);
  const [first, second, third, fourth, fifth] = operationsOf(unifiedCm).slice(
    operationsOf(unifiedCm).indexOf('addIpPhoneServices'),
  );
  expect([first, second, third, fourth, fifth]).toEqual([
    'addIpPhoneServices',
    'getIpPhoneServices',
    'addIpPhoneServices',
    'getIpPhoneServices',
    'addIpPhoneServices',
  ]);
});

test('a refusal stops the plan; what was done until then can be taken back', async () => {
  const unifiedCm = await startUnifiedCm();
  const before = state(unifiedCm);
  const { apply, undo, outcomes, record } = await rig(unifiedCm);
  unifiedCm.fault = fault('fault', { on: 'updatePhone', left: null });
  expect(await apply()).toBe(false);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'done', 'failed']);
  expect((await record()).steps.map((step) => step.state)).toEqual([
    'done',
    'done',
    'done',
    'left',
    'planned',
    'planned',
  ]);
  unifiedCm.fault = fault('none');
  expect(await undo()).toBe(true);
  expect(state(unifiedCm)).toBe(before);
});

test('a Unified CM that says done and has not done it', async () => {
  const unifiedCm = await startUnifiedCm();
  const { apply, outcomes } = await rig(unifiedCm);
  unifiedCm.fault = fault('ignored', { left: null });
  expect(await apply()).toBe(false);
  expect(outcomes).toMatchObject([{ kind: 'failed', words: expect.stringContaining('and it is not') }]);
});

test('the connection is lost for good after a write: the file says so, and undo finds out', async () => {
  const unifiedCm = await startUnifiedCm();
  const before = state(unifiedCm);
  const { apply, undo, record } = await rig(unifiedCm);
  unifiedCm.once('request', () => {});
  unifiedCm.on('request', ({ operation }) => {
    if (operation === 'addIpPhoneServices') unifiedCm.fault = fault('reset', { on: 'any', left: null });
  });
  unifiedCm.fault = fault('lost');
  await expect(apply()).rejects.toBeInstanceOf(AxlError);
  expect((await record()).steps[0]!.state).toBe('sent');
  unifiedCm.removeAllListeners('request');
  unifiedCm.fault = fault('none');
  expect(await undo()).toBe(true);
  expect(state(unifiedCm)).toBe(before);
});

test('what somebody else changed meanwhile is left alone, by apply and by undo', async () => {
  const unifiedCm = await startUnifiedCm();
  const { apply, undo, outcomes } = await rig(unifiedCm);
  expect(await apply()).toBe(true);
  const service = unifiedCm.database.services.find(({ serviceName }) => serviceName === 'Cisco Finesse')!;
  service.serviceUrl = 'http://else.example.com/';
  outcomes.length = 0;
  expect(await undo()).toBe(false);
  expect(outcomes.filter(({ kind }) => kind !== 'done')).toMatchObject([
    { kind: 'failed', words: expect.stringContaining('somebody else') },
  ]);
  expect(service.serviceUrl).toBe('http://else.example.com/');
});

test('a service that phones are subscribed to meanwhile is not removed', async () => {
  const unifiedCm = await startUnifiedCm();
  const { apply, undo, outcomes } = await rig(unifiedCm);
  expect(await apply()).toBe(true);
  const service = unifiedCm.database.services.find(({ serviceName }) => serviceName === 'Finesse A')!;
  unifiedCm.database.devices[0]!.services.push({ ...newSubscription(service), name: 'by hand' });
  expect(await undo()).toBe(false);
  expect(outcomes.at(-1)).toMatchObject({ kind: 'failed', words: expect.stringContaining('1 phones are subscribed') });
  expect(unifiedCm.database.services).toContain(service);
});

test('the button puts the secure URLs right, and then there is no difference', async () => {
  const unifiedCm = await startUnifiedCm();
  const { apply, compare } = await rig(unifiedCm);
  await apply();
  expect(updateSubscriptions(unifiedCm.database, 'Cisco Finesse')).toBe(3);
  expect((await compare()).differences).toEqual([]);
});

test('the same service twice on a phone: each keeps its own values', async () => {
  const database = siteBefore(1);
  const [device] = database.devices;
  const service = database.services.at(-1)!;
  device!.services.push({ ...newSubscription(service, '?id=7'), name: 'again' });
  const unifiedCm = await startUnifiedCm({ database });
  const before = state(unifiedCm);
  const { apply, undo } = await rig(unifiedCm);
  expect(await apply()).toBe(true);
  expect(
    device!.services.filter((each) => each.service === 'Cisco Finesse').map(({ url }) => url.split('?')[1]),
  ).toEqual([`id=1001&password=${SECRET_OF_AN_AGENT}0`, 'id=7']);
  expect(await undo()).toBe(true);
  expect(state(unifiedCm)).toBe(before);
});
