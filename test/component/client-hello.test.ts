/** The hellos of real TLS clients, and what is left of them. */

import { constants } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resumesByTicket } from '../../src/http/server/client-hello.ts';

async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...options });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [hello] = await once(socket, 'data');
  client.destroy();
  server.close();
  return hello;
}

const TLS_1_2: ConnectionOptions = { maxVersion: 'TLSv1.2', ecdhCurve: 'P-256' };
const NO_TICKET: ConnectionOptions = { secureOptions: constants.SSL_OP_NO_TICKET, ecdhCurve: 'P-256' };
const OLD: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
const hellos: [string, ConnectionOptions, boolean][] = [
  ['TLS 1.3', { minVersion: 'TLSv1.3', ecdhCurve: 'P-256' }, true],
  ['TLS 1.3, a server name', { servername: 'proxy.example.com', ecdhCurve: 'P-256' }, true],
  ['TLS 1.3 without tickets of 1.2', NO_TICKET, true],
  ['TLS 1.2 with tickets', TLS_1_2, true],
  ['TLS 1.2 with session ids only', { ...TLS_1_2, ...NO_TICKET }, false],
  ['TLS 1.0 with tickets', OLD, true],
  ['TLS 1.0 with session ids only', { ...OLD, ...NO_TICKET }, false],
];
test.each(hellos)('%s', async (_, options, byTicket) => {
  const hello = await helloOf(options);
  expect(resumesByTicket(hello)).toBe(byTicket);
  for (let length = 0; length < hello.length; length++) {
    expect(resumesByTicket(hello.subarray(0, length))).toBe(false);
  }
});

test('no bytes make it throw', async () => {
  const hello = await helloOf(TLS_1_2);
  expect(resumesByTicket(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe(false);
  const edits = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 20 });
  fc.assert(
    fc.property(edits, fc.nat(hello.length), (changes, length) => {
      const bytes = Buffer.from(hello.subarray(0, length));
      for (const [at, value] of changes) if (at < length) bytes[at] = value;
      expect([true, false]).toContain(resumesByTicket(bytes));
    }),
    { numRuns: 5000 },
  );
});
