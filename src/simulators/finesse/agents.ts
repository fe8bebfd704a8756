/** Agents, the devices they are signed in on, their states and calls. No I/O; the clock is an argument. */

import type { AgentOption } from './options.ts';

export type AgentState = 'LOGOUT' | 'NOT_READY' | 'READY' | 'WORK' | 'TALKING';

export interface Call {
  readonly from: string;
  /** Call variables in the order of the page: header, left column, right column. */
  readonly data: ReadonlyArray<readonly [label: string, value: string]>;
}

export interface Agent {
  readonly id: string;
  readonly password: string;
  readonly name: string;
  /** While signed in. */
  extension: string | null;
  /** Signed in through fippa on this device; null: not, or by REST. */
  device: string | null;
  state: AgentState;
  /** What follows the call. */
  pending: AgentState | null;
  reason: string | null;
  /** Since when, epoch ms. */
  since: number;
  call: Call | null;
  failures: number;
  lockedUntil: number;
}

/** One state change that a request caused. The same request twice gives two of them. */
export interface Action {
  readonly at: number;
  readonly agent: string;
  readonly device: string | null;
  readonly action: 'SIGN_IN' | Exclude<AgentState, 'TALKING'>;
  readonly reason: string | null;
  readonly via: 'fippa' | 'rest';
}

export type SignIn = 'ok' | 'refused' | 'extension-unknown' | 'extension-in-use';

/** Five failures lock the account for five minutes, and trying in that time begins them anew (finesse-ippa.md §8). */
const LOCK_AFTER = 5;
const LOCK_MS = 300_000;

export class Agents {
  readonly all: ReadonlyMap<string, Agent>;
  readonly actions: Action[] = [];
  readonly #extensions: ReadonlySet<string>;
  readonly #now: () => number;

  constructor(options: readonly AgentOption[], now: () => number) {
    this.#now = now;
    this.#extensions = new Set(options.map((option) => option.extension));
    this.all = new Map(options.map((option) => [option.id, newAgent(option, now())]));
  }

  onDevice(device: string): Agent | null {
    for (const agent of this.all.values()) if (agent.device === device) return agent;
    return null;
  }

  /** Whether the password is right; counts failures and locks, without telling which of the two it was. */
  authenticate(id: string, password: string): Agent | null {
    const agent = this.all.get(id);
    if (agent === undefined) return null;
    const now = this.#now();
    if (now < agent.lockedUntil) {
      agent.lockedUntil = now + LOCK_MS;
      return null;
    }
    if (agent.password === password) {
      agent.failures = 0;
      return agent;
    }
    agent.failures += 1;
    if (agent.failures >= LOCK_AFTER) {
      agent.failures = 0;
      agent.lockedUntil = now + LOCK_MS;
    }
    return null;
  }

  /** Sign-in is forced: an agent who is signed in elsewhere is moved here and keeps the state (finesse-ippa.md §5). */
  signIn(device: string | null, id: string, password: string, extension: string, via: Action['via'] = 'fippa'): SignIn {
    const agent = this.authenticate(id, password);
    if (agent === null) return 'refused';
    if (!this.#extensions.has(extension)) return 'extension-unknown';
    for (const other of this.all.values())
      if (other !== agent && other.state !== 'LOGOUT' && other.extension === extension) return 'extension-in-use';
    agent.extension = extension;
    agent.device = device;
    if (agent.state === 'LOGOUT') this.#enter(agent, 'NOT_READY', null);
    this.#record(agent, 'SIGN_IN', null, via);
    return 'ok';
  }

  /** During a call the new state is pending until the call ends. */
  change(
    agent: Agent,
    state: 'READY' | 'NOT_READY' | 'WORK',
    reason: string | null,
    via: Action['via'] = 'fippa',
  ): void {
    this.#record(agent, state, reason, via);
    if (agent.state === 'TALKING') {
      agent.pending = state;
      agent.reason = reason;
    } else this.#enter(agent, state, reason);
  }

  signOut(agent: Agent, reason: string | null, via: Action['via'] = 'fippa'): void {
    this.#record(agent, 'LOGOUT', reason, via);
    this.#leave(agent);
  }

  /** What an outage does: sessions end without anyone asking for it. */
  forgetAll(): void {
    for (const agent of this.all.values()) this.#leave(agent);
  }

  startCall(agent: Agent, from: string): void {
    agent.call = {
      from,
      data: [
        ['Caller', from],
        ['Queue', 'Sales'],
        ['Customer', `C-${from}`],
        ['Language', 'English'],
        ['Waited', '12 s'],
      ],
    };
    if (agent.state !== 'TALKING') agent.pending = agent.state;
    this.#enter(agent, 'TALKING', null);
  }

  endCall(agent: Agent): void {
    agent.call = null;
    if (agent.state !== 'TALKING') return;
    this.#enter(agent, agent.pending ?? 'NOT_READY', agent.reason);
    agent.pending = null;
  }

  #enter(agent: Agent, state: AgentState, reason: string | null): void {
    agent.state = state;
    agent.reason = reason;
    agent.since = this.#now();
  }

  #leave(agent: Agent): void {
    agent.device = null;
    agent.extension = null;
    agent.call = null;
    agent.pending = null;
    this.#enter(agent, 'LOGOUT', null);
  }

  #record(agent: Agent, action: Action['action'], reason: string | null, via: Action['via']): void {
    this.actions.push({ at: this.#now(), agent: agent.id, device: agent.device, action, reason, via });
  }
}

function newAgent(option: AgentOption, now: number): Agent {
  return {
    id: option.id,
    password: option.password,
    name: option.name ?? `Agent ${option.id}`,
    extension: null,
    device: null,
    state: 'LOGOUT',
    pending: null,
    reason: null,
    since: now,
    call: null,
    failures: 0,
    lockedUntil: 0,
  };
}
