/** Where log lines go: a stream, without ever waiting for whoever reads it. */

export interface LogSink {
  write(line: string): void;
  /** How many lines were lost since this was last asked, once there is room again; else 0. */
  takeLost(): number;
}

export type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly writableLength?: number };

/** Whoever reads the log may stop reading: with this much waiting, lines are lost rather than memory or phones. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * A pipe or a socket buffers in the process (Node writes them without blocking, whatever its documentation says of pipes;
 * measured on Linux), a file and a terminal are written at once. A reader that has gone costs its lines, not the process.
 */
export function createLogSink(stream: LogStream, maxWaitingBytes = MAX_WAITING_BYTES): LogSink {
  let lost = 0;
  const hasRoom = () => (stream.writableLength ?? 0) < maxWaitingBytes;
  // Without a listener, a reader that closes its end (EPIPE) would end the proxy.
  stream.on('error', () => {});
  return {
    write(line) {
      if (hasRoom()) stream.write(line);
      else lost += 1;
    },
    takeLost() {
      if (lost === 0 || !hasRoom()) return 0;
      const count = lost;
      lost = 0;
      return count;
    },
  };
}
