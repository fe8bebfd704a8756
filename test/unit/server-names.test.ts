import { describe, expect, test } from 'vitest';
import type { SystemInfo } from '../../src/domain/model.ts';
import { createServerNames, learntName, type NamedService } from '../../src/domain/server-names.ts';

function service(id: string, url: string, aliases: readonly string[] = [], learnt: string | null = null): NamedService {
  return { id, url, aliases, learntName: learnt };
}

const a = service('a', 'https://finesse-a.example.com:8445');
const b = service('b', 'https://finesse-b.example.com:8445');

describe('serviceOf', () => {
  test.each([
    ['https://finesse-a.example.com:8445', 'a'],
    ['http://finesse-a.example.com:8445', 'a'],
    ['https://finesse-b.example.com:8445', 'b'],
    ['http://finesse-a.example.com:8082', 'a'],
    ['http://finesse-a.example.com', 'a'],
    ['https://finesse-a.example.com', 'a'],
    ['http://finesse-a.example.com:', 'a'],
    ['HTTPS://Finesse-A.Example.COM:8445', 'a'],
    ['https://finesse-a.example.com.:8445', 'a'],
    ['https://finesse-a.example.com:08445', 'a'],
    ['https://finesse-a.example.com:8446', null],
    ['https://finesse-c.example.com:8445', null],
    ['https://xfinesse-a.example.com:8445', null],
    ['https://finesse-a.example.com.evil.com:8445', null],
    ['https://user@finesse-a.example.com:8445', null],
    ['https://finesse-a.example.com:8445@evil.com', null],
    ['https://finesse-a.example.com:8445?', null],
    ['https://finesse-a.example.com\\:8445', null],
    ['https://finesse-a.example.com:99999999', null],
    ['ftp://finesse-a.example.com:8445', null],
    ['//finesse-a.example.com:8445', null],
    ['', null],
  ])('%s is %s', (origin, expected) => {
    expect(createServerNames([a, b]).serviceOf(origin)).toBe(expected);
  });

  test('a bare alias is matched on the ports of Finesse and on the configured one', () => {
    const names = createServerNames([service('a', 'http://127.0.0.1:18082', ['fin-a', '10.1.1.1'])]);
    for (const port of [80, 443, 8082, 8445, 18082]) {
      expect(names.serviceOf(`http://fin-a:${port}`)).toBe('a');
      expect(names.serviceOf(`https://10.1.1.1:${port}`)).toBe('a');
    }
    expect(names.serviceOf('http://fin-a:18083')).toBeNull();
  });

  test('an alias with a port, or an origin, is matched exactly', () => {
    const names = createServerNames([
      service('a', 'http://127.0.0.1:18082', ['fin-a:9000', 'https://fin-b', 'http://fin-c:1/']),
    ]);
    expect(names.serviceOf('https://fin-a:9000')).toBe('a');
    expect(names.serviceOf('http://fin-a:8082')).toBeNull();
    expect(names.serviceOf('http://fin-b:443')).toBe('a');
    expect(names.serviceOf('http://fin-b')).toBeNull();
    expect(names.serviceOf('http://fin-c:1')).toBe('a');
  });

  test('an IPv6 address is known in each of its spellings', () => {
    const names = createServerNames([
      service('a', 'https://[2001:db8::1]:8445', ['2001:DB8::2', '[2001:db8::3]:9000']),
    ]);
    expect(names.serviceOf('https://[2001:DB8:0:0::1]:8445')).toBe('a');
    expect(names.serviceOf('https://[2001:db8::2]')).toBe('a');
    expect(names.serviceOf('https://[2001:db8:0::3]:9000')).toBe('a');
    expect(names.serviceOf('https://[2001:db8:::3]:9000')).toBeNull();
  });

  test('test services on one address with ports of their own are never mixed up', () => {
    const names = createServerNames([
      service('a', 'http://127.0.0.1:40001', [], '127.0.0.1'),
      service('b', 'http://127.0.0.1:40002', [], '127.0.0.1'),
    ]);
    expect(names.serviceOf('http://127.0.0.1:40001')).toBe('a');
    expect(names.serviceOf('http://127.0.0.1:40002')).toBe('b');
    expect(names.serviceOf('http://127.0.0.1:8082')).toBeNull();
  });
});

