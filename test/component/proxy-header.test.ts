/** The PROXY protocol, version 2, as load balancers write it before the bytes of a phone (its specification, section 2.2). */

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { parseNetworks } from '../../src/http/server/client-address.ts';
import { createClientLimits } from '../../src/http/server/client-limits.ts';
import type { HttpExchange } from '../../src/http/server/exchange.ts';
import type { ListenerOptions } from '../../src/http/server/listener.ts';
import { parseProxyHeader } from '../../src/http/server/proxy-header.ts';
import { systemClock } from '../../src/time/clock.ts';
import { GET, LAST, makeTls, POST, page, startListener } from './listener-rig.ts';
import { openRaw, type RawClient, sendRaw } from './raw-sockets.ts';

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const ports = [0xc0, 0x00, 0x1f, 0x92];

function header(versionAndCommand: number, family: number, ...addresses: number[]): Buffer {
  return Buffer.from([
    ...SIGNATURE,
    versionAndCommand,
    family,
    addresses.length >> 8,
    addresses.length & 255,
    ...addresses,
  ]);
}

const PHONE = header(0x21, 0x11, 10, 20, 0, 7, 10, 1, 1, 5, ...ports);
const IPV6 = header(0x21, 0x21, 0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 7, ...Array(16).fill(1), ...ports);
const MAPPED = header(0x21, 0x21, ...Array(10).fill(0), 255, 255, 10, 20, 0, 8, ...Array(16).fill(1), ...ports);
/** With an id of the connection and the name that was asked for behind the addresses. */
const EXTENDED = header(0x21, 0x11, 10, 20, 0, 9, 10, 1, 1, 5, ...ports, 0x05, 0, 2, 1, 2, 0x02, 0, 1, 97);
const LOCAL = header(0x20, 0x00);

const FRONT = '127.0.66.1';

const answerWithAddress = (exchange: HttpExchange) => exchange.answer(page(`<from>${exchange.remoteAddress}</from>`));

async function start(more: Partial<ListenerOptions> = {}, tls = false, headersMs = 10_000) {
  const refused: (readonly [string, string | null])[] = [];
  const running = await startListener(answerWithAddress, {
    config: tls ? { tls: makeTls() } : {},
    limits: { headersMs },
    more: {
      fronts: parseNetworks(['127.0.66.0/24']),
      onRefused: ({ detail }, address) => void refused.push([detail ?? '', address]),
      ...more,
    },
  });
  return { port: running.port, refused };
}

const by = (port: number, localAddress = FRONT): Socket => connectTcp({ port, host: '127.0.0.1', localAddress });
const throughFront = (port: number) => openRaw(port, '', by(port));

async function reply(client: RawClient, ...parts: (string | Buffer)[]): Promise<string> {
  for (const part of parts) client.write(part);
  return (await client.closed).text;
}

test('B830 with `proxyProtocol` a connection of one of `trustedFronts` has the address that its header says', async () => {
  const { port, refused } = await start();
  expect(await reply(throughFront(port), PHONE, LAST)).toContain('<from>10.20.0.7</from>');
  expect(await reply(throughFront(port), Buffer.concat([PHONE, Buffer.from(LAST)]))).toContain(
    '<from>10.20.0.7</from>',
  );
  expect(await reply(throughFront(port), IPV6, LAST)).toContain('<from>2001:db8::7</from>');
  expect(await reply(throughFront(port), MAPPED, LAST)).toContain('<from>10.20.0.8</from>');
  expect(await reply(throughFront(port), EXTENDED, LAST)).toContain('<from>10.20.0.9</from>');
  const kept = throughFront(port);
  kept.write(Buffer.concat([PHONE, Buffer.from(GET)]));
  await kept.received('<from>10.20.0.7</from>');
  // By Node's parser, on the same connection.
  expect(await reply(kept, POST.replace('\r\n', '\r\nConnection: close\r\n'))).toMatch(
    /10\.20\.0\.7[\s\S]*10\.20\.0\.7/,
  );
  expect(refused).toEqual([]);
});

