/** Builds and judges URLs that phones use. The only place that knows their shape. */

/** contract.md, "What phones can ask for". */
const DEVICE_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;
export const MAX_TARGET_LENGTH = 2048;
/** Phones cut or refuse URL elements longer than this (reference/phone-xml.md §1.1). */
export const MAX_URL_LENGTH = 256;

export function isDeviceName(text: string): boolean {
  return DEVICE_PATTERN.test(text) && text !== '.' && text !== '..';
}

/** What One Button Sign In supplied and may be carried to another sign-in. Never a password. */
export interface Prefill {
  readonly id: string | null;
  readonly extension: string | null;
}

/**
 * The absolute URL of `path` (from /fippa/ on the inside of that service, or a `~` action) for a device.
 * `origin` is the listener's public origin. The prefill is left out when the URL would grow over 256 characters.
 */
export function phoneUrl(
  origin: string,
  prefix: string,
  device: string,
  path = '',
  prefill: Prefill | null = null,
): string {
  const plain = `${origin}/${prefix}/fippa/${device}${path}`;
  if (prefill === null) return plain;
  const parts: string[] = [];
  if (prefill.id !== null) parts.push(`id=${encodeURIComponent(prefill.id)}`);
  if (prefill.extension !== null) parts.push(`extension=${encodeURIComponent(prefill.extension)}`);
  const full = parts.length > 0 ? `${plain}?${parts.join('&')}` : plain;
  return full.length <= MAX_URL_LENGTH ? full : plain;
}
