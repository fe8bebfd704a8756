/**
 * The proxy connects to the servers of its configuration and to nothing else, whatever phones send and servers answer. Seen
 * twice: every connection that this process opens is recorded, names that are looked up included, and listeners on other
 * ports and another loopback address, to which everything here points, are never connected to.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Rig, startRig } from '../rig.ts';
import { type LenientAnswer, type LenientServer, PROBE, startLenientServer, systemInfo } from './lenient-server.ts';
import { type RawServer, sendRaw, startRawServer } from './raw-sockets.ts';

/** Where connections went: `host:port` as they were asked for, and every address that a name was looked up as. */
const opened: string[] = [];
const onSocket = (message: unknown) => {
  const { socket } = message as { socket: Socket };
  socket.once('lookup', (_error, _address, _family, host) => opened.push(`name ${host}`));
  socket.once('connectionAttempt', (address, port) => opened.push(`${address}:${port}`));
};

const canaries: RawServer[] = [];
let touched: string[] = [];
let answers: Record<string, LenientAnswer> = {};
let server: LenientServer;
let other: LenientServer;
let rig: Rig;
let port: number;

beforeAll(async () => {
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    canaries.push(await startRawServer(() => {}, { host, onConnect: () => touched.push(host) }));
  }
  const answerTo = (target: string) => answers[target.split(/[?;]/)[0] ?? ''] ?? {};
  [server, other] = [await startLenientServer(answerTo), await startLenientServer()];
  rig = await startRig({ urls: [server.url, other.url], intervalMs: 1000 });
  port = Number(new URL(rig.phones).port);
  subscribe('net.client.socket', onSocket);
});
afterAll(async () => {
  unsubscribe('net.client.socket', onSocket);
  await rig.stop();
  await Promise.all([server, other, ...canaries].map((each) => each.close()));
});
beforeEach(() => {
  opened.length = 0;
  touched = [];
  answers = {};
});
afterEach(() => {
  const ours = [rig.phones, rig.ops, server.url, other.url].map((url) => new URL(url).host);
  expect(opened.filter((to) => !ours.includes(to))).toEqual([]);
  expect(touched).toEqual([]);
});

/** host:port of each canary, in the spellings in which URLs may name them. */
const places = () => canaries.map((canary, at) => `127.0.0.${at + 1}:${canary.port}`);
const spellings = () => {
  const [near = '', far = ''] = places();
  const [, nearPort = ''] = near.split(':');
  return [
    ...[near, far, `localhost:${nearPort}`, `2130706433:${nearPort}`, `0x7f.1:${nearPort}`, `127.1:${nearPort}`],
    ...[`[::ffff:127.0.0.1]:${nearPort}`, `finesse-a.example.com:${nearPort}`, 'elsewhere.invalid'],
  ];
};

const send = async (bytes: string) => (await sendRaw(port, bytes)).text;

