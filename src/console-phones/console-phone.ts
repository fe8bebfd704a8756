/**
 * One phone in the browser: the simulated phone, whole, in this process. It asks the proxy's phone listeners by sockets of its
 * own like any other phone, follows Refreshes and takes pushes by itself, and tells whoever watches it what its screen shows.
 */

import type { Config } from '../config/config.ts';
import { contains, parseNetworks } from '../http/server/client-address.ts';
import { Phone } from '../simulators/phone/phone.ts';
import type { Push } from '../simulators/phone/web-server.ts';
import type { Clock } from '../time/clock.ts';
import type { Entry, OpenListener } from './entries.ts';
import { decidePassage } from './passage.ts';
import { describeFetched, describePhone, type FetchedPage, PHONE_BOUNDS, type PhoneState } from './phone-state.ts';
import { decidePushPort, type PushAddress, takePushAddress } from './push-address.ts';

export interface PhoneOrder {
  readonly device: string;
  readonly model: string;
  readonly entry: Entry;
  readonly language: string;
}

export interface PhoneSurroundings {
  readonly config: () => Pick<Config, 'phones' | 'push'>;
  readonly listeners: () => readonly OpenListener[];
  readonly clock: Clock;
  /** Addresses for pushes that other phones have. */
  readonly taken: () => ReadonlySet<string>;
}

/** What an operator does on a phone; `values`: what was typed into fields since the page came, by their parameters. */
export interface PhoneKey {
  /** The page on which it was pressed. */
  readonly page: number;
  readonly do: 'press' | 'choose' | 'keypad' | 'submit' | 'refresh' | 'exit' | 'services';
  /** Position of a soft key, or number of an item from 1 on. */
  readonly number?: number | undefined;
  /** Number of the item that is marked, from 1 on: what Select chooses. */
  readonly marked?: number | undefined;
  /** `KeyPad5`, as pages name keys. */
  readonly name?: string | undefined;
  readonly values?: Readonly<Record<string, string>> | undefined;
}

/** `page-changed`: another page had come, and nothing was done. `no-key`: there is no such key, item or field there. */
export type KeyResult = { readonly ok: true } | { readonly ok: false; readonly because: 'page-changed' | 'no-key' };

export interface ConsolePhone {
  readonly device: string;
  /** Where its pushes arrive; null: nowhere. */
  readonly address: string | null;
  state(): PhoneState;
  /** Resolves when what the key began has ended. */
  press(key: PhoneKey): Promise<KeyResult>;
  /** Told of every change; the returned function ends that. */
  watch(watcher: () => void): () => void;
  end(): Promise<void>;
}

/** The largest page that any phone is known to take is 192 KiB. */
const READ_AT_MOST = 256 * 1024;

/** Opens its service at once. Throws when the model is unknown. */
export async function createConsolePhone(order: PhoneOrder, surroundings: PhoneSurroundings): Promise<ConsolePhone> {
  const { clock, listeners } = surroundings;
  const { device, entry } = order;
  const watchers = new Set<() => void>();
  const fetched: FetchedPage[] = [];
  const received: { count: number; last: PhoneState['pushes']['last'] } = { count: 0, last: null };
  let [version, page, isOver] = [0, 0, false];
  let seen: Phone['page'] = null;
  let cancelRefresh = () => {};

  const changed = () => {
    if (isOver) return;
    version += 1;
    if (phone.page !== seen) page += 1;
    seen = phone.page;
    cancelRefresh();
    const dueAt = phone.refreshAtMs;
    if (dueAt !== null) cancelRefresh = clock.after(Math.max(0, dueAt - clock.now()), () => follow(phone.refresh()));
    for (const watcher of watchers) watcher();
  };
  /** Until it ends the phone is busy, which whoever watches should see. */
  const follow = async (request: Promise<unknown>): Promise<void> => {
    changed();
    await request.catch(() => undefined);
    changed();
  };
  const onPush = ({ object }: Push) => {
    received.count += 1;
    received.last = { at: new Date(clock.now()).toISOString(), object };
    changed();
  };

  const pushes = await findPushAddress(surroundings, () => phone, onPush);
  const phone = new Phone({
    ...{ device, model: order.model, language: order.language },
    // Its connections go to sockets of this process alone: there is nobody else whose certificate could be shown there.
    trust: { insecure: true },
    localAddress: pushes.taken?.address,
    passage: (url) => decidePassage(url, device, listeners()),
    readAtMostBytes: READ_AT_MOST,
    clock: { now: clock.now, sleep: (ms) => new Promise((resolve) => void clock.after(ms, resolve)) },
    onScreen: changed,
    onExchange(exchange) {
      fetched.unshift(describeFetched(exchange));
      fetched.length = Math.min(fetched.length, PHONE_BOUNDS.fetched);
    },
  });
  void follow(phone.open(entry.url, entry.name));

  return {
    device,
    address: pushes.taken?.address ?? null,
    state: () =>
      describePhone({
        ...{ device, model: phone.model, entry: entry.id, version, page, fetched, busy: phone.busy },
        screen: phone.screen,
        refreshInMs: phone.refreshAtMs === null ? null : Math.max(0, phone.refreshAtMs - clock.now()),
        pushes: {
          address: pushes.taken?.address ?? null,
          ...{ because: pushes.because, received: received.count, last: received.last },
        },
      }),
    async press(key) {
      if (key.page !== page) return { ok: false, because: 'page-changed' };
      try {
        const request = perform(phone, key);
        changed();
        await request;
      } catch {
        // What was wrong may hold what was typed.
        return { ok: false, because: 'no-key' };
      } finally {
        changed();
      }
      return { ok: true };
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    async end() {
      isOver = true;
      cancelRefresh();
      watchers.clear();
      phone.hangUp();
      await pushes.taken?.web.stop();
    },
  };
}

function perform(phone: Phone, key: PhoneKey): Promise<unknown> {
  if (key.values !== undefined) phone.fill(key.values);
  if (key.marked !== undefined) phone.move(key.marked - 1 - phone.screen.selected);
  switch (key.do) {
    case 'press':
      return phone.press(key.number ?? 0);
    case 'choose':
      return phone.choose(key.number ?? 0);
    case 'keypad':
      return phone.press(key.name ?? '');
    case 'submit':
      return phone.submit();
    case 'refresh':
      return phone.refresh();
    case 'exit':
      return phone.exit();
    case 'services':
      return Promise.resolve(phone.hangUp());
  }
}

interface FoundAddress {
  readonly taken: PushAddress | null;
  readonly because: PhoneState['pushes']['because'];
}

async function findPushAddress(
  { config, taken }: PhoneSurroundings,
  phone: () => Phone,
  onPush: (push: Push) => void,
): Promise<FoundAddress> {
  const { phones } = config();
  const decided = decidePushPort(config(), (address) => contains(parseNetworks(phones.networks), address));
  if ('because' in decided) return { taken: null, because: decided.because };
  const found = await takePushAddress(phone, decided.port, taken(), onPush);
  return { taken: found, because: found === null ? 'no-address' : null };
}
