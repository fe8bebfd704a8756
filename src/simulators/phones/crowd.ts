/** So many phones for so long. */

import { type Clock, systemClock } from '../phone/duration.ts';
import { phoneModels } from '../phone/models.ts';
import { Phone } from '../phone/phone.ts';
import type { TlsTrust } from '../phone/request.ts';
import { serviceUrl } from '../phone/service-url.ts';
import { type AgentPlan, runAgent, serviceOf } from './agent.ts';
import { createTally, type Summary } from './tally.ts';

export interface PhonesPlan {
  readonly url: string;
  readonly count: number;
  readonly forMs: number;
  readonly everyMs: number;
  /** Values of the sign-in form with `{n}` for the phone's number. */
  readonly signIn: Readonly<Record<string, string>> | null;
  readonly choose: 'first' | 'none';
  /** Models in turn; empty: a mixture that suits the URL. */
  readonly models: readonly string[];
  readonly firstDevice: number;
  readonly language: string;
  readonly answerWithinMs: number;
  readonly trust: TlsTrust;
  /** Each has a loopback address of its own. */
  readonly ownAddresses?: boolean;
  readonly clock?: Clock;
  /** Gets a running line every so often; undefined: nobody looks. */
  readonly progress?: { readonly everyMs: number; readonly show: (line: string) => void };
}

/** Runs so many phones for so long, or until `stop` is aborted, and adds up what they saw. */
export async function runPhones(plan: PhonesPlan, stop: AbortController): Promise<Summary> {
  const clock = plan.clock ?? systemClock;
  const tally = createTally(plan.answerWithinMs);
  const models = plan.models.length > 0 ? plan.models : mixture(plan.url);
  const startMs = clock.now();
  const first = new Map<string, string>();
  const last = new Map<string, string>();
  const phones = Array.from({ length: plan.count }, (_, index) => {
    const device = deviceName(plan.firstDevice + index);
    const phone: Phone = new Phone({
      device,
      model: models[index % models.length] ?? 'CP-8845',
      language: plan.language,
      trust: plan.trust,
      localAddress: plan.ownAddresses === true ? loopbackAddress(plan.firstDevice + index) : undefined,
      clock,
      onExchange: (exchange) => tally.add(exchange),
      onScreen: () => {
        const service = serviceOf(phone.page, phone.url);
        if (service === null) return;
        if (!first.has(device)) first.set(device, service);
        last.set(device, service);
      },
    });
    return phone;
  });
  const { progress } = plan;
  const timer = progress
    ? setInterval(() => progress.show(tally.line(plan.count, clock.now() - startMs)), progress.everyMs)
    : undefined;
  const over = clock.sleep(plan.forMs, stop.signal).then(() => stop.abort());
  await Promise.all(
    phones.map((phone, index) => {
      const agent = planAgent(plan, phone.device, plan.firstDevice + index);
      const offsetMs = (plan.everyMs * index) / Math.max(1, plan.count);
      return runAgent(phone, agent, offsetMs, clock, stop.signal, () => tally.addSignIn());
    }),
  );
  await over;
  clearInterval(timer);
  const moves = [...first].flatMap(([device, from]) => {
    const to = last.get(device) ?? from;
    return to === from ? [] : [`${from} → ${to}`];
  });
  return tally.summarise(plan.count, clock.now() - startMs, moves);
}

function planAgent(plan: PhonesPlan, device: string, number: number): AgentPlan {
  const signIn = plan.signIn
    ? Object.fromEntries(Object.entries(plan.signIn).map(([name, value]) => [name, numbered(value, number)]))
    : null;
  return { url: serviceUrl(plan.url, device), everyMs: plan.everyMs, signIn, choose: plan.choose };
}

/** `{n}` is the number, more n the number with as many digits. */
function numbered(value: string, number: number): string {
  return value.replace(/\{(n+)\}/g, (_, places: string) => String(number).padStart(places.length, '0'));
}

/** 127.1.0.1 on: on Linux every address of 127.0.0.0/8 is this machine's. */
function loopbackAddress(number: number): string {
  return `127.${1 + ((number >> 16) & 0x7f)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

export function deviceName(number: number): string {
  return `SEP${number.toString(16).toUpperCase().padStart(12, '0')}`;
}

/** All models, but for those of the 7900 series that speak TLS 1.0 alone, which an HTTPS listener refuses. */
function mixture(url: string): readonly string[] {
  const secure = url.startsWith('https:');
  return phoneModels.filter((model) => !(secure && model.maxTls === 'TLSv1')).map((model) => model.name);
}
