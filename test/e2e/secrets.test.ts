/**
 * Secrets appear in nothing that the proxy puts out (reference/http-hardening.md, "Secrets"). The real process runs, at the
 * debug level, through every kind of failure with values that are found nowhere else; then everything that it wrote and
 * answered is searched for them. What Finesse itself sends to a phone is Finesse's; the proxy's own pages are ours.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { startCanaryServer } from '../canary-finesse.ts';
import { canaryForms, unfold } from '../canary-forms.ts';
import { freePort } from '../free-port.ts';

const ID = 'CANARYid';
const EXTENSION = 'CANARYext';
/** All that is secret; `CANARY` alone finds every one of them but what is encoded. */
const SECRET = {
  password: 'CANARYpassword',
  cookie: 'CANARYcookie',
  session: 'CANARYsession',
  authorization: 'CANARYauthorization',
  token: 'CANARYtoken',
  probeUser: 'CANARYprobeuser',
  probePassword: 'CANARYprobepassword',
  xmppPassword: 'CANARYxmpppassword',
};
const FORBIDDEN = [
  'CANARY',
  Buffer.from(`${SECRET.probeUser}:${SECRET.probePassword}`).toString('base64'),
  Buffer.from(SECRET.probePassword).toString('base64').slice(0, 20),
];
const PHONE = 'SEP001122334455';
const SIGN_IN = `id=${ID}&password=${SECRET.password}&extension=${EXTENSION}`;
const bin = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

/** Breaks the proxy from inside, on request. */
const FAULT = fileURLToPath(new URL('internal-fault.ts', import.meta.url));

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

interface Setting {
  readonly folder: string;
  readonly file: string;
  readonly phonesPort: number;
  readonly opsPort: number;
  readonly finesse: Finesse;
}

async function prepare(format: 'json' | 'pretty'): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-secrets-'));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  const start = async (name: string) => {
    const server = createFinesse({
      name,
      agents: [{ id: ID, password: SECRET.password, extension: EXTENSION }],
      secureSystemInfo: { username: SECRET.probeUser, password: SECRET.probePassword },
    });
    await server.start();
    cleanUp.push(() => server.stop());
    return server;
  };
  const [finesse, other] = [await start('finesse-a.example.com'), await start('finesse-b.example.com')];
  const [phonesPort, opsPort] = [await freePort(), await freePort()];
  const file = join(folder, 'proxy.yaml');
  const probe = `{ username: ${SECRET.probeUser}, password: ${SECRET.probePassword}, interval: 500ms }`;
  writeFileSync(
    file,
    `phones: { listeners: [{ host: 127.0.0.1, port: ${phonesPort} }], answerWithin: 700ms }
ops: { host: 127.0.0.1, port: ${opsPort}, token: ${SECRET.token} }
clusters:
  - id: main
    services:
      - id: a
        name: Finesse A
        url: "${finesse.url}"
        probe: ${probe}
        notification: { port: 9, tls: unencrypted, username: xmpp, password: ${SECRET.xmppPassword} }
      - { id: b, name: Finesse B, url: "${other.url}", probe: ${probe} }
reconnect: { interval: 500ms }
state: { folder: state }
log: { level: debug, format: ${format} }
`,
  );
  return { folder, file, phonesPort, opsPort, finesse };
}

interface Running {
  readonly output: () => string;
  readonly logged: (text: string) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<number | null>;
}

