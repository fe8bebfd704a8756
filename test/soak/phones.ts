/** The phones of the soak: they poll, press keys, sign in where they are asked to and take an alternate that is offered. */

import { type Clock, systemClock } from '../../src/simulators/phone/duration.ts';
import type { Exchange } from '../../src/simulators/phone/exchange.ts';
import { phoneModels } from '../../src/simulators/phone/models.ts';
import { Phone } from '../../src/simulators/phone/phone.ts';
import { deviceName } from '../../src/simulators/phones/crowd.ts';

export interface CrowdOptions {
  /** Origin of the proxy's phone listener. */
  readonly url: string;
  readonly count: number;
  /** How many times faster than a real one the phones' clock runs. */
  readonly speed: number;
  /** By the phones' clock: how often one does something on a page without a Refresh. */
  readonly everyMs: number;
  readonly random: () => number;
  readonly onAnswer: (answer: SeenAnswer) => void;
}

export interface SeenAnswer {
  readonly exchange: Exchange;
  /** Real time. */
  readonly tookMs: number;
}

/** Everything that a phone asks for but Refresh and entries has a token of its own, so that no server may see it twice. */
export const TOKEN = /[?&]token=([\w-]+)/;

/** Runs them until `signal` is aborted. */
export async function runCrowd(options: CrowdOptions, signal: AbortSignal): Promise<void> {
  const clock = acceleratedClock(options.speed);
  // 7900 phones among them; the 8875 takes none of the SoftKey: URIs that a relayed Finesse uses.
  const models = phoneModels.filter(({ unsupportedUris }) => !unsupportedUris.includes('SoftKey'));
  await Promise.all(
    Array.from({ length: options.count }, (_, index) => {
      const phone = new Phone({
        device: deviceName(index + 1),
        model: models[index % models.length]?.name ?? 'CP-8845',
        clock,
        onExchange: (exchange) => options.onAnswer({ exchange, tookMs: exchange.durationMs / options.speed }),
      });
      return runPhone(phone, index, options, clock, signal);
    }),
  );
}

function acceleratedClock(speed: number): Clock {
  const startedAt = Date.now();
  return {
    now: () => startedAt + (Date.now() - startedAt) * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

async function runPhone(phone: Phone, index: number, options: CrowdOptions, clock: Clock, signal: AbortSignal) {
  const entry = `${options.url}/fippa/${phone.device}`;
  let pressed = 0;
  const withToken = (url: string) => `${url}${url.includes('?') ? '&' : '?'}token=${index}-${++pressed}`;
  await clock.sleep((options.everyMs * index) / options.count, signal);
  if (!signal.aborted) await phone.open(entry);
  while (!signal.aborted) {
    const { page } = phone;
    const steering = page?.items.filter(({ url }) => url.includes('/~to/')) ?? [];
    const keys = page?.softKeys.filter(({ url }) => /\/(?:ready|notready|signout)$/.test(url)) ?? [];
    if (page !== null && steering.length > 0 && options.random() < 0.7) {
      await phone.choose(1 + page.items.indexOf(pick(steering, options.random)));
    } else if (page?.submit && page.inputs.some(({ parameter }) => parameter === 'password')) {
      const agent = 100_001 + index;
      await phone.follow(withToken(`${page.submit.url}?id=${agent}&password=cisco&extension=${agent + 100_000}`));
      // A form that comes back was refused: not again before the next round, or the account would be locked.
      if (phone.page?.submit) await clock.sleep(options.everyMs, signal);
    } else if (keys.length > 0 && options.random() < 0.5) {
      await phone.follow(withToken(`${pick(keys, options.random).url}?reason=1`));
    }
    if (phone.refreshAtMs !== null) await phone.waitForRefresh(signal);
    else await clock.sleep(options.everyMs * (0.5 + options.random()), signal);
    if (signal.aborted) break;
    if (phone.page === null) await phone.open(entry);
    else if (phone.refreshAtMs === null && keys.length > 0) await phone.follow(withToken(homeOf(phone) ?? entry));
    else if (phone.refreshAtMs === null) await phone.follow(entry);
  }
  phone.hangUp();
}

/** The home page of the service that the page on the screen is of. */
function homeOf(phone: Phone): string | null {
  const key = phone.page?.softKeys.find(({ url }) => /\/fippa\/[^/?;]+\/(?:ready|notready)$/.test(url));
  return key === undefined ? null : key.url.replace(/\/[^/]*$/, '/home');
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}
