/** Where browsers ask for the reports: its socket, limits and lifetime. What it answers is in answer.ts. */

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { ReportListenerConfig } from '../config/config.ts';
import {
  type CertificateOptions,
  type CertificateStatus,
  createListenerCertificate,
  type ListenerCertificate,
} from '../http/server/listener-certificate.ts';
import { ListenerError, listenError } from '../http/server/listener-error.ts';

export interface ReportListenerOptions {
  /** Its key in the configuration: reports.listeners[0]. */
  readonly key: string;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** What is no request that can be read was refused. */
  readonly onRefused: () => void;
  /** A request could not be answered, or a connection not be accepted. */
  readonly onFault: (error: unknown) => void;
  readonly certificate: CertificateOptions;
}

export interface ReportListener {
  /** Rejects with a ListenerError. */
  start(): Promise<void>;
  /** Finishes what is in flight, for at most so long. Also after a start that failed, or none. */
  stop(withinMs: number): Promise<void>;
  /** null: no TLS, or not started. */
  certificate(): CertificateStatus | null;
  /** Looks at the certificate's files now. */
  lookAtCertificate(): void;
  /** After start. */
  address(): AddressInfo;
}

/** Answers are short and each closes its connection, so that few are open at once. */
const MAX_CONNECTIONS = 1024;
const MAX_CONNECTIONS_OF_ADDRESS = 64;
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
} as const;
/** An answer that is not taken, or a connection on which nothing was asked. */
const IDLE_MS = 10_000;

export function createReportListener(config: ReportListenerConfig, options: ReportListenerOptions): ReportListener {
  const { host, port, tls } = config;
  const certificate = tls === null ? null : createListenerCertificate(tls, options.certificate);
  let server: Server | null = null;

  return {
    async start() {
      const starting = await createServerOf(certificate, options);
      server = starting;
      limitConnections(starting);
      starting.on('clientError', (error, socket) => refuse(error, socket as Socket, options.onRefused));
      await listen(starting, host, port, options.key);
      certificate?.watch((context) => (starting as unknown as TlsServer).setSecureContext(context));
      // Out of file descriptors, for one; unheard it would end the process.
      starting.on('error', options.onFault);
    },
    async stop(withinMs) {
      certificate?.stop();
      const stopping = server;
      server = null;
      if (stopping === null) return;
      const deadline = setTimeout(() => stopping.closeAllConnections(), withinMs);
      await new Promise<void>((resolve) => {
        stopping.close(() => resolve());
        stopping.closeIdleConnections();
      });
      clearTimeout(deadline);
    },
    certificate: () => certificate?.status() ?? null,
    lookAtCertificate: () => void certificate?.look(),
    address: () => {
      const address = server?.address() ?? null;
      if (address === null || typeof address === 'string') throw new Error(`${options.key} does not listen`);
      return address;
    },
  };
}

async function createServerOf(
  certificate: ListenerCertificate | null,
  { key, onRequest, onFault }: ReportListenerOptions,
): Promise<Server> {
  const listener: RequestListener = (request, response) => {
    try {
      onRequest(request, response);
    } catch (error) {
      onFault(error);
      response.destroy();
    }
  };
  if (certificate === null) return createServer(LIMITS, listener);
  try {
    const context = await certificate.load();
    return createHttpsServer({ ...LIMITS, ...context, handshakeTimeout: LIMITS.headersTimeout }, listener);
  } catch (error) {
    throw new ListenerError(`${key}.tls`, `certificate or key cannot be used: ${(error as Error).message}`, error);
  }
}

function listen(server: Server, host: string, port: number, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, key));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** Nobody who merely holds connections keeps the others out. */
function limitConnections(server: Server): void {
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_MS;
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address = '' } = socket;
    const count = (open.get(address) ?? 0) + 1;
    if (count > MAX_CONNECTIONS_OF_ADDRESS) return void socket.destroy();
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

const STATUS_OF: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

function refuse(error: NodeJS.ErrnoException, socket: Socket, onRefused: () => void): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  onRefused();
  const status = STATUS_OF[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
