/**
 * The phones in the browser, each of one session of an operator: how many there may be, and when they end. A phone acts in
 * Finesse, so it ends with the right to have it, and after it is over nothing of it is known as a phone that is signed in.
 */

import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { consoleDevice } from '../domain/console-device.ts';
import type { Report } from '../domain/events.ts';
import { findModel, type PhoneModel, phoneModels } from '../simulators/phone/models.ts';
import type { Clock } from '../time/clock.ts';
import { type ConsolePhone, createConsolePhone, type PhoneSurroundings } from './console-phone.ts';
import { type Entry, listEntries, type OpenListener } from './entries.ts';

/** Whose phone it is. */
export interface PhoneHolder {
  /** Of the session, and nothing that could be used in its place. */
  readonly session: string;
  readonly operator: string;
  readonly address: string | null;
  /** Whether the session is still on and may still set. */
  readonly isOn: () => boolean;
}

export interface PhoneWish {
  readonly model: string;
  /** Id of an entry. */
  readonly entry: string;
  /** Accept-Language. */
  readonly language: string;
}

export type PhoneRefusal = 'off' | 'no-model' | 'no-entry' | 'too-many' | 'stopping';
/** Why a phone is over. */
export type PhoneEnd = 'operator' | 'session' | 'idle' | 'stopped' | 'off';

/** A model as it is drawn. */
export interface ShownModel {
  readonly name: string;
  readonly family: string;
  /** Of its display, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
  /** Of the pane between title and soft keys. */
  readonly columns: number;
  readonly lines: number;
}

/** A phone of one holder. */
export interface HeldPhone {
  readonly phone: ConsolePhone;
  /** Told when it is over; the returned function ends that. */
  onEnd(listener: (because: PhoneEnd) => void): () => void;
}

export interface ConsolePhones {
  /** What phones can be opened with, at present. */
  entries(): readonly Entry[];
  readonly models: readonly ShownModel[];
  /** Whether there may be phones at all. */
  isOffered(): boolean;
  begin(holder: PhoneHolder, wish: PhoneWish): Promise<HeldPhone | PhoneRefusal>;
  /** Of that session; null: it has no such phone. A `key` counts as use. */
  find(session: string, device: string, use: 'key' | 'look'): HeldPhone | null;
  /** The phones of that session, oldest first. */
  of(session: string): readonly HeldPhone[];
  end(held: HeldPhone, because: PhoneEnd): Promise<void>;
  /** Ends those whose holder may no longer have one. */
  recheck(): void;
  stop(): Promise<void>;
}

export interface ConsolePhonesOptions {
  readonly config: () => Config;
  readonly listeners: () => readonly OpenListener[];
  /** The device is nobody's any more. */
  readonly forget: (device: string) => void;
  readonly clock: Clock;
  readonly report: Report;
  readonly bounds?: Partial<typeof BOUNDS>;
}

const BOUNDS = { perSession: 2, perOperator: 6, inAll: 16, idleMs: 15 * 60_000 };
/** Sessions end by themselves, and nobody tells. */
const RECHECK_MS = 10_000;

interface Held extends HeldPhone {
  readonly holder: PhoneHolder;
  readonly ends: Set<(because: PhoneEnd) => void>;
  usedAt: number;
}

export function createConsolePhones(options: ConsolePhonesOptions): ConsolePhones {
  const { config, listeners, clock, report, forget } = options;
  const bounds = { ...BOUNDS, ...options.bounds };
  const held = new Map<string, Held>();
  /** Those that are being made count too, or many at once would pass the bounds. */
  const coming = new Map<string, PhoneHolder>();
  let isStopping = false;
  let cancelRecheck: (() => void) | null = null;

  const entries = () => listEntries(listeners(), config().clusters);
  const surroundings: PhoneSurroundings = {
    ...{ config, listeners, clock },
    taken: () => new Set([...held.values()].flatMap(({ phone }) => phone.address ?? [])),
  };

  const isTooMany = ({ session, operator }: PhoneHolder): boolean => {
    const holders = [...[...held.values()].map(({ holder }) => holder), ...coming.values()];
    const count = (fits: (holder: PhoneHolder) => boolean) => holders.filter(fits).length;
    return (
      holders.length >= bounds.inAll ||
      count((holder) => holder.operator === operator) >= bounds.perOperator ||
      count((holder) => holder.session === session) >= bounds.perSession
    );
  };

  const refuse = (holder: PhoneHolder, wish: PhoneWish, entry: Entry | undefined): PhoneRefusal | null => {
    if (isStopping) return 'stopping';
    if (!config().ops.phone) return 'off';
    if (findModel(wish.model) === undefined) return 'no-model';
    if (entry === undefined) return 'no-entry';
    return isTooMany(holder) ? 'too-many' : null;
  };

  const end = async (one: Held, because: PhoneEnd): Promise<void> => {
    const { device } = one.phone;
    if (!held.delete(device)) return;
    const over = one.phone.end();
    forget(device);
    report({ kind: 'console-phone-ended', at: clock.now(), device, who: one.holder.operator, because });
    for (const listener of one.ends) listener(because);
    await over;
  };

  const recheck = () => {
    const now = clock.passed();
    for (const one of held.values()) {
      if (!config().ops.phone) void end(one, 'off');
      else if (!one.holder.isOn()) void end(one, 'session');
      else if (now - one.usedAt >= bounds.idleMs) void end(one, 'idle');
    }
  };

  const armRecheck = () => {
    cancelRecheck ??= clock.after(RECHECK_MS, () => {
      cancelRecheck = null;
      recheck();
      if (held.size > 0) armRecheck();
    });
  };

  return {
    entries,
    models: phoneModels.map(describeModel),
    isOffered: () => config().ops.phone,
    async begin(holder, wish) {
      const entry = entries().find(({ id }) => id === wish.entry);
      const refusal = refuse(holder, wish, entry);
      if (refusal !== null || entry === undefined) return refusal ?? 'no-entry';
      const device = consoleDevice(randomBytes(6).toString('hex'));
      coming.set(device, holder);
      const order = { device, model: wish.model, entry, language: wish.language };
      const phone = await createConsolePhone(order, surroundings).finally(() => coming.delete(device));
      const ends = new Set<(because: PhoneEnd) => void>();
      const onEnd: HeldPhone['onEnd'] = (listener) => {
        ends.add(listener);
        return () => void ends.delete(listener);
      };
      const one: Held = { phone, holder, ends, onEnd, usedAt: clock.passed() };
      held.set(device, one);
      const { operator: who, address } = holder;
      report({ kind: 'console-phone-began', at: clock.now(), device, who, address, model: phone.state().model });
      armRecheck();
      // All of that may have happened meanwhile.
      if (isStopping) await end(one, 'stopped');
      else recheck();
      return held.has(device) ? one : 'stopping';
    },
    find(session, device, use) {
      const one = held.get(device);
      if (one === undefined || one.holder.session !== session) return null;
      if (use === 'key') one.usedAt = clock.passed();
      return one;
    },
    of: (session) => [...held.values()].filter(({ holder }) => holder.session === session),
    end: (one, because) => end(one as Held, because),
    recheck,
    async stop() {
      isStopping = true;
      cancelRecheck?.();
      await Promise.all([...held.values()].map((one) => end(one, 'stopped')));
    },
  };
}

function describeModel({ name, family, display, columns, lines }: PhoneModel): ShownModel {
  const [width = 0, height = 0, , colour] = display.split(',');
  return { name, family, width: Number(width), height: Number(height), colour: colour?.trim() === 'C', columns, lines };
}
