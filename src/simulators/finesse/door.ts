/** The listening socket: open, closed (connections are refused) or dropping (packets to it vanish). */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

export type DoorState = 'open' | 'closed' | 'dropping';

/**
 * Linux drops a SYN when the queue of connections that nobody accepted is full. Node offers no way to listen without
 * accepting, so a thread listens with the shortest queue and blocks itself before its event loop can turn.
 */
const DEAF_LISTENER = `
const { workerData, parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.on('error', (error) => parentPort.postMessage(error.code));
server.listen({ host: workerData.host, port: workerData.port, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  Atomics.wait(new Int32Array(workerData.cell), 0, 0);
  server.close();
});`;

/** More than the queue holds (2 with a backlog of 1), so that it is full whatever the kernel rounds it to. */
const FILLERS = 8;

export class Door {
  readonly #host: string;
  readonly #onSocket: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #opened = false;
  #server: Server | null = null;
  #deaf: { worker: Worker; cell: SharedArrayBuffer; fillers: Socket[] } | null = null;

  constructor(host: string, port: number, onSocket: (socket: Socket) => void) {
    this.#host = host;
    this.#port = port;
    this.#onSocket = onSocket;
  }

  /** Known once open was called for the first time. */
  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Resolves when the state is in force. Rejects with EADDRINUSE and the like. */
  async become(state: DoorState): Promise<void> {
    if (state === 'open') {
      await this.#hearAgain();
      if (this.#server === null) await this.#open();
      return;
    }
    this.#closeListener();
    if (state === 'closed') {
      await this.#hearAgain();
      this.cutAll();
    } else if (this.#deaf === null) await this.#goDeaf();
  }

  /** Sends a reset on the connection from that port; TLS hides the TCP socket from those who speak over it. */
  reset(peerPort: number | undefined): void {
    for (const socket of this.#sockets) if (socket.remotePort === peerPort) socket.resetAndDestroy();
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#server = await listen(this.#host, this.#port, (socket) => this.#admit(socket));
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) this.#port = address.port;
        this.#opened = true;
        return;
      } catch (error) {
        // While the port was closed, the kernel may have lent it to an outgoing connection for a moment.
        if (attempt >= 40 || !this.#opened || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        await pause(50);
      }
    }
  }

  #admit(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    this.#onSocket(socket);
  }

  /** Stops listening; connections that are open stay. */
  #closeListener(): void {
    this.#server?.close();
    this.#server = null;
  }

  async #goDeaf(): Promise<void> {
    const cell = new SharedArrayBuffer(4);
    const worker = new Worker(DEAF_LISTENER, { eval: true, workerData: { host: this.#host, port: this.#port, cell } });
    const [said] = await once(worker, 'message');
    if (said !== 'listening') throw new Error(`the port cannot be held while packets are dropped: ${said}`);
    const host = this.#host === '0.0.0.0' ? '127.0.0.1' : this.#host === '::' ? '::1' : this.#host;
    const fillers = Array.from({ length: FILLERS }, () => connect(this.#port, host));
    for (const filler of fillers) filler.on('error', () => filler.destroy());
    this.#deaf = { worker, cell, fillers };
    await Promise.race([Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect'))), pause(1000)]);
  }

  async #hearAgain(): Promise<void> {
    const deaf = this.#deaf;
    if (deaf === null) return;
    this.#deaf = null;
    const gone = once(deaf.worker, 'exit');
    const cell = new Int32Array(deaf.cell);
    Atomics.store(cell, 0, 1);
    Atomics.notify(cell, 0);
    await gone;
    for (const filler of deaf.fillers) filler.destroy();
  }
}

function listen(host: string, port: number, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
