/** How the proxy logs in to XMPP: SASL mechanisms (RFC 4616, 5802, 7677) as functions of what the server said. */

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface SaslExchange {
  readonly mechanism: string;
  readonly initial: string;
  /** The answer to a challenge. Throws SaslError. */
  respond(challenge: string): Promise<string>;
  /** Checks what came with success. Throws SaslError. */
  finish(additional: string): void;
}

/** The server breaks the protocol, or does not know the password that it should check. */
export class SaslError extends Error {}

const SCRAM = { 'SCRAM-SHA-256': ['sha256', 32], 'SCRAM-SHA-1': ['sha1', 20] } as const;
/** A server chooses how often its client hashes: 4096 is usual, 10 000 Prosody's; more than this is an attack. */
const MAX_ITERATIONS = 200_000;

/** The best mechanism of those offered, or null. With SCRAM the password does not leave the proxy. */
export function chooseMechanism(
  offered: readonly string[],
  credentials: Credentials,
  nonce = randomBytes(18).toString('base64'),
): SaslExchange | null {
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1'] as const) {
    if (offered.includes(mechanism)) return scram(mechanism, credentials, nonce);
  }
  return offered.includes('PLAIN') ? plain(credentials) : null;
}

function plain({ username, password }: Credentials): SaslExchange {
  return {
    mechanism: 'PLAIN',
    initial: `\0${username}\0${password}`,
    respond: () => Promise.reject(new SaslError('a challenge to PLAIN')),
    finish: () => {},
  };
}

function scram(mechanism: keyof typeof SCRAM, { username, password }: Credentials, nonce: string): SaslExchange {
  const [hash, length] = SCRAM[mechanism];
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const bare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  let expected: Buffer | null = null;
  return {
    mechanism,
    initial: `n,,${bare}`,
    async respond(challenge) {
      const { r = '', s = '', i = '' } = parseFields(challenge);
      const iterations = /^\d{1,6}$/.test(i) ? Number(i) : 0;
      if (expected !== null || !r.startsWith(nonce) || r === nonce || s === '')
        throw new SaslError('a wrong challenge');
      if (iterations < 1 || iterations > MAX_ITERATIONS) throw new SaslError('an iteration count out of bounds');
      const salted = await promisify(pbkdf2)(
        password.normalize('NFKC'),
        Buffer.from(s, 'base64'),
        iterations,
        length,
        hash,
      );
      const clientKey = hmac(salted, 'Client Key');
      const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${r}`;
      const message = `${bare},${challenge},${withoutProof}`;
      const signature = hmac(createHash(hash).update(clientKey).digest(), message);
      expected = hmac(hmac(salted, 'Server Key'), message);
      const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
    },
    finish(additional) {
      const proof = Buffer.from(parseFields(additional).v ?? '', 'base64');
      // Who cannot prove that it knows the password is not the server that the account is on.
      if (expected === null || proof.length !== expected.length || !timingSafeEqual(proof, expected)) {
        throw new SaslError('the server does not prove that it knows the password');
      }
    },
  };
}

function parseFields(text: string): Readonly<Partial<Record<string, string>>> {
  return Object.fromEntries(text.split(',').map((field) => [field.slice(0, 1), field.slice(2)]));
}
