import { X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CheckOptions, runCheck } from '../../src/commands/check.ts';
import { createFinesse } from '../../src/simulators/finesse/server.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';
import { change, VALID, writeFiles } from '../unit/config-files.ts';
import { ScriptedXmpp, welcome } from './notification-rig.ts';

const A = 'https://finesse-a.example.com:8445';
const B = 'https://finesse-b.example.com:8445';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Answer {
  readonly host: string;
  readonly peripheral?: string;
  readonly heartbeat?: string;
  readonly maintenance?: string;
}

/** A server that answers SystemInfo, and counts what it is asked. */
function finesse({ host, peripheral = '5000', heartbeat = 'success', maintenance = '' }: Answer): RequestListener {
  const pair =
    '<primaryNode><host>fin-a.example.com</host></primaryNode><secondaryNode><host>fin-b.example.com</host></secondaryNode>';
  return (_request, response) => {
    response.end(
      `<SystemInfo><status>IN_SERVICE</status><lastCTIHeartbeatStatus>${heartbeat}</lastCTIHeartbeatStatus>` +
        `<finesseMMode>${maintenance}</finesseMMode><peripheralId>${peripheral}</peripheralId>${pair}` +
        `<xmppDomain>${host}</xmppDomain></SystemInfo>`,
    );
  };
}

async function check(
  text: string,
  options: CheckOptions = {},
  files: Readonly<Record<string, string>> = {},
  probeOf?: Parameters<typeof runCheck>[3],
  now?: number,
) {
  const file = join(writeFiles({ ...files, 'ippa.yaml': text }), 'ippa.yaml');
  const printed = { out: '', err: '' };
  const output = {
    stdout: (part: string) => {
      printed.out += part;
    },
    stderr: (part: string) => {
      printed.err += part;
    },
  };
  const code = await runCheck(file, options, output, probeOf, now);
  return { code, file, ...printed };
}

/** VALID with the two servers at these ports of loopback. */
function at(portA: number, portB: number, scheme = 'http'): string {
  return change(B, `http://127.0.0.1:${portB}`, change(A, `${scheme}://127.0.0.1:${portA}`));
}

test('a good configuration: what it means, and exit code 0', async () => {
  const { code, out, err } = await check(VALID);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('the configuration is fine.');
  expect(out).toContain('front door: http://127.0.0.1:8082/main/fippa/DEVICE');
  expect(out).toContain('front door, in short: http://127.0.0.1:8082/fippa/DEVICE\n');
  expect(out).toContain('service a (Finesse A): http://127.0.0.1:8082/a/fippa/DEVICE');
  expect(out).toContain('changes are refused, because ops.token is not set');
});

test('the short URL is the front door of the one cluster that has it, and on a listener for one service that service', async () => {
  const second = '  - { id: two, services: [{ id: c, name: Finesse C, url: "https://c.example.com" }] }\n';
  expect((await check(VALID + second)).out).not.toContain('in short');
  const chosen = (await check(change('- id: main', '- id: main\n    frontDoor: true') + second)).out;
  expect(chosen).toContain('front door of cluster main, in short: http://127.0.0.1:8082/fippa/DEVICE\n');
  const own = change('8082 }', '8082 }\n    - { host: 127.0.0.1, port: 8446, service: a }');
  expect((await check(own)).out).toContain(
    'service a (Finesse A), by the listener that is for it alone: http://127.0.0.1:8446/fippa/DEVICE\n',
  );
});

test('B833 how many processes serve phones, with auto as many as this machine has cores', async () => {
  const cores = availableParallelism();
  const machine = `(this machine has ${cores === 1 ? '1 core' : `${cores} cores`})`;
  const told = async (text: string) => {
    const { out } = await check(VALID + text);
    const json = JSON.parse((await check(VALID + text, { json: true })).out);
    return [out.match(/^ {2}from (.*)$/m)?.[1], json.processes];
  };
  const one = [`one process, which does everything ${machine}`, 1];
  expect(await told('')).toEqual(one);
  expect(await told('processes: 3\n')).toEqual([`one of 3 processes ${machine}`, 3]);
  const auto = cores === 1 ? one : [`one of ${cores} processes ${machine}`, cores];
  expect(await told('processes: auto\n')).toEqual(auto);
});

