/**
 * The certificate of one listener: read again when its files change, and watched for its end. Renewing tools write the two
 * files one after the other, so a pair that does not fit, or half of one, is no reason to stop serving: the old one stays.
 */

import { createHash } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import {
  daysUntil,
  EXPIRES_SOON_DAYS,
  parseCertificates,
  parsePrivateKey,
  renderDistinguishedName,
} from '../../files/certificates.ts';
import { createFileWatch } from '../../files/file-watch.ts';
import { readBytes, renderFileError } from '../../files/read-file.ts';
import type { Clock } from '../../time/clock.ts';

export interface ListenerTls {
  /** PEM file with the certificate chain that clients see. */
  readonly cert: string;
  /** PEM file with its private key. */
  readonly key: string;
  /** `legacy` takes TLS 1.0 too. Absent: modern. */
  readonly profile?: 'modern' | 'legacy';
  /** What the files held when they could be used last: to begin with, should they be unusable now. */
  readonly last?: CertificatePair;
}

/** PEM texts. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateStatus {
  readonly subject: string;
  /** Epoch ms. */
  readonly validTo: number;
  /** Why what the files hold now is not in use; null: it is. */
  readonly problem: string | null;
}

export type CertificateReport =
  /** Other files are in use from now on. */
  | { readonly kind: 'renewed'; readonly subject: string; readonly validTo: number }
  /** The files changed and cannot be used; the old ones stay. Once for each change. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** It ends within 30 days, or has ended: on noticing, and each day after. */
  | { readonly kind: 'ends'; readonly subject: string; readonly validTo: number; readonly days: number };

export interface CertificateOptions {
  readonly clock: Clock;
  readonly report: (report: CertificateReport) => void;
}

export interface ListenerCertificate {
  /** Reads the files and resolves with the options of a server. Rejects when they cannot be used. */
  load(): Promise<SecureContextOptions>;
  /** Looks at the files now and then; `use` gets the options once there are other ones that can be used. */
  watch(use: (context: SecureContextOptions) => void): void;
  /** Other files, looked at now; also the same ones. */
  look(tls?: ListenerTls): Promise<void>;
  /** null before `load`. */
  status(): CertificateStatus | null;
  /** What is in use; null before `load`. */
  pair(): CertificatePair | null;
  stop(): void;
}

const DAY_MS = 86_400_000;

/** TLS 1.0 has no cipher above OpenSSL's security level 0 (reference/phone-xml.md §9). */
const PROFILES = {
  modern: { minVersion: 'TLSv1.2' },
  legacy: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
} as const satisfies Record<string, SecureContextOptions>;

interface Pair {
  readonly digest: string;
  readonly pair: CertificatePair;
  readonly context: SecureContextOptions;
  readonly subject: string;
  readonly validTo: number;
}

export function createListenerCertificate(initial: ListenerTls, options: CertificateOptions): ListenerCertificate {
  const { clock, report } = options;
  let tls = initial;
  let current: Pair | null = null;
  let problem: string | null = null;
  /** What was found wrong last, so that it is told once. */
  let refused: string | null = null;
  let use: (context: SecureContextOptions) => void = () => {};
  let cancelDaily = () => {};
  const createWatch = () => createFileWatch({ files: [tls.cert, tls.key], clock, onChange: () => void look() });
  let fileWatch = createWatch();
  let isStopped = false;

  const look = async (next: ListenerTls = tls) => {
    const moved = next.cert !== tls.cert || next.key !== tls.key;
    tls = next;
    if (moved) {
      fileWatch.set(false);
      const watch = createWatch();
      fileWatch = watch;
      await watch.begin();
      // Unless it was stopped, or moved once more, meanwhile.
      if (!isStopped && fileWatch === watch) watch.set(true);
    }
    const found = await readPair(tls);
    if ('problem' in found) {
      problem = found.problem;
      const told = `${found.digest} ${problem}`;
      if (told !== refused) report({ kind: 'refused', problem });
      refused = told;
      return;
    }
    problem = null;
    refused = null;
    if (found.digest === current?.digest) return;
    current = found;
    use(found.context);
    report({ kind: 'renewed', subject: found.subject, validTo: found.validTo });
    warnOfEnd();
  };
  const warnOfEnd = () => {
    cancelDaily();
    cancelDaily = clock.after(DAY_MS, warnOfEnd);
    if (current === null) return;
    const { subject, validTo } = current;
    const days = daysUntil(validTo, clock.now());
    if (days < EXPIRES_SOON_DAYS) report({ kind: 'ends', subject, validTo, days });
  };

  return {
    async load() {
      await fileWatch.begin();
      const found = await readPair(tls);
      const usable = 'problem' in found && tls.last !== undefined ? decidePair(tls, tls.last) : found;
      if ('problem' in usable) throw new Error(usable.problem);
      if ('problem' in found) problem = found.problem;
      current = { ...usable, digest: 'problem' in found ? '' : found.digest };
      return current.context;
    },
    watch(usePair) {
      use = usePair;
      fileWatch.set(true);
      warnOfEnd();
    },
    look,
    pair: () => current?.pair ?? null,
    status: () => (current === null ? null : { subject: current.subject, validTo: current.validTo, problem }),
    stop() {
      isStopped = true;
      fileWatch.set(false);
      cancelDaily();
    },
  };
}

type Found = Pair | { readonly digest: string; readonly problem: string };

async function readPair(tls: ListenerTls): Promise<Found> {
  const [cert, key] = await Promise.all([readText(tls.cert), readText(tls.key)]);
  const digest = createHash('sha256')
    .update(JSON.stringify([cert, key]))
    .digest('hex');
  for (const { problem } of [cert, key]) if (problem !== null) return { digest, problem };
  return { digest, ...decidePair(tls, { cert: cert.text, key: key.text }) };
}

async function readText(file: string): Promise<{ readonly text: string; readonly problem: string | null }> {
  try {
    return { text: Buffer.from(await readBytes(file)).toString('latin1'), problem: null };
  } catch (error) {
    return { text: '', problem: `${file}, ${renderFileError(error)}` };
  }
}

/** Whether a server could use the two; what is wrong is told without a word of the key. */
function decidePair(
  tls: ListenerTls,
  { cert, key }: CertificatePair,
): Omit<Pair, 'digest'> | { readonly problem: string } {
  const [leaf] = parseCertificates(cert) ?? [];
  if (leaf === undefined) return { problem: `${tls.cert} has no readable certificate` };
  const privateKey = parsePrivateKey(key);
  if (typeof privateKey === 'string') return { problem: `${tls.key} is ${privateKey}` };
  if (!leaf.checkPrivateKey(privateKey)) return { problem: `${tls.key} is the key of another certificate` };
  const context = { ...PROFILES[tls.profile ?? 'modern'], cert, key };
  try {
    createSecureContext(context);
  } catch (error) {
    // A key that is too short for the security level, say; the message is OpenSSL's and holds nothing of the files.
    return { problem: `${tls.cert} cannot be used: ${(error as Error).message}` };
  }
  const shown = { subject: renderDistinguishedName(leaf.subject), validTo: leaf.validToDate.getTime() };
  return { context, pair: { cert, key }, ...shown };
}
