/**
 * What links several `Facts` in a test without a store: every accepted register goes to all others, at once or when the test
 * says so. Messages can be lost, doubled and swapped, and a proxy can be cut off and come back, as with a store: then it reads
 * everything anew and tells what is newer at its side.
 */

import type { Register } from '../src/domain/register.ts';
import { FACT_KINDS, type FactKind, type FactLink, type Facts, type TaskClaim } from '../src/shared/facts.ts';
import type { Clock } from '../src/time/clock.ts';

export interface HubMessage {
  readonly from: string;
  readonly to: string;
  readonly kind: FactKind;
  readonly field: string;
  readonly register: Register;
}

export interface FactHub {
  join(facts: Facts): void;
  /** From now on nothing reaches it and nothing comes from it; claims are unknown. What is under way to it is lost. */
  cut(proxy: string): void;
  /** It is back: reads everything of the others that are not cut off, and tells them all it knows. */
  heal(proxy: string): void;
  /** Messages are held from now on until `deliver`, or until `hold(false)` delivers them all. */
  hold(held?: boolean): void;
  /** Nobody can say any more who has what was claimed, though messages come through. */
  refuseClaims(): void;
  /** What is under way. A test may take out, double or swap what it likes. */
  readonly messages: HubMessage[];
  /** Delivers the message at this place of the queue, by default all of them, those that come up meanwhile too. */
  deliver(index?: number): void;
}

interface Member {
  readonly facts: Facts;
  readonly link: FactLink;
  isCut: boolean;
}

/** Claims end by `clock`. */
export function createFactHub(clock: Pick<Clock, 'passed'>): FactHub {
  const members = new Map<string, Member>();
  const claims = new Map<string, { readonly until: number; readonly isDone: boolean }>();
  const messages: HubMessage[] = [];
  let isHeld = false;
  let isRefusing = false;
  let isDelivering = false;

  const carry = (from: string, kind: FactKind, field: string, register: Register) => {
    if (members.get(from)?.isCut !== false) return;
    for (const [to, { isCut }] of members)
      if (to !== from && !isCut) messages.push({ from, to, kind, field, register });
    if (!isHeld) deliver();
  };
  const take = ({ to, kind, field, register }: HubMessage) => {
    const member = members.get(to);
    if (member === undefined || member.isCut) return;
    // By text, as a store carries it.
    member.facts.receive(kind, field, JSON.parse(JSON.stringify(register)), member.link);
  };
  const deliver = (index?: number) => {
    if (index !== undefined) {
      const [message] = messages.splice(index, 1);
      if (message !== undefined) take(message);
      return;
    }
    if (isDelivering) return;
    isDelivering = true;
    for (let next = messages.shift(); next !== undefined; next = messages.shift()) take(next);
    isDelivering = false;
  };
  const claim = async (name: string, forMs: number, member: Member): Promise<TaskClaim> => {
    if (member.isCut || isRefusing) return 'unknown';
    const now = clock.passed();
    const known = claims.get(name);
    if (known !== undefined && known.until > now) return known.isDone ? 'done' : 'theirs';
    claims.set(name, { until: now + forMs, isDone: false });
    return 'ours';
  };
  const tellAll = (from: Facts, to: Member) => {
    for (const kind of FACT_KINDS)
      for (const [field, register] of [...from.entries(kind)]) to.facts.receive(kind, field, register, to.link);
  };

  return {
    join(facts) {
      const { proxy } = facts;
      const link: FactLink = {
        send: (kind, field, register) => carry(proxy, kind, field, register),
        claim: (name, forMs) => claim(name, forMs, member),
        finish(name, forMs) {
          if (!member.isCut && !isRefusing) claims.set(name, { until: clock.passed() + forMs, isDone: true });
        },
      };
      const member: Member = { facts, link, isCut: true };
      members.set(proxy, member);
      facts.link(link);
      this.heal(proxy);
    },
    cut(proxy) {
      const member = members.get(proxy);
      if (member !== undefined) member.isCut = true;
      for (let index = messages.length - 1; index >= 0; index -= 1) {
        if (messages[index]?.to === proxy) messages.splice(index, 1);
      }
    },
    heal(proxy) {
      const member = members.get(proxy);
      if (member === undefined) return;
      member.isCut = false;
      for (const other of members.values()) {
        if (other === member || other.isCut) continue;
        tellAll(other.facts, member);
        tellAll(member.facts, other);
      }
    },
    hold(held = true) {
      isHeld = held;
      if (!held) deliver();
    },
    refuseClaims() {
      isRefusing = true;
    },
    messages,
    deliver,
  };
}
