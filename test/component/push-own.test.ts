/** Phones learn of an outage and of its end by pushes of the proxy itself; and the other reading of how Finesse pushes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer, request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { freePort } from '../free-port.ts';
import {
  AUTHORIZATION,
  DEVICE,
  execute,
  listen,
  OWN,
  type PushRig,
  type PushRigOptions,
  pushForm,
  startPhone,
  startPushRig,
  USER,
} from '../push-rig.ts';
import { fetchRaw } from '../rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
const start = async (options: PushRigOptions): Promise<PushRig> => {
  const rig = await startPushRig(options);
  stops.push(() => rig.stop());
  return rig;
};
const startTestPhone = async () => {
  const phone = await startPhone();
  stops.push(() => phone.stop());
  return phone;
};
const signIn = `/a/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`;
/** Once it is counted: the answer of a phone may come after what it shows. */
async function counted(rig: PushRig, text: string): Promise<void> {
  await expect.poll(async () => (await rig.get(`${rig.ops}/metrics`)).body).toContain(text);
}

it('B127 B131 an agent who presses no key sees the alternates after the verdict, and the page of the alternate when chosen', async () => {
  const { phone, web, next } = await startTestPhone();
  const rig = await start({ phonePort: web.port, push: { own: OWN } });
  await phone.open(`${rig.phones}${signIn}`);
  const menu = next(({ items }) => items.some(({ name }) => name === 'Sign in on Finesse B'));
  await rig.finesse[0]?.fault('refuse');
  await menu;
  expect(phone.refreshAtMs).not.toBeNull();
  expect(phone.violations).toEqual([]);
  expect((await phone.choose('Sign in on Finesse B')).inputs.length).toBeGreaterThan(0);
  await counted(rig, 'ippa_pushes_total{service="a",event="verdict",outcome="delivered"} 1');
  expect(rig.logged()).not.toContain(USER.password);
});

it('B127 an agent who is in a call sees the alternates when it is over: priority 1 does not cover a call screen', async () => {
  const { phone, web, next } = await startTestPhone();
  const rig = await start({ phonePort: web.port, push: { own: OWN } });
  await phone.open(`${rig.phones}${signIn}`);
  await phone.setCall(true);
  await rig.finesse[0]?.fault('refuse');
  await counted(rig, 'ippa_pushes_total{service="a",event="verdict",outcome="delivered"} 1');
  expect(phone.screen.items).toEqual([]);
  const menu = next(({ items }) => items.some(({ name }) => name === 'Sign in on Finesse B'));
  await phone.setCall(false);
  await menu;
});

it('B127 with atFirstFailure the agent sees the attempts', async () => {
  const { phone, web, next } = await startTestPhone();
  const rig = await start({ phonePort: web.port, intervalMs: 4000, push: { own: { ...OWN, atFirstFailure: true } } });
  await phone.open(`${rig.phones}${signIn}`);
  const page = next(({ prompt }) => prompt.includes('1 of 3'));
  await rig.finesse[0]?.fault('503');
  expect((await page).prompt).toContain('1 of 3');
});

it('B127 B128 the recovery is pushed to a phone whose page no longer refreshes, and to no other', async () => {
  const bodies: string[] = [];
  const web = await listen(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    bodies.push(new URLSearchParams(text).get('XML') ?? '');
    res.writeHead(200, { 'Content-Type': 'text/xml' }).end('<CiscoIPPhoneResponse/>');
  });
  stops.push(() => web.stop());
  const rig = await start({ phonePort: web.port, push: { own: OWN } });
  await rig.get(signIn);
  await rig.get(signIn.replace(DEVICE, 'SEP2').replace('1001', '1002').replace('2001', '2002'));
  await rig.finesse[0]?.fault('refuse');
  await rig.until('a', 'out-of-service');
  // The one fetches what it is told to fetch, the other (in a call, say) does not.
  await rig.get(`/a/fippa/${DEVICE}`);
  await rig.finesse[0]?.fault('none');
  await rig.until('a', 'in-service');
  await counted(rig, 'ippa_pushes_total{service="a",event="recovery",outcome="delivered"} 1');
  await counted(rig, 'ippa_pushes_total{service="a",event="recovery",outcome="left-alone"} 1');
  expect(bodies).toHaveLength(3);
  expect(bodies[2]).toContain('/a/fippa/SEP2"');
  for (const body of bodies) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(512);
});

