/** The audit trail among several proxies. It is no set of facts: entries are added and never changed. */
export interface SharedTrail {
  /** Those of this proxy, as text. */
  own(): Iterable<string>;
  heard(entry: string): void;
}
