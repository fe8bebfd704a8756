/** What phones answer to pushes: reading it, and saying the same where no phone could be asked. Pure. */

import { Buffer } from 'node:buffer';
import type { FailureCode } from '../domain/failure.ts';

export type PushFailureCode = Extract<FailureCode, `push-${string}`>;

/** What became of a push, by the status and body of the phone's answer (reference/phone-xml.md §1.4, §8). */
export function classifyPhoneAnswer(status: number, body: Buffer): 'delivered' | 'push-credentials' | 'push-refused' {
  if (status === 401 || status === 403) return 'push-credentials';
  if (status !== 200) return 'push-refused';
  const text = body.toString('latin1');
  const error = /<CiscoIPPhoneError\b[^>]*?\bNumber\s*=\s*["']\s*(\d+)/.exec(text)?.[1];
  if (error !== undefined) return Number(error) === 4 ? 'push-credentials' : 'push-refused';
  const refused = /<ResponseItem\b[^>]*?\bStatus\s*=\s*["']\s*[1-9]/.test(text);
  // Multiplatform firmware returns no object at all: 200 has to do.
  return refused ? 'push-refused' : 'delivered';
}

/** Numbers of CiscoIPPhoneError: 1 the document cannot be parsed, 2 no answer could be made, 3 internal, 4 not allowed. */
const ERROR_NUMBERS: Readonly<Record<PushFailureCode, 1 | 2 | 3 | 4>> = {
  'push-source': 4,
  'push-malformed': 1,
  'push-too-large': 1,
  'push-no-device': 1,
  'push-unknown-device': 3,
  'push-phone-gone': 3,
  'push-phone-slow': 2,
  'push-phone-broken': 2,
  'push-credentials': 4,
  'push-refused': 1,
};

export const PUSH_FAILURES = Object.keys(ERROR_NUMBERS) as readonly PushFailureCode[];

export function renderPhoneError(code: PushFailureCode): { readonly body: Buffer; readonly contentType: string } {
  const xml = `<?xml version="1.0" encoding="utf-8"?>\n<CiscoIPPhoneError Number="${ERROR_NUMBERS[code]}"/>\n`;
  return { body: Buffer.from(xml), contentType: 'text/xml; charset=utf-8' };
}
