/** `webhooks test`, and what `check --probe` and `doctor` say of receivers. */
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished } from 'vitest';
import { runCheck } from '../../src/commands/check.ts';
import { runDoctor } from '../../src/commands/doctor.ts';
import { runWebhooksTest } from '../../src/commands/webhooks.ts';
import { createFinesse } from '../../src/simulators/finesse/server.ts';
import { writeFiles } from '../unit/config-files.ts';
import { SECRET, startReceiver } from '../webhook-receiver.ts';

function collect() {
  const printed = { out: '', err: '' };
  const output = {
    stdout: (text: string) => {
      printed.out += text;
    },
    stderr: (text: string) => {
      printed.err += text;
    },
  };
  return { printed, output: output as Parameters<typeof runWebhooksTest>[2] };
}

async function configuration(webhooks: string, more = ''): Promise<string> {
  const server = createFinesse({ name: 'finesse-a.example.com' });
  await server.start();
  onTestFinished(() => server.stop());
  const text = `phones: { listeners: [{ host: 127.0.0.1, port: 0 }] }
ops: { port: 1 }
clusters: [{ id: main, services: [{ id: a, name: A, url: "${server.url}" }] }]
state: { folder: state }
webhooks:
${webhooks}${more}`;
  return join(writeFiles({ 'ippa.yaml': text }), 'ippa.yaml');
}

it('B615 `webhooks test` sends what the proxy would, says what was answered, and names nothing secret', async () => {
  const receiver = await startReceiver();
  const file = await configuration(
    `  - { name: noc, url: "${receiver.url}?CANARY", secret: ${SECRET}, events: [drill] }
  - { name: chat, format: slack, url: "http://127.0.0.1:1/CANARY" }
  - { name: pager, format: pagerduty, url: "${receiver.url}/CANARY", routingKey: CANARY }
`,
  );
  const one = collect();
  expect(await runWebhooksTest({ config: file, name: 'noc' }, '0', one.output)).toBe(0);
  expect(one.printed.out).toBe('  ok      noc: it took the event (status 204)\n');
  const [got] = receiver.requests;
  expect(new Webhook(SECRET).verify(got?.body ?? '', got?.headers ?? {})).toMatchObject({ type: 'ippa-proxy.test' });
  const all = collect();
  expect(await runWebhooksTest({ config: file, json: true }, '0', all.output)).toBe(1);
  expect(JSON.parse(all.printed.out)).toMatchObject({
    ok: false,
    webhooks: [
      { name: 'noc', delivered: true },
      { name: 'chat', delivered: false },
      { name: 'pager', delivered: true },
    ],
  });
  expect(receiver.requests.slice(-2).map(({ json }) => json.event_action ?? 'none')).toEqual(['trigger', 'resolve']);
  const none = collect();
  expect(await runWebhooksTest({ config: file, name: 'other' }, '0', none.output)).toBe(2);
  expect(none.printed.err).toContain('has no webhook other; it has: noc, chat, pager');
  receiver.answer = (response) => response.writeHead(401).end();
  const refused = collect();
  expect(await runWebhooksTest({ config: file, name: 'noc' }, '0', refused.output)).toBe(1);
  expect(refused.printed.out).toBe('  FAILED  noc: it did not take the event (status 401)\n');
  expect(all.printed.out + all.printed.err + none.printed.err).not.toContain('CANARY');
});

it('B615 `check --probe` and `doctor` say which receivers cannot be reached, and send nothing', async () => {
  const receiver = await startReceiver();
  const file = await configuration(
    `  - { name: noc, url: "${receiver.url}?CANARY", secret: ${SECRET} }
  - { name: away, format: slack, url: "http://127.0.0.1:1/CANARY" }
  - { name: plain, format: slack, url: "${receiver.url.replace('http:', 'https:')}/CANARY" }
`,
    'log: { syslog: { url: "tcp://127.0.0.1:1" } }\n',
  );
  const check = collect();
  expect(await runCheck(file, { probe: true }, check.output)).toBe(1);
  expect(check.printed.out).toContain(`  noc (cloudevents) at ${new URL(receiver.url).origin}\n`);
  expect(check.printed.out).toContain('  ok      webhook noc: can be reached\n');
  expect(check.printed.out).toMatch(/ {2}FAILED {2}webhook away: refused \(ECONNREFUSED 127.0.0.1:1\)\n/);
  expect(check.printed.out).toMatch(/ {2}FAILED {2}webhook plain: tls /);
  expect(check.printed.out).toMatch(/ {2}FAILED {2}syslog tcp 127.0.0.1 port 1: refused/);
  const doctor = collect();
  await runDoctor({ config: file, json: true }, '0', doctor.output);
  const { findings } = JSON.parse(doctor.printed.out);
  const found = findings.filter(({ code }: { code: string }) => code === 'receiver-unreachable');
  expect(found.map((each: { found: string }) => each.found.split(':')[0])).toEqual([
    'webhook away',
    'webhook plain',
    'syslog tcp 127.0.0.1 port 1',
  ]);
  expect(receiver.requests).toEqual([]);
  expect(check.printed.out + check.printed.err + doctor.printed.out).not.toContain('CANARY');
});
