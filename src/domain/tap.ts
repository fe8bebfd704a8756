/**
 * What passes between phones, the proxy and Finesse, as it is told to whoever captures it. The rooms that let it pass know no
 * more of captures than this; where nothing is captured each of them finds null and has nothing else to do.
 */

export type Leg = 'phone' | 'finesse' | 'push-in' | 'push-out' | 'probe';

/** An answer by reference: nothing of it is copied when it passes. */
export interface PassedAnswer {
  readonly status: number;
  /** Name, value, name, value …, as received or sent. */
  readonly headers: readonly string[];
  /** As a string: one character for each byte. */
  readonly body: Uint8Array | string;
}

/** One request and what became of it. Holds secrets: nobody but a capture may be told. */
export interface Passed {
  readonly leg: Leg;
  readonly service: string | null;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Address of whoever asked; null: the proxy did. */
  readonly client: string | null;
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** As `PassedAnswer.headers`. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | string | null;
  /** null: there was none. */
  readonly answer: PassedAnswer | null;
  /** Why there was no answer, or the answer was not used: a code of the registry, or words without secrets. */
  readonly error: string | null;
}

/** What belongs together: a request of a phone, what was asked of Finesse for it, and both answers. */
export interface Watched {
  /** Epoch ms. */
  readonly now: () => number;
  /** To be called after the answer was written. Never throws. */
  readonly passed: (what: Passed) => void;
}

/** An element of a stanza, as much as a capture needs of it. */
export interface PassedElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly PassedElement[];
  readonly text: string;
}

export interface WatchedService extends Watched {
  /** Never throws. */
  readonly stanza: (stanza: PassedElement) => void;
}

export interface Tap {
  /** Something is captured. */
  isOn(): boolean;
  /** For a request of that phone, or a push of the proxy's own; null: it is not captured. */
  device(name: string): Watched | null;
  /** For a push of Finesse, by the form that it posted; null in place of the form: it was not read. */
  push(form: Uint8Array | null): Watched | null;
  /** For a probe or a stanza of that service. */
  service(id: string): WatchedService | null;
}

/** Nothing is captured, ever. */
export const NO_TAP: Tap = { isOn: () => false, device: () => null, push: () => null, service: () => null };