test('warnings do not fail it', async () => {
  const { code, out } = await check(VALID.split('\n').slice(0, 7).join('\n'));
  expect(code).toBe(0);
  expect(out).toMatch(/^.*ippa\.yaml:6: clusters\[0\]\.services: warning: the cluster has one service; when it fails/);
  expect(out).toContain('is fine, with a warning above.');
});

test('a wrong one: every error with file and line, exit code 2, nothing on standard output', async () => {
  const { code, out, err, file } = await check(change('port: 8082', 'prot: 8082'), { probe: true });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toBe(
    `${file}:3: phones.listeners[0].port: found nothing; allowed: a whole number from 0 to 65535\n` +
      `${file}:3: phones.listeners[0].prot: found an unknown key; allowed: host, port, publicUrl, tls, service, proxyProtocol; did you mean port?\n` +
      '2 errors\n',
  );
});

const KNOWN =
  'bg, ca, cs, da, de, en, es, fi, fr, hr, hu, it, ja, ko, nb, nl, pl, pt-BR, ro, ru, sk, sl, sr, sv, tr, zh-CN, zh-TW';

test('a broken page template is a problem with its file and line', async () => {
  const folder = writeFiles({ 'error.xml': '<CiscoIPPhoneText>\n<Title>' });
  const { code, err } = await check(`${VALID}pages: { folder: "${folder}" }\n`);
  expect(code).toBe(2);
  expect(err).toContain(`${join(folder, 'error.xml')}:`);
});

test('all at once: keys, languages that there are not, templates', async () => {
  const folder = writeFiles({ 'error.xml': '<CiscoIPPhoneText>\n<Title>' });
  mkdirSync(join(folder, 'languages'));
  writeFileSync(join(folder, 'languages', 'fr.yaml'), 'prompt: 7\n');
  const pages = `pages:\n  folder: ${folder}\n  languages:\n    - en\n    - xx\n    - fr\n`;
  const { code, err, file } = await check(`${change('port: 8082', 'port: x')}${pages}`);
  expect(code).toBe(2);
  const lines = err.trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual([
    `${file}:3: phones.listeners[0].port: found "x"; allowed: a whole number from 0 to 65535`,
    `${file}:13: pages.languages[1]: found "xx"; allowed: ${KNOWN}`,
  ]);
  expect(err).toContain(`${join(folder, 'error.xml')}:2: `);
  expect(err).toContain(`${join(folder, 'languages', 'fr.yaml')}:1: "prompt" is not a text`);
  expect(lines.at(-1)).toBe(`${lines.length - 1} errors`);
});

test('a folder of templates that does not exist is one error, and says nothing about its languages', async () => {
  const { err } = await check(`${VALID}pages: { folder: none, languages: [xx] }\n`);
  expect(err).toMatch(/:9: pages\.folder: found "none", which does not exist; .*\n1 error\n$/);
  const languages = await check(`${VALID}pages: { languages: [xx] }\n`);
  expect(languages.err).toBe(`${languages.file}:9: pages.languages[0]: found "xx"; allowed: ${KNOWN}\n1 error\n`);
});

test('--probe: both in service, each with the name it learns', async () => {
  const [a, b] = [finesse({ host: 'fin-a.example.com' }), finesse({ host: 'fin-b.example.com' })];
  const { code, out } = await check(at(await listen(createServer(a)), await listen(createServer(b))), { probe: true });
  expect(code).toBe(0);
  expect(out).toMatch(/ok {6}a \(Finesse A\): in service, \d+ ms\n +it calls itself fin-a\.example\.com/);
  expect(out).toMatch(/ok {6}b \(Finesse B\): in service, \d+ ms\n +it calls itself fin-b\.example\.com/);
  expect(out).toContain('a: If it pushes straight to the phone and names fin-a.example.com,');
  expect(out).not.toContain('Notification Service');
});

