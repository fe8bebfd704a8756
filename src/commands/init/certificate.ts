/** The key of the proxy, a request for a CA to sign, and a certificate that vouches for itself until the CA's is there. */

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

export type KeyType = 'rsa' | 'ec';

/** Why the one or the other, for whoever chooses. */
export const KEY_WORDS: Readonly<Record<KeyType, string>> = {
  rsa: 'RSA 2048: every phone takes it, those of the 7900 series too',
  ec: 'EC P-256: half the work for the proxy; phones of the 7900 series refuse it, and Unified CM must use ECDSA',
};

const ALGORITHMS = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  ec: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
} as const;

const DAY_MS = 86_400_000;
/** The most that clients with rules for public CAs still take. */
const VALID_DAYS = 397;

/** A new private key as PEM. */
export async function makeKey(type: KeyType): Promise<string> {
  const pair = await webcrypto.subtle.generateKey(ALGORITHMS[type], true, ['sign', 'verify']);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

export interface Issued {
  /** PEM, PKCS #10. */
  readonly request: string;
  /** PEM, X.509, self-signed. */
  readonly certificate: string;
}

/** For these host names and addresses; the first is the subject too. `now` in epoch ms. */
export async function issue(key: KeyObject, names: readonly string[], now: number): Promise<Issued> {
  // Half a second to load: for this command alone. The polyfill has to be there before.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = ALGORITHMS[key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'];
  const keys = await pairOf(key, algorithm);
  const name = [{ CN: [names[0] ?? ''] }];
  const { digitalSignature, keyEncipherment, keyCertSign } = x509.KeyUsageFlags;
  // The old key exchange of RSA, which phones of the 7900 series know alone.
  const use = digitalSignature | (key.asymmetricKeyType === 'rsa' ? keyEncipherment : 0);
  const extensions = [
    new x509.SubjectAlternativeNameExtension(
      names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
    ),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.KeyUsagesExtension(use, true), ...extensions],
  });
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `00${randomBytes(15).toString('hex')}`,
    name,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + VALID_DAYS * DAY_MS),
    keys,
    signingAlgorithm: algorithm,
    // It is uploaded as its own CA.
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(use | keyCertSign, true),
      ...extensions,
    ],
  });
  return { request: `${request.toString('pem')}\n`, certificate: `${certificate.toString('pem')}\n` };
}

async function pairOf(key: KeyObject, algorithm: (typeof ALGORITHMS)[KeyType]): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto;
  const privateDer = key.export({ type: 'pkcs8', format: 'der' });
  const publicDer = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await subtle.importKey('pkcs8', privateDer, algorithm, true, ['sign']),
    publicKey: await subtle.importKey('spki', publicDer, algorithm, true, ['verify']),
  };
}
