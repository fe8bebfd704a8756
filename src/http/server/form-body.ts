/** Reads the body of a form that is posted. */

import type { IncomingMessage } from 'node:http';
import type { RequestFault } from './request-fault.ts';

/** Of forms, where nobody says otherwise (contract.md, "What phones can ask for"). */
export const MAX_FORM_BYTES = 16 * 1024;

export type Form = { readonly ok: true; readonly body: Buffer } | { readonly ok: false; readonly fault: RequestFault };

/** Forms that are being read, for `breakForm`. */
const reading = new WeakMap<IncomingMessage, (fault: RequestFault) => void>();

/**
 * The whole body, or why not: `body-too-large` as soon as that is known, `malformed` when it is not valid
 * or does not end in the listener's time. Never rejects. After a fault the rest is not read: close the connection.
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
    reading.set(req, (fault) => settle({ ok: false, fault }));
  });
}

/** The connection's parser or clock has given up on the request whose form may be being read. */
export function breakForm(req: IncomingMessage, fault: RequestFault): void {
  reading.get(req)?.(fault);
}

function tooLarge(limit: number): Form {
  return { ok: false, fault: { code: 'body-too-large', detail: `a body over ${limit} bytes` } };
}

function malformed(detail: string): Form {
  return { ok: false, fault: { code: 'malformed', detail } };
}