describe('--probe signs in to the Notification Service', () => {
  /** A server whose account is of this password, and the configuration of services that use it. */
  async function notified(password: string, ids: readonly string[] = ['a'], used = 'canary') {
    const server = createFinesse({
      ...{ name: 'fin-a.example.com', peer: 'fin-b.example.com' },
      notification: { username: 'proxy', password },
    });
    await server.start();
    onTestFinished(() => server.stop());
    const port = server.notification?.port;
    const notification = `notification: { username: proxy, password: ${used}, host: 127.0.0.1, port: ${port}, tls: unencrypted }`;
    const urlB = server.url.replace('127.0.0.1', 'localhost');
    const lines = change(B, urlB, change(A, server.url)).split('\n');
    const isOne = (line: string) => ids.some((id) => line.includes(`id: ${id},`));
    const text = lines.map((line) => (isOne(line) ? line.replace(' }', `, ${notification} }`) : line)).join('\n');
    return { server, text };
  }

  test('B266 once, and says what it found', async () => {
    const { server, text } = await notified('canary');
    const { code, out } = await check(text, { probe: true });
    expect(out).toMatch(/once: wrong passwords lock an account/);
    expect(out).toMatch(/ok {6}a: signed in; SystemInfo is subscribed to; the user finesse is available/);
    expect([code, out.includes('canary')]).toEqual([0, false]);
    expect(server.notification?.subscribers).toEqual([]);
    expect((await check(text)).out).not.toContain('Notification Service');
  });

  test('B266 with a wrong password once, also where two services use the account', async () => {
    const { text } = await notified('another', ['a', 'b']);
    const { code, out } = await check(text, { probe: true });
    expect(out).toMatch(/FAILED {2}a: Notification Service: the login is refused/);
    expect(out).toMatch(/- {7}b: not tried: a refuses the same account/);
    expect(code).toBe(1);
    const json = JSON.parse((await check(text, { probe: true, json: true })).out);
    expect(json).toMatchObject({
      ok: false,
      notifications: [
        { id: 'a', ok: false },
        { id: 'b', ok: null },
      ],
    });
    expect(json.services[0]).not.toHaveProperty('info');
  });

  test('B266 not where SystemInfo does not confirm the service', async () => {
    const { server, text } = await notified('canary');
    await server.fault('out-of-service');
    const { out } = await check(text, { probe: true });
    expect(out).toMatch(/- {7}a: not tried: SystemInfo does not confirm the service/);
  });

  test('B266 a refused subscription and an account that is told of nobody are told', async () => {
    const error = "<iq type='error' id='subscribe'><error type='auth'><forbidden/></error></iq>";
    const server = new ScriptedXmpp(welcome((socket) => socket.write(error)));
    const port = await server.start();
    onTestFinished(() => server.stop());
    const { text } = await notified('canary');
    const { code, out } = await check(text.replace(/port: \d+, tls/, `port: ${port}, tls`), { probe: true });
    expect(out).toMatch(/FAILED {2}a: signed in; the subscription .*forbidden.*; no presence of the user finesse/);
    expect(code).toBe(1);
    expect(server.sockets).toHaveLength(1);
  });
});

test('--probe: what keeps a service from being an alternate, and services that are not of one cluster', async () => {
  const a = finesse({ host: 'fin-a.example.com', heartbeat: 'failure', maintenance: 'IN_PROGRESS' });
  const b = finesse({ host: 'fin-a.example.com', peripheral: '5001' });
  const { code, out } = await check(at(await listen(createServer(a)), await listen(createServer(b))), { probe: true });
  expect(code).toBe(0);
  expect(out).toContain('its last CTI heartbeat was failure');
  expect(out).toContain('Finesse is in maintenance mode there');
  expect(out).toContain('it has peripheral 5001, a has 5000: they are not of one Finesse cluster');
  expect(out).toContain('the name fin-a.example.com is claimed by a and b: it serves neither');
});

