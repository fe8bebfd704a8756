/** One of many phones: polls, signs in where it is asked to, takes an alternate when one is offered. */

import type { Clock } from '../phone/duration.ts';
import type { PhonePage } from '../phone/page.ts';
import type { Phone } from '../phone/phone.ts';

export interface AgentPlan {
  /** URL of its service. */
  readonly url: string;
  /** How often it asks when the page does not say so itself. */
  readonly everyMs: number;
  /** Values for the sign-in form; null: it never signs in. */
  readonly signIn: Readonly<Record<string, string>> | null;
  readonly choose: 'first' | 'none';
}

/** What to do with the page on the screen before waiting. Pure. */
export type Move =
  | { readonly do: 'wait' }
  | { readonly do: 'choose'; readonly item: number }
  | { readonly do: 'sign-in'; readonly values: Readonly<Record<string, string>> };

function decideMove(page: PhonePage | null, plan: Pick<AgentPlan, 'signIn' | 'choose'>): Move {
  if (page && plan.choose === 'first') {
    const index = page.items.findIndex((item) => isSteering(item.url));
    if (index >= 0) return { do: 'choose', item: index + 1 };
  }
  if (page && plan.signIn && isSignIn(page)) {
    const known = page.inputs.filter((input) => plan.signIn?.[input.parameter] !== undefined);
    const values = Object.fromEntries(known.map(({ parameter }) => [parameter, plan.signIn?.[parameter] ?? '']));
    return { do: 'sign-in', values };
  }
  return { do: 'wait' };
}

/** A form that asks for an id or a password, or masks something. */
function isSignIn(page: PhonePage): boolean {
  return page.submit !== null && page.inputs.some((item) => item.masked || /^(id|password)$/.test(item.parameter));
}

/** Actions of a steering proxy are below the device's path and begin with `~`. */
function isSteering(url: string): boolean {
  return /\/fippa\/[^/?;]+\/~/.test(url);
}

/**
 * The service that a page is of: what stands before `/fippa/` in its form, its keys, its Refresh, or else in its URL.
 * null for a page that steers, which is nobody's in particular.
 */
export function serviceOf(page: PhonePage | null, url: string | null): string | null {
  if (!page || url === null) return null;
  const urls = [page.submit?.url ?? '', ...[...page.softKeys, ...page.items].map((item) => item.url)];
  if (urls.some(isSteering)) return null;
  const resolved = [...urls.filter((own) => /\/fippa\//.test(own)), url];
  const first = resolved.find((own) => URL.canParse(own, url));
  return first === undefined ? null : (/^(.*?)\/fippa(?:\/|$)/.exec(new URL(first, url).href)?.[1] ?? null);
}

/** Runs one phone until `signal` is aborted. `startMs` spreads the phones over the first interval. */
export async function runAgent(
  phone: Phone,
  plan: AgentPlan,
  startMs: number,
  clock: Clock,
  signal: AbortSignal,
  onSignIn: () => void,
): Promise<void> {
  await clock.sleep(startMs, signal);
  if (signal.aborted) return;
  await phone.open(plan.url);
  while (!signal.aborted) {
    const signedIn = await act(phone, plan, onSignIn);
    // A form that comes back was refused: not again before the next round, or the account would be locked.
    if (signedIn && !signal.aborted) await act(phone, { ...plan, signIn: null }, onSignIn);
    await waitAndPoll(phone, plan, clock, signal);
  }
  phone.hangUp();
}

async function act(phone: Phone, plan: AgentPlan, onSignIn: () => void): Promise<boolean> {
  const move = decideMove(phone.page, plan);
  if (move.do === 'choose') {
    await phone.choose(move.item);
    return decideMove(phone.page, plan).do === 'sign-in' ? act(phone, { ...plan, choose: 'none' }, onSignIn) : false;
  }
  if (move.do !== 'sign-in') return false;
  phone.fill(move.values);
  await phone.submit();
  onSignIn();
  return true;
}

/** The page's own Refresh if it has one, else the interval; then the page again. */
async function waitAndPoll(phone: Phone, plan: AgentPlan, clock: Clock, signal: AbortSignal): Promise<void> {
  if (phone.refreshAtMs !== null) {
    await phone.waitForRefresh(signal);
    return;
  }
  await clock.sleep(plan.everyMs, signal);
  if (signal.aborted) return;
  if (phone.page === null) await phone.open(plan.url);
  else if (phone.url !== null && isRepeatable(phone.url)) await phone.refresh();
  else await phone.follow(entryOf(phone) ?? plan.url);
}

/** A URL with a query is what a key press or a form made: asking for it again would press the key again. */
function isRepeatable(url: string): boolean {
  return !url.includes('?') && !isSteering(url);
}

/** The entry of the service that the page is of. */
function entryOf(phone: Phone): string | null {
  const service = serviceOf(phone.page, phone.url);
  return service === null ? null : `${service}/fippa/${phone.device}`;
}
