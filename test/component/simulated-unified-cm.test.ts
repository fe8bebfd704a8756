/** The simulated Unified CM by itself: what it refuses, and that it judges as Cisco's schema does. */

import { request as httpsRequest } from 'node:https';
import { expect, test } from 'vitest';
import type { UnifiedCm } from '../../src/simulators/unified-cm/server.ts';
import { PASSWORD, SCHEMA, startUnifiedCm } from './unified-cm-rig.ts';

interface Sent {
  readonly status: number;
  readonly body: string;
}

function send(
  unifiedCm: UnifiedCm,
  body: string,
  { path = '/axl/', method = 'POST', ...headers }: Record<string, string> = {},
): Promise<Sent> {
  const authorization = `Basic ${Buffer.from(`axl-writer:${PASSWORD}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const options = { ca: unifiedCm.certificate, method, headers: { authorization, ...headers } };
    const request = httpsRequest(new URL(path, unifiedCm.url), options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const NAMESPACE = 'http://www.cisco.com/AXL/API/15.0';
const soap = (operation: string, content: string, namespace = NAMESPACE) =>
  `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a:${operation} xmlns:a="${namespace}">${content}</a:${operation}></s:Body></s:Envelope>`;
const call = (unifiedCm: UnifiedCm, operation: string, content: string, action = `"CUCM:DB ver=15.0 ${operation}"`) =>
  send(unifiedCm, soap(operation, content), { soapaction: action });

const URLS = '<serviceUrl>http://x/</serviceUrl><secureServiceUrl>https://x/</secureServiceUrl>';
const SWAPPED = '<secureServiceUrl>https://x/</secureServiceUrl><serviceUrl>http://x/</serviceUrl>';
const NAME = '<serviceName>Cisco Finesse</serviceName>';

/** Content of an operation, and whether it is valid by the schema. */
const CASES: readonly (readonly [string, string, boolean])[] = [
  ['updateIpPhoneServices', NAME + URLS, true],
  ['updateIpPhoneServices', NAME + SWAPPED, false],
  ['updateIpPhoneServices', URLS, false],
  ['updateIpPhoneServices', `${NAME}<enterpriseSubscription>false</enterpriseSubscription>`, false],
  ['updateIpPhoneServices', `${NAME}<enabled>yes</enabled>`, false],
  ['updateIpPhoneServices', `<serviceName>${'x'.repeat(129)}</serviceName>`, false],
  ['getIpPhoneServices', NAME, true],
  ['getIpPhoneServices', `${NAME}<returnedTags><enabled/></returnedTags>`, false],
  ['listIpPhoneServices', '<searchCriteria><serviceName>%</serviceName></searchCriteria>', false],
  ['getPhone', '<name>SEP001122334400</name><returnedTags><services/><name/></returnedTags>', false],
  ['getPhone', '<name>SEP001122334400</name><returnedTags><name/><services/></returnedTags>', true],
  ['updatePhone', '<name>SEP001122334400</name><services><service><name>x</name></service></services>', false],
  ['executeSQLQuery', '<query>select</query>', false],
  ['getEnterprisePhoneConfig', '', true],
];

test.each(CASES)('%s with %s: valid %s, by its own rules as by the schema', async (operation, content, isValid) => {
  for (const schema of [null, SCHEMA]) {
    const unifiedCm = await startUnifiedCm({ schema });
    const { status, body } = await call(unifiedCm, operation, content);
    const words = isValid ? 'return' : schema === null ? 'axlcode' : 'Schemas validity error';
    expect([status, body]).toEqual([isValid ? 200 : 500, expect.stringContaining(words)]);
  }
});

test('the slash, the version in both places, the credentials', async () => {
  const unifiedCm = await startUnifiedCm();
  expect((await send(unifiedCm, '', { path: '/axl' })).status).toBe(404);
  expect((await send(unifiedCm, '', { method: 'GET' })).body).toContain('Cisco CallManager: AXL Web Service');
  expect((await send(unifiedCm, '', { authorization: 'Basic eDp5' })).status).toBe(401);
  expect((await send(unifiedCm, '', { cookie: 'JSESSIONIDSSO=AB', authorization: '' })).status).toBe(401);
  const old = await call(unifiedCm, 'getCCMVersion', '', '"CUCM:DB ver=11.5 getCCMVersion"');
  expect([old.status, old.body]).toEqual([599, expect.stringContaining('12.x, 14.0 and 15.0')]);
  const mixed = await call(unifiedCm, 'getCCMVersion', '', '"CUCM:DB ver=14.0 getCCMVersion"');
  expect([mixed.status, mixed.body]).toEqual([500, expect.stringContaining('names version 14.0')]);
  expect((await call(unifiedCm, 'updateAppUser', '<userid>x</userid>')).status).toBe(500);
  expect((await send(unifiedCm, 'no xml', { soapaction: '"CUCM:DB ver=15.0 getPhone"' })).status).toBe(500);
});

test('an update changes what it names and no copy in a subscription', async () => {
  const unifiedCm = await startUnifiedCm();
  const [, , before] = structuredClone(unifiedCm.database.services);
  const copies = structuredClone(unifiedCm.database.devices);
  await call(unifiedCm, 'updateIpPhoneServices', `${NAME}<serviceUrl>http://new/</serviceUrl>`);
  expect(unifiedCm.database.services[2]).toEqual({ ...before, serviceUrl: 'http://new/' });
  expect(unifiedCm.database.devices).toEqual(copies);
});

test('a list of subscriptions replaces the one that was there', async () => {
  const unifiedCm = await startUnifiedCm();
  const service = '<service><telecasterServiceName>Cisco Finesse</telecasterServiceName><name>one</name></service>';
  await call(unifiedCm, 'updatePhone', `<name>SEP001122334400</name><services>${service}</services>`);
  expect(unifiedCm.database.devices[0]!.services).toMatchObject([
    { name: 'one', secureUrl: expect.stringContaining('https') },
  ]);
  expect((await call(unifiedCm, 'updatePhone', '<name>SEP1</name>')).body).toContain('5007');
});
