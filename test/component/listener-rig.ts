/** A listener by itself, for tests of what it does with connections. */

import { afterEach } from 'vitest';
import type { ListenerConfig } from '../../src/config/config.ts';
import type { Failure } from '../../src/domain/model.ts';
import type { HttpExchange } from '../../src/http/server/exchange.ts';
import { createListener, type Listener, type ListenerLimits } from '../../src/http/server/listener.ts';

const CONFIG: ListenerConfig = { host: '127.0.0.1', port: 0, publicUrl: null, tls: null, service: null };

/** What a test leaves behind: done in reverse order after it. */
export const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

export interface Running {
  readonly listener: Listener;
  readonly port: number;
  readonly refused: Failure[];
}

export interface RunOptions {
  readonly config?: Partial<ListenerConfig>;
  readonly limits?: Partial<ListenerLimits>;
}

/** Refusals have their code as their page. */
export async function startListener(
  onRequest: (exchange: HttpExchange) => void,
  { config = {}, limits = {} }: RunOptions = {},
): Promise<Running> {
  const refused: Failure[] = [];
  const listener = createListener(
    { ...CONFIG, ...config },
    {
      key: 'phones.listeners[1]',
      limits,
      onRequest,
      onRefused: (failure) => refused.push(failure),
      errorPage: (code) => ({ body: `<refused>${code}</refused>`, contentType: 'text/xml' }),
    },
  );
  await listener.start();
  cleanUp.push(() => listener.stop(0));
  return { listener, port: listener.address().port, refused };
}
