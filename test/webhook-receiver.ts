/** A real receiver of webhooks, which answers as a test tells it. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { WebhookConfig } from '../src/config/config.ts';

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect.
  readonly json: any;
  readonly at: number;
}

export interface TestReceiver {
  readonly url: string;
  readonly requests: Received[];
  /** What it answers from now on. */
  answer: (response: ServerResponse, request: Received) => void;
  /** Once so many have come. */
  saw(count: number): Promise<readonly Received[]>;
  /** Takes no connections any more, and breaks those there are. */
  kill(): Promise<void>;
  /** At the same port again. */
  revive(): Promise<void>;
}

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

export async function startReceiver(tls?: { readonly cert: string; readonly key: string }): Promise<TestReceiver> {
  const requests: Received[] = [];
  let waiting: (() => void)[] = [];
  let server: Server;
  let port = 0;
  const receive: RequestListener = (request, response) => {
    void bodyOf(request).then((body) => {
      const received = {
        ...{ path: request.url ?? '', headers: request.headers as Record<string, string>, body, at: Date.now() },
        json: JSON.parse(body),
      };
      requests.push(received);
      receiver.answer(response, received);
      for (const check of waiting.splice(0)) check();
    });
  };
  const open = async () => {
    server = tls === undefined ? createServer(receive) : createSecureServer(tls, receive);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const kill = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  await open();
  onTestFinished(kill);
  const receiver: TestReceiver = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hook`,
    requests,
    answer: (response) => response.writeHead(204).end(),
    async saw(count) {
      while (requests.length < count) {
        await new Promise<void>((resolve) => {
          waiting = [...waiting, resolve];
        });
      }
      return requests;
    },
    kill,
    revive: open,
  };
  return receiver;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

export function webhookConfig(url: string, more: Partial<WebhookConfig> = {}): WebhookConfig {
  return {
    ...{ name: 'noc', url, format: 'cloudevents', secrets: [SECRET], routingKey: null, events: null },
    ...{ ca: null, fingerprints: [], certificateNames: [], headers: [] },
    ...more,
  };
}
