import { describe, expect, test } from 'vitest';
import { diffConfig } from '../../src/config/diff.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { load, problemsOf, VALID, warningsOf } from './config-files.ts';

const NODE_A = '{ id: ca, name: Reports A, url: "https://cuic-a.example.com:8444/" }';
const NODE_B = '{ id: cb, name: Reports B, url: "https://cuic-b.example.com:8444", site: west }';
const reports = ({ listener = '{ host: 127.0.0.1, port: 8443 }', nodes = [NODE_A], more = '' } = {}) =>
  `${VALID}reports:\n  listeners: [${listener}]\n  ${more}\n  services: [${nodes.join(', ')}]\n`;

async function configOf(text: string, files: Readonly<Record<string, string>> = {}) {
  const result = await load(text, files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

describe('reports in the configuration', () => {
  test('B390 the defaults are those of the documents', async () => {
    const config = await configOf(reports());
    expect(config.reports).toEqual({
      listeners: [{ host: '127.0.0.1', port: 8443, publicUrl: null, tls: null }],
      home: '/cuicui/Main.jsp',
      services: [
        {
          ...{ id: 'ca', name: 'Reports A', url: 'https://cuic-a.example.com:8444', site: null },
          ...{ ca: null, fingerprints: [], certificateNames: [] },
          probe: {
            path: '/cuicui/api/status/',
            statuses: [200],
            fallback: { path: '/cuicui/Main.jsp', statuses: [200, 301, 302, 303, 307, 308] },
            ...{ intervalMs: 10_000, timeoutMs: 4000, rise: 2, fall: 2 },
          },
        },
      ],
    });
  });

  test('every key set', async () => {
    const node = `{ id: cb, name: Reports B, url: "https://cuic-b.example.com:8444", site: west, tls: { ca: ca.pem, names: [cuic] },
      probe: { path: "/cuic?x=1", statuses: [204], fallback: { statuses: [] }, interval: 3s, timeout: 2s, rise: 3, fall: 4 } }`;
    const listener =
      '{ host: 0.0.0.0, port: 443, publicUrl: "https://reports.example.com", tls: { cert: ca.pem, key: key.pem } }';
    const text = reports({ listener, nodes: [node], more: 'home: /cuic/Main.htmx' });
    const config = await configOf(text, { 'ca.pem': PROXY_CERTIFICATE, 'key.pem': PROXY_KEY });
    expect(config.reports).toMatchObject({
      listeners: [{ publicUrl: 'https://reports.example.com', tls: { cert: expect.stringMatching(/ca\.pem$/) } }],
      home: '/cuic/Main.htmx',
      services: [{ site: 'west', ca: PROXY_CERTIFICATE, certificateNames: ['cuic'] }],
    });
    expect(config.reports?.services[0]?.probe).toEqual({
      ...{ path: '/cuic?x=1', statuses: [204], fallback: null },
      ...{ intervalMs: 3000, timeoutMs: 2000, rise: 3, fall: 4 },
    });
  });

  test.each([
    [
      'a port that is taken',
      { listener: '{ host: 127.0.0.1, port: 8082 }' },
      'reports.listeners[0].port',
      'of its own',
    ],
    [
      'a scheme that is not served',
      { listener: '{ host: "::", port: 1, publicUrl: "https://r" }' },
      'reports.listeners[0].publicUrl',
      'http://',
    ],
    [
      'an address nobody can reach',
      { listener: '{ host: "::", port: 1, publicUrl: "http://0.0.0.0" }' },
      'reports.listeners[0].publicUrl',
      'browsers can reach',
    ],
    ['an id twice', { nodes: [NODE_A, NODE_B.replace('cb', 'ca')] }, 'reports.services[1].id', 'no other node'],
    [
      'a name twice',
      { nodes: [NODE_A, NODE_B.replace('Reports B', 'Reports A')] },
      'reports.services[1].name',
      'no other node',
    ],
    [
      'a server twice',
      { nodes: [NODE_A, NODE_B.replace('cuic-b', 'cuic-a')] },
      'reports.services[1].url',
      'of its own',
    ],
    [
      'a node that is this proxy',
      {
        listener: '{ host: "::", port: 1, publicUrl: "http://r" }',
        nodes: [NODE_B.replace('https://cuic-b.example.com:8444', 'http://r/')],
      },
      'reports.services[0].url',
      'the node itself',
    ],
    [
      'a time-out as long as the interval',
      { nodes: [NODE_B.replace('site: west', 'probe: { interval: 4s }')] },
      'reports.services[0].probe.interval',
      'less than',
    ],
    [
      'a path that leaves',
      { nodes: [NODE_B.replace('site: west', 'probe: { path: /a/../b }')] },
      'reports.services[0].probe.path',
      'begins with /',
    ],
    [
      'a status that is none',
      { nodes: [NODE_B.replace('site: west', 'probe: { statuses: [20] }')] },
      'reports.services[0].probe.statuses[0]',
      '200 to 599',
    ],
    ['no node', { nodes: [] }, 'reports.services', 'at least one node'],
    ['a key that is not there', { more: 'lisseners: []' }, 'reports.lisseners', 'did you mean listeners?'],
  ])('%s is an error', async (_, parts, key, allowed) => {
    const problems = await problemsOf(reports(parts));
    expect(problems.map((problem) => problem.key)).toEqual([key]);
    expect(problems[0]?.allowed).toContain(allowed);
  });

  test('a certificate for another name is a warning', async () => {
    const listener =
      '{ host: "::", port: 1, publicUrl: "https://other.example.org", tls: { cert: c.pem, key: k.pem } }';
    const warnings = await warningsOf(reports({ listener }), { 'c.pem': PROXY_CERTIFICATE, 'k.pem': PROXY_KEY });
    expect(warnings.map(({ message }) => message)).toContainEqual(expect.stringContaining('browsers will warn of it'));
  });

  test('B397 of a change of reports the listeners, and reports as a whole, need a restart', async () => {
    const diff = async (from: string, to: string) =>
      diffConfig(await configOf(from), await configOf(to)).map(
        ({ key, words, needsRestart }) => `${needsRestart ? '!' : ''}${key}: ${words}`,
      );
    expect(await diff(VALID, reports())).toEqual(['!reports: added']);
    expect(await diff(reports(), VALID)).toEqual(['!reports: removed']);
    expect(await diff(reports(), reports({ listener: '{ host: 127.0.0.1, port: 1 }' }))).toEqual([
      '!reports.listeners: changed',
    ]);
    expect(await diff(reports(), reports({ nodes: [NODE_A.replace('Reports A', 'R'), NODE_B] }))).toEqual([
      'reports.services[ca].name: from Reports A to R',
      'reports.services[cb]: added',
    ]);
    const slower = NODE_A.replace(' }', ', tls: { names: [x] }, probe: { interval: 20s } }');
    expect(await diff(reports(), reports({ nodes: [slower] }))).toEqual([
      'reports.services[ca].tls.names: from [] to [x]',
      'reports.services[ca].probe.interval: from 10s to 20s',
    ]);
  });
});

describe('sites in the configuration', () => {
  const sites = (own: string, a: string, b: string) =>
    VALID.replace('id: a,', `id: a, ${a}`).replace('id: b,', `id: b, ${b}`).concat(own);
  const warned = async (text: string) => (await warningsOf(text)).map(({ key, message }) => `${key}: ${message}`);

  test('B400 a site that no service has, or sites without one of the proxy, are likely mistakes', async () => {
    expect(await warned(sites('site: east\n', 'site: east,', 'site: west,'))).toEqual([]);
    expect(await warned(sites('site: east\n', '', 'site: west,'))).toEqual([]);
    expect(await warned(sites('', 'site: east,', 'site: east,'))).toEqual([]);
    expect(await warned(sites('site: eats\n', 'site: east,', 'site: west,'))).toEqual([
      expect.stringContaining('site: no service is of the site eats'),
    ]);
    expect(await warned(sites('', 'site: east,', 'site: west,'))).toEqual([
      expect.stringContaining('site: services have sites, but the proxy has none'),
    ]);
  });

  test('B404 the thresholds of an island', async () => {
    const config = await configOf(`${VALID}site: east\nisland: { suspectAfter: 30s, warnAfter: 72h }\n`);
    expect([config.site, config.island]).toEqual(['east', { suspectAfterMs: 30_000, warnAfterMs: 259_200_000 }]);
    const problems = await problemsOf(`${VALID}island: { suspectAfter: 2h, warnAfter: 1h }\n`);
    expect(problems.map(({ key }) => key)).toEqual(['island.suspectAfter']);
  });
});
