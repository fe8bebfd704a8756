/** What the proxy knows after it was stopped, killed or restarted in the middle of an outage. */

import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { listen } from '../push-rig.ts';
import { fetchRaw } from '../rig.ts';
import { type Serve, startServe, testFolder } from './serve-process.ts';

const TOKEN = 'canary-token';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function startFinesse(name: string): Promise<Finesse> {
  const agents = [1, 2, 3, 4].map((index) => ({
    id: `100${index}`,
    password: 'CANARYpassword',
    extension: `200${index}`,
  }));
  const server = createFinesse({ name: `finesse-${name}.example.com`, peer: 'finesse-z.example.com', agents });
  await server.start();
  stops.push(() => server.stop());
  return server;
}

const phone = (index: number) => `SEP00000000000${index}`;

/** A proxy that is ended and started again on the same folder; ports are new ones each time. */
class Restarted {
  readonly a: Finesse;
  readonly b: Finesse;
  readonly folder: string;
  readonly #file: string;
  serve: Serve;
  #phones = '';
  #ops = '';

  static async start(more = '', phones = ''): Promise<Restarted> {
    const proxy = new Restarted(await startFinesse('a'), await startFinesse('b'), more, phones);
    await proxy.#ready();
    return proxy;
  }

  private constructor(a: Finesse, b: Finesse, more: string, phones: string) {
    [this.a, this.b] = [a, b];
    this.folder = testFolder();
    this.#file = join(this.folder, 'ippa.yaml');
    const probe = 'probe: { interval: 1s, timeout: 800ms }';
    writeFileSync(
      this.#file,
      `phones: { listeners: [{ host: 127.0.0.1, port: 0 }], networks: [127.0.0.0/8]${phones} }
ops: { port: 0, token: ${TOKEN} }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "${a.url}", ${probe} }
      - { id: b, name: Finesse B, url: "${b.url}", ${probe} }
reconnect: { interval: 1s }
state: { folder: state }
log: { format: json }
${more}`,
    );
    this.serve = startServe(this.#file);
  }

  async #ready(): Promise<void> {
    [this.#phones, this.#ops] = [await this.serve.phones(), await this.serve.ops()];
    await this.serve.saw('ready');
  }

  state(name: string): string {
    return join(this.folder, 'state', name);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.serve.child.kill(signal);
    await this.serve.ended;
  }

  async begin(): Promise<void> {
    this.serve = startServe(this.#file);
    await this.#ready();
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.begin();
  }

  async page(path: string): Promise<string> {
    return (await fetchRaw(`${this.#phones}${path}`)).body;
  }

  signIn(service: string, index: number): Promise<string> {
    return this.page(`/${service}/fippa/${phone(index)}?id=100${index}&password=CANARYpassword&extension=200${index}`);
  }

  async ops(path: string, body?: string) {
    return JSON.parse((await fetchRaw(`${this.#ops}${path}`, BEARER, body)).body);
  }

  async phonesOn(): Promise<number[]> {
    return (await this.ops('/health')).services.map(({ phones }: { phones: number }) => phones);
  }

  until(service: string, state: string) {
    return until(
      () => this.ops('/health'),
      ({ services }) =>
        services.some((each: { id: string; state: string }) => each.id === service && each.state === state),
    );
  }

  /** The file holds what has changed. */
  kept(name: string, text: RegExp): Promise<string> {
    return until(
      async () => readFileSync(this.state(name), 'utf8'),
      (found) => text.test(found),
    );
  }
}

async function until<T>(ask: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await ask().catch(() => null);
    if (found !== null && holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const told = (line: string, index: number) => new RegExp(`"device":"${phone(index)}",${line}`);

describe.each(['SIGTERM', 'SIGKILL'] as const)('after %s', (signal) => {
  it('B350 B356 B360 sign-ins and the record of an outage go on, at each of its stages', {
    timeout: 240_000,
  }, async () => {
    const proxy = await Restarted.start();
    for (const index of [1, 2, 3]) await proxy.signIn('a', index);
    await proxy.signIn('b', 4);
    await proxy.kept('sign-ins.jsonl', told('"service":"b"', 4));

    // Before the outage
    await proxy.restart(signal);
    expect(await proxy.phonesOn()).toEqual([3, 1]);
    expect(await proxy.page(`/fippa/${phone(4)}`)).toContain('finesse-b');
    expect((await proxy.ops('/devices?q=1003')).devices).toMatchObject([
      { device: phone(3), address: '127.0.0.1', agent: '1003', extension: '2003', service: 'a' },
    ]);

    // During the attempts
    await proxy.a.fault('refuse');
    await proxy.until('a', 'reconnecting');
    const [begun] = (await proxy.ops('/outages')).outages;
    expect(begun).toMatchObject({ service: 'a', signedIn: 3, missing: 3, verdictAt: null });
    await proxy.kept('outages.jsonl', told('"agent":"1003"', 3));
    await proxy.restart(signal);
    await proxy.until('a', 'out-of-service');

    // After the verdict, when one is elsewhere
    await proxy.signIn('b', 1);
    await proxy.kept('outages.jsonl', told('.*"outcome":"elsewhere"', 1));
    await proxy.kept('sign-ins.jsonl', told('"service":"b"', 1));
    const [on] = (await proxy.ops('/outages')).outages;
    await proxy.restart(signal);
    await proxy.until('a', 'out-of-service');
    expect((await proxy.ops('/outages')).outages).toMatchObject([
      { ...on, signedIn: 3, elsewhere: 1, returned: 0, missing: 2 },
    ]);
    expect(on).toMatchObject({ id: begun.id, startedAt: begun.startedAt, endedAt: null });
    expect(await proxy.page(`/fippa/${phone(1)}`)).toContain('finesse-b');

    // It ends while nobody looks
    await proxy.end(signal);
    await proxy.a.fault('none');
    await proxy.begin();
    await proxy.until('a', 'in-service');
    await proxy.page(`/a/fippa/${phone(2)}/home`);
    await proxy.kept('outages.jsonl', told('.*"outcome":"returned"', 2));

    // After the end
    await proxy.restart(signal);
    const { outages } = await proxy.ops('/outages');
    expect(outages).toMatchObject([{ id: begun.id, signedIn: 3, elsewhere: 1, returned: 1, missing: 1 }]);
    expect(outages[0].endedAt).not.toBeNull();
    const { devices } = await proxy.ops(`/outages/${begun.id}`);
    expect(devices.map(({ outcome }: { outcome: string }) => outcome).sort()).toEqual([
      'elsewhere',
      'missing',
      'returned',
    ]);
    expect(await proxy.phonesOn()).toEqual([2, 2]);

    expect(proxy.serve.lines.filter(({ level }) => level === 'error')).toEqual([]);
    for (const name of ['sign-ins.jsonl', 'outages.jsonl']) {
      expect(statSync(proxy.state(name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(proxy.state(name), 'utf8')).not.toContain('CANARY');
    }
  });

  it('B360 a drain that was kept lets those signed in go on, and nobody else', async () => {
    const proxy = await Restarted.start();
    await proxy.signIn('a', 1);
    await proxy.ops('/services/a', JSON.stringify({ admin: 'drain', reason: 'patching' }));
    await proxy.kept('sign-ins.jsonl', told('"service":"a"', 1));
    await proxy.restart(signal);
    expect(await proxy.page(`/a/fippa/${phone(1)}`)).toContain('finesse-a');
    expect(await proxy.page(`/a/fippa/${phone(2)}`)).toContain('Finesse B');
  });

  it('B360 pushes reach the phone', async () => {
    let pushed = (_: string) => {};
    const web = await listen((request, response) => {
      let text = '';
      request
        .on('data', (chunk) => (text += chunk))
        .on('end', () => {
          pushed(text);
          response.end('<CiscoIPPhoneResponse><ResponseItem Status="0" Data="" URL=""/></CiscoIPPhoneResponse>');
        });
    });
    stops.push(() => web.stop());
    const ports = `phonePorts: { http: ${web.port} }, phoneScheme: http`;
    const proxy = await Restarted.start(`push: { username: push, password: CANARYpush, ${ports} }\n`);
    await proxy.signIn('a', 1);
    await proxy.kept('sign-ins.jsonl', told('"service":"a"', 1));
    await proxy.restart(signal);
    const arrived = new Promise<string>((resolve) => {
      pushed = resolve;
    });
    await proxy.a.fault('refuse');
    expect(decodeURIComponent(await arrived)).toContain(`/a/fippa/${phone(1)}`);
  });
});

it('B361 a sign-out and a move are kept as well', async () => {
  const proxy = await Restarted.start();
  for (const index of [1, 2]) await proxy.signIn('a', index);
  await proxy.page(`/a/fippa/${phone(1)}/logout`);
  await proxy.signIn('b', 2);
  await proxy.kept('sign-ins.jsonl', told('"service":"b"', 2));
  await proxy.restart('SIGKILL');
  expect(await proxy.phonesOn()).toEqual([0, 1]);
});

it('B214 a second copy on the same folder, which has no port, leaves what is kept alone', async () => {
  const proxy = await Restarted.start();
  await proxy.signIn('a', 1);
  await proxy.kept('sign-ins.jsonl', told('"service":"a"', 1));
  // As if it had come in the middle of a line.
  appendFileSync(proxy.state('sign-ins.jsonl'), '{"device":');
  const text = readFileSync(join(proxy.folder, 'ippa.yaml'), 'utf8');
  const taken = new URL(await proxy.serve.phones()).port;
  const file = join(proxy.folder, 'second.yaml');
  writeFileSync(file, text.replace('port: 0 }]', `port: ${taken} }]`));
  expect((await startServe(file).ended).code).toBe(1);
  expect(readFileSync(proxy.state('sign-ins.jsonl'), 'utf8')).toMatch(/"SEP000000000001".*\n\{"device":$/);
  expect(readdirSync(join(proxy.folder, 'state')).sort()).toEqual(['audit.jsonl', 'outages.jsonl', 'sign-ins.jsonl']);
});
