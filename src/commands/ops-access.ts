/** Which ops port `status`, `drain`, `ready` and `maint` talk to: by `--url` and `--token-file`, else by the configuration. */

import { renderFound } from '../config/document.ts';
import { readSecret } from '../config/files.ts';
import { loadOps } from '../config/load-ops.ts';
import { renderProblems } from '../config/problem.ts';
import { parseFingerprint, parseOrigin } from '../config/values.ts';
import { parseCertificates } from '../files/certificates.ts';
import { readBytes, renderFileError } from '../files/read-file.ts';
import type { Trust } from '../http/client/trust.ts';
import { urlHost } from '../text/url-host.ts';
import type { OpsPlace } from './ops-client.ts';

export interface OpsAccess {
  /** The configuration file. */
  readonly config?: string;
  /** Origin of the ops port, in place of the one in the configuration. */
  readonly url?: string;
  /** File that holds the token and nothing else, in place of the one in the configuration. */
  readonly tokenFile?: string;
  /** PEM file with the CA, or with the certificate itself, of an ops port with https. */
  readonly ca?: string;
  /** SHA-256 fingerprint of its certificate. */
  readonly fingerprint?: string;
}

export type OpsFound =
  | { readonly ok: true; readonly place: OpsPlace }
  /** Words for standard error; the command ends with 2. */
  | { readonly ok: false; readonly message: string };

/**
 * What a command does with the token: a change needs it, more is shown with it where it is set, or it has no use and need not
 * be readable.
 */
export type TokenUse = 'needed' | 'if-set' | 'none';

export async function findOps(access: OpsAccess, use: TokenUse): Promise<OpsFound> {
  const given = await readGiven(access, use);
  if (!given.ok) return given;
  const { origin, token, trust } = given;
  if (origin !== null && (token !== null || use !== 'needed')) {
    return { ok: true, place: { origin, token, from: '--url', trust } };
  }
  if (access.config === undefined) {
    const missing = origin === null ? '--config FILE, or --url URL' : '--token-file FILE, or --config FILE';
    return { ok: false, message: `${missing} is needed.` };
  }
  const loaded = await loadOps(access.config, { withToken: use !== 'none' && token === null });
  if (!loaded.ok) return { ok: false, message: renderProblems(loaded.problems) };
  const { ops } = loaded;
  const known = token ?? ops.token;
  if (use === 'needed' && known === null) {
    const message = `${access.config}: ops.token is not set, nor an operator: without it nothing can be set over the ops port.`;
    return { ok: false, message };
  }
  if (origin !== null) return { ok: true, place: { origin, from: '--url', token: known, trust } };
  const pinned = ops.cert === null ? trust : await pinTo(ops.cert, trust);
  if (typeof pinned === 'string') return { ok: false, message: `${access.config}: ops.tls.cert: ${pinned}` };
  const scheme = ops.cert === null ? 'http' : 'https';
  return {
    ok: true,
    place: {
      origin: `${scheme}://${hostOf(ops.host)}:${ops.port}`,
      from: 'ops.host and ops.port of the configuration',
      token: known,
      trust: pinned,
    },
  };
}

/** The certificate that the configuration names is the proxy's, whoever signed it and whatever name the port is reached by. */
async function pinTo(file: string, trust: Trust): Promise<Trust | string> {
  try {
    const [leaf] = parseCertificates(Buffer.from(await readBytes(file)).toString('latin1')) ?? [];
    if (leaf === undefined) return `${file} has no readable certificate`;
    return { ...trust, fingerprints: [...trust.fingerprints, leaf.fingerprint256] };
  } catch (error) {
    return `${file}, ${renderFileError(error)}`;
  }
}

type Given =
  | { readonly ok: true; readonly origin: string | null; readonly token: string | null; readonly trust: Trust }
  | { readonly ok: false; readonly message: string };

async function readGiven({ url, tokenFile, ...access }: OpsAccess, use: TokenUse): Promise<Given> {
  const origin = url === undefined ? null : (parseOrigin(url)?.origin ?? undefined);
  if (origin === undefined) {
    return { ok: false, message: `--url: found ${renderFound(url)}; allowed: such as http://127.0.0.1:8090` };
  }
  const trust = await readTrust(access);
  if (typeof trust === 'string') return { ok: false, message: trust };
  if (tokenFile === undefined || use === 'none') return { ok: true, origin, token: null, trust };
  const source = { folder: process.cwd(), env: {}, now: 0 };
  const { content, findings } = await readSecret(['--token-file'], { file: tokenFile }, source);
  const [finding] = findings;
  if (finding === undefined) return { ok: true, origin, token: content, trust };
  return { ok: false, message: `--token-file: found ${finding.found}; allowed: ${finding.allowed}` };
}

/** Or what is wrong with the options. */
async function readTrust({ ca, fingerprint }: Pick<OpsAccess, 'ca' | 'fingerprint'>): Promise<Trust | string> {
  const print = fingerprint === undefined ? undefined : parseFingerprint(fingerprint);
  if (print === null) return `--fingerprint: found ${renderFound(fingerprint)}; allowed: 32 pairs of hex digits`;
  const fingerprints = print === undefined ? [] : [print];
  if (ca === undefined) return { ca: null, fingerprints };
  try {
    return { ca: Buffer.from(await readBytes(ca)).toString('latin1'), fingerprints };
  } catch (error) {
    return `--ca: found ${renderFound(ca)}, ${renderFileError(error)}; allowed: a PEM file`;
  }
}

/** A proxy that listens on every address is reached by loopback. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return urlHost(host);
}
