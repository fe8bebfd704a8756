/**
 * The phones of the benchmark, in a process of their own: raw sockets that write prepared bytes and count the bytes that come
 * back, so that the load costs little beside what is measured. Jobs come and results go by messages; jobs may overlap.
 */

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { requestHead } from './fixture.ts';

export interface LoadJob {
  readonly id: number;
  readonly port: number;
  readonly paths: readonly string[];
  /** Every page on a connection of its own, as phones do. */
  readonly fresh: boolean;
  readonly tls: 'full' | 'resumed' | null;
  /** Highest version of TLS that they speak. Absent: 1.3. */
  readonly version?: 'TLSv1.2';
  /** As many pages as go through `connections`, or pages at a fixed rate (per second). */
  readonly pace:
    | { readonly connections: number; readonly pages: number }
    | { readonly rate: number; readonly pages: number };
  /** Answers are counted by the first of these texts they hold. */
  readonly markers: readonly string[];
  /** The result has the time of each page. */
  readonly tellsTimes?: true;
  /** Instead: this many connections that ask once and then stay open and silent. Answers how many there are. */
  readonly hold?: number;
  /** Instead: those are closed. */
  readonly release?: true;
}

export interface LoadResult {
  readonly pages: number;
  readonly seconds: number;
  /** Answers that hold each marker. */
  readonly held: Readonly<Record<string, number>>;
  /** No complete 200, or none of the markers. */
  readonly bad: number;
  /** What the first bad answers were. */
  readonly complaints: readonly string[];
  /** Ms from when a page was due. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Each of them in ascending order, if that was asked for. */
  readonly times: readonly number[];
  /** Ms by which the last page was late to begin: more than a little, and the phones are what is slow. */
  readonly latest: number;
  /** TLS sessions that were resumed. */
  readonly resumed: number;
}

const HELD_OPEN = new Set<Socket>();

class Load {
  readonly job: LoadJob;
  readonly heads: readonly Buffer[];
  /** One for all: Node makes one for each connection otherwise, which costs the phones as much as the handshake. */
  readonly context: SecureContext | null;
  readonly times: number[] = [];
  readonly held: Record<string, number> = {};
  readonly complaints: string[] = [];
  bad = 0;
  resumed = 0;
  latest = 0;
  issued = 0;
  session: Buffer | undefined;
  readonly startedAt = performance.now();
  readonly finished = Promise.withResolvers<void>();

  constructor(job: LoadJob) {
    this.job = job;
    // The curve that phones know; left alone Node would offer a post-quantum key exchange, which only some contestants know.
    const offered = { ecdhCurve: 'P-256', maxVersion: job.version ?? 'TLSv1.3' } as const;
    this.context = job.tls === null ? null : createSecureContext(offered);
    this.heads = job.paths.map((path) => Buffer.from(requestHead(path, job.port, !job.fresh)));
  }

  nextHead(): Buffer {
    return this.heads[this.issued++ % this.heads.length] as Buffer;
  }

  ended(dueAt: number, answer: Buffer | null, problem = ''): void {
    this.times.push(performance.now() - dueAt);
    const marker = answer === null ? undefined : this.job.markers.find((each) => answer.includes(each));
    const sound = answer !== null && answer[9] === 0x32 && answer[10] === 0x30 && answer[11] === 0x30;
    if (marker !== undefined && sound) this.held[marker] = (this.held[marker] ?? 0) + 1;
    else {
      this.bad += 1;
      if (this.complaints.length < 3)
        this.complaints.push(problem || (answer?.toString('latin1', 0, 300) ?? 'no answer'));
    }
    if (this.times.length === this.job.pace.pages) this.finished.resolve();
  }

  connect(ready: (socket: Socket) => void): Socket {
    const { port, tls } = this.job;
    const target = { host: '127.0.0.1', port, noDelay: true };
    if (this.context === null) {
      const socket: Socket = connectTcp(target, () => ready(socket));
      return socket;
    }
    const resume = tls === 'resumed' && this.session !== undefined ? { session: this.session } : {};
    const secure = { secureContext: this.context, rejectUnauthorized: false };
    const socket: TLSSocket = connectTls({ ...target, ...resume, ...secure }, () => {
      if (socket.isSessionReused()) this.resumed += 1;
      ready(socket);
    });
    if (tls === 'resumed') socket.on('session', (session) => (this.session ??= session));
    return socket;
  }

  /** One page on a connection of its own. */
  once(dueAt: number, done: () => void): void {
    const head = this.nextHead();
    const chunks: Buffer[] = [];
    let problem = '';
    const socket = this.connect(() => socket.write(head));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', () => {
      this.ended(
        dueAt,
        chunks.length === 0 ? null : chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
        problem,
      );
      done();
    });
  }

  result(): LoadResult {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const times = Float64Array.from(this.times).sort();
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    const { held, bad, complaints, resumed, latest } = this;
    const told = this.job.tellsTimes === true ? [...times] : [];
    return {
      pages: times.length,
      seconds,
      held,
      bad,
      complaints,
      resumed,
      latest,
      times: told,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
    };
  }
}

