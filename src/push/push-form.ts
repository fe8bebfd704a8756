/** The form of a push: the field `XML`, and another document in its place (reference/phone-xml.md §8). Pure. */

import { Buffer } from 'node:buffer';

export interface PushForm {
  /** The document as bytes, in whatever charset it says. */
  readonly xml: Buffer;
  /** The form with another document in the field; all other fields as they were. */
  readonly withXml: (xml: Buffer) => Buffer;
}

/** Phones tell upper from lower case here. */
const FIELD = 'XML';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/**
 * null: not exactly one field `XML`. The media type does not matter: push clients that work with real phones call it
 * text/xml, and some of them do not escape the document either, so that its own `&` would end it.
 */
export function parsePushForm(body: Buffer): PushForm | null {
  const raw = `${FIELD}=<`;
  if (body.toString('latin1', 0, raw.length) === raw) {
    return { xml: body.subarray(raw.length - 1), withXml: (xml) => Buffer.from(renderPushForm(xml)) };
  }
  const pairs = body.toString('latin1').split('&');
  const found = pairs.flatMap((pair, index) => (nameOf(pair) === FIELD ? [index] : []));
  const [at] = found;
  // Of two documents the phone might take the other one.
  if (at === undefined || found.length > 1) return null;
  const pair = pairs[at] as string;
  const equals = pair.indexOf('=');
  return {
    xml: equals === -1 ? Buffer.alloc(0) : decode(pair.slice(equals + 1)),
    withXml: (xml) => Buffer.from(pairs.with(at, renderPushForm(xml)).join('&'), 'latin1'),
  };
}

/** The Content-Type for a form: the client's own where it is one, since it may name a charset. */
export function formType(contentType: string | undefined): string {
  const [type = ''] = (contentType ?? '').split(';');
  return contentType !== undefined && type.trim().toLowerCase() === FORM_TYPE ? contentType : FORM_TYPE;
}

/** A form with nothing but the document. Spaces become %20, which every reading of the format takes. */
export function renderPushForm(xml: Buffer): string {
  let text = `${FIELD}=`;
  for (const byte of xml) text += ENCODED[byte];
  return text;
}

const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return decode(equals === -1 ? pair : pair.slice(0, equals)).toString('latin1');
}

/** Bytes, not characters: which charset they are in is for the document to say. A `%` that begins no escape is itself. */
function decode(text: string): Buffer {
  const plain = text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}