test('B830 in any pieces', async () => {
  const { port } = await start();
  const bytes = Buffer.concat([EXTENDED, Buffer.from(LAST)]);
  const replies = Array.from({ length: EXTENDED.length + 1 }, async (_, cut) => {
    const client = throughFront(port);
    await once(client.socket, 'connect');
    client.socket.setNoDelay(true);
    client.write(bytes.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    return reply(client, bytes.subarray(cut));
  });
  for (const text of await Promise.all(replies)) expect(text).toContain('<from>10.20.0.9</from>');
  for (let length = 0; length < EXTENDED.length; length++) {
    expect(parseProxyHeader(EXTENDED.subarray(0, length))).toEqual({ kind: 'incomplete' });
  }
});

test('B830 before TLS, which is the phone’s own', async () => {
  const { port } = await start({}, true);
  const socket = by(port);
  socket.write(PHONE);
  const client = openRaw(port, '', connectTls({ socket, rejectUnauthorized: false }));
  expect(await reply(client, LAST)).toContain('<from>10.20.0.7</from>');
});

test('B830 limits per address are those of the phone, and the front has none', async () => {
  const limits = { ...DEFAULT_LIMITS.perAddress, connections: 2, exempt: [] };
  const clientLimits = createClientLimits({ limits, trustedFronts: ['127.0.66.0/24'] }, systemClock);
  const { port, refused } = await start({ clientLimits });
  const open = async (first: Buffer) => {
    const client = throughFront(port);
    client.write(Buffer.concat([first, Buffer.from(GET)]));
    await Promise.race([client.received('<from>'), client.closed]).catch(() => {});
    return client;
  };
  const held = [await open(PHONE), await open(PHONE)];
  for (let n = 0; n < 3; n++) expect((await (await open(PHONE)).closed).text).toBe('');
  const others = await Promise.all([EXTENDED, IPV6, EXTENDED].map(open));
  expect(refused).toEqual(Array(3).fill(['too many connections from this address', '10.20.0.7']));
  // Counts go down as they went up.
  held[0]?.socket.end();
  await held[0]?.closed;
  const again = await open(PHONE);
  for (const client of [...held, ...others, again]) client.socket.destroy();
});

test.each([
  ['no PROXY protocol header', Buffer.from(GET)],
  ['version 1 of the PROXY protocol, of which 2 is understood', Buffer.from('PROXY TCP4 10.20.0.7 10.1.1.5 1 2\r\n')],
  ['a PROXY protocol header of version 3, command 1', header(0x31, 0x11, ...Array(12).fill(1))],
  ['a PROXY protocol header of version 2, command 2', header(0x22, 0x11, ...Array(12).fill(1))],
  ['a PROXY protocol header without the address of a client', header(0x21, 0x31, ...Array(216).fill(47))],
  ['a PROXY protocol header without the address of a client', header(0x21, 0x11, 1, 2, 3)],
  ['a PROXY protocol header of 65551 bytes', Buffer.from([...SIGNATURE, 0x21, 0x11, 255, 255])],
])('B831 a front with `trustedFronts` and `proxyProtocol` that sent %s is closed and named', async (detail, bytes) => {
  const { port, refused } = await start();
  expect(await reply(throughFront(port), bytes, LAST)).toBe('');
  expect(refused).toEqual([[`a trusted front sent ${detail}`, FRONT]]);
});

test('B831 no header in time; the front’s own look, `LOCAL`, is served, or says nothing', async () => {
  const { port, refused } = await start({}, false, 100);
  expect(await reply(throughFront(port), PHONE.subarray(0, 9))).toBe('');
  expect(refused).toEqual([['a trusted front sent no PROXY protocol header in time', FRONT]]);
  expect(await reply(throughFront(port), LOCAL, LAST)).toContain(`<from>${FRONT}</from>`);
  const looking = throughFront(port);
  looking.socket.end();
  expect(await looking.closed).toEqual({ text: '', orderly: true });
  expect(refused).toHaveLength(1);
});

test('B832 from any other address the header is no request, and without `proxyProtocol` from nobody', async () => {
  const { port, refused } = await start();
  expect((await sendRaw(port, Buffer.concat([PHONE, Buffer.from(LAST)]))).text).toContain(
    '<refused>malformed</refused>',
  );
  expect((await sendRaw(port, LAST)).text).toContain('<from>127.0.0.1</from>');
  expect(refused.map(([, address]) => address)).toEqual(['127.0.0.1']);
  const unset = await start({ fronts: null });
  expect(await reply(openRaw(unset.port, '', by(unset.port)), PHONE, LAST)).toContain('<refused>malformed</refused>');
});

const NOT_NAMED = 'a PROXY protocol header; a load balancer has to stand in phones.trustedFronts';
const NOT_SET =
  'a PROXY protocol header on a listener without proxyProtocol; for a load balancer set that, and name it in phones.trustedFronts';
const VERSION_1 = Buffer.from('PROXY TCP4 10.20.0.7 10.1.1.5 1 2\r\n');

describe.each([
  ['with TLS', true, 'auto'],
  ['over plain HTTP', false, 'auto'],
  ['over plain HTTP, read by Node’s parser', false, 'node'],
] as const)('B891 B895 %s', (_, tls, parser) => {
  test('whoever sends that header and is no trusted front is named in the log, with what is to be set', async () => {
    const { port, refused } = await start({ parser }, tls);
    await sendRaw(port, Buffer.concat([PHONE, Buffer.from(LAST)]));
    await sendRaw(port, LOCAL);
    await sendRaw(port, Buffer.concat([VERSION_1, Buffer.from(LAST)]));
    expect(refused).toEqual(Array(3).fill([NOT_NAMED, '127.0.0.1']));
  });

  test('where no header is taken, it is said that none is', async () => {
    const { port, refused } = await start({ parser, fronts: null }, tls);
    await sendRaw(port, PHONE);
    expect(refused).toEqual([[NOT_SET, '127.0.0.1']]);
  });

  test('other bytes, and a phone that sends one itself, have no such words', async () => {
    const { port, refused } = await start({ parser }, tls);
    await sendRaw(port, 'NO REQUEST AND NO TLS\r\n\r\n');
    await reply(throughFront(port), PHONE, PHONE);
    expect(refused).toEqual([
      [expect.not.stringContaining('trustedFronts'), '127.0.0.1'],
      ['a PROXY protocol header behind that of a trusted front', '10.20.0.7'],
    ]);
  });
});

test('B895 a listener where there can be no front is silent of fronts', async () => {
  const refused: string[] = [];
  const onRefused: ListenerOptions['onRefused'] = ({ detail }) => void refused.push(detail);
  const { port } = await startListener(answerWithAddress, { more: { onRefused } });
  await sendRaw(port, PHONE);
  expect(refused).toEqual(['a PROXY protocol header']);
});
