/**
 * Who is signed in at the ops port with a browser. A session is known by the hash of its id alone, so that nothing that this
 * process holds or writes could be used in its place; it ends half an hour after its last request, and twelve hours after it
 * began, and with the token that it came with.
 */

import { hash, randomBytes } from 'node:crypto';
import type { OperatorConfig } from '../config/config.ts';
import type { Clock } from '../time/clock.ts';

export interface Sessions {
  /** Begins one and returns its id, which is told to nobody else. */
  begin(operator: OperatorConfig): string;
  /** The session of that id; null: there is none any more. `use` counts as a request. */
  find(id: string, use: 'request' | 'look'): Session | null;
  /** Returns whose it was; null: there was none. */
  end(id: string): OperatorConfig | null;
  /** Told when a session was ended by `end`. */
  onEnd(listener: (id: string) => void): void;
}

export interface Session {
  readonly operator: OperatorConfig;
}

interface Held extends Session {
  readonly beganAt: number;
  usedAt: number;
}

const IDLE_MS = 30 * 60_000;
const LONGEST_MS = 12 * 3_600_000;
/** A few screens and browsers of each operator: beyond so many the one that was used longest ago ends, of the same operator. */
const MAX_OF_OPERATOR = 32;

export function createSessions(
  operators: () => readonly OperatorConfig[],
  clock: Pick<Clock, 'passed'>,
  maxOfOperator = MAX_OF_OPERATOR,
): Sessions {
  /** By the hash of their id, in the order of their last request. */
  const sessions = new Map<string, Held>();
  let ended: (id: string) => void = () => {};
  const keyOf = (id: string) => hash('sha256', id);

  const holds = ({ operator, beganAt, usedAt }: Held) => {
    const now = clock.passed();
    if (now - usedAt >= IDLE_MS || now - beganAt >= LONGEST_MS) return false;
    // After a reload an operator may be gone, have another token or may do less.
    return operators().some(
      ({ name, token, may }) => name === operator.name && token === operator.token && may === operator.may,
    );
  };

  return {
    begin(operator) {
      const id = randomBytes(32).toString('base64url');
      const now = clock.passed();
      // Whoever has one token may sign in again and again: nobody else's session ends by that.
      const own = [...sessions].filter(([, held]) => held.operator.name === operator.name);
      const [oldest] = own;
      if (oldest !== undefined && own.length >= maxOfOperator) sessions.delete(oldest[0]);
      sessions.set(keyOf(id), { operator, beganAt: now, usedAt: now });
      return id;
    },
    find(id, use) {
      const key = keyOf(id);
      const held = sessions.get(key);
      if (held === undefined) return null;
      if (!holds(held)) {
        sessions.delete(key);
        return null;
      }
      if (use === 'look') return held;
      held.usedAt = clock.passed();
      sessions.delete(key);
      sessions.set(key, held);
      return held;
    },
    end(id) {
      const key = keyOf(id);
      const held = sessions.get(key);
      sessions.delete(key);
      ended(id);
      return held?.operator ?? null;
    },
    onEnd(listener) {
      ended = listener;
    },
  };
}
