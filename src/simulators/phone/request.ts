/** One request of a phone: a new connection, no redirects, no encodings, ten seconds (reference/phone-xml.md §4, §6). */

import http from 'node:http';
import https from 'node:https';
import type { PhoneModel } from './models.ts';
import type { PhoneError } from './page.ts';

/** No document gives the real limit; about 10 s is assumed everywhere (§6). */
export const patienceMs = 10_000;
/** More than any phone takes; only there so that a wrong server cannot fill the memory. */
export const readAtMostBytes = 1024 * 1024;

export interface TlsTrust {
  /** PEM text of the CA that the phone trusts; undefined: the system's. */
  readonly ca?: string | undefined;
  readonly insecure?: boolean | undefined;
}

export interface PhoneRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** A form, sent by POST; undefined: GET. */
  readonly form?: string | undefined;
  readonly model: PhoneModel;
  readonly trust: TlsTrust;
  /** Address of this machine that the request comes from; undefined: the system chooses. */
  readonly localAddress?: string | undefined;
  /** Where the connection goes in place of the URL's own host and port, which stay in the Host header; undefined: there. */
  readonly connectTo?: Endpoint | undefined;
  /** An answer with more bytes than this is given up. */
  readonly readAtMostBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly httpVersion: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export type RequestResult = RawAnswer | { readonly error: PhoneError; readonly reason: string };

/** Sends one request and reads the whole answer. Never rejects: what fails becomes the text that the phone shows. */
export function sendRequest(request: PhoneRequest): Promise<RequestResult> {
  return new Promise((resolve) => {
    const { url, form, model } = request;
    const secure = url.protocol === 'https:';
    const options: https.RequestOptions = {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        ...request.headers,
        Host: model.hostHasPort ? url.host : url.hostname,
        ...(form === undefined
          ? {}
          : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(form) }),
      },
      agent: false,
      // `hostname` of the URL counts before `host`.
      ...(request.connectTo === undefined
        ? {}
        : { hostname: request.connectTo.host, host: request.connectTo.host, port: request.connectTo.port }),
      ...(request.localAddress === undefined ? {} : { localAddress: request.localAddress }),
      ...(request.signal ? { signal: request.signal } : {}),
      ...(secure ? tlsOptions(model, request.trust) : {}),
    };
    let connected = false;
    const outgoing = (secure ? https : http).request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > request.readAtMostBytes) answer.destroy(new Error('endless answer'));
      });
      answer.on('end', () =>
        finish({
          status: answer.statusCode ?? 0,
          httpVersion: answer.httpVersion,
          headers: answer.headers,
          body: Buffer.concat(chunks),
        }),
      );
      answer.on('error', (error) => finish(describeFailure(error, true)));
    });
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${request.timeoutMs / 1000} s`)),
      request.timeoutMs,
    );
    const finish = (result: RequestResult) => {
      clearTimeout(timer);
      resolve(result);
      outgoing.destroy();
    };
    outgoing.on('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true)));
    outgoing.on('error', (error) => finish(describeFailure(error, connected)));
    outgoing.end(form);
  });
}

/** A 7900 phone offers TLS 1.0 alone and no server name; the others check the certificate against the name (§9). */
function tlsOptions(model: PhoneModel, trust: TlsTrust): https.RequestOptions {
  return {
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    rejectUnauthorized: trust.insecure !== true,
    maxVersion: model.maxTls,
    ...(model.maxTls === 'TLSv1'
      ? { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0', servername: '' }
      : { minVersion: 'TLSv1.2' }),
  };
}

/** The phone's words for a failed request (§7). A certificate it does not trust looks like a name it cannot find. */
function describeFailure(error: NodeJS.ErrnoException, connected: boolean): { error: PhoneError; reason: string } {
  const code = error.code ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return { error: 'Host not found', reason: 'the name does not resolve' };
  if (isTlsFailure(code, error.message)) return { error: 'Host not found', reason: `TLS: ${code || error.message}` };
  const reason = code === '' || code === 'ABORT_ERR' ? error.message : code;
  return { error: connected ? 'HTTP Error [8]' : 'HTTP Error [10]', reason };
}

function isTlsFailure(code: string, message: string): boolean {
  return (
    /CERT|SSL|TLS|_VERIFY_|^EPROTO$|SELF_SIGNED|UNABLE_TO/.test(code) ||
    message.includes('before secure TLS connection was established')
  );
}
