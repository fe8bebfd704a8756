/**
 * Words to systemd about this service (sd_notify(3)). They travel by a Unix datagram socket, which Node.js does not have, so
 * the program `systemd-notify` sends them, as a child process of some milliseconds.
 */

import { execFile } from 'node:child_process';

export interface Notify {
  /** How often systemd wants to hear WATCHDOG=1; null: it does not watch. */
  readonly watchdogMs: number | null;
  /** Assignments such as READY=1. In the order of the calls, one message after the other. Never rejects. */
  tell(...assignments: readonly string[]): Promise<void>;
}

/** Far above what it takes; systemd that does not listen must not keep children alive. */
const CHILD_MS = 5_000;

/**
 * Null when it was not systemd that started this process with `Type=notify`. Takes what concerns it out of the environment:
 * other children have nothing to tell systemd in this process's name.
 */
export function takeNotify(env: NodeJS.ProcessEnv, onFault: (error: Error) => void): Notify | null {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
  delete env.NOTIFY_SOCKET;
  delete env.WATCHDOG_USEC;
  delete env.WATCHDOG_PID;
  if (!socket) return null;
  const isWatched = pid === undefined || Number(pid) === process.pid;
  const watchdogMs = isWatched && Number(usec) > 0 ? Number(usec) / 1000 : null;
  let last: Promise<void> = Promise.resolve();
  return {
    watchdogMs,
    tell(...assignments) {
      last = last.then(() => send(socket, assignments).catch(onFault));
      return last;
    },
  };
}

function send(socket: string, assignments: readonly string[]): Promise<void> {
  const env = { ...process.env, NOTIFY_SOCKET: socket };
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', [...assignments], { env, timeout: CHILD_MS, killSignal: 'SIGKILL' }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
