/**
 * A conversation with AXL: one request at a time, one session, the version that Unified CM takes. Reads are repeated with
 * growing pauses; a write is sent once, and what became of it is for the caller to read back.
 */

import { type AxlAnswer, classifyAxlAnswer, describeFault } from './axl-answer.ts';
import type { AxlReply, AxlTransport } from './axl-transport.ts';
import { type AxlVersion, FIRST_VERSION, selectVersions } from './axl-version.ts';
import { type Element, renderRequest, type Tag, textOf } from './soap.ts';

/** Why Unified CM could not be asked, in words for the operator. Never a credential. */
export class AxlError extends Error {
  /** Of the fault, or one of these. */
  readonly code: string;
  /** As many rows as fit, where the answer would be too large. */
  readonly rows: number | null;

  constructor(code: string, message: string, rows: number | null = null) {
    super(message);
    this.code = code;
    this.rows = rows;
  }
}

export type WriteOutcome =
  | { readonly kind: 'done' }
  /** Unified CM said no, and changed nothing. */
  | { readonly kind: 'refused'; readonly words: string }
  /** Nothing was done; it may be tried later. */
  | { readonly kind: 'busy'; readonly words: string }
  /** It may have been done: only reading it back tells. */
  | { readonly kind: 'unknown'; readonly words: string };

export interface AxlClient {
  /** Of the schema that is spoken. */
  readonly version: AxlVersion;
  /** What Unified CM says it is. */
  readonly release: string;
  /** The element `return`. Rejects with AxlError. */
  readonly read: (operation: string, content: readonly Tag[]) => Promise<Element>;
  /** Sent once. Rejects with AxlError only where the credentials do not hold. */
  readonly write: (operation: string, content: readonly Tag[]) => Promise<WriteOutcome>;
}

/** Pauses before a read is repeated: half a minute in all. */
export const BACKOFF_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 16_000];

export type Pause = (ms: number) => Promise<void>;

/** Finds the version and logs in. Rejects with AxlError. */
export async function connectAxl(transport: AxlTransport, pause: Pause): Promise<AxlClient> {
  const session = new Session(transport, pause);
  const release = await session.negotiate();
  return {
    version: session.version,
    release,
    read: (operation, content) => session.read(operation, content),
    write: (operation, content) => session.write(operation, content),
  };
}

type Outcome = AxlAnswer | { readonly kind: 'lost'; readonly reply: Extract<AxlReply, { ok: false }> };

class Session {
  version: AxlVersion = FIRST_VERSION;
  readonly #transport: AxlTransport;
  readonly #pause: Pause;
  /** Name and value; without it each request would cost Unified CM a session (reference/unified-cm-axl.md §1). */
  readonly #cookies = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(transport: AxlTransport, pause: Pause) {
    this.#transport = transport;
    this.#pause = pause;
  }

  /** Never by a write: a version that is refused must cost nothing. */
  async negotiate(): Promise<string> {
    const refused = new Set<AxlVersion>();
    let supported: readonly string[] = [];
    for (;;) {
      const answer = await this.#readOnce('getCCMVersion', []);
      if (answer.kind === 'ok') return textOf(answer.value, 'componentVersion', 'version').trim();
      if (answer.kind !== 'version') throw this.#errorOf(answer);
      refused.add(this.version);
      if (answer.supported.length > 0) supported = answer.supported;
      const [next] = selectVersions(supported, refused);
      if (next === undefined) {
        const list = supported.length === 0 ? '' : `: it takes ${supported.join(', ')}`;
        throw new AxlError('version', `Unified CM speaks no version of AXL that is known here (11.5 to 15.0)${list}`);
      }
      this.version = next;
    }
  }

  async read(operation: string, content: readonly Tag[]): Promise<Element> {
    const answer = await this.#readOnce(operation, content);
    if (answer.kind === 'ok') return answer.value;
    throw this.#errorOf(answer);
  }

  async write(operation: string, content: readonly Tag[]): Promise<WriteOutcome> {
    const answer = await this.#send(operation, content);
    switch (answer.kind) {
      case 'ok':
        return { kind: 'done' };
      case 'fault':
        return { kind: 'refused', words: describeFault(answer.code, answer.message) };
      case 'busy':
        return { kind: 'busy', words: answer.detail };
      case 'lost':
        return { kind: answer.reply.sent ? 'unknown' : 'busy', words: answer.reply.detail };
      case 'unauthorized':
        throw this.#errorOf(answer);
      default:
        return { kind: 'unknown', words: this.#errorOf(answer).message };
    }
  }

  async #readOnce(operation: string, content: readonly Tag[]): Promise<Outcome> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#send(operation, content);
      const again = answer.kind === 'busy' || (answer.kind === 'lost' && !answer.reply.untrusted);
      const pause = BACKOFF_MS[tries];
      if (!again || pause === undefined) return answer;
      await this.#pause(pause);
    }
  }

  /** One after the other, whoever asks. */
  #send(operation: string, content: readonly Tag[]): Promise<Outcome> {
    const sent = this.#turn.then(() => this.#sendNow(operation, content));
    this.#turn = sent.catch(() => undefined);
    return sent;
  }

  async #sendNow(operation: string, content: readonly Tag[]): Promise<Outcome> {
    const body = renderRequest(operation, this.version, content);
    const hadSession = this.#cookies.size > 0;
    const answer = await this.#post(operation, body);
    // A session that is over is answered before anything is done, so that a write too may be sent again.
    if (!hadSession || (answer.kind !== 'not-found' && answer.kind !== 'unauthorized')) return answer;
    this.#cookies.clear();
    return this.#post(operation, body);
  }

  async #post(operation: string, body: string): Promise<Outcome> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const post = { operation, version: this.version, body, cookie: cookie === '' ? null : cookie };
    const reply = await this.#transport(post);
    if (!reply.ok) return { kind: 'lost', reply };
    for (const line of reply.setCookies) this.#keep(line);
    return classifyAxlAnswer(reply.status, reply.body);
  }

  #keep(line: string): void {
    const [, name, value] = /^\s*(JSESSIONID(?:SSO)?)=([^;\s]*)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && value !== '') this.#cookies.set(name, value);
  }

  #errorOf(answer: Exclude<Outcome, { kind: 'ok' }>): AxlError {
    switch (answer.kind) {
      case 'fault':
        return new AxlError(answer.code, describeFault(answer.code, answer.message));
      case 'too-large':
        return new AxlError(
          'too-large',
          `the answer would be too large; at most ${answer.first} rows fit`,
          answer.first,
        );
      case 'busy':
        return new AxlError('busy', `Unified CM has no time (${answer.detail}); try again later`);
      case 'version':
        return new AxlError('version', `Unified CM does not take version ${this.version} of AXL`);
      case 'unauthorized':
        return new AxlError(
          'unauthorized',
          answer.status === 401
            ? 'user name or password is not accepted (HTTP 401), or the user may not use AXL'
            : 'the user may not use AXL (HTTP 403): docs/unified-cm.md names the groups',
        );
      case 'not-found':
        return new AxlError(
          'not-found',
          'no AXL there (HTTP 404): is the Cisco AXL Web Service activated on this node?',
        );
      case 'unreadable':
        return new AxlError('unreadable', `what answers is not AXL (${answer.detail})`);
      case 'lost':
        return answer.reply.untrusted
          ? new AxlError('untrusted', `its certificate is not trusted (${answer.reply.detail})`)
          : new AxlError('unreachable', `no answer (${answer.reply.detail})`);
    }
  }
}
