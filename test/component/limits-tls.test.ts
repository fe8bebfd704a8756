/** Bounds by address on a listener with TLS: turned away before the handshake, which costs most of what a connection costs. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { createClientLimits } from '../../src/http/server/client-limits.ts';
import { createListener, type Listener } from '../../src/http/server/listener.ts';
import { systemClock } from '../../src/time/clock.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';
import { openRaw } from './raw-sockets.ts';

let listener: Listener;
const folder = mkdtempSync(join(tmpdir(), 'limits-tls-'));
afterEach(async () => {
  await listener.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

const BAD = '127.0.66.6';

test('B232 one connection too many costs no handshake and one line; another address is served', async () => {
  const tls = { cert: join(folder, 'p.pem'), key: join(folder, 'p.key') };
  writeFileSync(tls.cert, PROXY_CERTIFICATE);
  writeFileSync(tls.key, PROXY_KEY);
  const refused: [string, string | null][] = [];
  const limits = { ...DEFAULT_LIMITS.perAddress, connections: 2 };
  listener = createListener(
    { host: '127.0.0.1', port: 0, tls },
    {
      key: 'phones.listeners[0]',
      limits: DEFAULT_LIMITS,
      clientLimits: createClientLimits({ limits, trustedFronts: [] }, systemClock),
      onRequest: (exchange) => exchange.answer({ body: '<x/>', contentType: 'text/xml' }),
      onRefused: ({ detail }, address) => refused.push([detail, address]),
      errorAnswer: () => ({ body: Buffer.from('<e/>'), contentType: 'text/xml' }),
    },
  );
  await listener.start();
  const { port } = listener.address();
  const open = (from: string) =>
    connect({
      socket: connectTcp({ port, host: '127.0.0.1', localAddress: from }),
      rejectUnauthorized: false,
    });
  const held = [open(BAD), open(BAD)];
  await Promise.all(held.map((socket) => once(socket, 'secureConnect')));
  for (let n = 0; n < 3; n++) await expect(once(open(BAD), 'secureConnect')).rejects.toThrow();
  const good = openRaw(port, '', open('127.0.0.1'));
  good.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect((await good.closed).text).toContain('<x/>');
  expect(refused).toEqual(Array(3).fill(['too many connections from this address', BAD]));
  for (const socket of held) socket.destroy();
});
