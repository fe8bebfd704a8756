/** slowhttptest and a flood against the real process, beside a hundred simulated phones that must notice nothing. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { fetchRaw } from '../rig.ts';
import { type Serve, startServe, testFolder, writeConfig } from './serve-process.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));
const PHONES = 100;
/** As short as shows it; phones and attackers get the same addresses and limits as anywhere, but nobody is exempt. */
const LIMITS = `  listeners: [{ host: 127.0.0.1, port: 0 }]
  limits: { headers: 2s, request: 3s, answer: 2s, perAddress: { connections: 100, requestsPerSecond: 20, burst: 200, exempt: [] } }
`;

let finesse: Finesse;
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await finesse.stop();
});

async function startProxy(): Promise<Serve> {
  const agents = Array.from({ length: PHONES }, (_, n) => ({
    id: `${1001 + n}`,
    password: 'cisco',
    extension: `3${1001 + n}`,
  }));
  finesse = createFinesse({ name: 'finesse-a.example.com', peer: 'finesse-z.example.com', agents });
  await finesse.start();
  const file = writeConfig(testFolder(), { a: finesse.url }, '', LIMITS);
  // Probes as in an installation: this process is the server and the attacker, and may take a second to answer one.
  writeFileSync(file, readFileSync(file, 'utf8').replace(/, probe: \{[^}]*\}/, ''));
  const serve = startServe(file);
  await serve.saw('ready');
  return serve;
}

interface Summary {
  readonly requests: number;
  readonly signIns: number;
  readonly errors: object;
  readonly violations: object;
  readonly notInTime: number;
  readonly statuses: object;
  readonly answers: Readonly<Record<string, number>>;
}

/** A hundred phones, each with an address of its own, for so long. */
async function runPhones(origin: string, forMs: number): Promise<{ code: number | null; summary: Summary }> {
  const child = spawn(
    process.execPath,
    [
      ...[BIN, 'simulate', 'phones', `${origin}/a/fippa/`, '--count', String(PHONES), '--for', `${forMs}ms`],
      ...['--every', '1s', '--own-addresses', '--json', '--model', '8845', '--sign-in'],
      'id={nnnn},password=cisco,extension=3{nnnn}',
      ...['--first-device', '1001'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  children.push(child);
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code, summary: JSON.parse(out.trim().split('\n').at(-1) ?? '{}') };
}

/** Everything in one place: what phones saw is what phones see without any attack. */
function expectUntouched({ code, summary }: { code: number | null; summary: Summary }): void {
  const all = JSON.stringify(summary);
  expect(summary.requests, all).toBeGreaterThan(3 * PHONES);
  expect(summary.signIns, all).toBe(PHONES);
  expect(summary, all).toMatchObject({ errors: {}, violations: {}, notInTime: 0 });
  expect(Object.keys(summary.statuses)).toEqual(['200']);
  expect(Object.keys(summary.answers).filter((page) => /busy|not possible|refused/i.test(page))).toEqual([]);
  expect(code).toBe(0);
}

describe('slowhttptest', () => {
  it.each([
    ['slow headers', ['-H']],
    ['slow bodies', ['-B']],
    ['slow readers', ['-X', '-w', '1', '-y', '8', '-n', '1', '-z', '4', '-k', '3']],
  ])(
    'B230 B235 %s: phones notice nothing, and the log has few lines of it',
    async (_name, mode) => {
      const serve = await startProxy();
      const [phones, ops] = [await serve.phones(), await serve.ops()];
      const attack = spawn(
        'slowhttptest',
        [...mode, '-c', '600', '-r', '200', '-i', '1', '-l', '8', '-p', '2', '-u', `${phones}/a/fippa/SEP1`],
        { stdio: 'ignore' },
      );
      children.push(attack);
      expectUntouched(await runPhones(phones, 8000));
      expect((await fetchRaw(`${ops}/livez`)).status).toBe(200);
      const lines = serve.lines.filter((line) => line.event === 'request-refused' && line.address === '127.0.0.1');
      // One for each kind of offence, and perhaps one more with the count.
      expect(lines.length).toBeLessThanOrEqual(8);
      expect(lines.length).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe('a flood from one address', () => {
  it('B231 is refused; phones notice nothing', async () => {
    const serve = await startProxy();
    const [phones, ops] = [await serve.phones(), await serve.ops()];
    let isOn = true;
    let sent = 0;
    const flooder = async () => {
      while (isOn) {
        const socket = connect({ port: Number(new URL(phones).port), host: '127.0.0.1', localAddress: '127.0.0.9' });
        socket.on('error', () => {});
        socket.write('GET /a/fippa/SEP000000000666 HTTP/1.1\r\nHost: x\r\n\r\n');
        socket.on('data', () => {
          sent += 1;
          socket.write('GET /a/fippa/SEP000000000666 HTTP/1.1\r\nHost: x\r\n\r\n');
        });
        sent += 1;
        await once(socket, 'close').catch(() => undefined);
      }
    };
    const flood = Array.from({ length: 50 }, flooder);
    const seen = await runPhones(phones, 8000);
    isOn = false;
    expectUntouched(seen);
    expect(sent).toBeGreaterThan(500);
    const reached = finesse.requests.filter(({ target }) => target.includes('SEP000000000666')).length;
    // The burst, and twenty a second while it was quiet enough; with a wide margin for a slow machine.
    expect(reached).toBeLessThan(sent / 2);
    const lines = serve.lines.filter((line) => line.event === 'request-refused' && line.address === '127.0.0.9');
    expect(lines.length).toBeLessThanOrEqual(3);
    expect((await fetchRaw(`${ops}/livez`)).status).toBe(200);
    serve.child.kill('SIGTERM');
    expect((await serve.ended).code).toBe(0);
    await Promise.all(flood);
  }, 120_000);
});
