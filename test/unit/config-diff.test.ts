import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { change, load, VALID } from './config-files.ts';

async function configOf(text: string): Promise<Config> {
  const result = await load(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

/** `key: words`, with `!` before what needs a restart. */
async function diff(to: string, from = VALID): Promise<string[]> {
  const changes = diffConfig(await configOf(from), await configOf(to));
  return changes.map(({ key, words, needsRestart }) => `${needsRestart ? '!' : ''}${key}: ${words}`);
}

describe('what a new configuration changes', () => {
  it('is nothing when it means the same', async () => {
    expect(await diff(`# a remark\n${VALID}reconnect: { interval: 5000ms }\n`)).toEqual([]);
  });

  it('is told in the words of the file, with durations as people write them', async () => {
    expect(await diff(`${VALID}reconnect: { interval: 10s }\nlog: { level: warn }\nstop: { pause: 2s }\n`)).toEqual([
      'reconnect.interval: from 5s to 10s',
      'stop.pause: from 0ms to 2s',
      'log.level: from info to warn',
    ]);
  });

  it('names services by id: added, removed, renamed, moved, in another order', async () => {
    const b = '      - { id: b, name: Finesse B, url: "https://finesse-b.example.com:8445" }\n';
    expect(await diff(change(b, ''))).toEqual(['clusters[main].services[b]: removed']);
    expect(await diff(VALID, change(b, ''))).toEqual(['clusters[main].services[b]: added']);
    expect(await diff(change('name: Finesse A', 'name: Finesse 1'))).toEqual([
      'clusters[main].services[a].name: from Finesse A to Finesse 1',
    ]);
    const [a = ''] = VALID.match(/ {6}- \{ id: a.*\n/) ?? [];
    expect(await diff(change(a, '').concat(a))).toEqual(['clusters[main].services: another order']);
  });

  it('says where a server is now, and how it is trusted by the keys of the file', async () => {
    const to = change(
      '"https://finesse-a.example.com:8445"',
      '"https://finesse-1.example.com:8445", tls: { names: [x.example.com] }',
    );
    expect(await diff(to)).toEqual([
      'clusters[main].services[a].url: from https://finesse-a.example.com:8445 to https://finesse-1.example.com:8445',
      'clusters[main].services[a].tls.names: from [] to [x.example.com]',
      'clusters[main].services[a].probe.url: from https://finesse-a.example.com:8445/finesse/api/SystemInfo to https://finesse-1.example.com:8445/finesse/api/SystemInfo',
    ]);
  });

  it('names operators, and never their tokens', async () => {
    const ops = (token: string, may: string, more = '') =>
      `${VALID}ops: { token: canary-${token}, operators: [{ name: kim, token: canary-${token}, may: ${may} }${more}] }\n`;
    const joe = ', { name: joe, token: canary, may: read }';
    expect(await diff(ops('1', 'set', joe), ops('1', 'set'))).toEqual(['ops.operators[joe]: added']);
    expect((await diff(ops('2', 'read'), ops('1', 'set'))).toSorted()).toEqual([
      'ops.operators[kim].may: from set to read',
      'ops.operators[kim].token: changed',
      'ops.token: changed',
    ]);
  });

  it('B201 never shows a secret, nor the query of a URL', async () => {
    const probe = (password: string) =>
      change(
        'finesse-a.example.com:8445" }',
        `finesse-a.example.com:8445", probe: { url: "https://x.example.com/SystemInfo?t=canary${password}", username: u, password: canary-${password} } }`,
      ).concat(`ops: { token: canary-${password} }\n`);
    const changes = await diff(probe('one'), probe('two'));
    expect(changes.toSorted()).toEqual(
      [
        'clusters[main].services[a].probe.url: from https://x.example.com/SystemInfo?… to https://x.example.com/SystemInfo?…',
        'clusters[main].services[a].probe.password: changed',
        'ops.token: changed',
      ].toSorted(),
    );
    expect(changes.join()).not.toContain('canary');
  });

  it('tells what needs a restart: sockets, the form of the log, pushes', async () => {
    expect(await diff(change('port: 8082', 'port: 8083'))).toEqual([
      '!phones.listeners[0] (http on 127.0.0.1 port 8082): removed',
      '!phones.listeners[0] (http on 127.0.0.1 port 8083): added',
    ]);
    expect(await diff(`${VALID}ops: { port: 9000 }\nlog: { format: json }\n`)).toEqual([
      '!ops.port: from 8090 to 9000',
      '!log.format: from auto to json',
    ]);
    expect(await diff(`${VALID}push: { phoneScheme: http }\n`)).toEqual(['!push: added']);
    const networks = change('phones:', 'phones:\n  networks: [10.0.0.0/8]');
    const push = (scheme: string) => `${networks}push: { username: u, password: p, phoneScheme: ${scheme} }\n`;
    expect(await diff(push('http'), push('https'))).toEqual(['!push.phoneScheme: from https to http']);
    const store = (where: string) => `${VALID}store: { redis: { ${where} } }\n`;
    expect(await diff(store('sentinels: [{ host: 127.0.0.2 }], name: ippa'), store('url: redis://127.0.0.1'))).toEqual([
      '!store.redis (url, sentinels): changed',
      '!store.redis.name: from nothing to ippa',
    ]);
  });

  it('takes what can change while a socket listens for no restart', async () => {
    const to = change('port: 8082 }', 'port: 8082, publicUrl: "http://ippa.example.com", service: a }');
    expect(await diff(to)).toEqual([
      'phones.listeners[0].publicUrl: from nothing to http://ippa.example.com',
      'phones.listeners[0].service: from nothing to a',
    ]);
  });
});