describe('what a phone sends', () => {
  test('the recorder sees what the proxy opens', async () => {
    await rig.get('/b/fippa/SEP1/first');
    expect(opened).toContain(`127.0.0.1:${other.port}`);
  });

  test('Host, absolute-form, authority-form, two slashes and X-Forwarded headers', async () => {
    for (const place of spellings()) {
      await send(`GET /a/fippa/SEP1 HTTP/1.1\r\nHost: ${place}\r\nConnection: close\r\n\r\n`);
      await send(`GET /a/fippa/SEP1 HTTP/1.0\r\nHost: ${place}\r\n\r\n`);
      await send(`GET http://${place}/fippa/SEP1 HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
      await send(`GET http://${place}/a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\n\r\n`);
      await send(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
      await send(`GET //${place}/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\n\r\n`);
      await send(`GET /\\${place}/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\n\r\n`);
      await send(
        `GET /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\nX-Forwarded-Host: ${place}\r\nX-Forwarded-For: ${place}\r\nForwarded: host=${place}\r\nX-Original-URL: http://${place}/\r\nX-Rewrite-URL: http://${place}/\r\nReferer: http://${place}/\r\nDestination: http://${place}/\r\nVia: 1.1 ${place}\r\n\r\n`,
      );
    }
  });

  test('paths, path parameters, queries and actions', async () => {
    for (const place of spellings()) {
      const [host = ''] = place.split(':');
      for (const target of [
        `/${place}/fippa/SEP1`,
        `/${host}/fippa/SEP1`,
        `/a/fippa/${host}`,
        `/a/fippa/SEP1/http://${place}/`,
        `/a/fippa/SEP1;url=http://${place}/`,
        `/a/fippa/SEP1?url=http://${place}/&id=http://${place}/`,
        `/a/fippa/SEP1/~to/${place}`,
        `/a/fippa/SEP1/~to/${host}`,
        `/a/fippa/SEP1/~to/b?id=http://${place}/`,
        `/a@${place}/fippa/SEP1`,
        `/a/fippa/SEP1@${place}`,
      ]) {
        expect(await send(`GET ${target} HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n`)).toContain('200 OK');
      }
    }
  });
});

describe('what a server answers', () => {
  const redirects = () =>
    spellings().flatMap((place) =>
      ['http:', 'https:', '', 'HTTP:'].flatMap((scheme) =>
        ['/fippa/SEP1/x', '/', ':80/fippa/SEP1/x', '\\fippa/x'].map((path) => `${scheme}//${place}${path}`),
      ),
    );

  test('redirects, with every status and in every spelling', async () => {
    const [near = ''] = places();
    const tricks = [
      `http://127.0.0.1:${server.port}@${near}/fippa/SEP1/x`,
      `http://127.0.0.1:${server.port}#@${near}/fippa/SEP1/x`,
      `http:\\\\${near}/fippa/SEP1/x`,
      `/\\${near}/fippa/SEP1/x`,
      `///${near}/fippa/SEP1/x`,
      `http:${near}/fippa/SEP1/x`,
      `\thttp://${near}/fippa/SEP1/x`,
      `ftp://${near}/fippa/SEP1/x`,
      `gopher://${near}/_x`,
      `file:///fippa/SEP1/x`,
      `javascript:x`,
    ];
    // All at once: each waits for the probe that a failed request starts.
    const asked = [...redirects(), ...tricks].map(async (location, index) => {
      const status = [301, 302, 303, 307, 308][index % 5];
      answers[`/fippa/SEP1/go${index}`] = { status: `${status} Moved`, headers: `Location: ${location}\r\n`, body: '' };
      const { status: got, headers, body } = await rig.get(`/a/fippa/SEP1/go${index}`);
      expect([got, headers.location]).toEqual([200, undefined]);
      expect(body).toContain('<CiscoIPPhone');
    });
    expect(asked.length).toBeGreaterThan(100);
    await Promise.all(asked);
  });

  test('Refresh, cookies and URLs of a page: they are for the phone, and the proxy follows none', async () => {
    const asked = spellings().flatMap((place, at) => {
      const pages = {
        page: {
          headers: `Refresh: 0; url=http://${place}/fippa/x\r\nLink: <http://${place}/>; rel=preload\r\nSet-Cookie: a=b; Domain=${place}\r\nAlt-Svc: h2="${place}"\r\n`,
          body: `<!DOCTYPE CiscoIPPhoneMenu SYSTEM "http://${place}/x.dtd"><CiscoIPPhoneMenu/>`,
        },
        entity: {
          body: `<!DOCTYPE x [<!ENTITY e SYSTEM "http://${place}/">]><CiscoIPPhoneText><Text>&e;</Text></CiscoIPPhoneText>`,
        },
        menu: {
          headers: `Refresh: 0; url=http://${place}/fippa/x\r\n`,
          body: `<CiscoIPPhoneIconFileMenu><IconItem><Index>1</Index><URL>http://${place}/icon.png</URL></IconItem><MenuItem><Name>x</Name><URL>http://${place}/fippa/x</URL></MenuItem></CiscoIPPhoneIconFileMenu>`,
        },
        execute: {
          body: `<CiscoIPPhoneExecute><ExecuteItem URL="http://${place}/fippa/x" Priority="0"/></CiscoIPPhoneExecute>`,
        },
      };
      return Object.entries(pages).map(async ([name, answer]) => {
        answers[`/fippa/SEP1/${name}${at}`] = answer;
        expect((await rig.get(`/a/fippa/SEP1/${name}${at}`)).body).toContain('<CiscoIPPhone');
      });
    });
    await Promise.all(asked);
  });

  /** Resolves after the next probe of service a has been answered and acted on. */
  async function nextProbe(): Promise<void> {
    const { lastProbe } = await serviceA();
    while ((await serviceA()).lastProbe === lastProbe) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const serviceA = async () => (await rig.health()).services[0] ?? { lastProbe: null };

  test('names in SystemInfo, with redirects and pages that use them', async () => {
    for (const name of ['localhost', '127.0.0.2', 'elsewhere.invalid', 'finesse-b.example.com']) {
      answers = { [PROBE]: { body: systemInfo(name) } };
      await nextProbe();
      for (const authority of [`${name}:${server.port}`, `${name}:${canaries[1]?.port}`]) {
        answers['/fippa/SEP1/go'] = {
          status: '302 Found',
          headers: `Location: http://${authority}/fippa/SEP1/next\r\n`,
          body: '',
        };
        expect((await rig.get('/a/fippa/SEP1/go')).status).toBe(200);
        await rig.get('/a/fippa/SEP1/next');
      }
    }
    answers = {};
    await nextProbe();
  });

  test('redirects of SystemInfo, which no probe follows', async () => {
    for (const place of spellings()) {
      answers = { [PROBE]: { status: '302 Found', headers: `Location: http://${place}${PROBE}\r\n`, body: '' } };
      if (place === spellings()[0]) await nextProbe();
      expect((await rig.get('/a/fippa/SEP1')).status).toBe(200);
    }
    await nextProbe();
    expect(touched).toEqual([]);
  });
});
