/**
 * The proxy's own pushes: when a service fails or comes back, every phone signed in there is told to fetch its page, so that
 * no agent has to press a key to learn of it. What the page says is decided when the phone fetches it.
 */

import { Buffer } from 'node:buffer';
import type { OwnPushConfig } from '../config/config.ts';
import type { Device } from '../domain/device.ts';
import type { PushOutcome, PushReason, Report } from '../domain/events.ts';
import { phoneUrl } from '../domain/phone-url.ts';
import type { Tap } from '../domain/tap.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { Clock } from '../time/clock.ts';
import type { PhoneAddresses } from './addresses.ts';
import { createPacer } from './pacing.ts';
import { classifyPhoneAnswer } from './phone-answer.ts';
import type { PhoneClient, PhonePush } from './phone-client.ts';
import { formType, renderPushForm } from './push-form.ts';
import { ALONE, type PushSharing } from './push-sharing.ts';

export interface Announcer {
  /** Tells the phones signed in on the service, as configured; `only` some of them, if given. What is left of an earlier round there is dropped. */
  announce(service: string, reason: PushReason, only?: readonly string[] | null): void;
  /** Another proxy is gone: its phones are told what they were not told yet. */
  takeOver(proxy: string): void;
  stop(): void;
}

export interface AnnouncerOptions {
  readonly config: OwnPushConfig;
  readonly devices: DeviceRegistry;
  readonly addresses: Pick<PhoneAddresses, 'place'>;
  readonly post: PhoneClient['post'];
  readonly tap?: Pick<Tap, 'device'>;
  readonly clock: Clock;
  readonly report: Report;
  /** Other proxies tell phones too; absent: there are none. */
  readonly sharing?: PushSharing;
  /** Where phones can reach this proxy. */
  readonly origins?: readonly string[];
}

/** By the time of day, and by the time that passes and nobody sets; ms. */
interface Moment {
  readonly at: number;
  readonly passed: number;
}

/** What was told last of a service: while that is news, phones of a proxy that is gone are told it as well. */
interface News {
  readonly reason: PushReason;
  readonly began: Moment;
  readonly only: readonly string[] | null;
}

/** Where nobody can say whether another proxy does it: asked again after so long, so often, and then done. */
const ASK_AGAIN_MS = 1000;
const ASKED = 10;
/** A recovery is news for so long; a failure for as long as it lasts. */
const NEWS_MS = 60_000;

