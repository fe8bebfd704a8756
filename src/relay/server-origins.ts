/**
 * Where the proxy may connect to for a service: its configured origin first, the same host on Finesse's other port
 * (reference/finesse-health.md §1: 8082 without, 8445 with TLS), and aliases that are origins themselves. Nothing learnt
 * from an answer adds to it.
 */
export function serverOrigins(service: {
  readonly url: string;
  readonly aliases: readonly string[];
}): [string, ...string[]] {
  const { origin, hostname } = new URL(service.url);
  const aliases = service.aliases.filter((alias) => alias.includes('://')).map((alias) => new URL(alias).origin);
  const others = new Set([`http://${hostname}:8082`, `https://${hostname}:8445`, ...aliases]);
  others.delete(origin);
  return [origin, ...others];
}
