/** Single values of the configuration: text to typed, and the judgement whether a text is one. Pure. */

import { BlockList, isIP } from 'node:net';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `500ms`, `5s`, `2m`, `12h`, `30d` in milliseconds; null when it is anything else (a number without a unit, a fraction). */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match === null ? null : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** Milliseconds as a person writes them: the largest unit that leaves no fraction. */
export function renderDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms >= UNITS[unit] && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/**
 * The scheme, host and port of a URL that consists of nothing else but perhaps a final slash; null otherwise. Checked on the
 * text as well as by the URL parser, because the parser forgives white space, backslashes and a missing `//`.
 */
export function parseOrigin(text: string): URL | null {
  if (!/^https?:\/\/[^\s/\\?#@]+\/?$/i.test(text)) return null;
  return URL.parse(text);
}

/** An http or https URL with any path, without credentials and fragment. */
export function parseHttpUrl(text: string): URL | null {
  if (!/^https?:\/\/[^\s/\\?#@]+(\/[^\s\\#]*)?$/i.test(text)) return null;
  return URL.parse(text);
}

/** `redis://` or `rediss://` (TLS) with host and port and nothing else. */
export function parseRedisUrl(text: string): { host: string; port: number; tls: boolean } | null {
  const match = /^(rediss?):\/\/([^\s/\\?#@:]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(text);
  const [, scheme = '', authority = '', port = '6379'] = match ?? [];
  const host = authority.replace(/^\[|\]$/g, '');
  const isOne = isListenHost(host) && Number(port) > 0 && Number(port) < 65_536;
  return isOne ? { host, port: Number(port), tls: scheme.toLowerCase() === 'rediss' } : null;
}

/** Path and perhaps query of a URL, without dots that would leave it. */
export function isUrlPath(text: string): boolean {
  return /^\/(?!\/)[\w\-.~!$&'()*+,;=:@%/?]*$/.test(text) && !/(?:^|\/)\.\.?(?:[/?;]|$)/.test(text);
}

/** A name by which a server may also be called: `host`, `host:port`, an IPv6 address with or without brackets, or an origin. */
export function isAlias(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const authority = /^(?:https?:\/\/)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\/?$/i.exec(text);
  return authority !== null && parseOrigin(text.includes('://') ? text : `http://${text}`) !== null;
}

/** An address, or a block in CIDR notation. */
export function isNetwork(text: string): boolean {
  const match = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text);
  const family = match === null ? 0 : isIP(match[1] ?? '');
  return family !== 0 && Number(match?.[2] ?? 0) <= (family === 4 ? 32 : 128);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** 127.0.0.0/8, ::1 and `localhost`; nothing outside the machine can reach these. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost') return true;
  const family = isIP(bare);
  return family !== 0 && LOOPBACK.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether phones can only be on this machine, as in the demonstration and in tests: no listener is reached from elsewhere. */
export function isLoopbackOnly(
  listeners: readonly { readonly host: string; readonly publicUrl: string | null }[],
): boolean {
  return listeners.every(({ host, publicUrl }) => {
    return isLoopback(publicUrl === null ? host : (URL.parse(publicUrl)?.hostname ?? ''));
  });
}

/** Whether a socket can be told to listen there: an address without brackets, or a host name. */
export function isListenHost(text: string): boolean {
  return isIP(text) !== 0 || (/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text) && !/^[\d.]+$/.test(text));
}

/** A SHA-256 fingerprint as hex pairs joined by colons, upper case; null when the text is none. Colons may be missing. */
export function parseFingerprint(text: string): string | null {
  const hex = text.replaceAll(':', '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(hex) || !/^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$/.test(text)) return null;
  return (hex.match(/../g) ?? []).join(':');
}

/** What a person reads on one line: control, direction-changing and unassigned characters written out, long text cut. */
export function printable(text: string, limit = 80): string {
  const characters = [...text.slice(0, limit * 2 + 2)];
  const shown = characters.slice(0, limit).join('');
  const cut = characters.length > limit ? '…' : '';
  return (
    shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`) + cut
  );
}

/** A key of Standard Webhooks: its prefix, and 24 to 64 bytes in Base64. */
export function isSigningSecret(text: string): boolean {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const bytes = Buffer.from(match?.[1] ?? '', 'base64');
  return (
    bytes.length >= 24 &&
    bytes.length <= 64 &&
    bytes.toString('base64').replace(/=+$/, '') === match?.[1]?.replace(/=+$/, '')
  );
}