/** Older phones take no more (reference/phone-xml.md §8). */
const MAX_XML_BYTES = 512;
/** Our pages refresh every 10 s at most: one that has not for so long is no longer on the screen. */
const REFRESHES_WITHIN_MS = 20_000;
/** So long after a proxy is gone each of its pages that refresh themselves has asked another one, or shows an error for good. */
const REFRESHED_AFTER_MS = 12_000;

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { config, devices, clock, report, sharing = ALONE, origins = [] } = options;
  const pacer = createPacer(config, clock);
  const authorization = `Basic ${Buffer.from(`${config.username}:${config.password}`).toString('base64')}`;
  const rounds = new Map<string, Round>();
  const news = new Map<string, News>();
  /** When this proxy knew first that another one is gone: phones' requests are dated by the day's time, and waited is by the time that passes. */
  const gone = new Map<string, Moment>();
  const moment = (): Moment => ({ at: clock.now(), passed: clock.passed() });
  const started = moment();
  let isStopped = false;

  /** Whether the phone is still to be told when its turn has come. */
  const judge = (round: Round, name: string, isRepeat: boolean): 'tell' | 'left-alone' | 'later' | 'drop' => {
    if (rounds.get(round.service) !== round) return 'drop';
    const device = devices.get(name);
    if (device?.service !== round.service) return 'drop';
    if (!isRepeat && sharing.wasTold(round.name, round.reason, name)) return 'drop';
    const since = goneSince(sharing.homeOf(name));
    // Its page asked for the next one while nobody answered there, and then it shows an error until a key is pressed; or that is to come.
    if (since !== null && device.looking === round.service && device.seenAt <= since.at)
      return clock.passed() - since.passed < REFRESHED_AFTER_MS ? 'later' : 'tell';
    return refreshesItself(device, round.service, clock.now()) ? 'left-alone' : 'tell';
  };
  const goneSince = (proxy: string): Moment | null =>
    proxy === sharing.self || !sharing.tellsFor(proxy) ? null : (gone.get(proxy) ?? started);

  const add = (round: Round, name: string, isRepeat: boolean, asked = 0): void =>
    pacer.add({
      wanted() {
        // Nobody could be asked, so its proxy was not gone but only not heard, and sees to it.
        const isBack = asked > 0 && !sharing.tellsFor(sharing.homeOf(name));
        const judged = isBack ? 'drop' : judge(round, name, isRepeat);
        if (judged === 'left-alone') end(round, name, judged);
        else if (judged === 'later') clock.after(ASK_AGAIN_MS, () => add(round, name, isRepeat, asked));
        else if (judged === 'drop') drop(round);
        return judged === 'tell';
      },
      async run(): Promise<void> {
        if (isRepeat || (await isMine(round, name, asked))) await tell(round, name, isRepeat);
      },
    });

  /** Whether this proxy is the one to tell the phone; if nobody can say it is asked again. */
  const isMine = async (round: Round, name: string, asked: number): Promise<boolean> => {
    const { name: about, reason } = round;
    const claim = await sharing.claim(about, reason, name);
    const isOwn = sharing.homeOf(name) === sharing.self;
    if (claim === 'unknown' && (asked < ASKED || !isOwn)) {
      if (asked > NEWS_MS / ASK_AGAIN_MS || isStopped) drop(round);
      else clock.after(ASK_AGAIN_MS, () => add(round, name, false, asked + 1));
      return false;
    }
    if (claim === 'theirs' || rounds.get(round.service) !== round) {
      drop(round);
      return false;
    }
    sharing.note(about, reason, name);
    return true;
  };

  const tell = async (round: Round, name: string, isRepeat: boolean): Promise<void> => {
    const isOwn = sharing.homeOf(name) === sharing.self;
    const push = selectPush(config, options.addresses, round.service, name, authorization, isOwn ? [] : origins);
    if (push.code !== null) return fail(round, name, push);
    const watched = options.tap?.device(name) ?? null;
    const reply = await options.post({ ...push.push, watched, service: round.service });
    // Nothing can have arrived: the phone was starting, or the network lost the SYN.
    if (!reply.ok && !reply.connected && !isRepeat) return add(round, name, true);
    if (!reply.ok) return fail(round, name, { ...reply, address: push.push.address });
    const outcome = classifyPhoneAnswer(reply.status, reply.body);
    if (outcome === 'delivered') return end(round, name, outcome, { address: push.push.address });
    fail(round, name, { code: outcome, detail: `status ${reply.status}`, address: push.push.address });
  };

  const fail = (round: Round, device: string, { code, detail, address }: PushFault) =>
    end(round, device, code, { detail, address });

  const end = (
    round: Round,
    device: string,
    outcome: PushOutcome | 'left-alone',
    { detail = null, address = null }: { readonly detail?: string | null; readonly address?: string | null } = {},
  ) => {
    const { service, reason } = round;
    report({ kind: 'own-push-ended', at: clock.now(), service, device, reason, outcome, detail, address });
    if (outcome === 'delivered') round.delivered += 1;
    else if (outcome === 'left-alone') round.leftAlone += 1;
    else round.failed += 1;
    drop(round);
  };

  /** One phone less to be told. */
  const drop = (round: Round) => {
    round.left -= 1;
    if (round.left > 0 || rounds.get(round.service) !== round) return;
    rounds.delete(round.service);
    const { service, reason, delivered, leftAlone, failed } = round;
    report({ kind: 'phones-told', at: clock.now(), service, reason, delivered, leftAlone, failed });
  };

  /** A round for those of whom `isMeant` says so; what is left of an earlier one there is dropped. */
  const begin = (service: string, { reason, only }: News, isMeant: (name: string) => boolean) => {
    const names = [...devices.signedInDevices(service)].filter(
      (name) => (only === null || only.includes(name)) && isMeant(name),
    );
    const name = sharing.nameRound(service, reason);
    const counts = { left: names.length, delivered: 0, leftAlone: 0, failed: 0 };
    const round: Round = { service, reason, name, ...counts };
    return { names, round };
  };

  /** It is over: nobody is told of it any more, not even where nobody is told of that either. */
  const forgetFailure = (service: string) => {
    for (const held of [news, rounds]) if (held.get(service)?.reason !== 'maintenance') held.delete(service);
  };

  return {
    announce(service, reason, only = null) {
      if (!isWanted(config, reason)) {
        if (reason === 'recovery') forgetFailure(service);
        return;
      }
      const told: News = { reason, only, began: moment() };
      news.set(service, told);
      const { names, round } = begin(service, told, (name) => sharing.tellsFor(sharing.homeOf(name)));
      rounds.delete(service);
      if (names.length === 0) return;
      rounds.set(service, round);
      for (const name of names) add(round, name, false);
    },
    takeOver(proxy) {
      if (!sharing.tellsFor(proxy)) return;
      // A page that was shown before that no longer refreshes itself anyway.
      for (const [id, { passed }] of gone) if (clock.passed() - passed > REFRESHES_WITHIN_MS) gone.delete(id);
      gone.set(proxy, moment());
      for (const [service, told] of news) {
        const isOver = told.reason === 'recovery' || told.reason === 'maintenance';
        if (isOver && clock.passed() - told.began.passed > NEWS_MS) continue;
        const isMeant = (name: string) =>
          sharing.homeOf(name) === proxy && !(isOver && knows(devices.get(name), service, told));
        const { names, round } = begin(service, told, isMeant);
        if (names.length === 0) continue;
        // What is left of this proxy's own round goes on.
        const on = rounds.get(service) ?? round;
        if (on !== round) on.left += names.length;
        rounds.set(service, on);
        for (const name of names) add(on, name, false);
      }
    },
    stop() {
      isStopped = true;
      rounds.clear();
      news.clear();
      pacer.stop();
    },
  };
}

