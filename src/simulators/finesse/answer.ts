/** Answers as plain values, and the documents a Tomcat or the REST API gives in place of a page. */

import { apiErrors } from './system-info.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function xmlAnswer(status: number, xml: string, type = 'application/xml;charset=utf-8'): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${xml}`);
  return { status, headers: { 'Content-Type': type }, body };
}

/** What an application server shows when it has nothing better. */
export function htmlAnswer(status: number, title: string): Answer {
  const body = `<!doctype html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1><hr></body></html>`;
  return { status, headers: { 'Content-Type': 'text/html;charset=utf-8' }, body: Buffer.from(body) };
}

export function errorAnswer(status: number, type: string, message: string, data = ''): Answer {
  return xmlAnswer(status, apiErrors(type, message, data));
}

export function unauthorizedAnswer(status: number): Answer {
  const answer = errorAnswer(status, status === 401 ? 'Unauthorized' : 'Forbidden', 'UNAUTHORIZED');
  if (status !== 401) return answer;
  return { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': 'Basic realm="Cisco Finesse"' } };
}
