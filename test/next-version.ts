/**
 * What makes a proxy one of the next version, as its store and the others see it: a relay between the two that puts fields which
 * nobody knows here into every register and entry that the proxy writes. It speaks RESP, and knows the script's arguments.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface NextVersion {
  /** Where such a proxy finds the store. */
  readonly port: number;
  /** Registers that were changed on the way. */
  changed(): number;
  stop(): Promise<void>;
}

export const TOMORROW = { tomorrow: { words: 'of the next version', list: [1, 2] } };

export async function startNextVersion(storePort: number): Promise<NextVersion> {
  const sockets = new Set<Socket>();
  let changed = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    const store = connect(storePort, '127.0.0.1');
    for (const socket of [client, store]) keep(socket);
    let waiting = Buffer.alloc(0);
    client.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      for (let command = readCommand(waiting); command !== null; command = readCommand(waiting)) {
        waiting = waiting.subarray(command.length);
        const [name = '', ...rest] = command.parts;
        const before = command.parts.join('\n');
        const parts = name.toUpperCase() === 'EVAL' ? withNews(command.parts) : [name, ...rest];
        if (parts.join('\n') !== before) changed += 1;
        store.write(renderCommand(parts));
      }
    });
    store.pipe(client);
    store.on('close', () => client.destroy());
    client.on('close', () => store.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    changed: () => changed,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `EVAL script 3 log hash clock`, seven settings, then field, stamp, proxy, JSON of each. */
function withNews(parts: readonly string[]): string[] {
  const FIRST = 13;
  if (parts[2] !== '3') return [...parts];
  return parts.map((part, index) =>
    index >= FIRST && (index - FIRST) % 4 === 3 ? JSON.stringify(withField(JSON.parse(part))) : part,
  );
}

/** Every object says something more, but for those that are lists by id. */
function withField(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => withField(each));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, each]) => [name, withField(each, name)]);
  return { ...Object.fromEntries(fields), ...(['sides', 'services'].includes(key) ? {} : TOMORROW) };
}

/** `*COUNT`, then `$LENGTH` and as many bytes of each; null: it is not whole yet. */
function readCommand(bytes: Buffer): { readonly parts: string[]; readonly length: number } | null {
  let at = 0;
  const readNumber = (): number | null => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return null;
    const number = Number(bytes.toString('latin1', at + 1, end));
    at = end + 2;
    return number;
  };
  const count = bytes.length === 0 ? null : readNumber();
  if (count === null) return null;
  const parts: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = readNumber();
    if (length === null || bytes.length < at + length + 2) return null;
    parts.push(bytes.toString('utf8', at, at + length));
    at += length + 2;
  }
  return { parts, length: at };
}

function renderCommand(parts: readonly string[]): string {
  return [`*${parts.length}\r\n`, ...parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)].join('');
}
