/** Where things stand. What has no site stands where the proxy does, and a proxy without one knows of no distance. */

export function isNearSite(site: string | null, own: string | null): boolean {
  return site === null || own === null || site === own;
}
