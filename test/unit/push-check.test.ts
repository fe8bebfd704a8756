import { expect, test } from 'vitest';
import { checkPushes, describePushes, type PushFacts } from '../../src/commands/push-check.ts';
import type { PushConfig } from '../../src/config/config.ts';
import { change, load, VALID } from './config-files.ts';

const PUSH = `phones:\n  networks: [10.20.0.0/16]\n`;
const OWN = new Set(['127.0.0.1', '10.1.1.5']);

async function configOf(text: string) {
  const result = await load(text);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.config;
}

async function factsOf(text: string, facts: Partial<PushFacts> = {}): Promise<[PushFacts, PushConfig | null]> {
  const config = await configOf(text);
  const service = config.clusters[0]?.services[0];
  if (service === undefined) throw new Error('no service');
  const standIns = config.phones.listeners
    .filter((listener) => listener.service === 'a')
    .map((listener) => ({ listener, resolved: ['10.1.1.10'] }));
  return [
    { service, reportedName: null, seenAs: '10.1.1.5', resolved: ['10.1.1.10'], standIns, ...facts },
    config.push,
  ];
}

const LISTENING = `${change('phones:\n', PUSH)}push: { listeners: [{ port: 80 }, { host: 10.1.1.6, port: 443 }] }\n`;

test('where pushes would arrive, whether anybody listens there, and whom they are accepted from', async () => {
  expect(describePushes(...(await factsOf(VALID)), OWN).join('\n')).toMatch(/10\.1\.1\.5.*where no push listener is/);
  const lines = describePushes(...(await factsOf(LISTENING)), OWN).join('\n');
  expect(lines).toContain('push listeners there: 80 (HTTP).');
  expect(lines).toContain('accepted from 10.1.1.10, to which its url resolves');
  expect(lines).toContain('no listener has service a');
  expect(lines).toContain('names finesse-a.example.com,');
  const named = describePushes(...(await factsOf(LISTENING, { reportedName: 'fin-a.example.com' })), OWN).join('\n');
  expect(named).toContain('names fin-a.example.com, the phone leaves the proxy');
  const unknown = describePushes(...(await factsOf(LISTENING, { seenAs: null, resolved: null })), OWN).join('\n');
  expect(unknown).toContain('cannot be reached now');
  expect(unknown).toContain('accepted from nowhere');
});

test('with split DNS: what phones must resolve, and a proxy that would reach itself', async () => {
  const own = '{ host: 10.1.1.5, port: 8445, publicUrl: "http://finesse-a.example.com:8445", service: a }';
  const text = change('    - { host: 127.0.0.1, port: 8082 }\n', `    - ${own}\n`);
  const [facts, push] = await factsOf(text);
  const lines = describePushes(facts, push, OWN).join('\n');
  expect(lines).toContain('phones must resolve finesse-a.example.com to this machine; here it resolves to 10.1.1.10');
  expect(lines).not.toContain('itself:');
  const standIns = facts.standIns.map((each) => ({ ...each, resolved: ['10.1.1.5'] }));
  expect(describePushes({ ...facts, standIns }, push, OWN).join('\n')).toContain('send its requests to itself');
});

test('all services are looked at, though none can be reached or resolved', async () => {
  const text = LISTENING.replaceAll('.example.com', '.invalid');
  const lines = await checkPushes(await configOf(text), new Map(), () => Promise.reject(new Error('ENOTFOUND')));
  expect(lines.filter((line) => line.startsWith('a: ') || line.startsWith('b: '))).toHaveLength(6);
  expect(lines[0]).toContain('push.username is not set');
});
