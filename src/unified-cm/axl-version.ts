/**
 * Which version of the AXL schema to speak (reference/unified-cm-axl.md §1): a release takes its own and two majors back,
 * and says so on an HTML page to whoever asks in another one. Pure.
 */

/** Those whose operations used here are known to be the same, newest first. */
export const AXL_VERSIONS = ['15.0', '14.0', '12.5', '12.0', '11.5'] as const;
export type AxlVersion = (typeof AXL_VERSIONS)[number];

/** Most releases in use take it, so that one request is enough. */
export const FIRST_VERSION: AxlVersion = '14.0';

/** Those named by a page such as "Supported axl versions are 12.x, 14.0 and 15.0", as it names them. */
export function parseSupportedVersions(page: string): string[] {
  const text = page.replace(/<[^>]*>/g, ' ');
  const list = /supported\s+axl\s+versions?\s+(?:are|is)\s*:?([^<]*)/i.exec(text)?.[1] ?? '';
  return [...list.matchAll(/\b(\d{1,2}\.(?:\d|x))\b/gi)].map(([version]) => version.toLowerCase());
}

/** What to try, best first, leaving out what was refused. Without a list everything known is tried. */
export function selectVersions(supported: readonly string[], refused: ReadonlySet<AxlVersion>): AxlVersion[] {
  const isSupported = (version: AxlVersion) =>
    supported.length === 0 ||
    supported.includes(version) ||
    supported.includes(`${version.slice(0, version.indexOf('.'))}.x`);
  return AXL_VERSIONS.filter((version) => isSupported(version) && !refused.has(version));
}