test('--probe: refused, credentials asked for; exit code 1', async () => {
  const closed = createServer();
  const port = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  const secured = await listen(createServer((_request, response) => void response.writeHead(401).end()));
  const { code, out } = await check(at(port, secured), { probe: true });
  expect(code).toBe(1);
  expect(out).toContain('FAILED  a (Finesse A): not in service: Connection refused');
  expect(out).toContain('FAILED  b (Finesse B): configuration fault: SystemInfo asks for credentials');
});

test('--probe: a failure leads with what was found', async () => {
  const [busy, html] = [503, 200].map((status) =>
    createServer((_request, response) => void response.writeHead(status).end('<html>Tomcat</html>')),
  );
  if (busy === undefined || html === undefined) throw new Error('two servers');
  const { out } = await check(at(await listen(busy), await listen(html)), { probe: true });
  expect(out).toContain(
    'FAILED  a (Finesse A): not in service: SystemInfo answered 503. An HTTP status other than 200',
  );
  expect(out).toContain('FAILED  b (Finesse B): not in service: the answer is no SystemInfo document\n');
});

test('--probe: plain http to a port of https that breaks the connection', async () => {
  const failure = { code: 'reset', detail: 'ECONNRESET' } as const;
  const probeOf = () => async () => ({ outcome: { kind: 'failed', failure, info: null } as const, latencyMs: 1 });
  const { out } = await check(at(8445, 8082), { probe: true }, {}, probeOf);
  expect(out).toMatch(/FAILED {2}a .*\(ECONNRESET\) This port may want https\.$/m);
  expect(out).toMatch(/FAILED {2}b .*\(ECONNRESET\)$/m);
});

const FINGERPRINT = new X509Certificate(PROXY_CERTIFICATE).fingerprint256;

test('--probe: an untrusted certificate is shown, with the two ways to trust it; nothing is sent to that server', async () => {
  let requests = 0;
  const a = createTlsServer({ cert: PROXY_CERTIFICATE, key: PROXY_KEY }, () => {
    requests += 1;
  });
  const b = finesse({ host: 'fin-b.example.com' });
  const text = at(await listen(a), await listen(createServer(b)), 'https');
  const { code, out } = await check(text, { probe: true });
  expect({ code, requests }).toEqual({ code: 1, requests: 0 });
  expect(out).toContain('FAILED  a (Finesse A)');
  expect(out).not.toContain('see check --probe');
  expect(out).toContain('subject      O=Test of finesse-ippa-proxy, CN=proxy.example.com');
  expect(out).toContain('(self-signed)');
  expect(out).toContain('valid        2020-01-01 to 2120-01-01');
  expect(out).toContain(`SHA-256      ${FINGERPRINT}`);
  expect(out).toContain('tls: { ca: a-ca.pem }');
  expect(out).toContain(`tls: { fingerprints: ["${FINGERPRINT}"] }`);
});

test('--probe: both ways that it names work', async () => {
  const a = createTlsServer({ cert: PROXY_CERTIFICATE, key: PROXY_KEY }, finesse({ host: 'fin-a.example.com' }));
  const [portA, portB] = [await listen(a), await listen(createServer(finesse({ host: 'fin-b.example.com' })))];
  for (const tls of ['ca: a-ca.pem', `fingerprints: ["${FINGERPRINT}"]`]) {
    const text = change(`:${portA}" }`, `:${portA}", tls: { ${tls} } }`, at(portA, portB, 'https'));
    const { code, out } = await check(text, { probe: true }, { 'a-ca.pem': PROXY_CERTIFICATE });
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('ok      a (Finesse A): in service') });
  }
});

