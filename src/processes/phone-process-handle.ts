/** One process that serves phones, as the one that there is one of has it: started, told, heard, ended. */

import cluster, { type Worker } from 'node:cluster';
import { getCompileCacheDir } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../time/clock.ts';
import { type Channel, createChannel, type Message } from './channel.ts';
import type { MainWord, PhonesWord } from './words.ts';

export interface PhoneProcess {
  readonly pid: number;
  readonly channel: Channel<MainWord>;
  kill(): void;
}

export interface PhoneProcessListener {
  heard(message: Message<PhonesWord>): void;
  /** In words. Nothing is heard of it after that. */
  ended(because: string): void;
}

export type StartPhoneProcess = (listener: PhoneProcessListener, clock: Clock) => PhoneProcess;

/** In a checkout the source itself, in a package what was built of it. */
const PROGRAM = fileURLToPath(new URL(`../phone-process${import.meta.url.slice(-3)}`, import.meta.url));

export const startPhoneProcess: StartPhoneProcess = (listener, clock) => {
  // They take connections themselves, whoever is free: handed round by this process each costs a third more with TLS and the
  // double without, and one that hangs keeps the connection that it was handed last (docs/performance.md, "More cores").
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: PROGRAM, args: [], serialization: 'json' });
  const cache = getCompileCacheDir?.();
  const worker: Worker = cluster.fork(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache });
  worker.on('message', (message: Message<PhonesWord>) => listener.heard(message));
  // The end of a process that there was is told by `exit`; what was being sent to it is lost with it.
  worker.on('error', (error: Error) => {
    if (worker.process.pid === undefined) listener.ended(`it could not be started: ${error.message}`);
  });
  worker.process.once('exit', (code, signal) => {
    listener.ended(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`);
  });
  return {
    pid: worker.process.pid ?? 0,
    channel: createChannel((message) => {
      if (worker.isConnected()) worker.send(message, () => {});
    }, clock),
    kill: () => void worker.process.kill('SIGKILL'),
  };
};
