/** Connections that Node's parser reads: all that is no plain GET, or everything (`phones.httpParser: node`). */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerHeaders, type HttpAnswer, renderAnswer, shortBody } from './answer.ts';
import type { ClientConnection } from './connection-policy.ts';
import { findHeader, type HttpExchange } from './exchange.ts';
import { breakForm, type Form, readForm } from './form-body.ts';
import { beginsAsProxyHeader } from './proxy-header.ts';
import type { RequestFault } from './request-fault.ts';

export interface ParsedOwner {
  onParsed(exchange: HttpExchange): void;
  /** What never became a request: `fault` is what to answer. */
  onUnparsed(connection: ClientConnection, fault: RequestFault): void;
  /** A header of the PROXY protocol came, and none is taken there. */
  onProxyHeader(connection: ClientConnection): void;
}

/** Where a socket carries what is known of its connection: a WeakMap of thousands of them is work for every garbage collection. */
const PARSED = Symbol('parsed-connection');

interface Parsed {
  readonly connection: ClientConnection;
  /** The request whose answer is due, or was last. */
  request: IncomingMessage | null;
  /** The last answer with which the connection was kept. */
  kept: ServerResponse | null;
}

type ParsedSocket = Socket & { [PARSED]?: Parsed };

function onEnd(this: ParsedSocket): void {
  this[PARSED]?.connection.peerEnded();
}

/** To be called before Node's parser is given the connection. */
export function expectParsed(connection: ClientConnection): void {
  const socket = connection.socket as ParsedSocket;
  connection.isTimedByReader = true;
  socket[PARSED] = { connection, request: null, kept: null };
  socket.on('end', onEnd);
}

/** Takes what Node's parser makes of the connections of `server`. */
export function readParsed(server: Server, owner: ParsedOwner): void {
  const parsedOf = (socket: Socket | null) => (socket as ParsedSocket | null)?.[PARSED];
  server.on('request', (req, res) => {
    const parsed = parsedOf(req.socket);
    if (parsed === undefined) return;
    const { connection } = parsed;
    if (!connection.admit()) return void req.resume();
    parsed.request = req;
    if (!res.shouldKeepAlive) connection.closeAfter();
    owner.onParsed(new ParsedExchange(parsed, req, res));
  });
  const refuse = (socket: Socket | null, fault: RequestFault) => {
    const connection = parsedOf(socket)?.connection;
    if (connection === undefined || connection.isClosing) return;
    // Sent before the answer to what came first: it gets that answer, and no other.
    if (connection.isAnswering) connection.closeAfter();
    else owner.onUnparsed(connection, fault);
  };
  // Expect other than 100-continue, which Node answers itself and with a 417. An answer that has to wait has no socket yet.
  server.on('checkExpectation', (req: IncomingMessage) => refuse(req.socket, EXPECTATION));
  server.on('connect', (_req, socket) => refuse(socket as Socket, METHOD));
  server.on('clientError', (error: ParserError, socket) => onParserError(error, parsedOf(socket as Socket), owner));
}

/** The parser has given up on a connection: malformed bytes, a limit, or the peer has gone. */
function onParserError(error: ParserError, parsed: Parsed | undefined, owner: ParsedOwner): void {
  if (parsed === undefined) return;
  const { connection, request } = parsed;
  const { socket } = connection;
  const fault = classifyParserError(error);
  if (connection.isAnswering) {
    // An answer is due on this connection, so nothing else may be written. It is the last one.
    connection.closeAfter();
    if (fault !== null && request !== null) breakForm(request, fault);
  } else if (!connection.isClosing) {
    // Nothing was asked: a connection opened ahead, or one that only sits there.
    if (fault === null || !socket.writable || socket.bytesRead === 0) socket.destroy();
    else if (error.rawPacket !== undefined && beginsAsProxyHeader(error.rawPacket)) owner.onProxyHeader(connection);
    else owner.onUnparsed(connection, fault);
  }
}

/** The last answer on a connection; the parser gets nothing that still comes. */
export function answerLastParsed(connection: ClientConnection, bytes: string | Buffer): void {
  const socket = connection.socket as ParsedSocket;
  const kept = socket[PARSED]?.kept ?? null;
  const write = () => {
    socket.removeAllListeners('data');
    socket.on('data', (dropped: Buffer) => connection.drop(dropped.length));
    connection.answerLast(bytes);
  };
  connection.closeAfter();
  // Of requests that come at once Node holds back each answer until the one before has been written: this one must not overtake it.
  if (kept === null || kept.writableFinished) write();
  else kept.once('finish', write);
}

class ParsedExchange implements HttpExchange {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly #parsed: Parsed;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  isAnswered = false;

  constructor(parsed: Parsed, req: IncomingMessage, res: ServerResponse) {
    this.method = req.method;
    this.url = req.url;
    this.httpVersion = req.httpVersion;
    this.rawHeaders = req.rawHeaders;
    this.#parsed = parsed;
    this.#req = req;
    this.#res = res;
  }

  get remoteAddress(): string | undefined {
    return this.#parsed.connection.address;
  }

  get isGone(): boolean {
    return this.#parsed.connection.socket.destroyed;
  }

  header(name: string): string | undefined {
    return findHeader(this.rawHeaders, name);
  }

  readForm(limit?: number): Promise<Form> {
    return readForm(this.#req, limit);
  }

  closeAfter(): void {
    this.#parsed.connection.closeAfter();
  }

  answer(answer: HttpAnswer): void {
    const { connection } = this.#parsed;
    if (this.isAnswered) return;
    this.isAnswered = true;
    if (connection.socket.destroyed) return;
    if (connection.isLast)
      return void answerLastParsed(connection, renderAnswer(answer, false, this.method !== 'HEAD'));
    connection.keep();
    this.#parsed.kept = this.#res;
    // `Connection` is said outright, or Node adds a Keep-Alive header.
    this.#res.writeHead(answer.status ?? 200, answerHeaders(answer, true));
    const body = shortBody(answer.body);
    if (typeof body === 'string') this.#res.end(body, 'latin1');
    else this.#res.end(body);
  }

  breakOff(): void {
    this.#parsed.connection.socket.destroy();
  }
}

const METHOD: RequestFault = { code: 'method', detail: 'CONNECT' };
const EXPECTATION: RequestFault = { code: 'malformed', detail: 'an Expect header other than 100-continue' };

interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** null: the peer has gone, and there is nobody to answer. */
function classifyParserError({ code = 'unknown', rawPacket }: ParserError): RequestFault | null {
  // The first byte of a TLS handshake record.
  if (rawPacket?.[0] === 0x16) return { code: 'malformed', detail: 'a TLS handshake on a plain HTTP listener' };
  if (code === 'HPE_HEADER_OVERFLOW') return { code: 'too-long', detail: 'request line and headers too long' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'malformed', detail: 'the request did not end in time' };
  if (code.startsWith('HPE_')) return { code: 'malformed', detail: `not valid HTTP: ${code}` };
  return null;
}
