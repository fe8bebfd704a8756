/** Unified CM against the configuration: which differences, who puts them right, what is planned. */

import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { compareUnifiedCm } from '../../src/unified-cm/compare.ts';
import { planSteps } from '../../src/unified-cm/plan.ts';
import type { CmState } from '../../src/unified-cm/reader.ts';
import type { CmPhone, CmService } from '../../src/unified-cm/records.ts';
import { renderComparison } from '../../src/unified-cm/report.ts';
import { decideWanted, newService, type Wanted, type WantedOptions } from '../../src/unified-cm/wanted.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, load } from './config-files.ts';

const PLAIN = '{ host: 0.0.0.0, port: 8082, publicUrl: "http://ippa.example.com:8082" }';
const TLS =
  '{ host: 0.0.0.0, port: 8445, publicUrl: "https://ippa.example.com:8445", tls: { cert: proxy.pem, key: proxy.key } }';

async function configOf(listeners: readonly string[]): Promise<Config> {
  const lines = listeners.map((each) => `    - ${each}`).join('\n');
  const files = { 'proxy.pem': PROXY_CERTIFICATE, 'proxy.key': PROXY_KEY };
  const loaded = await load(change('    - { host: 127.0.0.1, port: 8082 }', lines), files);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

let config: Config;
let plainConfig: Config;
beforeEach(async () => {
  config = await configOf([PLAIN, TLS]);
  plainConfig = await configOf([PLAIN]);
});

function wantedOf(options: Partial<WantedOptions> = {}, from = config): Wanted {
  const all = { entries: [], parameters: null, subscribe: false, users: [], certificates: [], ...options };
  const wanted = decideWanted(from, all);
  if (typeof wanted === 'string') throw new Error(wanted);
  return wanted;
}

function doorOf(more: Partial<CmService> = {}, wanted = wantedOf()): CmService {
  return { ...newService(wanted.entries[0]!, null), ...more };
}

function stateOf(more: Partial<CmState> = {}): CmState {
  return {
    release: '15.0.1',
    version: '14.0',
    services: [doorOf()],
    copies: [],
    phones: [],
    profiles: new Map(),
    enterprise: { webAccess: '0', webProtocol: '1' },
    users: new Map(),
    trust: [],
    ...more,
  };
}

function phoneOf(more: Partial<CmPhone> = {}): CmPhone {
  return {
    name: 'SEP1',
    profile: 'P',
    phoneServiceDisplay: 'Default',
    web: { webAccess: '', webProtocol: '' },
    subscriptions: [],
    ...more,
  };
}

const copyOf = (more: object = {}) => ({
  device: 'SEP1',
  isProfile: false,
  service: 'Finesse',
  url: `${doorOf().serviceUrl}?id=1`,
  secureUrl: `${doorOf().secureServiceUrl}?id=1&password=CANARY`,
  ...more,
});

const differences = (state: Partial<CmState>, wanted = wantedOf()) =>
  compareUnifiedCm(wanted, stateOf(state)).differences;
const rows = (state: Partial<CmState>, wanted = wantedOf()) =>
  differences(state, wanted).map(({ names, field, found, expected, remedy }) => [
    names.join(),
    field,
    found,
    expected,
    remedy,
  ]);

/** Each row begins so. */
function expectRows(found: readonly string[][], beginnings: readonly string[][]): void {
  expect(found.map((row, index) => row.slice(0, beginnings[index]?.length))).toEqual(beginnings);
}

describe('phone services', () => {
  test('as it is to be: no difference, nothing to change', () => {
    expect(differences({})).toEqual([]);
    expect(planSteps(wantedOf(), stateOf(), { updateSubscriptions: true })).toEqual([]);
  });

  test('the front door is missing; services that were not asked for are not', () => {
    expect(rows({ services: [] })).toEqual([
      ['Finesse', 'Phone service', 'none', 'http://ippa.example.com:8082/main/fippa/#DEVICENAME#', 'apply'],
    ]);
    expect(planSteps(wantedOf(), stateOf({ services: [] }), { updateSubscriptions: false })).toEqual([
      { kind: 'add-service', service: doorOf() },
    ]);
  });

  test('another name leads to the same place: it is the entry', () => {
    expect(differences({ services: [doorOf({ serviceName: 'Agents' })] })).toEqual([]);
  });

  test('a chosen name is meant, not what leads to the same place', () => {
    const wanted = wantedOf({ entries: ['main=Cisco Finesse'] });
    expectRows(rows({ services: [doorOf()] }, wanted), [['Cisco Finesse', 'Phone service', 'none']]);
    const direct = doorOf({
      serviceName: 'Cisco Finesse',
      serviceUrl: 'http://finesse-a.example.com:8082/fippa/#DEVICENAME#',
    });
    expect(planSteps(wanted, stateOf({ services: [direct] }), { updateSubscriptions: false })).toEqual([
      {
        kind: 'update-service',
        name: 'Cisco Finesse',
        before: { serviceUrl: direct.serviceUrl },
        after: { serviceUrl: doorOf().serviceUrl },
      },
    ]);
  });

  test('a service that leads to Finesse directly is the way out, whatever its name, until its name is chosen', () => {
    const direct = { serviceUrl: 'http://finesse-a.example.com:8082/fippa/#DEVICENAME#', secureServiceUrl: '' };
    const services = [doorOf(direct), doorOf({ ...direct, serviceName: 'Finesse A' })];
    const state = stateOf({ services });
    expectRows(rows({ services }), [['Finesse', 'Phone service', `leads to Finesse directly: ${direct.serviceUrl}`]]);
    expect(planSteps(wantedOf(), state, { updateSubscriptions: true })).toEqual([]);
    expect(compareUnifiedCm(wantedOf(), state).notes.join()).toContain('The way out, not touched: Finesse, Finesse A.');
    const moved = planSteps(wantedOf({ entries: ['main=Finesse'] }), state, { updateSubscriptions: false });
    expect(moved).toMatchObject([{ kind: 'update-service', name: 'Finesse' }]);
  });

  test('an entry that was not asked for is compared and left as it is', () => {
    const [, a] = wantedOf().entries;
    const services = [doorOf(), { ...newService(a!, null), enabled: 'false' }];
    expect(rows({ services })).toEqual([['Finesse A', 'Enable', 'false', 'true', 'apply-entry']]);
    expect(planSteps(wantedOf(), stateOf({ services }), { updateSubscriptions: true })).toEqual([]);
    const asked = wantedOf({ entries: ['main', 'a'] });
    expect(planSteps(asked, stateOf({ services }), { updateSubscriptions: true })).toHaveLength(1);
  });

  test('each field that differs; scheme and host do not mind case', () => {
    const service = doorOf({
      serviceUrl: 'HTTP://IPPA.example.com:8082/main/fippa/#DEVICENAME#',
      secureServiceUrl: '',
      serviceCategory: 'Web Link',
      enabled: 'false',
      enterpriseSubscription: 'true',
    });
    expect(rows({ services: [service] })).toEqual([
      ['Finesse', 'Secure-Service URL', '(empty)', 'https://ippa.example.com:8445/main/fippa/#DEVICENAME#', 'apply'],
      ['Finesse', 'Service Category', 'Web Link', 'XML Service', 'apply'],
      ['Finesse', 'Enable', 'false', 'true', 'apply'],
      ['Finesse', 'Enterprise Subscription', 'true', 'false', 'by-hand'],
    ]);
    const [step] = planSteps(wantedOf(), stateOf({ services: [service] }), { updateSubscriptions: false });
    // AXL cannot set it, so it is not in the plan.
    expect(step).toMatchObject({ after: { enabled: 'true' } });
    expect(JSON.stringify(step)).not.toContain('enterpriseSubscription');
  });

  test('without TLS the secure field is empty or the same again', () => {
    const wanted = wantedOf({}, plainConfig);
    const right = doorOf({}, wanted);
    expect(right.secureServiceUrl).toBe('');
    expect(differences({ services: [right] }, wanted)).toEqual([]);
    expect(differences({ services: [{ ...right, secureServiceUrl: right.serviceUrl }] }, wanted)).toEqual([]);
    expect(rows({ services: [{ ...right, secureServiceUrl: 'https://x/' }] }, wanted)).toHaveLength(1);
  });

  test('wrong ids, wrong parameters', () => {
    const options = { entries: [], parameters: null, subscribe: false, users: [], certificates: [] };
    expect(decideWanted(config, { ...options, entries: ['nowhere'] })).toContain('main, a, b');
    expect(decideWanted(config, { ...options, parameters: ['Id'] })).toContain('id, extension, password');
  });
});

describe('parameters', () => {
  const parameter = (name: string, password = false) => ({
    name,
    displayName: name,
    default: '',
    description: '',
    required: false,
    password,
  });

  test('any subset is right unless some are asked for', () => {
    const services = [doorOf({ parameters: [parameter('extension')] })];
    expect(differences({ services })).toEqual([]);
    const wanted = wantedOf({ parameters: ['id', 'extension'] });
    expect(rows({ services }, wanted)).toEqual([['Finesse', 'id', 'none', 'there', 'apply-parameters']]);
    expect(planSteps(wanted, stateOf({ services }), { updateSubscriptions: false })).toMatchObject([
      { kind: 'add-parameters', name: 'Finesse', parameters: [{ name: 'id', password: false }] },
    ]);
  });

  test('wrong case, not masked, not wanted: by hand, because values would be lost', () => {
    const services = [doorOf({ parameters: [parameter('ID'), parameter('password'), parameter('other')] })];
    expect(rows({ services })).toEqual([
      ['Finesse', 'ID', 'ID', 'id', 'by-hand'],
      ['Finesse', 'password', 'not masked', 'a password', 'by-hand'],
    ]);
    expect(planSteps(wantedOf(), stateOf({ services }), { updateSubscriptions: false })).toEqual([]);
    expect(
      rows({ services: [doorOf({ parameters: [parameter('id')] })] }, wantedOf({ parameters: ['extension'] })),
    ).toContainEqual(['Finesse', 'id', 'there', 'none', 'by-hand']);
  });
});

describe('subscriptions', () => {
  test('copies that are as the service, whatever values they end in', () => {
    expect(differences({ copies: [copyOf(), copyOf({ url: doorOf().serviceUrl })] })).toEqual([]);
  });

  test('stale copies of either URL, those of device profiles too, many in one row, no value shown', () => {
    const stale = { url: 'http://finesse-a.example.com:8082/fippa/#DEVICENAME#?password=CANARY' };
    const copies = [
      copyOf(stale),
      copyOf({ ...stale, device: 'SEP2' }),
      copyOf({ device: 'EM1', isProfile: true, secureUrl: '' }),
    ];
    const found = compareUnifiedCm(wantedOf(), stateOf({ copies }));
    expect(found.differences.map(({ names, field, found: what }) => [names, field, what])).toEqual([
      [['SEP1', 'SEP2'], 'Finesse: Service URL', 'http://finesse-a.example.com:8082/fippa/#DEVICENAME#'],
      [['EM1'], 'Finesse: Secure-Service URL', '(empty)'],
    ]);
    expect(JSON.stringify(found)).not.toContain('CANARY');
    expect(renderComparison(found)).toContain('the button Update Subscriptions');
  });

  test('without SQL the phones tell, of the plain URL alone', () => {
    const subscriptions = [
      {
        service: 'Finesse',
        name: 'Finesse',
        url: 'http://old/?id=1',
        urlButtonIndex: '0',
        urlLabel: '',
        serviceNameAscii: '',
      },
    ];
    const state = stateOf({ copies: { unread: 'fault -201' }, phones: [phoneOf({ subscriptions })] });
    const { differences: found, notes } = compareUnifiedCm(wantedOf(), state);
    expect(found).toMatchObject([{ names: ['SEP1'], found: 'http://old/' }]);
    expect(notes.join()).toContain('fault -201');
    expect(planSteps(wantedOf(), state, { updateSubscriptions: false })).toEqual([]);
    expect(planSteps(wantedOf(), state, { updateSubscriptions: true })).toEqual([
      {
        kind: 'subscriptions',
        phone: 'SEP1',
        changes: [{ kind: 'url', service: 'Finesse', ordinal: 0, before: 'http://old/', after: doorOf().serviceUrl }],
      },
    ]);
  });

  test('phones that are to be subscribed', () => {
    const wanted = wantedOf({ subscribe: true });
    expect(rows({ phones: [phoneOf()] }, wanted)).toEqual([
      ['SEP1', 'Finesse', 'not subscribed', 'subscribed', 'subscribe'],
    ]);
    const [step] = planSteps(wanted, stateOf({ phones: [phoneOf()] }), { updateSubscriptions: false });
    expect(step).toMatchObject({
      changes: [{ kind: 'add', subscription: { service: 'Finesse', url: doorOf().serviceUrl } }],
    });
  });
});

describe('phones and users', () => {
  test.each([
    [
      'phone before profile',
      { webAccess: '1', webProtocol: '' },
      { webAccess: '0', webProtocol: '' },
      'Disabled (phone)',
    ],
    [
      'profile before enterprise',
      { webAccess: '', webProtocol: '' },
      { webAccess: '1', webProtocol: '' },
      'Disabled (Common Phone Profile P)',
    ],
    [
      'enterprise',
      { webAccess: '', webProtocol: '' },
      { webAccess: '', webProtocol: '' },
      'Disabled (Enterprise Phone Configuration)',
    ],
  ])('Web Access: %s', (_, web, profile, found) => {
    const state = {
      phones: [phoneOf({ web })],
      profiles: new Map([['P', profile]]),
      enterprise: { webAccess: '1', webProtocol: '' },
    };
    expect(rows(state)).toEqual([['SEP1', 'Web Access', found, 'Enabled', 'by-hand']]);
  });

  test('set nowhere: phones come with it disabled', () => {
    const enterprise = { webAccess: '', webProtocol: '' };
    expectRows(rows({ phones: [phoneOf()], enterprise }), [
      ['SEP1', 'Web Access', 'Disabled (the default of the phone)'],
    ]);
  });

  test('a level that could not be read is no difference, but is said', () => {
    const state = stateOf({ phones: [phoneOf()], enterprise: { unread: 'fault -1: no' } });
    const { differences: found, notes } = compareUnifiedCm(wantedOf(), state);
    expect(found).toEqual([]);
    expect(notes).toContain(
      'The Enterprise Phone Configuration could not be read, and was not compared: fault -1: no.',
    );
  });

  test('HTTPS Only does not go with pushes of the proxy by http', () => {
    expectRows(rows({ phones: [phoneOf()] }, { ...wantedOf(), pushScheme: 'http' }), [['SEP1', 'HTTPS Server']]);
    expect(rows({ phones: [phoneOf()] }, { ...wantedOf(), pushScheme: 'https' })).toEqual([]);
  });

  test('a phone that shows services of its own URL only', () => {
    expectRows(rows({ phones: [phoneOf({ phoneServiceDisplay: 'External URL' })] }), [
      ['SEP1', 'Services Provisioning'],
    ]);
  });

  test('the application user: there, in both groups, with every phone', () => {
    const groups = ['Standard CTI Enabled', 'Standard CTI Allow Control Of All Devices'];
    const phones = [phoneOf(), phoneOf({ name: 'SEP2' })];
    const user = { name: 'push', groups, devices: ['SEP1', 'SEP2'], profiles: [] };
    expect(rows({ copies: [copyOf({ device: 'EM1', isProfile: true })], users: new Map([['push', user]]) })).toEqual([
      ['EM1', 'Controlled Profiles of push', 'not among them', 'among them', 'by-hand'],
    ]);
    expect(rows({ phones, users: new Map([['push', user]]) })).toEqual([]);
    expect(
      rows({
        phones,
        users: new Map([
          ['push', { ...user, groups: [], devices: ['SEP2'] }],
          ['none', null],
        ]),
      }),
    ).toEqual([
      ['push', 'Group', 'not a member', 'Standard CTI Enabled', 'by-hand'],
      ['push', 'Group', 'not a member', 'Standard CTI Allow Control Of All Devices', 'by-hand'],
      ['SEP1', 'Controlled Devices of push', 'not among them', 'among them', 'by-hand'],
      ['none', 'Application user', 'none', 'there', 'by-hand'],
    ]);
  });
});

describe('the certificate', () => {
  const certificate = new X509Certificate(PROXY_CERTIFICATE);
  const wanted = () =>
    wantedOf({ certificates: [{ listener: 'https://ippa.example.com:8445', chain: [certificate] }] });
  const listed = (more: object = {}) => ({
    uuid: '{U}',
    subject: 'CN=proxy.example.com,O=Test of finesse-ippa-proxy',
    issuer: 'O=Test of finesse-ippa-proxy, CN=proxy.example.com',
    serialNumber: certificate.serialNumber,
    purposes: ['Phone-trust'],
    ...more,
  });

  test('itself or its CA, in either order of the name, by a serial number in either base', () => {
    expect(differences({ trust: [listed()] }, wanted())).toEqual([]);
    expect(
      differences({ trust: [listed({ subject: 'CN=x', serialNumber: `0x${certificate.serialNumber}` })] }, wanted()),
    ).toEqual([]);
    expect(differences({ trust: [listed({ serialNumber: '999' })] }, wanted())).toEqual([]);
  });

  test('not listed, or listed for something else', () => {
    expectRows(rows({ trust: [] }, wanted()), [['https://ippa.example.com:8445', 'Phone-trust', 'not listed']]);
    expectRows(rows({ trust: [listed({ purposes: ['tomcat-trust'] })] }, wanted()), [
      ['https://ippa.example.com:8445', 'Phone-trust', 'only tomcat-trust'],
    ]);
    expect(differences({ trust: { unread: 'not allowed' } }, wanted())).toEqual([]);
  });
});
