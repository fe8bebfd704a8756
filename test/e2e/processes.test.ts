/** `processes: 2`: phones whose requests meet now one process and now the other, and what becomes of processes that fail. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';
import { listen } from '../push-rig.ts';
import { type Answer, fetchRaw } from '../rig.ts';
import { type Serve, startServe, testFolder } from './serve-process.ts';

const TOKEN = 'canary-token';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function startFinesse(name: string): Promise<Finesse> {
  const agents = Array.from({ length: 40 }, (_, index) => ({
    ...{ id: String(1001 + index), password: 'CANARYpassword', extension: String(2001 + index) },
  }));
  const server = createFinesse({ name: `finesse-${name}.example.com`, peer: 'finesse-z.example.com', agents });
  await server.start();
  stops.push(() => server.stop());
  return server;
}

const phone = (index: number) => `SEP0000000000${String(index).padStart(2, '0')}`;

interface HealthOf {
  readonly services: readonly { readonly id: string; readonly state: string; readonly phones: number }[];
  readonly processes: readonly { readonly pid: number | null; readonly state: string; readonly restarts: number }[];
  readonly problems: readonly string[];
}

class Several {
  readonly a: Finesse;
  readonly b: Finesse;
  readonly folder = testFolder();
  readonly file = join(this.folder, 'ippa.yaml');
  readonly port: number;
  serve!: Serve;
  attempt = '1s';
  phones = '';
  ops = '';

  /** `more` is added to the configuration as it stands, `phones` to the key of that name. */
  static async start(more = '', phones = '', services = '', attempt = '1s'): Promise<Several> {
    const proxy = new Several(await startFinesse('a'), await startFinesse('b'), await freePort());
    proxy.attempt = attempt;
    proxy.write(more, phones, services);
    await proxy.begin();
    return proxy;
  }

  private constructor(a: Finesse, b: Finesse, port: number) {
    [this.a, this.b, this.port] = [a, b, port];
  }

  write(more = '', phones = '', services = '', listeners = `{ host: 127.0.0.1, port: ${this.port} }`): void {
    const probe = 'probe: { interval: 1s, timeout: 900ms }';
    const text = `phones: { listeners: [${listeners}], networks: [127.0.0.0/8]${phones} }
ops: { port: 0, token: ${TOKEN} }
processes: 2
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "${this.a.url}", ${probe} }
      - { id: b, name: Finesse B, url: "${this.b.url}", ${probe} }
${services}reconnect: { interval: ${this.attempt} }
state: { folder: state }
log: { format: json }
${more}`;
    writeFileSync(this.file, text);
  }

  async begin(): Promise<void> {
    this.serve = startServe(this.file);
    [this.phones, this.ops] = [await this.serve.phones(), await this.serve.ops()];
    await this.serve.saw('ready');
  }

  get(path: string): Promise<Answer> {
    return fetchRaw(`${this.phones}${path}`);
  }

  async page(path: string): Promise<string> {
    return (await this.get(path)).body;
  }

  signIn(service: string, index: number): Promise<string> {
    const query = `id=${1000 + index}&password=CANARYpassword&extension=${2000 + index}`;
    return this.page(`/${service}/fippa/${phone(index)}?${query}`);
  }

  async ask(path: string, body?: string) {
    return JSON.parse((await fetchRaw(`${this.ops}${path}`, BEARER, body)).body);
  }

  health(): Promise<HealthOf> {
    return this.ask('/health');
  }

  until(holds: (health: HealthOf) => boolean): Promise<HealthOf> {
    return until(() => this.health(), holds);
  }

  inState(service: string, state: string): Promise<HealthOf> {
    return this.until(({ services }) => services.some((each) => each.id === service && each.state === state));
  }

  async pids(): Promise<number[]> {
    return (await this.health()).processes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }

  async metric(line: string): Promise<number> {
    const { body } = await fetchRaw(`${this.ops}/metrics`);
    return Number(
      body
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.slice(line.length + 1) ?? 0,
    );
  }
}

