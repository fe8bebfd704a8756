/** TLS towards Finesse with pinned names: the same verdict for what is relayed and for the probe. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { ServiceConfig } from '../../src/config/config.ts';
import { createProbe } from '../../src/health/probe.ts';
import { createUpstream } from '../../src/http/client/upstream.ts';
import { serverOrigins } from '../../src/relay/server-origins.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';

let own: { cert: string; key: string };
let server: Server;
let requests = 0;

beforeAll(() => {
  own = selfSigned(['finesse-a.example.com', '10.1.1.5'], Date.now());
});
afterEach(() => void server.close());

async function listen(certificate = own): Promise<number> {
  requests = 0;
  server = createServer(certificate, (_req, res) => {
    requests += 1;
    res.setHeader('Connection', 'close');
    res.end('<SystemInfo><status>IN_SERVICE</status></SystemInfo>');
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function serviceOn(port: number, trust: Partial<ServiceConfig>): ServiceConfig {
  const url = `https://127.0.0.1:${port}`;
  return {
    ...{
      id: 'a',
      name: 'Finesse A',
      url,
      aliases: [],
      site: null,
      ca: own.cert,
      fingerprints: [],
      certificateNames: [],
    },
    ...{ pushFrom: null, notification: null },
    probe: { url: `${url}/finesse/api/SystemInfo`, username: null, password: null, intervalMs: 5000, timeoutMs: 4000 },
    ...trust,
  };
}

test.each([
  ['no name: the host of the URL counts', {}, false],
  ['the name of the certificate', { certificateNames: ['finesse-a.example.com'] }, true],
  ['an address of the certificate', { certificateNames: ['10.1.1.5'] }, true],
  ['one of several', { certificateNames: ['x.example.com', 'finesse-a.example.com'] }, true],
  ['another name', { certificateNames: ['x.example.com'] }, false],
  ['a name that only ends like it', { certificateNames: ['evil-finesse-a.example.com'] }, false],
])('B224 %s', async (_name, trust, trusted) => {
  const service = serviceOn(await listen(), trust);
  const { outcome } = await createProbe(service)({ timeoutMs: 4000, repeatMs: null });
  expect(outcome).toMatchObject(
    trusted ? { kind: 'confirmed' } : { kind: 'failed', failure: { code: 'certificate-untrusted' } },
  );
  const upstream = createUpstream({ ...service, origins: serverOrigins(service) });
  for (let n = 0; n < 2; n++) {
    const result = await upstream.request({ method: 'GET', target: '/', headers: [], body: null, limitMs: 4000 });
    expect(result).toMatchObject(
      trusted ? { ok: true, status: 200 } : { ok: false, sent: false, failure: { code: 'certificate-untrusted' } },
    );
  }
  await upstream.close();
  expect(requests).toBe(trusted ? 3 : 0);
});

test('B224 a name does not replace the CA', async () => {
  const impostor = selfSigned(['finesse-a.example.com'], Date.now());
  const service = serviceOn(await listen(impostor), { certificateNames: ['finesse-a.example.com'] });
  const { outcome } = await createProbe(service)({ timeoutMs: 4000, repeatMs: null });
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'certificate-untrusted' } });
  expect(requests).toBe(0);
});
