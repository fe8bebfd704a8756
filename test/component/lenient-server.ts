/**
 * A Finesse server as careless as a server can be: wherever a request leaves anything in doubt it takes every line, however
 * ended and wherever it stands, for a request if any parser anywhere might, and answers each with a page that says what was
 * asked for. What gets past the proxy shows in `requestLines`; what should not have is what a later phone gets for its own.
 */

import type { Socket } from 'node:net';
import { startRawServer } from './raw-sockets.ts';

export interface LenientServer {
  readonly url: string;
  readonly port: number;
  /** Every possible request line since the last `forget`, without those of probes. */
  readonly requestLines: () => readonly string[];
  /** What each connection carried since the last `forget`, without those of probes; Latin-1. */
  readonly bytes: () => readonly string[];
  readonly forget: () => void;
  readonly close: () => Promise<void>;
}

export interface LenientAnswer {
  readonly status?: string;
  /** Header lines, each with its CRLF. */
  readonly headers?: string;
  readonly body?: string;
}

export const PROBE = '/finesse/api/SystemInfo';

/** SystemInfo of a server in service that calls itself `name`. */
export function systemInfo(name = 'finesse-a.example.com'): string {
  return `<SystemInfo><status>IN_SERVICE</status><xmppDomain>${name}</xmppDomain><primaryNode><host>${name}</host></primaryNode><secondaryNode><host></host></secondaryNode></SystemInfo>`;
}

/** `answerTo` says what differs from the usual answer to a target. */
export async function startLenientServer(
  answerTo: (target: string) => LenientAnswer = () => ({}),
): Promise<LenientServer> {
  let lines: string[] = [];
  const texts: string[] = [];
  let forgotten: string[] = [];
  const answered = new WeakMap<Socket, number>();
  const server = await startRawServer((socket, text, connection) => {
    const found = findRequests(text);
    for (const { line, target } of found.slice(answered.get(socket) ?? 0)) {
      if (target !== PROBE) lines.push(line);
      socket.write(Buffer.from(renderAnswer({ ...usualAnswer(target), ...answerTo(target) }), 'latin1'));
    }
    answered.set(socket, found.length);
    texts[connection] = found.some(({ target }) => target === PROBE) ? '' : text;
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    requestLines: () => lines,
    bytes: () => Array.from(texts, (text = '', at) => text.slice(forgotten[at]?.length ?? 0)).filter(Boolean),
    forget: () => {
      lines = [];
      forgotten = [...texts];
    },
    close: server.close,
  };
}

interface Found {
  readonly line: string;
  readonly target: string;
}

/**
 * A method and a target, with a version or without one (HTTP/0.9): any word at the beginning of a line, as CR, LF or both end
 * one, and the methods there are anywhere. No header looks like the former by accident: its name ends in a colon.
 */
const REQUEST_LINE =
  /(?:(?:^|[\r\n])[\0-\x20]*[A-Za-z]{3,10}|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)[\t\v\f ]+((?:\/|\*|[a-z]+:\/\/)[^\s]*)[^\r\n]*(?=[\r\n])/g;

/** A request that leaves nothing in doubt; with its form it is one request and no more. */
const CLEAR = /^[A-Z]+ \/[!-~]* HTTP\/1\.1\r\n((?:[A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/;

/** Every request that a connection's bytes may be read as. */
function findRequests(text: string): Found[] {
  const found: Found[] = [];
  let from = 0;
  for (;;) {
    REQUEST_LINE.lastIndex = from;
    const match = REQUEST_LINE.exec(text);
    if (match === null) return found;
    const [whole, target = ''] = match;
    const start = match.index + whole.length - whole.trimStart().length;
    const length = clearLength(text.slice(start));
    // The head may be on its way.
    if (length === null && / HTTP\/1/.test(whole) && !/\r\n\r\n|\n\n|\r\r/.test(text.slice(start))) return found;
    if (length !== null && start + length > text.length) return found;
    found.push({ line: whole.trim(), target });
    from = length === null ? match.index + whole.length : start + length;
  }
}

/** Length of the request with which `text` begins, its form included; null when that is in doubt. */
function clearLength(text: string): number | null {
  const [head, headers = ''] = CLEAR.exec(text) ?? [];
  if (head === undefined || /transfer|encoding:/i.test(headers.replace(/^accept-encoding:.*$/im, ''))) return null;
  const lengths = [...headers.matchAll(/^content-length: (.*)\r$/gim)].map(([, length = '']) => length);
  if (lengths.length > 1 || !lengths.every((length) => /^\d{1,9}$/.test(length))) return null;
  return head.length + Number(lengths[0] ?? 0);
}

/** The requests of a connection if all of its bytes are requests that leave nothing in doubt; else it throws. */
export function readStrictly(bytes: string): string[] {
  const targets: string[] = [];
  let rest = bytes;
  while (rest !== '') {
    const length = clearLength(rest);
    if (length === null || length > rest.length) throw new Error(`in doubt: ${JSON.stringify(rest)}`);
    targets.push(rest.split(' ', 2)[1] ?? '');
    rest = rest.slice(length);
  }
  return targets;
}

function usualAnswer(target: string): LenientAnswer {
  if (target === PROBE) return { body: systemInfo() };
  const shown = target.replace(/[<>&"]/g, '?');
  return { body: `<CiscoIPPhoneText><Title>Relayed</Title><Text>asked for ${shown}.</Text></CiscoIPPhoneText>` };
}

function renderAnswer({ status = '200 OK', headers = '', body = '' }: LenientAnswer): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
}
