/** Which ops port `status`, `drain`, `ready` and `maint` talk to: by `--url` and `--token-file`, else by the configuration. */

import { renderFound } from '../config/document.ts';
import { readSecret } from '../config/files.ts';
import { loadOps } from '../config/load-ops.ts';
import { renderProblems } from '../config/problem.ts';
import { parseOrigin } from '../config/values.ts';
import { urlHost } from '../text/url-host.ts';
import type { OpsPlace } from './ops-client.ts';

export interface OpsAccess {
  /** The configuration file. */
  readonly config?: string;
  /** Origin of the ops port, in place of the one in the configuration. */
  readonly url?: string;
  /** File that holds the token and nothing else, in place of the one in the configuration. */
  readonly tokenFile?: string;
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
  const { origin, token } = given;
  if (origin !== null && (token !== null || use !== 'needed')) {
    return { ok: true, place: { origin, token, from: '--url' } };
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
    const message = `${access.config}: ops.token is not set: without it nothing can be set over the ops port.`;
    return { ok: false, message };
  }
  const configured = {
    origin: `http://${hostOf(ops.host)}:${ops.port}`,
    from: 'ops.host and ops.port of the configuration',
  };
  return { ok: true, place: { ...(origin === null ? configured : { origin, from: '--url' }), token: known } };
}

type Given =
  | { readonly ok: true; readonly origin: string | null; readonly token: string | null }
  | { readonly ok: false; readonly message: string };

async function readGiven({ url, tokenFile }: OpsAccess, use: TokenUse): Promise<Given> {
  const origin = url === undefined ? null : (parseOrigin(url)?.origin ?? undefined);
  if (origin === undefined) {
    return { ok: false, message: `--url: found ${renderFound(url)}; allowed: such as http://127.0.0.1:8090` };
  }
  if (tokenFile === undefined || use === 'none') return { ok: true, origin, token: null };
  const source = { folder: process.cwd(), env: {}, now: 0 };
  const { content, findings } = await readSecret(['--token-file'], { file: tokenFile }, source);
  const [finding] = findings;
  if (finding === undefined) return { ok: true, origin, token: content };
  return { ok: false, message: `--token-file: found ${finding.found}; allowed: ${finding.allowed}` };
}

/** A proxy that listens on every address is reached by loopback. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return urlHost(host);
}
