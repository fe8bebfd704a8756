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

export interface Announcer {
  /** Tells the phones signed in on the service, as configured; `only` some of them, if given. What is left of an earlier round there is dropped. */
  announce(service: string, reason: PushReason, only?: readonly string[] | null): void;
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
}

/** Older phones take no more (reference/phone-xml.md §8). */
const MAX_XML_BYTES = 512;
/** Our pages refresh every 10 s at most: one that has not for so long is no longer on the screen. */
const REFRESHES_WITHIN_MS = 20_000;

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { config, devices, clock, report } = options;
  const pacer = createPacer(config, clock);
  const authorization = `Basic ${Buffer.from(`${config.username}:${config.password}`).toString('base64')}`;
  const rounds = new Map<string, Round>();

  /** Whether the phone is still to be told when its turn has come. */
  const judge = (round: Round, name: string): 'tell' | 'left-alone' | 'drop' => {
    if (rounds.get(round.service) !== round) return 'drop';
    const device = devices.get(name);
    if (device?.service !== round.service) return 'drop';
    return refreshesItself(device, round.service, clock.now()) ? 'left-alone' : 'tell';
  };

  const add = (round: Round, name: string, isRepeat: boolean): void =>
    pacer.add({
      wanted() {
        const judged = judge(round, name);
        if (judged === 'left-alone') end(round, name, judged);
        else if (judged === 'drop') drop(round);
        return judged === 'tell';
      },
      async run(): Promise<void> {
        const push = selectPush(config, options.addresses, round.service, name, authorization);
        if (push.code !== null) return fail(round, name, push);
        const watched = options.tap?.device(name) ?? null;
        const reply = await options.post({ ...push.push, watched, service: round.service });
        // Nothing can have arrived: the phone was starting, or the network lost the SYN.
        if (!reply.ok && !reply.connected && !isRepeat) return add(round, name, true);
        if (!reply.ok) return fail(round, name, { ...reply, address: push.push.address });
        const outcome = classifyPhoneAnswer(reply.status, reply.body);
        if (outcome === 'delivered') return end(round, name, outcome, { address: push.push.address });
        fail(round, name, { code: outcome, detail: `status ${reply.status}`, address: push.push.address });
      },
    });

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

  return {
    announce(service, reason, only = null) {
      if (!isWanted(config, reason)) return;
      const names = [...devices.signedInDevices(service)].filter((name) => only === null || only.includes(name));
      const round: Round = { service, reason, left: names.length, delivered: 0, leftAlone: 0, failed: 0 };
      rounds.delete(service);
      if (names.length === 0) return;
      rounds.set(service, round);
      for (const name of names) add(round, name, false);
    },
    stop() {
      rounds.clear();
      pacer.stop();
    },
  };
}

/** What phones of one service are told of, and how far that has come. */
interface Round {
  readonly service: string;
  readonly reason: PushReason;
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
): SelectedPush {
  const place = addresses.place(device);
  if (place === null)
    return { code: 'push-unknown-device', detail: 'no address is known that may be pushed to', address: null };
  const { address, origin } = place;
  const xml = renderExecute(phoneUrl(origin, service, device), priority);
  if (xml.length > MAX_XML_BYTES) return { code: 'push-too-large', detail: `${xml.length} bytes of XML`, address };
  const contentType = formType(undefined);
  const body = Buffer.from(renderPushForm(xml));
  return { code: null, push: { address, scheme, authorization, contentType, body } };
}

/** A phone then fetches `url` as if the agent had chosen it. */
export function renderExecute(url: string, priority: number): Buffer {
  return Buffer.from(
    `<CiscoIPPhoneExecute><ExecuteItem Priority="${priority}" URL="${escapeXml(url)}"/></CiscoIPPhoneExecute>`,
  );
}
