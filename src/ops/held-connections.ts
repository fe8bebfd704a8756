/**
 * Which connections the ops port holds. It takes every new one: when there are too many, an old one goes, so that nobody who
 * merely holds connections keeps an operator out.
 */

import type { Socket } from 'node:net';

export interface Held {
  readonly address: string;
  /** Requests under way. */
  requests: number;
}

export interface HeldConnections {
  opened(socket: Socket): void;
  /** A request begins; the returned function ends it. */
  requested(socket: Socket): () => void;
}

export function createHeldConnections(max: number): HeldConnections {
  /** In the order in which they were last asked anything. */
  const held = new Map<string, Held & { readonly socket: Socket }>();
  return {
    opened(socket) {
      if (held.size >= max) held.get(selectVictim(held) ?? '')?.socket.destroy();
      const key = keyOf(socket);
      const one = { address: socket.remoteAddress ?? '', requests: 0, socket };
      held.set(key, one);
      socket.once('close', () => held.get(key) === one && held.delete(key));
    },
    requested(socket) {
      const key = keyOf(socket);
      const one = held.get(key);
      if (one === undefined) return () => {};
      held.delete(key);
      held.set(key, one);
      one.requests += 1;
      return () => {
        one.requests -= 1;
      };
    },
  };
}

/** The socket of a TLS connection is another object than the one that was accepted; where it comes from is the same. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * Of the address with the most connections the one that was asked nothing for longest, and one that answers nothing before
 * one that does. Pure.
 */
export function selectVictim<Key>(held: ReadonlyMap<Key, Held>): Key | undefined {
  const idle = [...held].filter(([, { requests }]) => requests === 0);
  const eligible = idle.length > 0 ? idle : [...held];
  const counts = new Map<string, number>();
  for (const [, { address }] of eligible) counts.set(address, (counts.get(address) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return eligible.find(([, { address }]) => counts.get(address) === most)?.[0];
}
