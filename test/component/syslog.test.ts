/** The log by syslog: to Debian's rsyslog, and to receivers that fail. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SyslogConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createLog } from '../../src/ops/log.ts';
import { createSyslog, type Syslog } from '../../src/syslog/syslog.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createFakeClock } from '../fake-clock.ts';
import { freePort } from '../free-port.ts';

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-syslog-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const configOf = (
  protocol: SyslogConfig['protocol'],
  port: number,
  more: Partial<SyslogConfig> = {},
): SyslogConfig => ({
  ...{ protocol, host: '127.0.0.1', port, level: null, facility: 'local3', hostname: 'proxy-1', enterprise: null },
  ...{ ca: null, fingerprints: [], certificateNames: [] },
  ...more,
});

interface Sender {
  readonly syslog: Syslog;
  readonly reported: ProxyEvent[];
  say(number: number, level?: 'debug' | 'info' | 'warn' | 'error'): void;
}

function start(config: SyslogConfig, clock = systemClock as typeof systemClock, maxLines = 10_000): Sender {
  const reported: ProxyEvent[] = [];
  const syslog = createSyslog({ config, clock, report: (event) => void reported.push(event), maxLines });
  syslog.begin();
  onTestFinished(() => syslog.stop(0));
  return {
    ...{ syslog, reported },
    say(number, level = 'info') {
      syslog.write({
        level,
        event: 'numbered',
        fields: { number },
        json: JSON.stringify({ event: 'numbered', number }),
      });
    },
  };
}

/** Reads octet-counted frames. */
interface TestServer {
  readonly port: number;
  readonly lines: string[];
  readonly numbers: () => number[];
  paused: boolean;
  kill(): Promise<void>;
  revive(): Promise<void>;
}

async function startServer(): Promise<TestServer> {
  const lines: string[] = [];
  let sockets: Socket[] = [];
  let server: Server;
  let port = 0;
  const accept = (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    if (result.paused) return void socket.pause();
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
      for (;;) {
        const match = /^(\d+) /.exec(text);
        const from = match?.[0].length ?? 0;
        const length = Number(match?.[1]);
        if (match === null || text.length < from + length) return;
        lines.push(text.slice(from, from + length));
        text = text.slice(from + length);
      }
    });
  };
  const open = async () => {
    server = createServer(accept);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as { port: number });
  };
  const kill = async () => {
    for (const socket of sockets) socket.resetAndDestroy();
    sockets = [];
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  const result: TestServer = {
    get port() {
      return port;
    },
    ...{ lines, numbers: () => lines.map((line) => Number(/"number":(\d+)/.exec(line)?.[1])), paused: false },
    ...{ kill, revive: open },
  };
  await open();
  onTestFinished(kill);
  return result;
}