/** What phones of one service are told of, and how far that has come. */
interface Round {
  readonly service: string;
  readonly reason: PushReason;
  /** What it is about, the same for all proxies. */
  readonly name: string;
  left: number;
  delivered: number;
  leftAlone: number;
  failed: number;
}

interface PushFault {
  readonly code: Exclude<PushOutcome, 'delivered'>;
  readonly detail: string;
  readonly address: string | null;
}

function isWanted(config: OwnPushConfig, reason: PushReason): boolean {
  switch (reason) {
    case 'verdict':
      return config.onVerdict;
    case 'recovery':
      return config.onRecovery;
    case 'maintenance':
      return true;
    default:
      return config.atFirstFailure;
  }
}

/** Of what is over: whoever has had a page of the service since then has seen it, and whoever has signed in since then was never without. */
function knows(device: Device | null, service: string, { began }: News): boolean {
  return device !== null && device.seenAt > began.at && device.looking !== service;
}

/** Whether the phone looks at one of our pages about this service, which fetches itself anew. */
function refreshesItself(device: Device, service: string, now: number): boolean {
  return device.looking === service && now - device.seenAt < REFRESHES_WITHIN_MS;
}

type SelectedPush = { readonly code: null; readonly push: PhonePush } | PushFault;

/** The push of its page's URL to a phone, or why there is none. */
function selectPush(
  { priority, scheme }: OwnPushConfig,
  addresses: Pick<PhoneAddresses, 'place'>,
  service: string,
  device: string,
  authorization: string,
  /** For a phone of a proxy that is gone: those of this one, which its page comes from instead. */
  origins: readonly string[],
): SelectedPush {
  const place = addresses.place(device);
  if (place === null)
    return { code: 'push-unknown-device', detail: 'no address is known that may be pushed to', address: null };
  const { address } = place;
  const origin = selectOrigin(place.origin, origins);
  const xml = renderExecute(phoneUrl(origin, service, device), priority);
  if (xml.length > MAX_XML_BYTES) return { code: 'push-too-large', detail: `${xml.length} bytes of XML`, address };
  const contentType = formType(undefined);
  const body = Buffer.from(renderPushForm(xml));
  return { code: null, push: { address, scheme, authorization, contentType, body } };
}

function selectOrigin(origin: string, own: readonly string[]): string {
  if (own.length === 0 || own.includes(origin)) return origin;
  return own.find((each) => new URL(each).protocol === new URL(origin).protocol) ?? own[0] ?? origin;
}

/** A phone then fetches `url` as if the agent had chosen it. */
export function renderExecute(url: string, priority: number): Buffer {
  return Buffer.from(
    `<CiscoIPPhoneExecute><ExecuteItem Priority="${priority}" URL="${escapeXml(url)}"/></CiscoIPPhoneExecute>`,
  );
}
