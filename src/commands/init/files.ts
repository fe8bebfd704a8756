/** The files that `init` makes, with the rights that the service needs and nobody else. */

import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeWhole } from '../../files/write-whole.ts';
import type { Account } from '../accounts.ts';
import { issue, type KeyType, makeKey } from './certificate.ts';

/** For the owner alone, and for the group of the service too. */
const SECRET = 0o600;
const SHARED = 0o640;

export interface Written {
  readonly file: string;
  /** It was there before and was left as it is. */
  readonly kept: boolean;
}

/** Root keeps what the service only reads; without root everything belongs to whoever asks. */
export function configOwner(service: Account | null): { uid: number; gid: number } | null {
  return service === null ? null : { uid: 0, gid: service.gid };
}

export const CONFIG_MODE = SHARED;

export interface Identity {
  readonly key: Written;
  readonly certificate: Written;
  readonly request: Written;
}

export interface IdentityFiles {
  readonly key: string;
  readonly cert: string;
  readonly request: string;
}

/** A key that is there is kept, whatever its type, and so is a certificate: phones may trust it already. */
export async function writeIdentity(
  files: IdentityFiles,
  names: readonly string[],
  type: KeyType,
  { now, service }: { now: number; service: Account | null },
): Promise<Identity> {
  const keyKept = existsSync(files.key);
  if (!keyKept) await writeWhole(files.key, await makeKey(type), { mode: SECRET, owner: service, replace: false });
  const { request, certificate } = await issue(readKey(files.key), names, now);
  const certKept = existsSync(files.cert);
  const shared = { mode: SHARED, owner: configOwner(service) };
  if (!certKept) await writeWhole(files.cert, certificate, { ...shared, replace: false });
  await writeWhole(files.request, request, { ...shared, replace: true });
  return {
    key: { file: files.key, kept: keyKept },
    certificate: { file: files.cert, kept: certKept },
    request: { file: files.request, kept: false },
  };
}

function readKey(file: string): KeyObject {
  return createPrivateKey(readFileSync(file));
}

/** For drain, ready and maint. */
export async function writeToken(file: string, service: Account | null): Promise<Written> {
  const kept = existsSync(file);
  const content = `${randomBytes(24).toString('base64url')}\n`;
  if (!kept) await writeWhole(file, content, { mode: SECRET, owner: service, replace: false });
  return { file, kept };
}
