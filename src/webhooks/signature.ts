/** The headers of Standard Webhooks (standardwebhooks.com), by which a receiver knows who sent a body, and when. */

import { createHmac } from 'node:crypto';

/** `secrets`: with the prefix `whsec_`; while a receiver changes its key, both. `at`: of this attempt, epoch ms. */
export function renderSignature(
  secrets: readonly string[],
  id: string,
  at: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

const SECRET_PREFIX = 'whsec_';
