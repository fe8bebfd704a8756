/** A self-signed certificate without any tool: X.509 version 3 (RFC 5280) written as DER. For tests and demonstrations. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const SEQUENCE = 0x30;
const SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const COMMON_NAME = [0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];
const ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];
const DAY_MS = 86_400_000;

/** RSA-2048, valid for a year from `now`, for these names and addresses. The first name is the subject. */
export function selfSigned(names: readonly string[], now: number): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = der(SEQUENCE, der(0x06, SHA256_WITH_RSA), der(0x05, []));
  const subject = der(
    SEQUENCE,
    der(0x31, der(SEQUENCE, der(0x06, COMMON_NAME), der(0x0c, Buffer.from(names[0] ?? 'finesse')))),
  );
  const alternatives = der(SEQUENCE, ...names.map(alternativeName));
  const extensions = der(
    SEQUENCE,
    // It vouches for itself, so it may be given to clients as their only CA.
    der(SEQUENCE, der(0x06, BASIC_CONSTRAINTS), der(0x01, [0xff]), der(0x04, der(SEQUENCE, der(0x01, [0xff])))),
    der(SEQUENCE, der(0x06, ALTERNATIVE_NAME), der(0x04, alternatives)),
  );
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01, ...randomBytes(8)]),
    algorithm,
    subject,
    der(SEQUENCE, utcTime(now - DAY_MS), utcTime(now + 365 * DAY_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, [0], sign('sha256', body, privateKey));
  const certificate = der(SEQUENCE, body, algorithm, signature)
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd();
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function alternativeName(name: string): Buffer {
  if (isIP(name) === 4) return der(0x87, name.split('.').map(Number));
  return der(0x82, Buffer.from(name));
}

function utcTime(at: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

function der(tag: number, ...parts: ReadonlyArray<Buffer | readonly number[]>): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = content.length;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
