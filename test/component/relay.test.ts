import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Rig, startRig } from '../rig.ts';
import { openRaw } from './raw-sockets.ts';

/** A Finesse whose fippa answers whatever a test says; SystemInfo is always fine. */
let server: Server;
let url: string;
let rig: Rig;
let answer: (req: IncomingMessage, res: ServerResponse) => void;
const seen: string[] = [];

const PHONE = 'SEP001122334455';
const INFO = '<SystemInfo><status>IN_SERVICE</status></SystemInfo>';
const text = (inner: string) => `<CiscoIPPhoneText><Title>T</Title>${inner}</CiscoIPPhoneText>`;

beforeEach(async () => {
  seen.length = 0;
  server = createServer((req, res) => {
    if (req.url?.startsWith('/finesse/')) return void res.end(INFO);
    seen.push(req.url ?? '');
    answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  rig = await startRig({ servers: 2, urls: [url], intervalMs: 5000 });
});
afterEach(async () => {
  await rig.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('B92 phone XML with an error status reaches the phone as 200', async () => {
  answer = (_req, res) => res.writeHead(500, { 'content-type': 'text/xml' }).end(text('<Text>sorry</Text>'));
  const { status, body } = await rig.get(`/a/fippa/${PHONE}`);
  expect(status).toBe(200);
  expect(body).toContain('sorry');
});

it('B96 an image passes as it is', async () => {
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]);
  answer = (_req, res) => res.writeHead(200, { 'content-type': 'image/png' }).end(png);
  const { bytes, headers } = await rig.get(`/a/fippa/${PHONE}/icon.png`);
  expect(headers['content-type']).toBe('image/png');
  expect(bytes.equals(png)).toBe(true);
});

it('B97 URLs of the cluster lead to the proxy, everything else stays', async () => {
  const other = rig.finesse[1]?.url;
  const page = text(
    `<SoftKeyItem><Name>1</Name><Position>1</Position><URL>${url.toUpperCase()}/fippa/${PHONE}/x?a=1&amp;b=2</URL></SoftKeyItem>` +
      `<SoftKeyItem><Name>2</Name><Position>2</Position><URL>${other}/fippa/${PHONE}</URL></SoftKeyItem>` +
      `<SoftKeyItem><Name>3</Name><Position>3</Position><URL>/fippa/${PHONE}/y</URL></SoftKeyItem>` +
      `<SoftKeyItem><Name>4</Name><Position>4</Position><URL>http://elsewhere.example.com/fippa/z</URL></SoftKeyItem>` +
      `<Text>See ${url}/fippa/${PHONE}</Text>`,
  );
  answer = (_req, res) =>
    res
      .writeHead(200, {
        'content-type': 'text/xml; charset=utf-8',
        refresh: `5; url=${url}/fippa/${PHONE}/again`,
        'set-cookie': 'JSESSIONID=1; Path=/fippa; Domain=example.com; Secure; HttpOnly',
      })
      .end(page);
  const { body, headers } = await rig.get(`/main/fippa/${PHONE}`);
  const { phones } = rig;
  expect([...body.matchAll(/<URL>([^<]*)/g)].map(([, found]) => found)).toEqual([
    `${phones}/a/fippa/${PHONE}/x?a=1&amp;b=2`,
    `${phones}/b/fippa/${PHONE}`,
    `/a/fippa/${PHONE}/y`,
    'http://elsewhere.example.com/fippa/z',
  ]);
  expect(body).toContain(`<Text>See ${url}/fippa/${PHONE}</Text>`);
  expect(headers.refresh).toBe(`5; url=${phones}/a/fippa/${PHONE}/again`);
  expect(headers['set-cookie']).toEqual(['JSESSIONID=1; Path=/a/fippa; HttpOnly']);
});

it('B98 a redirect within the server is followed inside, its cookies kept', async () => {
  answer = (req, res) => {
    if (req.url?.endsWith('/home')) {
      res.writeHead(200, { 'content-type': 'text/xml' }).end(text(`<Text>${req.headers.cookie}</Text>`));
    } else {
      res.writeHead(302, { location: `${url}/fippa/${PHONE}/home`, 'set-cookie': 'S=1; Path=/fippa' }).end();
    }
  };
  const { body, headers } = await rig.get(`/a/fippa/${PHONE}`);
  expect(body).toContain('S=1');
  expect(headers['set-cookie']).toEqual(['S=1; Path=/a/fippa']);
  expect(seen).toEqual([`/fippa/${PHONE}`, `/fippa/${PHONE}/home`]);
});

it('B108 an 8875 gets no SoftKey: URI, and its Exit leads to the services menu', async () => {
  answer = (_req, res) => res.writeHead(200).end('<html>');
  const headers = { 'x-ciscoipphonemodelname': 'CP-8875' };
  const { body } = await rig.get(`/a/fippa/${PHONE}`, headers);
  expect(body).not.toContain('SoftKey:');
  expect(body).toContain(`${rig.phones}/a/fippa/${PHONE}/~exit`);
  const exit = await rig.get(`/a/fippa/${PHONE}/~exit`, headers);
  expect(exit.body).toContain('<ExecuteItem Priority="0" URL="Init:Services"');
  expect(seen).toEqual([`/fippa/${PHONE}`]);
});

it('a phone that ends its side of the connection once it has asked still gets its page', async () => {
  answer = (_req, res) => setTimeout(() => res.writeHead(200, { 'content-type': 'text/xml' }).end(text('')), 50);
  const client = openRaw(Number(new URL(rig.phones).port));
  client.socket.end(`GET /a/fippa/${PHONE} HTTP/1.1\r\nHost: x\r\n\r\n`);
  expect((await client.closed).text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*<CiscoIPPhoneText>/);
});
