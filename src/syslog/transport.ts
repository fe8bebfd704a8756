/** One connection to a syslog receiver: octet-counted frames over TCP or TLS, or datagrams. It says once how it ended. */

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { connect, isIP, type Socket } from 'node:net';
import type { SyslogConfig } from '../config/config.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { connectTls } from '../http/client/trust.ts';

export interface TransportEvents {
  onOpen(): void;
  /** There is room again. */
  onRoom(): void;
  /** Once; with the lines that it was given and that never left the process, in order. */
  onClosed(because: string, unsent: readonly Buffer[]): void;
}

export interface Transport {
  /** false: there is no room for another one now. */
  send(line: Buffer): boolean;
  /** Lines that have not left the process. */
  unsent(): number;
  /** In order: what was given to it leaves first. */
  end(): void;
  destroy(): void;
}

const CONNECT_MS = 5000;
/** A receiver that reads nothing for so long is left, in the hope of a better connection. */
const STALLED_MS = 30_000;
/** More than this is not handed to a socket that does not get rid of it. */
const MAX_BUFFERED = 256 * 1024;

export function openTransport(config: SyslogConfig, events: TransportEvents): Transport {
  return config.protocol === 'udp' ? openDatagrams(config, events) : openStream(config, events);
}

function openStream(config: SyslogConfig, { onOpen, onRoom, onClosed }: TransportEvents): Transport {
  const { host, port } = config;
  const isSecure = config.protocol === 'tls';
  const servername = isIP(host) === 0 ? host : '';
  const socket: Socket = isSecure
    ? connectTls(config, { host, port, servername, ALPNProtocols: [] })
    : connect({ host, port });
  const given: Buffer[] = [];
  let because: string | null = null;
  let isOpen = false;
  const breakOff = (words: string) => {
    because ??= words;
    socket.destroy();
  };
  let timer = setTimeout(() => breakOff(`no connection within ${CONNECT_MS / 1000} s`), CONNECT_MS);
  const watchForStall = () => {
    clearTimeout(timer);
    if (given.length === 0) return;
    timer = setTimeout(() => breakOff(`it has read nothing for ${STALLED_MS / 1000} s`), STALLED_MS);
  };
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    if (socket.destroyed) return;
    clearTimeout(timer);
    isOpen = true;
    socket.setKeepAlive(true, 30_000);
    onOpen();
  });
  socket.on('error', (error) => {
    const { code, detail } = classifyNetworkError(error);
    because ??= detail === '' ? code : `${code} (${detail})`;
  });
  // It has nothing to say; but unread its end would not be noticed.
  socket.resume();
  socket.once('close', () => {
    clearTimeout(timer);
    onClosed(because ?? 'the connection was closed', given.splice(0));
  });
  return {
    send(line) {
      if (!isOpen || socket.destroyed || socket.writableLength > MAX_BUFFERED) return false;
      given.push(line);
      if (given.length === 1) watchForStall();
      socket.write(Buffer.concat([Buffer.from(`${line.length} `), line]), (error) => {
        if (error !== undefined && error !== null) return;
        given.shift();
        watchForStall();
        onRoom();
      });
      return true;
    },
    unsent: () => given.length,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** Nobody confirms a datagram: those that the system refuses at once are lost, as are those that it drops later. */
function openDatagrams({ host, port }: SyslogConfig, { onOpen, onRoom, onClosed }: TransportEvents): Transport {
  let isOpen = false;
  let isOver = false;
  let flying = 0;
  let close = () => {};
  const end = (because: string) => {
    if (isOver) return;
    isOver = true;
    isOpen = false;
    close();
    onClosed(because, []);
  };
  let send = (_line: Buffer) => {};
  lookup(host, (error, address, family) => {
    if (isOver) return;
    if (error !== null) return end(classifyNetworkError(error).code);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    // A receiver that is away may be told by ICMP; the next datagram is worth another try.
    socket.on('error', () => {});
    close = () => socket.close();
    send = (line) => {
      flying += 1;
      socket.send(line, port, address, () => {
        flying -= 1;
        onRoom();
      });
    };
    isOpen = true;
    onOpen();
  });
  return {
    send(line) {
      if (!isOpen || flying > 1000) return false;
      send(line);
      return true;
    },
    unsent: () => flying,
    end: () => end('ended'),
    destroy: () => end('ended'),
  };
}
