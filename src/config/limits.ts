/** What phones may ask of the proxy at most: the defaults of phones.limits (reference/http-hardening.md, "Server limits to set"). */

/** Bounds of one listener, and of each address on all of them. */
export interface PhoneLimits {
  /** All headers of a request must be there within this time. */
  readonly headersMs: number;
  /** The whole request. */
  readonly requestMs: number;
  /** An answer must be taken within this time. */
  readonly answerMs: number;
  /** Above the Refresh periods of the pages, so that a phone that keeps its connection need not open another. */
  readonly keepAliveMs: number;
  /** About four for each phone. */
  readonly connections: number;
  readonly requestsPerConnection: number;
  readonly perAddress: AddressLimits;
}

export interface AddressLimits {
  /** Open at the same time. */
  readonly connections: number;
  /** Requests in a second, in the long run. */
  readonly requestsPerSecond: number;
  /** Requests at once, after a pause. */
  readonly burst: number;
  /** Addresses and CIDR blocks that these do not apply to. */
  readonly exempt: readonly string[];
}

/**
 * A phone opens one connection for each page, a page has a few icons, and a Refresh comes once a second at most: these are
 * for a hundred of the worst of them, so that a remote site whose phones share one address notices nothing.
 */
export const DEFAULT_LIMITS: PhoneLimits = {
  headersMs: 8_000,
  requestMs: 15_000,
  answerMs: 10_000,
  keepAliveMs: 15_000,
  connections: 16_384,
  requestsPerConnection: 1_000,
  perAddress: { connections: 500, requestsPerSecond: 100, burst: 1_000, exempt: ['127.0.0.1', '::1'] },
};