describe('conflicts', () => {
  test('none between different servers', () => {
    expect(createServerNames([a, b]).conflicts).toEqual([]);
  });

  test('one service may be known twice by the same name', () => {
    const names = createServerNames([
      service('a', 'https://fin-a:8445', ['FIN-A', 'https://fin-a:8445', 'fin-a.'], 'fin-a'),
    ]);
    expect(names.conflicts).toEqual([]);
    expect(names.serviceOf('http://fin-a:8082')).toBe('a');
  });

  test.each<[string, NamedService, NamedService]>([
    ['an alias of both', service('a', 'https://fin-a:8445', ['x']), service('b', 'https://fin-b:9445', ['X.'])],
    ['learnt from both', service('a', 'https://fin-a:8445', [], 'x'), service('b', 'https://fin-b:9445', [], 'x')],
    ['alias and learnt', service('a', 'https://fin-a:8445', ['x']), service('b', 'https://fin-b:9445', [], 'x')],
    ['configured host and learnt', service('a', 'https://x:8445'), service('b', 'https://fin-b:9445', [], 'x')],
    ['configured host and alias', service('a', 'https://x:8445'), service('b', 'https://fin-b:9445', ['x'])],
  ])('a name that two services claim serves neither: %s', (_, first, second) => {
    const names = createServerNames([first, second]);
    expect(names.conflicts).toEqual([{ name: 'x', services: ['a', 'b'] }]);
    for (const port of [80, 443, 8082, 8445, 9445]) expect(names.serviceOf(`http://x:${port}`)).toBeNull();
    expect(names.serviceOf('https://fin-b:9445')).toBe('b');
  });

  test('the same origin twice', () => {
    const names = createServerNames([service('a', 'http://fin:8445'), service('b', 'https://FIN:8445')]);
    expect(names.conflicts).toEqual([{ name: 'fin:8445', services: ['a', 'b'] }]);
    expect(names.serviceOf('https://fin:8445')).toBeNull();
  });

  test('two services on two ports of one host: each keeps its own, nobody gets the rest, and that is no conflict', () => {
    const names = createServerNames([service('a', 'http://fin:8082'), service('b', 'https://fin:8445')]);
    expect(names.conflicts).toEqual([]);
    expect(names.serviceOf('http://fin:8082')).toBe('a');
    expect(names.serviceOf('https://fin:8445')).toBe('b');
    expect(names.serviceOf('https://fin')).toBeNull();
  });
});

describe('learntName', () => {
  const info: SystemInfo = {
    status: 'IN_SERVICE',
    statusReason: null,
    deploymentType: null,
    lastCtiHeartbeatStatus: null,
    finesseMMode: null,
    ctiMMode: null,
    peripheralId: null,
    primaryHost: 'fin-a.example.com',
    secondaryHost: 'fin-b.example.com',
    xmppDomain: 'Fin-A.example.com.',
    xmppPubSubDomain: null,
  };

  test('is xmppDomain when that is one of the pair', () => {
    expect(learntName(info)).toBe('fin-a.example.com');
    expect(learntName({ ...info, xmppDomain: 'fin-b.example.com' })).toBe('fin-b.example.com');
  });

  test.each<[string, SystemInfo | null]>([
    ['before the first probe', null],
    ['without xmppDomain', { ...info, xmppDomain: null }],
    ['with a name outside of the pair', { ...info, xmppDomain: 'fin-c.example.com' }],
    ['without a pair', { ...info, primaryHost: null, secondaryHost: null }],
    ['with something that is no host', { ...info, xmppDomain: 'x/y', primaryHost: 'x/y' }],
    ['with a port', { ...info, xmppDomain: 'x:1', primaryHost: 'x:1' }],
    ['when empty', { ...info, xmppDomain: '', primaryHost: '' }],
  ])('is nothing %s', (_, given) => {
    expect(learntName(given)).toBeNull();
  });
});
