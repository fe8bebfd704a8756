/** One POST to AXL and its answer. The I/O: it repeats nothing and keeps nothing. */

import got, { RequestError } from 'got';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { createTlsAgent } from '../http/client/trust.ts';

/** Where AXL is, who asks, and whom to trust. */
export interface AxlTarget {
  /** With the slash at its end, without which Unified CM answers 404 (reference/unified-cm-axl.md §1). */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** PEM text; null: the system's CAs. */
  readonly ca: string | null;
  /** SHA-256, as in the configuration. */
  readonly fingerprints: readonly string[];
  /** For the whole answer to one request. */
  readonly timeoutMs: number;
}

export interface AxlPost {
  readonly operation: string;
  readonly version: string;
  readonly body: string;
  /** `Cookie`, or null: the credentials are sent instead. */
  readonly cookie: string | null;
}

export type AxlReply =
  | { readonly ok: true; readonly status: number; readonly body: string; readonly setCookies: readonly string[] }
  /** `sent`: Unified CM may have got the request and done what it says. */
  | { readonly ok: false; readonly sent: boolean; readonly untrusted: boolean; readonly detail: string };

export type AxlTransport = (post: AxlPost) => Promise<AxlReply>;

/** AXL itself ends at 8 MB (reference/unified-cm-axl.md §6). */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

/** Never rejects. */
export function createAxlTransport(target: AxlTarget): AxlTransport {
  const basic = `Basic ${Buffer.from(`${target.username}:${target.password}`).toString('base64')}`;
  const client = got.extend({
    agent: { https: createTlsAgent({ ca: target.ca, fingerprints: target.fingerprints }) },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    strictContentLength: false,
    timeout: { request: target.timeoutMs },
    headers: { 'user-agent': 'finesse-ippa-proxy', 'content-type': 'text/xml; charset=utf-8', accept: 'text/xml' },
  });
  return async ({ operation, version, body, cookie }) => {
    const tooLarge = new AbortController();
    try {
      const request = client.post(target.url, {
        body,
        signal: tooLarge.signal,
        headers: {
          soapaction: `"CUCM:DB ver=${version} ${operation}"`,
          ...(cookie === null ? { authorization: basic } : { cookie }),
        },
      });
      request.on('downloadProgress', ({ transferred }) => {
        if (transferred > MAX_ANSWER_BYTES) tooLarge.abort();
      });
      const { statusCode, body: text, headers } = await request;
      return { ok: true, status: statusCode, body: text, setCookies: headers['set-cookie'] ?? [] };
    } catch (error) {
      if (tooLarge.signal.aborted)
        return { ok: false, sent: true, untrusted: false, detail: 'an answer of more than 10 MB' };
      const { code, detail } = classifyNetworkError(error);
      // Nothing is written before the handshake is over and the certificate is trusted.
      const sent = !(error instanceof RequestError) || error.timings?.secureConnect !== undefined;
      const untrusted = code === 'certificate-untrusted';
      return { ok: false, sent: sent && !untrusted, untrusted, detail: `${code}: ${detail}` };
    }
  };
}
