/** One request on a fresh connection, redirects not followed: what a phone or a probe would see. */

import { type IncomingHttpHeaders, request } from 'node:http';
import { request as tlsRequest } from 'node:https';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly auth?: string;
  readonly ca?: string;
  readonly servername?: string;
  readonly encoding?: BufferEncoding;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Rejects with the error of the socket, `aborted` when the answer broke off. */
export function ask(url: string, options: AskOptions = {}): Promise<Answer> {
  const { body, encoding = 'utf8', ...rest } = options;
  return new Promise((resolve, reject) => {
    const call = (url.startsWith('https:') ? tlsRequest : request)(url, { agent: false, ...rest }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString(encoding);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