/** A connection that is kept; `ask` calls back once the answer is complete. Reopens when the server closes it. */
class Kept {
  readonly #load: Load;
  #socket: Socket | null = null;
  #chunks: Buffer[] = [];
  #size = 0;
  #expected = 0;
  #waiting: ((answer: Buffer | null) => void) | null = null;

  constructor(load: Load) {
    this.#load = load;
  }

  ask(head: Buffer, done: (answer: Buffer | null) => void): void {
    this.#waiting = done;
    this.#chunks = [];
    this.#size = 0;
    if (this.#socket?.writable === true) return void this.#socket.write(head);
    const socket = this.#load.connect(() => socket.write(head));
    this.#socket = socket;
    HELD_OPEN.add(socket);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      HELD_OPEN.delete(socket);
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle(null);
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    // Answers of one job are mostly of one length: only another one is read.
    if (this.#size === this.#expected) {
      this.#settle(this.#join());
      return;
    }
    const answer = this.#join();
    const length = answerLength(answer);
    if (length === null || this.#size < length) return;
    this.#expected = length;
    const closes = /\r\nconnection: *close/i.test(answer.toString('latin1', 0, answer.indexOf('\r\n\r\n')));
    if (closes) this.close();
    this.#settle(answer);
  }

  #join(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
  }

  #settle(answer: Buffer | null): void {
    const done = this.#waiting;
    this.#waiting = null;
    done?.(answer);
  }
}

/** Bytes of a whole answer, by Content-Length or the end of the chunks; null: not there yet. */
function answerLength(answer: Buffer): number | null {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = answer.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return end + 4 + Number(length);
  const last = answer.indexOf('\r\n0\r\n\r\n', end + 2);
  return last === -1 ? null : last + 7;
}

async function run(job: LoadJob): Promise<LoadResult> {
  const load = new Load(job);
  const { pace } = job;
  if ('rate' in pace) atRate(load, pace.rate, pace.pages);
  else await atOnce(load, pace.connections, pace.pages);
  await load.finished.promise;
  return load.result();
}

/** As fast as the answers come. */
async function atOnce(load: Load, connections: number, pages: number): Promise<void> {
  const next = (kept: Kept | null): void => {
    if (load.issued >= pages) {
      kept?.close();
      return;
    }
    const dueAt = performance.now();
    if (kept === null) load.once(dueAt, () => next(null));
    else
      kept.ask(load.nextHead(), (answer) => {
        load.ended(dueAt, answer);
        next(kept);
      });
  };
  if (load.job.tls === 'resumed') await firstSession(load);
  for (let i = 0; i < connections; i++) next(load.job.fresh ? null : new Kept(load));
}

/** One connection whose session the others resume; its page is not counted. */
function firstSession(load: Load): Promise<void> {
  return new Promise((resolve) => {
    const head = load.heads[0] as Buffer;
    const socket = load.connect(() => socket.write(head));
    socket.on('data', () => {});
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve());
  });
}

/** Pages start when they are due, whatever became of those before: a slow answer shows as a late one. */
function atRate(load: Load, rate: number, pages: number): void {
  const free: Kept[] = [];
  const start = performance.now();
  const one = (dueAt: number) => {
    load.latest = Math.max(load.latest, performance.now() - dueAt);
    if (load.job.fresh) {
      load.once(dueAt, () => {});
      return;
    }
    const kept = free.pop() ?? new Kept(load);
    kept.ask(load.nextHead(), (answer) => {
      load.ended(dueAt, answer);
      free.push(kept);
    });
  };
  const tick = () => {
    const due = Math.min(pages, Math.floor(((performance.now() - start) * rate) / 1000));
    while (load.issued < due) one(start + ((load.issued + 1) * 1000) / rate);
    if (load.issued < pages) setTimeout(tick, 1);
  };
  tick();
  void load.finished.promise.then(() => {
    for (const kept of free) kept.close();
  });
}

async function hold(job: LoadJob, connections: number): Promise<number> {
  const load = new Load(job);
  let open = 0;
  const openOne = async (): Promise<void> => {
    while (load.issued < connections) {
      await new Promise<void>((resolve) => {
        new Kept(load).ask(load.nextHead(), (answer) => {
          if (answer !== null) open += 1;
          resolve();
        });
      });
    }
  };
  await Promise.all(Array.from({ length: 32 }, openOne));
  return open;
}

process.on('message', (message: LoadJob) => {
  const reply = (result: unknown) => process.send?.({ id: message.id, result });
  if (message.release === true) {
    for (const socket of HELD_OPEN) socket.destroy();
    HELD_OPEN.clear();
    reply(null);
  } else if (message.hold !== undefined) void hold(message, message.hold).then(reply);
  else void run(message).then(reply);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0, result: null });
