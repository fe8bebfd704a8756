/** Sends lines of the log to a syslog receiver. Nobody waits for it: beyond what it holds, lines are lost and counted. */

import { hostname } from 'node:os';
import type { SyslogConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { Clock } from '../time/clock.ts';
import { createLineQueue } from './line-queue.ts';
import { renderMessage, type SyslogLine } from './message.ts';
import { openTransport, type Transport } from './transport.ts';

export interface SyslogStatus {
  readonly sent: number;
  readonly lost: number;
  readonly isConnected: boolean;
}

export interface Syslog {
  write(line: SyslogLine): void;
  /** Connects from now on. */
  begin(): void;
  /** Another receiver, or none. */
  reconfigure(config: SyslogConfig | null): void;
  /** null: there is no receiver. */
  status(): SyslogStatus | null;
  /** For `/health`. */
  problems(): readonly string[];
  /** Sends what is left, for at most so long. */
  stop(withinMs: number): Promise<void>;
}

export interface SyslogOptions {
  readonly config: SyslogConfig | null;
  readonly clock: Clock;
  readonly report: Report;
  readonly maxLines?: number;
}

/** Some minutes of an outage of thousands of phones. */
const MAX_LINES = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** What receivers take by default: rsyslog 8 KiB; of a datagram 2 KiB (RFC 5424 §6.1). */
const MAX_MESSAGE = { tls: 8000, tcp: 8000, udp: 2000 } as const;
const RETRY_MS = [1000, 2000, 5000, 10_000, 30_000] as const;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export function createSyslog({ clock, report, maxLines = MAX_LINES, ...options }: SyslogOptions): Syslog {
  let { config } = options;
  let queue = createLineQueue(maxLines, MAX_BYTES);
  let transport: Transport | null = null;
  let cancelRetry: (() => void) | null = null;
  let isRunning = false;
  let isConnected = false;
  let failures = 0;
  let fault: string | null = null;
  let sent = 0;
  let lost = 0;
  /** Of these it was said. */
  let lostSaid = 0;
  let drained = () => {};

  const pump = () => {
    while (transport !== null && isConnected && queue.size() > 0) {
      const line = queue.take();
      if (line === undefined) break;
      if (!transport.send(line)) {
        queue.putBack([line]);
        break;
      }
      sent += 1;
    }
    if (queue.size() === 0 && (transport?.unsent() ?? 0) === 0) drained();
  };

  const open = () => {
    if (config === null || !isRunning) return;
    const { protocol, host, port } = config;
    const target = `${protocol} ${host} port ${port}`;
    const own: Transport = openTransport(config, {
      onOpen() {
        if (transport !== own) return own.destroy();
        isConnected = true;
        const at = clock.now();
        if (lost > lostSaid) report({ kind: 'syslog-lost', at, target, lines: lost - lostSaid });
        lostSaid = lost;
        report({ kind: 'syslog-connected', at, target });
        fault = null;
        pump();
      },
      onRoom() {
        if (transport !== own) return;
        // A connection on which something left is a good one.
        failures = 0;
        pump();
      },
      onClosed(because, unsent) {
        sent -= unsent.length;
        queue.putBack(unsent);
        // Left for another receiver, which gets them.
        if (transport !== own) return pump();
        transport = null;
        isConnected = false;
        if (!isRunning) return drained();
        if (fault === null) report({ kind: 'syslog-disconnected', at: clock.now(), target, because });
        fault = because;
        const waitMs = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 30_000;
        failures += 1;
        cancelRetry = clock.after(waitMs, () => {
          cancelRetry = null;
          open();
        });
      },
    });
    transport = own;
  };

  const lose = (lines: number) => {
    lost += lines;
  };

  const close = () => {
    cancelRetry?.();
    cancelRetry = null;
    const old = transport;
    transport = null;
    isConnected = false;
    old?.destroy();
  };

  return {
    write(line) {
      if (config === null) return;
      const { level, facility, enterprise, protocol } = config;
      if (level !== null && LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return;
      const origin = { facility, enterprise, hostname: config.hostname ?? hostname(), pid: process.pid };
      lose(queue.add(renderMessage(line, clock.now(), origin, MAX_MESSAGE[protocol])));
      pump();
    },
    begin() {
      isRunning = true;
      open();
    },
    reconfigure(next) {
      if (JSON.stringify(next) === JSON.stringify(config)) return;
      close();
      config = next;
      failures = 0;
      fault = null;
      // What was rendered for the old receiver is right for the new one too, but for who it says it is from.
      if (config === null) queue = createLineQueue(maxLines, MAX_BYTES);
      open();
    },
    status: () => (config === null ? null : { sent, lost, isConnected }),
    problems() {
      if (config === null || fault === null) return [];
      const counts = `${queue.size()} lines wait${lost === 0 ? '' : `, ${lost} are lost`}`;
      return [`log.syslog: ${config.host} port ${config.port} cannot be reached: ${fault}; ${counts}`];
    },
    async stop(withinMs) {
      const isLeft = () => queue.size() + (transport?.unsent() ?? 0) > 0;
      if (isConnected && isLeft()) {
        const { promise, resolve } = Promise.withResolvers<void>();
        drained = resolve;
        const cancel = clock.after(withinMs, resolve);
        pump();
        await promise;
        cancel();
      }
      isRunning = false;
      cancelRetry?.();
      cancelRetry = null;
      transport?.end();
      const last = transport;
      // A receiver that does not close its side must not hold the process.
      clock.after(withinMs, () => last?.destroy());
    },
  };
}