describe('rsyslog', () => {
  it.each(['tcp', 'udp', 'tls'] as const)(
    'B620 B621 takes what comes by %s, with level, host, event and fields',
    async (protocol) => {
      const folder = testFolder();
      const at = (name: string) => join(folder, name);
      const subject = ['-subj', '/CN=logs', '-addext', 'subjectAltName=IP:127.0.0.1'];
      spawnSync('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        at('key.pem'),
        '-out',
        at('cert.pem'),
        '-days',
        '2',
        ...subject,
      ]);
      const port = await freePort();
      const tls = `global(DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="${at('cert.pem')}" DefaultNetstreamDriverCertFile="${at('cert.pem')}" DefaultNetstreamDriverKeyFile="${at('key.pem')}")\n`;
      const inputs = {
        tcp: `module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="${port}")\n`,
        udp: `module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="${port}")\n`,
        tls: `${tls}module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.Authmode="anon")\ninput(type="imtcp" address="127.0.0.1" port="${port}")\n`,
      };
      const format = '%pri% %syslogseverity-text% %hostname% %app-name% %procid% %msgid% %structured-data% %msg%\\n';
      writeFileSync(
        at('rsyslog.conf'),
        `${inputs[protocol]}template(name="all" type="string" string="${format}")\naction(type="omfile" file="${at('out')}" template="all")\n`,
      );
      const daemon = spawn('/usr/sbin/rsyslogd', ['-n', '-f', at('rsyslog.conf'), '-i', at('pid')], {
        stdio: 'ignore',
      });
      onTestFinished(async () => {
        daemon.kill('SIGKILL');
        await once(daemon, 'exit').catch(() => {});
      });
      await until(() => existsSync(at('pid')));
      const more = { enterprise: 32473, ...(protocol === 'tls' ? { ca: readFileSync(at('cert.pem'), 'utf8') } : {}) };
      const { syslog } = start(configOf(protocol, port, more));
      const log = createLog({ level: 'info', format: 'json', stream: { write: () => true, on: () => {} } as never });
      log.copyTo(syslog.write);
      const out = () => (existsSync(at('out')) ? readFileSync(at('out'), 'utf8') : '');
      // By UDP what comes before it listens is lost.
      while (!/service-state.*\n/.test(out())) {
        log.error('service-state', { service: 'a', reason: 'Büro "x" ] \\ \n 東京', password: 'CANARY' });
        log.debug('left-out', {});
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const [line = ''] = out().split('\n');
      expect(line).toMatch(/^155 err proxy-1 ippa-proxy \d+ service-state \[ippa@32473 service="a" reason="/);
      const json = JSON.parse(line.slice(line.indexOf('] {') + 2));
      expect(json).toMatchObject({
        level: 'error',
        event: 'service-state',
        service: 'a',
        reason: 'Büro "x" ] \\ \n 東京',
      });
      expect(out()).not.toMatch(/CANARY|left-out/);
    },
  );
});

describe('a receiver that fails', () => {
  it('B623 gets what came meanwhile once it is back, and everybody hears that it was away', async () => {
    const server = await startServer();
    const sender = start(configOf('tcp', server.port));
    sender.say(1);
    await until(() => server.lines.length === 1);
    await server.kill();
    await until(() => sender.reported.some(({ kind }) => kind === 'syslog-disconnected'));
    for (let number = 2; number <= 100; number++) sender.say(number);
    await until(() => sender.syslog.problems().length > 0);
    expect(sender.syslog.problems()[0]).toMatch(
      /^log.syslog: 127.0.0.1 port \d+ cannot be reached: .*; \d+ lines wait$/,
    );
    await server.revive();
    await until(() => server.lines.length === 100);
    expect(server.numbers()).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(sender.syslog.problems()).toEqual([]);
    expect(sender.syslog.status()).toMatchObject({ sent: 100, lost: 0, isConnected: true });
  });

  it('B623 and stays away costs no more than the queue; what is lost is counted and said once it is back', async () => {
    const server = await startServer();
    await server.kill();
    const sender = start(configOf('tcp', server.port), systemClock, 50);
    for (let number = 1; number <= 1000; number++) sender.say(number);
    expect(sender.syslog.status()).toMatchObject({ lost: 950, isConnected: false });
    await server.revive();
    await until(() => server.lines.length === 50);
    expect(server.numbers()[0]).toBe(951);
    expect(sender.reported.filter(({ kind }) => kind === 'syslog-lost')).toMatchObject([{ lines: 950 }]);
  });

  it('B623 and reads nothing holds neither the log nor memory', async () => {
    const server = await startServer();
    server.paused = true;
    const sender = start(configOf('tcp', server.port), systemClock, 1000);
    await until(() => sender.syslog.status()?.isConnected === true);
    const before = process.memoryUsage().arrayBuffers;
    const startedAt = performance.now();
    for (let number = 0; number < 100_000; number++) sender.say(number);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await until(() => (sender.syslog.status()?.lost ?? 0) > 10_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('B623 is tried again ever more seldom', async () => {
    const clock = createFakeClock();
    const sender = start(configOf('tcp', 1), clock);
    const waits: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      await until(() => clock.armed() === 1);
      let waited = 0;
      while (clock.armed() === 1) {
        await clock.advance(1000);
        waited += 1000;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([1000, 2000, 5000, 10_000, 30_000, 30_000]);
    expect(sender.reported.filter(({ kind }) => kind === 'syslog-disconnected')).toHaveLength(1);
  });

  it('B624 whose certificate is not trusted gets no line', async () => {
    const folder = testFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=x',
    ]);
    const { createServer: createTlsServer } = await import('node:tls');
    let got = 0;
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
      socket.on('error', () => {}).on('data', (chunk) => (got += chunk.length));
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const sender = start(configOf('tls', port));
    sender.say(1);
    await until(() => sender.reported.length > 0);
    expect(sender.reported[0]).toMatchObject({
      kind: 'syslog-disconnected',
      because: expect.stringContaining('certificate-untrusted'),
    });
    expect(got).toBe(0);
  });

  it('B624 is sent from `level` on only, and another one takes over with a reload', async () => {
    const [one, other] = [await startServer(), await startServer()];
    const sender = start(configOf('tcp', one.port, { level: 'warn' }));
    sender.say(1, 'info');
    sender.say(2, 'error');
    await until(() => one.lines.length === 1);
    sender.syslog.reconfigure(configOf('tcp', other.port));
    sender.say(3, 'info');
    await until(() => other.lines.length === 1);
    sender.syslog.reconfigure(null);
    sender.say(4);
    expect([one.numbers(), other.numbers(), sender.syslog.status()]).toEqual([[2], [3], null]);
  });
});

it('B625 at the end what waits is sent', async () => {
  const server = await startServer();
  const sender = start(configOf('tcp', server.port));
  await until(() => sender.syslog.status()?.isConnected === true);
  for (let number = 1; number <= 5000; number++) sender.say(number);
  await sender.syslog.stop(2000);
  await until(() => server.lines.length === 5000);
  expect(server.numbers().at(-1)).toBe(5000);
});