test("--probe: when Finesse's certificate expires, trusted or not", async () => {
  const tls = { cert: PROXY_CERTIFICATE, key: PROXY_KEY };
  const [portA, portB] = [
    await listen(createTlsServer(tls, finesse({ host: 'fin-a.example.com' }))),
    await listen(createTlsServer(tls, finesse({ host: 'fin-b.example.com' }))),
  ];
  const trusted = `https://127.0.0.1:${portA}", tls: { ca: a-ca.pem } }`;
  const text = change(`${A}" }`, trusted, change(B, `https://127.0.0.1:${portB}`));
  const at = async (now: string, json = false) =>
    check(text, { probe: true, json }, { 'a-ca.pem': PROXY_CERTIFICATE }, undefined, Date.parse(now));
  const later = await at('2026-11-01T12:00:00Z');
  expect(later.out.match(/ok {6}a .*\n(?: {10}.*\n)*/)?.[0]).toContain('its certificate expires on 2120-01-01\n');
  expect(later.out.match(/FAILED {2}b .*\n(?: {10}.*\n)*/)?.[0]).toContain('valid        2020-01-01 to 2120-01-01');
  const soon = await at('2119-12-20T12:00:00Z');
  expect(soon.out).toContain('its certificate expires on 2120-01-01, in 11 days: renew it on that server\n');
  expect((await at('2120-02-01T12:00:00Z')).out).toContain('its certificate expired on 2120-01-01: renew it');
  const { services } = JSON.parse((await at('2026-11-01T12:00:00Z', true)).out);
  expect(services).toMatchObject([{ certificateExpires: '2120-01-01T00:00:00.000Z' }, {}]);
});

test('--json: one object, for each outcome', async () => {
  const wrong = await check(change('port: 8082', 'port: x'), { json: true });
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.out)).toMatchObject({ ok: false, problems: [{ line: 3, key: 'phones.listeners[0].port' }] });
  const right = await check(VALID, { json: true });
  expect(right.code).toBe(0);
  expect(JSON.parse(right.out)).toEqual({ ok: true, problems: [], warnings: [], processes: 1, services: [] });
});

test('B399 nodes for reports: where browsers ask, and whether each is up', async () => {
  const up = await listen(createServer((_, response) => response.end()));
  const secure = await listen(
    createTlsServer({ cert: PROXY_CERTIFICATE, key: PROXY_KEY }, (_, response) => response.end()),
  );
  const nodes = (secondUrl: string) => `${at(a, b)}reports:
  listeners: [{ host: 127.0.0.1, port: 8443, publicUrl: "http://reports.example.com" }]
  services:
    - { id: ca, name: Reports A, url: "http://127.0.0.1:${up}" }
    - { id: cb, name: Reports B, url: "${secondUrl}" }
`;
  const [a, b] = [
    await listen(createServer(finesse({ host: 'a' }))),
    await listen(createServer(finesse({ host: 'b' }))),
  ];
  const fine = await check(nodes(`http://localhost:${up}`), { probe: true });
  expect(fine.code).toBe(0);
  expect(fine.out).toContain('  browsers ask by http on 127.0.0.1 port 8443, reached as http://reports.example.com\n');
  expect(fine.out).toContain(`  ca (Reports A) at http://127.0.0.1:${up}, asked every 10s\n`);
  expect(fine.out).toMatch(/ {2}ok {6}ca \(Reports A\): up, \d+ ms\n/);

  const untrusted = await check(nodes(`https://127.0.0.1:${secure}`), { probe: true });
  expect(untrusted.code).toBe(1);
  expect(untrusted.out).toContain('FAILED  cb (Reports B): down: The certificate of the node is not trusted.');
  expect(untrusted.out).toContain(new X509Certificate(PROXY_CERTIFICATE).fingerprint256);
  const json = await check(nodes(`https://127.0.0.1:${secure}`), { probe: true, json: true });
  expect(JSON.parse(json.out)).toMatchObject({
    ok: false,
    reports: [
      { id: 'ca', up: true },
      { id: 'cb', up: false },
    ],
  });
});