async function until<T>(ask: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await ask().catch(() => null);
    if (found !== null && holds(found)) return found;
    await pause(20);
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const isAlive = (pid: number) => {
  try {
    // A process that has ended and whose parent has not looked yet is a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const gone = (pids: readonly number[]) =>
  until(
    async () => pids.filter(isAlive),
    ({ length }) => length === 0,
  );

describe('phones of several processes', () => {
  it('B800 B807 B811 are recognised by all of them at once, counted exactly, and known after a restart', async () => {
    const proxy = await Several.start();
    const indices = Array.from({ length: 24 }, (_, index) => index + 1);
    const frontDoor: string[] = [];
    for (const index of indices) {
      expect(await proxy.signIn('b', index)).not.toContain('Reconnecting');
      // Whoever is free takes a connection: with 24 phones both processes meet many that signed in with the other.
      for (const _ of [1, 2]) frontDoor.push(await proxy.page(`/fippa/${phone(index)}`));
    }
    expect(frontDoor.filter((page) => page.includes('/b/fippa/'))).toHaveLength(48);
    const { services, processes } = await proxy.health();
    expect(services.map(({ phones }) => phones)).toEqual([0, 24]);
    expect(processes.map(({ state, restarts }) => [state, restarts])).toEqual([
      ['serving', 0],
      ['serving', 0],
    ]);
    expect(await proxy.metric('ippa_phone_requests_total{service="b",outcome="relayed"}')).toBe(72);
    expect(await proxy.metric('ippa_phone_answer_duration_seconds_count')).toBe(72);
    expect(proxy.b.requests.filter(({ target }) => target.includes('password='))).toHaveLength(24);
    const cpu = await until(
      async () => [
        await proxy.metric('ippa_phone_process_cpu_seconds{process="1"}'),
        await proxy.metric('ippa_phone_process_cpu_seconds{process="2"}'),
      ],
      ([one = 0, other = 0]) => one > 0 && other > 0,
    );
    expect(cpu).toHaveLength(2);

    proxy.serve.child.kill('SIGTERM');
    expect(await proxy.serve.ended).toEqual({ code: 0, signal: null });
    await proxy.begin();
    expect((await proxy.health()).services.map(({ phones }) => phones)).toEqual([0, 24]);
    for (const _ of [1, 2]) expect(await proxy.page(`/fippa/${phone(7)}`)).toContain('/b/fippa/');
    expect(proxy.serve.lines.filter(({ level }) => level === 'error')).toEqual([]);
  }, 180_000);

  it('B801 B810 see one timeline, one record and one probe of each server, a drill and a drain too', async () => {
    // Six phones ask within one attempt.
    const proxy = await Several.start('outages: { summaryAfter: 12s }\n', '', '', '3s');
    for (const index of [1, 2, 3, 4]) await proxy.signIn('a', index);
    const probes = ({ requests }: Finesse) => requests.filter(({ target }) => target.includes('SystemInfo')).length;
    /** How many seconds have passed, begun ones too: a busy machine takes its time for all that happens in them. */
    const seconds = (from: number) => Math.ceil((performance.now() - from) / 1000);
    const [before, from] = [probes(proxy.b), performance.now()];
    await pause(3000);
    // One a second, whatever the number of processes.
    expect(probes(proxy.b) - before).toBeLessThanOrEqual(seconds(from) + 1);

    await proxy.a.fault('503');
    await proxy.page(`/a/fippa/${phone(1)}/ready`);
    const told = await Promise.all([1, 2, 3, 4, 1, 2].map((index) => proxy.get(`/a/fippa/${phone(index)}`)));
    for (const { body } of told) expect(body).toContain('Reconnecting: 1 of 3');
    await proxy.inState('a', 'out-of-service');
    const menus = await Promise.all([1, 2, 3, 4].map((index) => proxy.page(`/a/fippa/${phone(index)}`)));
    for (const menu of menus) expect(menu).toContain('/~to/b');
    const [asked, askedFrom] = [probes(proxy.b), performance.now()];
    const chosen = await Promise.all([1, 2, 3, 4].map((index) => proxy.page(`/a/fippa/${phone(index)}/~to/b`)));
    for (const page of chosen) expect(page).toContain('/b/fippa/');
    // One for all of them, and those of every second.
    expect(probes(proxy.b) - asked).toBeLessThanOrEqual(seconds(askedFrom) + 1);
    for (const index of [1, 2]) await proxy.signIn('b', index);
    await proxy.serve.saw('outage-summary', { signedIn: 4, elsewhere: 2, missing: 2 });
    expect((await proxy.ask('/outages')).outages).toMatchObject([{ service: 'a', signedIn: 4, told: 4, elsewhere: 2 }]);
    const states = proxy.serve.lines.filter(({ event, service }) => event === 'service-state' && service === 'a');
    expect(states.map(({ to }) => to)).toEqual(['in-service', 'reconnecting', 'out-of-service']);

    await proxy.a.fault('none');
    await proxy.inState('a', 'in-service');
    const drill = await fetchRaw(`${proxy.ops}/drills`, BEARER, JSON.stringify({ service: 'b', forSeconds: 60 }));
    expect(drill.status).toBe(200);
    for (const _ of [1, 2]) expect(await proxy.page(`/b/fippa/${phone(1)}`)).toContain('Reconnecting: 1 of 3');
    await proxy.ask('/services/a', JSON.stringify({ admin: 'drain', reason: 'patching' }));
    for (const _ of [1, 2]) expect(await proxy.page(`/a/fippa/${phone(9)}`)).toContain('No new sign-ins');
  }, 180_000);

  it('B808 are told by one push each', async () => {
    const pushed: string[] = [];
    const web = await listen((req, res) => {
      let form = '';
      req.on('data', (chunk) => {
        form += chunk;
      });
      req.on('end', () => {
        pushed.push(/fippa%2F(SEP\d+)/.exec(form)?.[1] ?? form);
        res.end('<CiscoIPPhoneResponse><ResponseItem Status="0" Data="" URL=""/></CiscoIPPhoneResponse>');
      });
    });
    stops.push(web.stop);
    const push = `push: { username: u, password: p, phoneScheme: http, phonePorts: { http: ${web.port} } }\n`;
    const proxy = await Several.start(push);
    for (const index of [1, 2, 3, 4, 5, 6]) await proxy.signIn('a', index);
    await proxy.a.fault('503');
    await proxy.serve.saw('phones-told', { service: 'a', reason: 'verdict', delivered: 6 });
    expect(pushed.sort()).toEqual([1, 2, 3, 4, 5, 6].map(phone));
  }, 180_000);

  it('B809 of one address share its limits', async () => {
    const proxy = await Several.start(
      '',
      ', limits: { perAddress: { requestsPerSecond: 1, burst: 40, exempt: [127.0.0.9] } }',
    );
    const answers: string[] = [];
    for (let n = 0; n < 120; n++) {
      answers.push(await proxy.page(`/a/fippa/${phone(1)}`).catch(() => 'broken off'));
      await pause(3);
    }
    const served = answers.filter((page) => page.includes('/a/fippa/') && !page.includes('<Title>Error')).length;
    // Alone each process would serve 40.
    expect(served).toBeGreaterThanOrEqual(40);
    expect(served).toBeLessThanOrEqual(65);
  }, 180_000);
});

describe('a process', () => {
  it('B802 that is killed in an outage is replaced at once, and costs nothing but its connections', async () => {
    const proxy = await Several.start();
    for (const index of [1, 2, 3, 4]) await proxy.signIn('a', index);
    await proxy.a.fault('refuse');
    await proxy.inState('a', 'reconnecting');
    const before = await proxy.pids();
    process.kill(before[0] as number, 'SIGKILL');
    const ended = await proxy.serve.saw('process-ended', { process: 1 });
    expect(ended).toMatchObject({ pid: before[0], because: 'it was ended by SIGKILL', againInMs: 0 });
    const answers = await Promise.all([1, 2, 3, 4].map((index) => proxy.get(`/a/fippa/${phone(index)}`)));
    for (const { body } of answers) expect(body).toMatch(/Reconnecting: \d of 3|~to\/b/);
    const { processes } = await proxy.until((health) => health.processes.every(({ state }) => state === 'serving'));
    expect(processes.map(({ restarts }) => restarts)).toEqual([1, 0]);
    expect(await proxy.metric('ippa_phone_process_ends_total{process="1"}')).toBe(1);
    expect(await proxy.metric('ippa_phone_processes{state="serving"}')).toBe(2);
    await proxy.inState('a', 'out-of-service');
    const menus = await Promise.all([1, 2, 3, 4].map((index) => proxy.page(`/a/fippa/${phone(index)}`)));
    for (const menu of menus) expect(menu).toContain('/~to/b');
    // The new one knows who is signed in where.
    await proxy.signIn('b', 1);
    for (const _ of [1, 2, 3, 4]) expect(await proxy.page(`/fippa/${phone(1)}`)).toContain('/b/fippa/');
    expect((await proxy.ask('/outages')).outages).toMatchObject([{ signedIn: 4, elsewhere: 1 }]);
  }, 180_000);

  it('B803 that hangs is ended and replaced within seconds, and nobody signs in more slowly by it than a moment', async () => {
    const proxy = await Several.start();
    const [frozen = 0, other] = await proxy.pids();
    process.kill(frozen, 'SIGSTOP');
    const started = performance.now();
    await Promise.all([1, 2].map((index) => Promise.race([proxy.signIn('a', index), pause(2000)])));
    const ended = await proxy.serve.saw('process-ended', { pid: frozen });
    expect(ended.because).toMatch(/^it hung/);
    expect(performance.now() - started).toBeLessThan(12_000);
    await proxy.until((health) => health.processes.every(({ state }) => state === 'serving'));
    expect(await proxy.pids()).not.toContain(frozen);
    expect(await proxy.pids()).toContain(other);
    for (const index of [3, 4, 5, 6]) expect(await proxy.signIn('a', index)).toContain('/a/fippa/');
  }, 180_000);

  it('B804 that ends again and again is started again after a pause, which /health says', async () => {
    const proxy = await Several.start();
    for (let n = 1; n <= 4; n++) {
      const { processes } = await proxy.until((health) => health.processes[0]?.state === 'serving');
      process.kill(processes[0]?.pid as number, 'SIGKILL');
      await proxy.until((health) => health.processes[0]?.pid !== processes[0]?.pid);
    }
    const { problems } = await proxy.until((health) => health.problems.length > 0);
    expect(problems.join()).toMatch(/served by 1 of 2 processes: process 1 is started again/);
    // The log comes by a pipe of its own, and so perhaps later.
    await proxy.serve.saw('process-ended', { againInMs: 1000 });
    const ends = proxy.serve.lines.filter(({ event }) => event === 'process-ended');
    expect(ends.map(({ againInMs }) => againInMs)).toEqual([0, 0, 0, 1000]);
    expect(await proxy.page(`/a/fippa/${phone(1)}`)).toContain('/a/fippa/');
    await proxy.until((health) => health.processes.every(({ state }) => state === 'serving'));
  }, 180_000);
});

describe('the process that there is one of', () => {
  it('B805 takes all others with it, however it ends', async () => {
    const killed = await Several.start();
    const orphans = await killed.pids();
    killed.serve.child.kill('SIGKILL');
    await gone(orphans);

    const stopped = await Several.start();
    await stopped.a.fault('slow', { ms: 2000, scope: 'fippa' });
    const pids = await stopped.pids();
    const names = pids.map((pid) =>
      execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).trim(),
    );
    expect(names).toEqual(['ippa-proxy: phones 1 of 2', 'ippa-proxy: phones 2 of 2']);
    const underWay = Promise.all([1, 2, 3, 4].map((index) => stopped.page(`/a/fippa/${phone(index)}`)));
    await until(
      async () => stopped.a.requests.filter(({ target }) => target.startsWith('/fippa/')),
      ({ length }) => length === 4,
    );
    // As a service manager does: to each of them.
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    stopped.serve.child.kill('SIGTERM');
    for (const page of await underWay) expect(page).toContain('/a/fippa/');
    expect(await stopped.serve.ended).toEqual({ code: 0, signal: null });
    await gone(pids);
    expect(stopped.serve.lines.filter(({ event }) => event === 'process-ended')).toEqual([]);
  }, 180_000);

  it('B806 has a reload reach all of them, and says what a listener needs', async () => {
    const proxy = await Several.start();
    proxy.write('pages: { help: "Help desk: 4711" }\n');
    const text = readFileSync(proxy.file, 'utf8').replace('name: Finesse A', 'name: Finesse Nord');
    writeFileSync(proxy.file, text);
    proxy.serve.child.kill('SIGHUP');
    await proxy.serve.saw('reloaded');
    await proxy.a.fault('refuse');
    await proxy.inState('a', 'reconnecting');
    for (const index of [1, 2, 3]) {
      const page = await proxy.page(`/a/fippa/${phone(index)}`);
      expect(page).toContain('Finesse Nord');
      expect(page).toContain('Help desk: 4711');
    }
    writeFileSync(proxy.file, text.replace('processes: 2', 'processes: 1'));
    proxy.serve.child.kill('SIGHUP');
    await proxy.serve.saw('restart-needed', { key: 'processes' });
    expect((await proxy.health()).problems.join()).toContain('processes');
    // One that is started by now has the configuration of the others.
    const [pid = 0] = await proxy.pids();
    process.kill(pid, 'SIGKILL');
    await proxy.until(({ processes }) => processes.every((each) => each.state === 'serving' && each.pid !== pid));
    for (const index of [1, 2, 3]) expect(await proxy.page(`/a/fippa/${phone(index)}`)).toContain('Help desk: 4711');
  }, 180_000);

  it('B806 says what hinders the start, as one process would', async () => {
    const taken = await listen((_, res) => res.end());
    stops.push(taken.stop);
    const proxy = await Several.start();
    proxy.write('', '', '', `{ host: 127.0.0.1, port: ${taken.port} }`);
    const second = startServe(proxy.file);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr()).toBe(
      `phones.listeners[0].port: port ${taken.port} on 127.0.0.1 is already in use; stop the other program or choose another port\n`,
    );
  }, 180_000);
});

describe('TLS', () => {
  it('B812 a session is resumed by whichever process, before and after the certificate is renewed', async () => {
    const proxy = await Several.start();
    const files = { cert: join(proxy.folder, 'p.pem'), key: join(proxy.folder, 'p.key') };
    const renew = async () => {
      const { cert, key } = selfSigned(['localhost'], Date.now());
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
    };
    await renew();
    proxy.serve.child.kill('SIGTERM');
    await proxy.serve.ended;
    proxy.write('', '', '', `{ host: 127.0.0.1, port: ${proxy.port}, tls: { cert: p.pem, key: p.key } }`);
    await proxy.begin();
    expect(await resumed(proxy.port, 12)).toBe(12);

    await renew();
    await proxy.serve.saw('certificate-renewed');
    await until(
      () => serialsOf(proxy.port, 6),
      (serials) => new Set(serials).size === 1,
    );
    expect(await resumed(proxy.port, 12)).toBe(12);
    expect(proxy.serve.lines.filter(({ event }) => event === 'certificate-renewed')).toHaveLength(1);

    // Half of a renewal must not keep a process that is started just then from its listener.
    writeFileSync(files.cert, 'half');
    const [pid = 0] = await proxy.pids();
    process.kill(pid, 'SIGKILL');
    await proxy.until(({ processes }) => processes.every((each) => each.state === 'serving' && each.pid !== pid));
    expect(new Set(await serialsOf(proxy.port, 6)).size).toBe(1);
  }, 180_000);
});

function open(port: number, session?: Buffer): TLSSocket {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ...(session === undefined ? {} : { session }) };
  return connect(options);
}

/** How many of so many connections resume the session of one. */
async function resumed(port: number, count: number): Promise<number> {
  const first = open(port);
  const session = once(first, 'session');
  first.write('GET /a/fippa/SEP1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const [ticket] = (await session) as [Buffer];
  first.resume();
  let reused = 0;
  for (let n = 0; n < count; n++) {
    const socket = open(port, ticket);
    await once(socket, 'secureConnect');
    if (socket.isSessionReused()) reused += 1;
    socket.destroy();
  }
  first.destroy();
  return reused;
}

async function serialsOf(port: number, count: number): Promise<string[]> {
  const serials: string[] = [];
  for (let n = 0; n < count; n++) {
    const socket = open(port);
    await once(socket, 'secureConnect');
    serials.push(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  }
  return serials;
}
