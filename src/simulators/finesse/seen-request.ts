/** Requests as they arrive, kept for those who test what reaches a server. */

import type { IncomingMessage } from 'node:http';
import type { Area, Fault } from './faults.ts';

const BODY_LIMIT = 64 * 1024;

/** A request as it arrived, secrets included: for tests, never for a log. */
export interface SeenRequest {
  /** 1, 2, 3… in the order of arrival. */
  readonly number: number;
  /** Epoch ms. */
  readonly at: number;
  readonly listener: 'main' | 'redirect';
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** The fault that hit it, or none. */
  readonly fault: Fault['name'];
}

export function seenRequest(
  request: IncomingMessage,
  body: string,
  more: Pick<SeenRequest, 'number' | 'at' | 'listener' | 'fault'>,
): SeenRequest {
  return {
    ...more,
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
    peerAddress: request.socket.remoteAddress ?? '',
    peerPort: request.socket.remotePort ?? 0,
  };
}

export function areaOf(target: string): Area {
  if (/^\/finesse\/api\/SystemInfo(?:[?;]|$)/.test(target)) return 'system-info';
  if (target.startsWith('/finesse/')) return 'api';
  return target.startsWith('/fippa/') ? 'fippa' : 'other';
}

/** Rejects when the body is longer than 64 KiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw new Error('body too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
