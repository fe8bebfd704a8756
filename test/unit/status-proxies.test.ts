import { expect, it } from 'vitest';
import { renderProxies } from '../../src/commands/status-proxies.ts';
import type { HealthReport } from '../../src/ops/health.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const AT = '2026-11-01T11:58:00.000Z';
const seen = (id: string, state: string, admin = 'ready') => ({
  ...{ id, state, admin, attempt: null, since: AT, phones: 0 },
});
const proxy = (name: string, over: object) => ({
  ...{ id: `id-${name}`, name, site: null, version: '0.1.0', self: false, heard: true, heardAt: AT },
  ...{ services: [seen('a', 'in-service'), seen('b', 'in-service'), seen('c', 'unknown')] },
  ...over,
});
const report = (over: object): HealthReport =>
  ({
    services: [seen('a', 'in-service'), seen('b', 'in-service')],
    ...{ proxies: [], store: null, processes: [], ...over },
  }) as unknown as HealthReport;

it('B586 `status` lists the other proxies, what they see otherwise, the store and the processes', () => {
  const services = [seen('a', 'out-of-service', 'drain'), seen('b', 'reconnecting')];
  const proxies = [
    proxy('one', { self: true, services }),
    proxy('two', { site: 'Bonn', services }),
    proxy('three', { heard: false, services }),
    proxy('four', {}),
  ];
  const store = { server: 'redis:6379', state: 'connected', since: AT, waiting: 3 };
  const process = { process: 1, pid: 5, state: 'serving', since: AT, restarts: 0, ended: null };
  const processes = [process, { ...process, process: 2, state: 'starting', restarts: 2 }];
  expect(renderProxies(report({ proxies, store, processes }), NOW)).toEqual([
    '',
    'OTHER PROXY  SITE  VERSION  HEARD      SEES OTHERWISE',
    'two          Bonn  0.1.0    now        a out-of-service, set to drain; b reconnecting',
    'three        -     0.1.0    2 min ago  -',
    'four         -     0.1.0    now        -',
    '',
    'store redis:6379: connected for 2 min, 3 to be written',
    'phones are served by 1 of 2 processes; started again 2 times',
  ]);
});

it('B586 nothing of it for a proxy that is alone, nor for one of an earlier version', () => {
  expect(renderProxies(report({}), NOW)).toEqual([]);
  expect(renderProxies(report({ proxies: undefined, store: undefined, processes: undefined }), NOW)).toEqual([]);
});
