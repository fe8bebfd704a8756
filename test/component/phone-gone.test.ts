/** A phone that breaks its connection before its answer was written. */

import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Rig, startRig } from '../rig.ts';
import { PROBE, systemInfo } from './lenient-server.ts';
import { openRaw, type RawServer, startRawServer } from './raw-sockets.ts';

let rig: Rig;
let server: RawServer;
afterEach(async () => {
  await rig.stop();
  await server.close();
});

const answer = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** What an agent sees who is signed in. */
const MENU = '<CiscoIPPhoneMenu><Title>Ready</Title></CiscoIPPhoneMenu>';
const GET = (device: string) => `GET /a/fippa/${device}/ready HTTP/1.1\r\nHost: proxy\r\n\r\n`;

/** Requests for pages are held until they are let go. */
async function start(): Promise<Socket[]> {
  const held: Socket[] = [];
  server = await startRawServer((socket, seen) => {
    if (!seen.endsWith('\r\n\r\n')) return;
    if (seen.includes(PROBE)) socket.end(answer(systemInfo()));
    else held.push(socket);
  });
  rig = await startRig({ servers: 1, urls: [`http://127.0.0.1:${server.port}`] });
  return held;
}

const requests = async () => {
  const { body } = await rig.get(`${rig.ops}/metrics`);
  const found = body.matchAll(/^ippa_phone_requests_total\{service="a",outcome="(\w+)"\} ([1-9]\d*)$/gm);
  return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
};

test.each([
  ['a plain GET', ''],
  ["what Node's parser reads", '\r\n'],
])('B244 it is counted as gone and signed in nowhere: %s', async (_name, before) => {
  const held = await start();
  const port = Number(new URL(rig.phones).port);
  const leaving = openRaw(port);
  leaving.write(before + GET('SEP001'));
  await server.saw('/fippa/SEP001/ready');
  leaving.socket.resetAndDestroy();
  await leaving.closed;
  // Whoever asks after that is served after it has been noticed.
  const staying = openRaw(port);
  staying.write(before + GET('SEP002'));
  await server.saw('/fippa/SEP002/ready');
  for (const socket of held) socket.write(answer(MENU));
  await staying.received('</CiscoIPPhoneMenu>');
  expect(await requests()).toEqual({ gone: 1, relayed: 1 });
  const signedIn = rig.lines.filter(({ event }) => event === 'device-signed-in').map(({ device }) => device);
  expect(signedIn).toEqual(['SEP002']);
  expect((await rig.health()).services[0]?.phones).toBe(1);
});