it('B127 without credentials nobody is told', async () => {
  let hits = 0;
  const web = await listen((_req, res) => {
    hits += 1;
    res.end();
  });
  stops.push(() => web.stop());
  const rig = await start({ phonePort: web.port });
  await rig.get(signIn);
  await rig.finesse[0]?.fault('refuse');
  await rig.until('a', 'out-of-service');
  expect(hits).toBe(0);
});

it('B125 a phone outside phones.networks is never pushed to', async () => {
  let hits = 0;
  const web = await listen((_req, res) => {
    hits += 1;
    res.end();
  });
  stops.push(() => web.stop());
  const rig = await start({ phonePort: web.port, push: { own: OWN }, networks: ['10.20.0.0/16'] });
  await rig.get(signIn);
  await rig.finesse[0]?.fault('refuse');
  await rig.until('a', 'out-of-service');
  await counted(rig, 'outcome="push-unknown-device"} 1');
  expect(hits).toBe(0);
  expect(rig.lines.find(({ event }) => event === 'phone-address-refused')).toMatchObject({ reason: 'network' });
});

it('B130 Finesse that pushes straight to the phone, naming itself, reaches the screen by the listener with its name', async () => {
  // Split DNS: what the phone knows as Finesse's own origin is a listener of the proxy.
  const port = await freePort();
  const ownName = `http://127.0.0.1:${port}`;
  const { phone, web, next } = await startTestPhone();
  const rig = await start({
    phonePort: 1,
    finesse: { baseUrl: ownName, push: { ...USER, addresses: { [DEVICE]: `127.0.0.1:${web.port}` } } },
    config: (config) => ({
      ...config,
      phones: {
        ...config.phones,
        listeners: [
          ...config.phones.listeners,
          { host: '127.0.0.1', port, publicUrl: ownName, tls: null, service: 'a' },
        ],
      },
    }),
  });
  await phone.open(`${ownName}/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`);
  const called = next(({ title, text }) => `${title}${text}`.includes('07115550100'));
  rig.finesse[0]?.call(DEVICE, '07115550100');
  expect((await called).url).toContain(ownName);
  expect(phone.violations).toEqual([]);
  expect(rig.finesse[0]?.requests.some(({ target }) => target === `/fippa/${DEVICE}/home`)).toBe(true);
  // Which server is meant is the listener's to say, not the Host header's.
  const other = await fetchRaw(`${ownName}/fippa/${DEVICE}`, { host: 'finesse-b.example.com:8445' });
  expect(other.body).toContain('Extension 2001');
});

it('B121 a push by TLS goes to the phone by TLS, whose certificate nobody could check', async () => {
  const { cert, key } = selfSigned(['SEP001122334455'], Date.now());
  const folder = mkdtempSync(join(tmpdir(), 'ippa-push-'));
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const authorizations: (string | undefined)[] = [];
  const phone = createTlsServer({ cert, key }, (req, res) => {
    req.resume();
    authorizations.push(req.headers.authorization);
    res.writeHead(200, { 'Content-Type': 'text/xml' }).end('<CiscoIPPhoneResponse/>');
  });
  await new Promise<void>((resolve) => phone.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    phone.close();
    phone.closeAllConnections();
    rmSync(folder, { recursive: true, maxRetries: 10 });
  });
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const rig = await start({
    phonePort: 1,
    push: {
      listeners: [{ host: '127.0.0.1', port: 0, tls }],
      phonePorts: { http: 1, https: (phone.address() as AddressInfo).port },
    },
  });
  await rig.get(signIn);
  const page = `${rig.finesse[0]?.url}/fippa/${DEVICE}/home`;
  const status = await new Promise((resolve, reject) => {
    const { port } = new URL(rig.pushUrl);
    const call = requestTls({
      ...{ host: '127.0.0.1', port, path: '/CGI/Execute', method: 'POST', rejectUnauthorized: false },
      headers: { Authorization: AUTHORIZATION, 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    call.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on('error', reject);
    call.end(pushForm(execute(page)));
  });
  expect(status).toBe(200);
  expect(authorizations).toEqual([AUTHORIZATION]);
});