function serve(file: string, ...nodeArgs: string[]): Running {
  const child = spawn(process.execPath, [...nodeArgs, bin, 'serve', '--config', file]);
  cleanUp.push(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return {
    output: () => output,
    async logged(text) {
      const from = output.length;
      while (!output.includes(text, text === 'ready' ? 0 : from)) {
        if (child.exitCode !== null) throw new Error(`ended without ${text}: ${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    signal: (name) => child.kill(name),
    ended: once(child, 'close').then(([code]) => code),
  };
}

function command(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
  return stdout + stderr;
}

interface Page {
  readonly head: string;
  readonly body: string;
  /** Not a page of Finesse: those have its name as their title. */
  readonly own: boolean;
}

function ask(
  port: number,
  path: string,
  { from = '127.0.0.1', method = 'GET', headers = {}, body = '' } = {} as {
    from?: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  },
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, localAddress: from, agent: false, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () => {
          const own = !text.includes('finesse-a.example.com') && !text.includes('finesse-b.example.com');
          resolve({ head: JSON.stringify(response.headers), body: text, own });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk));
  socket.on('error', () => {});
  socket.end(Buffer.from(bytes, 'latin1'));
  await once(socket, 'close');
  return text;
}

/** Each of these goes wrong with the secrets in it. */
const BAD_REQUESTS = [
  `GET /a/fippa/${PHONE}?${SIGN_IN}#x HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /a/fippa/${PHONE};jsessionid=${SECRET.session}/../x?${SIGN_IN} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET http://u:${SECRET.password}@x/fippa/${PHONE}?${SIGN_IN} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /a/fippa/${PHONE}?${SIGN_IN}&x=${'x'.repeat(3000)} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /a/fippa/${PHONE}?${SIGN_IN}&x=${'x'.repeat(30_000)} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /nowhere/fippa/${PHONE}?${SIGN_IN} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /nowhere?${SIGN_IN} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /a/fippa/?${SIGN_IN} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /a/fippa/${PHONE}/~to/nowhere?${SIGN_IN} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `${SECRET.password} /a/fippa/${PHONE} HTTP/1.1\r\nHost: p\r\n\r\n`,
  `PUT /a/fippa/${PHONE}?${SIGN_IN} HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n`,
  `CONNECT ${SECRET.session}:443 HTTP/1.1\r\nHost: p\r\n\r\n`,
  `GET /a/fippa/${PHONE}?${SIGN_IN} HTTP/1.1\r\nHost: ${SECRET.session}\r\nHost: ${SECRET.cookie}\r\n\r\n`,
  `GET /a/fippa/${PHONE}?${SIGN_IN} HTTP/1.1\r\nHost: p\r\nCookie: ${SECRET.cookie}\0\r\n\r\n`,
  `GET /a/fippa/${PHONE} HTTP/1.1\r\nHost: p\r\nAuthorization: Basic ${SECRET.authorization}${'x'.repeat(30_000)}\r\n\r\n`,
  `POST /a/fippa/${PHONE} HTTP/1.1\r\nHost: p\r\nContent-Length: 99999\r\n\r\n${SIGN_IN}`,
  `POST /a/fippa/${PHONE} HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n${SECRET.password}\r\n`,
  `POST /a/fippa/${PHONE} HTTP/1.1\r\nHost: p\r\nExpect: ${SECRET.password}\r\n\r\n`,
  `POST /CGI/Execute HTTP/1.1\r\nHost: p\r\nAuthorization: Basic ${SECRET.authorization}\r\n\r\nXML=${SECRET.password}`,
  `${SIGN_IN}\r\n\r\n`,
  `\x16\x03\x01${SECRET.password}`,
];

/** Each kind of failure that a server can have, the location of a redirect with secrets among them. */
const FAULTS: readonly (readonly [string, Record<string, string>])[] = [
  ['refuse', {}],
  ['drop', {}],
  ['reset', { when: 'request', processed: 'yes' }],
  ['silent', { processed: 'yes' }],
  ['trickle', {}],
  ['503', {}],
  ['500', {}],
  ['unauthorized', {}],
  ['html', {}],
  ['truncated', { variant: 'closed' }],
  ['truncated', { variant: 'cut' }],
  ['large', {}],
  ['gzip', {}],
  ['redirect', { to: `http://u:${SECRET.password}@elsewhere.invalid/fippa/x;jsessionid=${SECRET.session}?${SIGN_IN}` }],
  ['redirect', { to: `/fippa/../${SECRET.session}?${SIGN_IN}` }],
  ['redirect', { hops: '9' }],
  ['out-of-service', {}],
  ['fippa-only', { variant: 'html' }],
];

describe.each(['json', 'pretty'] as const)('with a log in %s', (format) => {
  test('no secret leaves the proxy', { timeout: 300_000 }, async () => {
    const { folder, file, phonesPort, opsPort, finesse } = await prepare(format);
    const proxy = serve(file, '--import', FAULT);
    await proxy.logged('ready');
    const put: [what: string, text: string][] = [];
    const headers = {
      Cookie: `JSESSIONID=${SECRET.cookie}`,
      Authorization: `Basic ${SECRET.authorization}`,
      Referer: `http://x/fippa/${PHONE}?${SIGN_IN}`,
      'X-Forwarded-For': SECRET.session,
    };
    /** What phones ask for with all that they know; own pages may hold id and extension, for this address. */
    const visit = async (path: string) => {
      const { head, body, own } = await ask(phonesPort, path, { headers });
      if (own) put.push([`page for ${path}`, (head + body).replaceAll(ID, '').replaceAll(EXTENSION, '')]);
      return body;
    };
    const strange = async (path: string) => {
      const { head, body, own } = await ask(phonesPort, path, { from: '127.0.0.2' });
      if (own) put.push([`page for another address, ${path}`, head + body]);
    };
    const askOperators = async () => {
      for (const path of [
        '/health',
        '/metrics',
        '/outages',
        '/devices',
        '/',
        '/readyz',
        `/nowhere/${PHONE}?${SIGN_IN}`,
      ]) {
        put.push([path, (await ask(opsPort, path, { headers })).body]);
      }
    };

    await visit(`/a/fippa/${PHONE}?${SIGN_IN}`);
    for (const [name, args] of FAULTS) {
      await finesse.fault(name, args);
      await visit(`/a/fippa/${PHONE}/ready;jsessionid=${SECRET.session}?${SIGN_IN}`);
      const entry = await visit(`/a/fippa/${PHONE}?id=${ID}&extension=${EXTENSION}`);
      await strange(`/a/fippa/${PHONE}`);
      const form = { method: 'POST', body: SIGN_IN, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
      const posted = await ask(phonesPort, `/a/fippa/${PHONE}/x`, form);
      if (posted.own) put.push([`form in ${name}`, posted.body.replaceAll(ID, '').replaceAll(EXTENSION, '')]);
      await askOperators();
      if (name !== 'refuse') continue;
      // Once through the whole outage: the menu for the address that knows, and for one that does not.
      let menu = entry;
      while (!menu.includes('~to/b')) menu = await visit(`/a/fippa/${PHONE}?id=${ID}&extension=${EXTENSION}`);
      expect(menu).toContain(`~to/b?id=${ID}`);
      await strange(`/a/fippa/${PHONE}`);
      put.push(['status', command('status', '--config', file)]);
      await finesse.fault('none');
      await visit(`/a/fippa/${PHONE}/~to/b?${SIGN_IN}`);
    }
    await finesse.fault('none');
    for (const bytes of BAD_REQUESTS) put.push([bytes.slice(0, 60), await raw(phonesPort, bytes)]);

    await visit(`/a/fippa/${PHONE}?${SIGN_IN}&break=1`);

    const wrong = { Authorization: `Bearer ${SECRET.authorization}`, 'Content-Type': 'application/json' };
    const right = { Authorization: `Bearer ${SECRET.token}`, 'Content-Type': 'application/json' };
    for (const [header, body] of [
      [wrong, '{"admin":"drain"}'],
      [right, `{"admin":"${SECRET.password}"}`],
      [right, `{"${SECRET.password}`],
      [right, '{"admin":"drain","reason":"night shift"}'],
    ] as const) {
      const answer = await ask(opsPort, '/services/b', { method: 'POST', headers: header, body });
      put.push([`control: ${body}`, answer.head + answer.body]);
    }
    put.push(
      ['drain', command('drain', 'a', '--config', file)],
      ['status', command('status', '--config', file, '--json')],
    );
    // They are for those who have the token.
    const printed = command('outages', '--config', file, '--json') + command('outages', '--config', file, '--csv');
    expect(printed).toContain('"signedIn": 1');
    put.push(['outages', printed]);
    put.push(['check', command('check', file, '--probe') + command('check', file, '--json', '--probe')]);
    put.push(
      ['unified-cm', command('unified-cm', '--config', file)],
      ['second copy', command('serve', '--config', file)],
    );

    const config = readFileSync(file, 'utf8');
    const broken = [
      config.replace(`token: ${SECRET.token}`, `token: [${SECRET.token}]`),
      config.replace(`password: ${SECRET.probePassword}`, `password: { ${SECRET.probePassword}: x }`),
      config.replace(`password: ${SECRET.probePassword}`, `password: "${SECRET.probePassword}`),
      config.replace(`token: ${SECRET.token}`, `token: { env: NO_SUCH, ${SECRET.token} }`),
      config.replace('url: "http://', `url: "http://u:${SECRET.password}@`),
    ];
    for (const [index, text] of broken.entries()) {
      const path = join(folder, `broken-${index}.yaml`);
      writeFileSync(path, text);
      put.push([`broken configuration ${index}`, command('check', path) + command('serve', '--config', path)]);
      writeFileSync(file, text);
      proxy.signal('SIGHUP');
      await proxy.logged('reload-refused');
    }
    await askOperators();
    proxy.signal('SIGTERM');
    expect(await proxy.ended).toBe(0);

    put.push(['log, stdout and stderr', proxy.output()]);
    expect(proxy.output()).toMatch(/internal/);
    for (const path of globSync('state/**/*', { cwd: folder })) {
      // Who is signed in is kept with id and extension, for the proxy's user alone.
      const text = readFileSync(join(folder, path), 'utf8').replaceAll(`"${ID}"`, '').replaceAll(`"${EXTENSION}"`, '');
      put.push([path, `${path} ${text}`]);
    }
    const leaks = put.flatMap(([what, text]) => {
      return FORBIDDEN.flatMap((secret) => {
        const at = text.indexOf(secret);
        return at === -1 ? [] : [`${what}: ${text.slice(Math.max(0, at - 200), at + 60)}`];
      });
    });
    expect(put.length).toBeGreaterThan(100);
    expect(leaks).toEqual([]);
  });

  test('nor when a fault ends it', async () => {
    const { file } = await prepare(format);
    const proxy = serve(file, '--import', FAULT);
    await proxy.logged('ready');
    proxy.signal('SIGUSR2');
    expect(await proxy.ended).toBe(1);
    expect(proxy.output()).toMatch(/crashed.*internal-fault\.ts/s);
    expect(proxy.output()).not.toContain('CANARY');
  });
});

/** Typed at the phone, and so known; and one that stands only where nobody expects it. */
const TYPED = 'CANARYtyped +&<"é9';
const UNKNOWN = 'CANARYunknown7f3';
/** Of the proxy's own configuration. */
const OWN = { push: 'CANARYpushpw', probe: 'CANARYprobepw', xmpp: 'CANARYxmpppw', token: 'CANARYopstoken' };

describe('B888 a capture', () => {
  test('of canaries in every field and in every form has none of them, nor has what is told of it', {
    timeout: 300_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ippa-secrets-'));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    const finesse = await startCanaryServer(PHONE, TYPED, UNKNOWN);
    cleanUp.push(() => finesse.stop());
    const [phonesPort, opsPort, pushPort] = [await freePort(), await freePort(), await freePort()];
    const file = join(folder, 'proxy.yaml');
    writeFileSync(
      file,
      `phones: { listeners: [{ host: 127.0.0.1, port: ${phonesPort} }], networks: [127.0.0.0/8] }
push: { listeners: [{ host: 127.0.0.1, port: ${pushPort} }], username: CANARYpushuser, password: ${OWN.push}, phonePorts: { http: 9 } }
ops: { host: 127.0.0.1, port: ${opsPort}, token: ${OWN.token} }
clusters:
  - id: main
    services:
      - id: a
        name: Finesse A
        url: "${finesse.url}"
        aliases: [CANARYalias.example, "http://CANARYorigin.example:8082"]
        probe: { username: CANARYprobeuser, password: ${OWN.probe}, interval: 500ms }
        notification: { host: 127.0.0.1, port: ${finesse.xmppPort}, tls: unencrypted, username: CANARYxmppuser, password: ${OWN.xmpp}, domain: canaryxmpp.example }
state: { folder: state }
`,
    );
    const proxy = serve(file);
    await proxy.logged('ready');
    const har = join(folder, 'out.har');
    const capture = spawn(process.execPath, [
      ...[bin, 'capture', '--config', file, '--device', PHONE, '--for', '10m', '--out', har],
    ]);
    cleanUp.push(() => capture.kill('SIGKILL'));
    let told = '';
    const begun = Promise.withResolvers<void>();
    for (const stream of [capture.stdout, capture.stderr]) {
      stream.on('data', (chunk) => {
        told += chunk;
        if (told.includes('Ctrl-C')) begun.resolve();
      });
    }
    capture.on('close', () => begun.reject(new Error(told)));
    await begun.promise;

    const typed = Object.values(canaryForms(TYPED)).filter((form) => /^[\x20-\x7e]*$/.test(form));
    const { plain, urlTwice, base64 } = canaryForms(UNKNOWN);
    const all = [...typed, ...[plain, urlTwice, base64].map(String)];
    const base = `/a/fippa/${PHONE}`;
    await ask(phonesPort, `${base}/signin?id=CANARYid&password=${encodeURIComponent(TYPED)}&extension=CANARYext`);
    for (const form of all) {
      const part = encodeURIComponent(form);
      const headers = {
        ...{ Cookie: `JSESSIONID=${form}; ${form}; x="${form}"`, Referer: `http://${part}/${part}?${part}=${part}` },
        ...{ Authorization: `Basic ${Buffer.from(`CANARYuser:${form}`).toString('base64')}`, 'X-Own': form },
        ...{ 'X-Forwarded-For': part, 'User-Agent': form, Accept: form, 'Accept-Language': form, Origin: form },
        ...{ 'X-CiscoIPPhoneModelName': form, 'If-None-Match': form, From: form, 'Content-Type': `text/${part}` },
      };
      await ask(phonesPort, `${base}/${part};jsessionid=${part}?password=${part}&x=${part}&u=http://h/${part}`, {
        headers,
      });
      const proxied = { 'Proxy-Authorization': `Bearer ${form}`, Authorization: form };
      await ask(phonesPort, `${base}/x?${part}`, { headers: proxied });
      await ask(phonesPort, `${base}/signin`, {
        ...{ method: 'POST', body: `id=${part}&password=${part}&${part}` },
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
    }
    for (const [type, body] of [
      ['application/json', JSON.stringify({ password: UNKNOWN, [UNKNOWN]: TYPED })],
      [
        `multipart/form-data; boundary=${UNKNOWN}`,
        `--${UNKNOWN}\r\nContent-Disposition: form-data; name="password"\r\n\r\n${TYPED}\r\n`,
      ],
      ['text/xml', `<a>${UNKNOWN}</a>`],
      ['text/plain', TYPED],
    ] as const) {
      await ask(phonesPort, `${base}/x`, { method: 'POST', body, headers: { 'Content-Type': type } });
    }
    // Split in the middle of them.
    const slow = `${base}/x?password=${UNKNOWN}`;
    const chunks = [
      `GET ${slow.slice(0, -6)}`,
      `${slow.slice(-6)} HTTP/1.1\r\nHost: ${UNKNOWN}\r\nConnection: close\r\n\r\n`,
    ];
    await inParts(phonesPort, chunks);
    const credentials = Buffer.from(`CANARYpusher:${UNKNOWN}`).toString('base64');
    for (const form of all) {
      const target = `${finesse.url}/fippa/${PHONE}/${encodeURIComponent(form)}?password=${encodeURIComponent(form)}`;
      const xml = `<CiscoIPPhoneExecute><!-- ${UNKNOWN} --><ExecuteItem Priority="0" URL="${target}"/></CiscoIPPhoneExecute>`;
      const body = `XML=${encodeURIComponent(xml)}`;
      const head = `POST /CGI/Execute?x=${UNKNOWN} HTTP/1.1\r\nHost: ${UNKNOWN}.example\r\nConnection: close\r\nAuthorization: Basic ${credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
      await inParts(pushPort, [head + body.slice(0, 90), body.slice(90)]);
    }
    // What is wrong with some of them counts against the server.
    for (const path of finesse.paths) await ask(phonesPort, base + path);
    finesse.publish();
    // The probes and what was published have passed.
    for (const _ of [1, 2, 3]) await new Promise((resolve) => setTimeout(resolve, 500));
    capture.kill('SIGINT');
    await once(capture, 'close');
    proxy.signal('SIGTERM');
    expect(await proxy.ended).toBe(0);

    const text = readFileSync(har, 'utf8');
    const { log } = JSON.parse(text);
    const legs = new Set(log.entries.map(({ _ippa }: { _ippa: { leg: string } }) => _ippa.leg));
    expect(legs, proxy.output()).toEqual(new Set(['phone', 'finesse', 'push-in', 'push-out', 'probe']));
    expect(log._stanzas.some(({ xml }: { xml: string }) => xml.includes('pubsub#event'))).toBe(true);
    expect(log.entries.length).toBeGreaterThan(150);
    const put: readonly (readonly [string, string])[] = [
      ['file', text],
      ['command', told],
      ['log', proxy.output()],
      ['report', command('capture', 'report', har)],
      ['report as JSON', command('capture', 'report', har, '--json')],
      ['page', readFileSync(join(folder, 'out.html'), 'utf8')],
    ];
    const strings = new Set<string>();
    JSON.parse(text, (key, value) => {
      strings.add(key);
      if (typeof value === 'string') strings.add(value);
      return value;
    });
    const leaks = [...put, ...[...strings].map((each) => ['file', each] as const)].flatMap(([what, where]) => {
      const found = [...unfold(where, what === 'file' && where === text ? 0 : 3)].find((each) => /canary/i.test(each));
      return found === undefined
        ? []
        : [
            `${what}: ${where.slice(0, 200)} => ${found.slice(Math.max(0, found.search(/canary/i) - 80)).slice(0, 200)}`,
          ];
    });
    expect(leaks).toEqual([]);
  });
});

async function inParts(port: number, parts: readonly string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true).resume();
  socket.on('error', () => {});
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await once(socket, 'close');
}
