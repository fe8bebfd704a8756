/** Two proxies behind an address that a real keepalived moves, configured as docs/front-doors.md says, on machines of their own. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configurationOf } from './front-doors.ts';
import { canMakeNetworks, Network } from './networks.ts';
import { testFolder } from './serve-process.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));
const ASKING_PHONE = fileURLToPath(new URL('./asking-phone.js', import.meta.url));
const ADDRESS = '10.1.1.10';
const MACHINES = ['p1', 'p2'] as const;
type Machine = (typeof MACHINES)[number];
const ADDRESSES = { p1: '10.1.1.11', p2: '10.1.1.12' } as const;
/** Without an answer, as a phone sees it; keepalived needs two checks of a second and about a second more. */
const LONGEST_GAP_MS = 5000;

/** Lines of a process, which can be awaited. */
class Output {
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  #waiting: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    }
    child.once('close', () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  async saw(text: string, from = 0): Promise<void> {
    while (!this.lines.slice(from).some((line) => line.includes(text))) {
      if (this.child.exitCode !== null) throw new Error(`ended without ${text}: ${this.lines.slice(-20).join('\n')}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async more(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

// A machine that allows no networks of its own cannot run this; CI has to.
const isPossible = canMakeNetworks() || process.env.CI === 'true';

let network: Network;
beforeAll(() => {
  if (isPossible) network = new Network();
});
afterAll(() => network?.remove());

test.runIf(isPossible)(
  'the address follows the proxy that works, and stays where it is when the other comes back',
  async () => {
    const folder = testFolder();
    // keepalived reads its files as root, the script's user only runs it.
    chmodSync(folder, 0o755);
    network.machine('f', '10.1.1.30/24');
    network.machine('c', '10.1.1.40/24');
    for (const machine of MACHINES) network.machine(machine, `${ADDRESSES[machine]}/24`);

    const simulate = ['simulate', 'finesse', '--host', '10.1.1.30', '--port', '8082', '--base-url', 'host'];
    const finesse = new Output(network.start('f', process.execPath, [BIN, ...simulate]));
    await finesse.more();
    const file = join(folder, 'ippa.yaml');
    writeFileSync(
      file,
      `phones: { listeners: [{ host: 0.0.0.0, port: 8082, publicUrl: "http://${ADDRESS}:8082" }] }
ops: { host: 127.0.0.1, port: 8090 }
stop: { pause: 5s, within: 8s }
clusters: [{ id: main, services: [{ id: a, name: Finesse A, url: "http://10.1.1.30:8082" }] }]
log: { format: json }
`,
    );
    const startProxy = async (machine: Machine): Promise<Output> => {
      const proxy = new Output(network.start(machine, process.execPath, [BIN, 'serve', '--config', file]));
      await proxy.saw('"ready"');
      return proxy;
    };
    const proxies = { p1: await startProxy('p1'), p2: await startProxy('p2') };

    const startKeepalived = async (machine: Machine, other: Machine): Promise<Output> => {
      const configuration = join(folder, `${machine}.conf`);
      const places = { '10.1.1.11': 'SELF', '10.1.1.12': ADDRESSES[other] };
      writeFileSync(configuration, configurationOf('keepalived', places).replaceAll('SELF', ADDRESSES[machine]));
      const files = ['-p', join(folder, `${machine}.pid`), '-r', join(folder, `${machine}-vrrp.pid`)];
      return new Output(
        network.start(machine, 'keepalived', [
          '--dont-fork',
          '--log-console',
          '--log-detail',
          '-f',
          configuration,
          ...files,
        ]),
      );
    };
    const keepaliveds = { p1: await startKeepalived('p1', 'p2'), p2: await startKeepalived('p2', 'p1') };

    const holders = () => MACHINES.filter((machine) => network.has(machine, ADDRESS));
    /** The machine that has the address, once it is one alone and, if so wanted, another than before. */
    const holder = async (before: Machine | null = null): Promise<Machine> => {
      for (;;) {
        const [one, ...more] = holders();
        if (one !== undefined && more.length === 0 && one !== before) return one;
        await Promise.race(MACHINES.map((machine) => keepaliveds[machine].more()));
      }
    };
    const other = (machine: Machine): Machine => (machine === 'p1' ? 'p2' : 'p1');

    let at = await holder();
    const phone = new Output(
      network.start('c', process.execPath, [ASKING_PHONE, `http://${ADDRESS}:8082/a/fippa/SEP1`]),
    );
    const answered = async (times = 3) => {
      for (let count = 0; count < times; ) {
        const from = phone.lines.length;
        await phone.more();
        count += phone.lines.slice(from).filter((line) => line.startsWith('ok ')).length;
      }
    };
    await answered();

    // Killed.
    proxies[at].child.kill('SIGKILL');
    at = await holder(at);
    await answered();

    // Back, and seen to be: the address stays.
    const back = other(at);
    const seen = keepaliveds[back].lines.length;
    proxies[back] = await startProxy(back);
    await keepaliveds[back].saw('succeeded', seen);
    await answered(10);
    expect(holders()).toEqual([at]);

    // It hangs.
    proxies[at].child.kill('SIGSTOP');
    const hung = at;
    at = await holder(at);
    await answered();
    const thawed = keepaliveds[hung].lines.length;
    proxies[hung].child.kill('SIGCONT');
    await keepaliveds[hung].saw('succeeded', thawed);

    // Its machine is cut off, which it does not notice: it keeps the address for itself until the cable is back.
    network.cut(at);
    const cutOff = at;
    await keepaliveds[other(at)].saw('Entering MASTER STATE', keepaliveds[other(at)].lines.length);
    await answered();
    expect(network.has(other(cutOff), ADDRESS)).toBe(true);
    network.join(cutOff);
    at = await holder();
    await answered();

    // Stopped in order: nobody is refused.
    const before = phone.lines.length;
    proxies[at].child.kill('SIGTERM');
    await once(proxies[at].child, 'close');
    at = await holder(at);
    await answered();
    const told = phone.lines.slice(before);
    expect(told.filter((line) => line.includes('ECONNREFUSED'))).toEqual([]);
    // What is under way while the address moves is reset by the machine that has it then: it knows nothing of that connection.
    expect(told.filter((line) => line.includes('ECONNRESET')).length).toBeLessThanOrEqual(1);

    // The last one is not ready either: the address stays with one of them.
    proxies[at].child.kill('SIGKILL');
    await keepaliveds[at].saw('failed', keepaliveds[at].lines.length);
    expect(holders()).toHaveLength(1);

    expect(
      longestGap(
        phone.lines.slice(
          0,
          phone.lines.findLastIndex((line) => line.startsWith('ok ')),
        ),
      ),
    ).toBeLessThan(LONGEST_GAP_MS);
  },
  150_000,
);

/** Between two answers, ms. */
function longestGap(lines: readonly string[]): number {
  let longest = 0;
  let gap = 0;
  for (const line of lines) {
    const [outcome = '', ms = '0'] = line.split(' ');
    gap += Number(ms) + 100;
    longest = Math.max(longest, gap);
    if (outcome === 'ok') gap = 0;
  }
  return longest;
}
