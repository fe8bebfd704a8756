/** What the keys of the schema are made of: the kinds of values, and what every key says about itself. */

import { z } from 'zod';
import { isListenHost, parseDuration, parseFingerprint, parseOrigin, renderDuration } from './values.ts';

/** What every key carries beside its type. The description is the user's manual: it goes into docs/configuration.md. */
export interface KeyMeta {
  readonly description: string;
  /** What error messages and the manual say is allowed. Objects and lists without it are described by their keys. */
  readonly allowed?: string;
  readonly unit?: string;
  /** How the manual writes a default that depends on something. */
  readonly defaultText?: string;
  /** The value never appears in a message. */
  readonly secret?: boolean;
}

export function described<T extends z.ZodType>(schema: T, meta: KeyMeta): T {
  return schema.meta({ ...meta });
}

/** A duration between two limits (inclusive, milliseconds), in milliseconds once parsed. */
export function duration(minMs: number, maxMs: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  });
}

export function durationAllowed(minMs: number, maxMs: number): { allowed: string; unit: string } {
  const range = `${renderDuration(minMs)} to ${renderDuration(maxMs)}`;
  return { allowed: `a duration from ${range}, such as 5s, 500ms, 2m or 12h`, unit: 'duration' };
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Short, because it is part of every phone URL; contract.md, "Configuration". */
const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,15}$/;
const RESERVED_IDS = new Set(['fippa', 'cgi']);

export function isId(text: string): boolean {
  return ID_PATTERN.test(text) && !RESERVED_IDS.has(text.toLowerCase());
}

export const ID_ALLOWED =
  'text of 1 to 16 letters, digits, hyphens or underscores, beginning with a letter or digit; not fippa or CGI';

/** Control characters and lone surrogates break a page, and line separators break a log line. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

export function plainText(maxCodePoints: number): z.ZodType<string, string> {
  return z.string().refine((text) => {
    return text.trim() !== '' && [...text].length <= maxCodePoints && !UNPRINTABLE.test(text);
  });
}

export const path = z.string().refine((text) => text !== '' && !text.includes('\0'));
export const port = z.int().min(0).max(65_535);
/** Where a listener for phones or browsers is. */
export const listenPlace = {
  host: described(z.string().refine(isListenHost), {
    description: 'Address to listen on. `0.0.0.0` is every IPv4 address of the machine, `::` every address.',
    allowed: 'an IP address (IPv6 without brackets) or a host name',
  }),
  port: described(port, {
    description: 'TCP port to listen on; 0 takes any free one.',
    allowed: 'a whole number from 0 to 65535',
  }),
};
export const origin = z.string().refine((text) => parseOrigin(text) !== null);
export const ORIGIN_ALLOWED =
  'an origin: http:// or https://, host, and port if it is not the usual one; no path, query or credentials';
export const secret = z.union([
  z.string().refine((text) => text !== '' && !UNPRINTABLE.test(text)),
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: path }),
]);
export const fingerprints = z.array(
  described(
    z.string().refine((text) => parseFingerprint(text) !== null),
    {
      description: 'A SHA-256 fingerprint.',
      allowed: 'a SHA-256 fingerprint: 32 pairs of hex digits joined by colons',
    },
  ),
);
export const SECRET_ALLOWED = 'text in quotes, { env: NAME } or { file: PATH }';

/** A user and a password that not everybody needs (config/rules.ts: both or neither). */
export const user = (description: string, without = '') =>
  described(plainText(128).optional(), {
    description,
    allowed: `text of 1 to 128 characters${without} (a number in quotes)`,
  });
export const password = (description: string) =>
  described(secret.optional(), { description, allowed: SECRET_ALLOWED, secret: true });

export const tlsFiles = (certificate: string) => ({
  cert: described(path, { description: certificate, allowed: 'the path of a PEM file' }),
  key: described(path, {
    description:
      "PEM file with the certificate's private key, without a passphrase. Both files are read again when they change.",
    allowed: 'the path of a PEM file',
  }),
});

/** How the certificate of a server that the proxy connects to is checked. */
export const serverTls = z.strictObject({
  ca: described(path.optional(), {
    description:
      "PEM file with the CA that signed the server's certificate, or with the self-signed certificate itself.",
    allowed: 'the path of a PEM file',
    defaultText: "the system's CAs",
  }),
  fingerprints: described(fingerprints.prefault([]), {
    description:
      'SHA-256 fingerprints of certificates that are trusted although no CA vouches for them; `check --probe` prints them.',
  }),
  names: described(
    z
      .array(
        described(z.string().refine(isListenHost), {
          description: 'A host name or IP address.',
          allowed: 'a host name or an IP address without brackets',
        }),
      )
      .min(1)
      .optional(),
    {
      description:
        "Names of which the server's certificate must carry one, where it does not carry the host of `url`: a server that is reached by an address or an alias, say. A CA must vouch for it as ever.",
      allowed: 'a list of at least one host name or IP address',
      defaultText: 'the host of `url`',
    },
  ),
});
