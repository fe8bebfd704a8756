/**
 * Both Finesse servers of the benchmark in one process: raw sockets, one fixed answer, so that as little as possible of the
 * machine goes to what is not measured. Told what to do, and asked what it saw, by messages.
 */

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { phonePage, type ServerId, systemInfo } from './fixture.ts';

export interface UpstreamOrder {
  readonly id: number;
  /** Servers that answer 503 to everything from now on. */
  readonly failing?: readonly ServerId[];
  /** How long SystemInfo takes. */
  readonly probeDelayMs?: number;
  /** Starts counting again. */
  readonly reset?: boolean;
}

export interface SeenProbes {
  readonly probes: number;
  /** Most of them at the same time. */
  readonly atOnce: number;
  readonly pages: number;
}

interface Server {
  seen: { probes: number; atOnce: number; pages: number };
  open: number;
  readonly page: Buffer;
  readonly info: Buffer;
}

const CLOSE = Buffer.from('\r\nConnection: close');
const FAILED = answer('503 Service Unavailable', 'text/html', '<html><body>Service Unavailable</body></html>');
let failing: readonly ServerId[] = [];
let probeDelayMs = 0;
const servers: Record<ServerId, Server> = { a: newServer('a'), b: newServer('b') };

function newServer(id: ServerId): Server {
  return {
    seen: { probes: 0, atOnce: 0, pages: 0 },
    open: 0,
    page: answer('200 OK', 'text/xml;charset=UTF-8', phonePage(id)),
    info: answer('200 OK', 'application/xml', systemInfo(id)),
  };
}

function answer(status: string, contentType: string, body: string): Buffer {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\nServer: Bench\r\n\r\n${body}`);
}

/** The same answer, saying that the connection ends: else a client may send its next request into the closing one. */
function closing(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n');
  return Buffer.concat([bytes.subarray(0, end), CLOSE, bytes.subarray(end)]);
}

function serve(id: ServerId, socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let head = '';
  socket.on('data', (chunk) => {
    head += chunk.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    const closes = /\r\nconnection: *close/i.test(head);
    const isProbe = head.startsWith('GET /finesse/');
    head = '';
    const server = servers[id];
    const send = (bytes: Buffer) => (closes ? socket.end(closing(bytes)) : socket.write(bytes));
    if (isProbe) answerProbe(id, server, send);
    else {
      server.seen.pages += 1;
      send(failing.includes(id) ? FAILED : server.page);
    }
  });
}

function answerProbe(id: ServerId, server: Server, send: (bytes: Buffer) => void): void {
  server.seen.probes += 1;
  server.open += 1;
  server.seen.atOnce = Math.max(server.seen.atOnce, server.open);
  setTimeout(() => {
    server.open -= 1;
    send(failing.includes(id) ? FAILED : server.info);
  }, probeDelayMs);
}

process.on('message', (order: UpstreamOrder) => {
  failing = order.failing ?? failing;
  probeDelayMs = order.probeDelayMs ?? probeDelayMs;
  const seen = { a: { ...servers.a.seen }, b: { ...servers.b.seen } };
  if (order.reset) for (const server of Object.values(servers)) server.seen = { probes: 0, atOnce: 0, pages: 0 };
  process.send?.({ id: order.id, result: seen });
});
process.on('disconnect', () => process.exit(0));

const ports = await Promise.all(
  (['a', 'b'] as const).map(
    (id) =>
      new Promise<number>((resolve) => {
        const listener = createServer((socket) => serve(id, socket));
        listener.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
          resolve((listener.address() as AddressInfo).port),
        );
      }),
  ),
);
process.send?.({ id: 0, result: ports });
