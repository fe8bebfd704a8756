/** The URL of a service as Unified CM would hand it to one device. */

/**
 * `url` for `device`: #DEVICENAME# is replaced; a URL that ends at `/fippa` or `/fippa/` gets the device appended, its
 * query kept. Any other URL stays. Throws when it is not an http or https URL.
 */
export function serviceUrl(url: string, device: string): string {
  const replaced = url.replaceAll('#DEVICENAME#', encodeURIComponent(device));
  if (!URL.canParse(replaced)) throw new Error('not a URL');
  const parsed = new URL(replaced);
  if (!/^https?:$/.test(parsed.protocol)) throw new Error('not an http or https URL');
  if (/\/fippa\/?$/.test(parsed.pathname)) {
    parsed.pathname = `${parsed.pathname.replace(/\/$/, '')}/${encodeURIComponent(device)}`;
  }
  return parsed.href;
}

/** The device that a URL names after `/fippa/`, or undefined. */
export function deviceOf(url: string): string | undefined {
  return /\/fippa\/([A-Za-z0-9._-]{1,64})(?=[/?;]|$)/.exec(url)?.[1];
}
