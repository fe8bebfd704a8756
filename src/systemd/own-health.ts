/** Asks the ops port of this very process, as anybody else would: through the socket. */

import { get } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OwnHealth {
  /** The listener reacted: its process accepts connections and handles them. */
  readonly isAlive: boolean;
  /** One line for people, or null when the answer did not say. */
  readonly words: string | null;
}

/**
 * Never rejects. A connection that is accepted and closed unanswered counts as alive too: that is how a listener with too many
 * connections reacts, and whoever fills the ops port must not have the phones' proxy restarted.
 */
export function askOwnHealth({ address, family, port }: AddressInfo, withinMs: number): Promise<OwnHealth> {
  const dead: OwnHealth = { isAlive: false, words: null };
  return new Promise((resolve) => {
    const request = get({
      host: reachable(address),
      port,
      path: '/health',
      family: family === 'IPv6' ? 6 : 4,
      agent: false,
    });
    const settle = (health: OwnHealth) => {
      clearTimeout(timer);
      resolve(health);
      request.destroy();
    };
    const timer = setTimeout(() => settle(dead), withinMs);
    request.on('error', (error: NodeJS.ErrnoException) => settle({ ...dead, isAlive: error.code === 'ECONNRESET' }));
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', () => settle({ isAlive: true, words: null }));
      response.on('end', () => settle({ isAlive: true, words: renderHealth(body) }));
    });
  });
}

/** A listener on every address is asked by loopback. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

interface HealthAnswer {
  readonly status: string;
  readonly services: readonly { readonly state: string; readonly phones: number }[];
}

/** The line of `systemctl status`. */
export function renderHealth(body: string): string | null {
  try {
    const { status, services } = JSON.parse(body) as HealthAnswer;
    const inService = services.filter(({ state }) => state === 'in-service').length;
    const phones = services.reduce((sum, service) => sum + service.phones, 0);
    return `${status}: ${inService} of ${services.length} services in service, ${phones} phones signed in`;
  } catch {
    return null;
  }
}
