/** A page as it goes out: charset, Refresh, Expires and the cookie. */

import { randomBytes } from 'node:crypto';
import type { Answer } from './answer.ts';
import type { Settings } from './options.ts';
import type { PhonePage } from './phone-page.ts';

/** In the past but after 1970 (reference/phone-xml.md §5). */
const EXPIRED = 'Thu, 01 Jan 2015 00:00:00 GMT';

/** `secure`: the request came over TLS. `cookie`: its Cookie header, ''. */
export function pageAnswer(page: PhonePage, settings: Settings, secure: boolean, cookie: string): Answer {
  const { charset, cookies } = settings;
  const headers: Record<string, string> = { 'Content-Type': `text/xml; charset=${charset}` };
  if (page.expired) headers.Expires = EXPIRED;
  if (page.refresh !== null) headers.Refresh = `${page.refresh.seconds}; url=${page.refresh.url}`;
  if (cookies && !/(?:^|;\s*)JSESSIONID=/.test(cookie)) {
    const id = randomBytes(16).toString('hex').toUpperCase();
    headers['Set-Cookie'] = `JSESSIONID=${id}; Path=/fippa; HttpOnly${secure ? '; Secure' : ''}`;
  }
  const text = `<?xml version="1.0" encoding="${charset}"?>\n${page.xml}`;
  return { status: 200, headers, body: charset === 'iso-8859-1' ? latin1(text) : Buffer.from(text) };
}

function latin1(text: string): Buffer {
  return Buffer.from(Array.from(text, (character) => (character > '\u00ff' ? '?' : character)).join(''), 'latin1');
}
