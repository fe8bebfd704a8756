/** Reads the form that a phone posts (Input objects with `method="post"`, reference/phone-xml.md §1.4). */

import type { IncomingMessage } from 'node:http';
import type { FailureCode } from '../../domain/failure.ts';
import type { Failure } from '../../domain/model.ts';

/** contract.md, "What phones can ask for"; issue: form POST up to 16 KiB. */
export const MAX_FORM_BYTES = 16 * 1024;

export type Form =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly code: FailureCode; readonly detail: string };

/** Forms that are being read, for `breakForm`. */
const reading = new WeakMap<IncomingMessage, (failure: Failure) => void>();

/**
 * The whole body, or why not: `request-body-too-large` as soon as that is known, `request-malformed` when it is not valid
 * or does not end in the listener's time. Never rejects. After a failure the rest is not read: close the connection.
 */
export function readForm(req: IncomingMessage, limit = MAX_FORM_BYTES): Promise<Form> {
  if (Number(req.headers['content-length']) > limit) return Promise.resolve(tooLarge(limit));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (form: Form) => {
      reading.delete(req);
      req.off('data', onData);
      req.pause();
      resolve(form);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) settle(tooLarge(limit));
    };
    req.on('data', onData);
    req.once('end', () => settle({ ok: true, body: Buffer.concat(chunks, size) }));
    req.once('close', () => settle(malformed('the body broke off')));
    // The listener sees what is wrong before the stream does; without this the stream's error would be nobody's.
    req.on('error', () => settle(malformed('the body broke off')));
    reading.set(req, ({ code, detail }) => settle({ ok: false, code, detail }));
  });
}

/** The connection's parser or clock has given up on the request whose form may be being read. */
export function breakForm(req: IncomingMessage, failure: Failure): void {
  reading.get(req)?.(failure);
}

function tooLarge(limit: number): Form {
  return { ok: false, code: 'request-body-too-large', detail: `a body over ${limit} bytes` };
}

function malformed(detail: string): Form {
  return { ok: false, code: 'request-malformed', detail };
}
