/** One attempt: a POST to one receiver, on a connection of its own. Never rejects, and says nothing that names the URL. */

import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { WebhookConfig } from '../config/config.ts';
import { type DeliveryOutcome, parseRetryAfter } from '../domain/delivery.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { createTlsAgent } from '../http/client/trust.ts';
import type { DeliveryRequest } from './format.ts';

/** All of it: name, connection, TLS, request, status. */
export const DELIVERY_TIMEOUT_MS = 5000;
/** Of an answer its status counts; so much of the rest is read for politeness. */
const MAX_ANSWER_BYTES = 16 * 1024;

export type Post = (config: WebhookConfig, request: DeliveryRequest, signal: AbortSignal) => Promise<DeliveryOutcome>;

export const post: Post = (config, { body, headers }, signal) => {
  const { promise, resolve } = Promise.withResolvers<DeliveryOutcome>();
  let answered: DeliveryOutcome | null = null;
  const url = new URL(config.url);
  const isSecure = url.protocol === 'https:';
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    // A kept connection that closes as it is used again looks like a dead receiver.
    agent: isSecure ? createTlsAgent(config) : false,
    signal,
  };
  const request = isSecure ? requestHttps(url, options) : requestHttp(url, options);
  const finish = (outcome: DeliveryOutcome) => {
    clearTimeout(timer);
    resolve(answered ?? outcome);
    request.destroy();
  };
  const timer = setTimeout(() => {
    finish({ kind: 'failed', detail: `no answer within ${DELIVERY_TIMEOUT_MS / 1000} s` });
  }, DELIVERY_TIMEOUT_MS);
  request.on('error', (error) => finish({ kind: 'failed', detail: describe(error) }));
  request.on('close', () => finish({ kind: 'failed', detail: 'the connection was closed before the answer' }));
  request.on('response', (response) => {
    const retryAfterMs = parseRetryAfter(response.headers['retry-after'], Date.now());
    // Whatever follows, be it endless or broken off: the receiver has said it.
    answered = { kind: 'answered', status: response.statusCode ?? 0, retryAfterMs };
    readSome(response, () => finish(answered as DeliveryOutcome));
  });
  request.end(body);
  return promise;
};

function readSome(response: IncomingMessage, done: () => void): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) done();
  });
  response.on('end', done);
  response.on('error', done);
}

/** Only fields that are known to be harmless: messages of clients may hold the URL. */
function describe(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'broken off';
  const { code, detail } = classifyNetworkError(error);
  return detail === '' ? code : `${code} (${detail})`;
}
