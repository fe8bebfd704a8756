/**
 * The phones' half of the proxy in several processes, for the half that there is one of: keeps as many of them running as are
 * configured, tells all of them what is known, and puts what they tell where it belongs.
 */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config/config.ts';
import type { EventHandlers, Report } from '../domain/events.ts';
import { PACE_MS, type PhoneProcessStatus, selectRestartPause } from '../domain/phone-process.ts';
import type { Passed } from '../domain/tap.ts';
import type { Monitor } from '../health/monitor.ts';
import { ListenerError } from '../http/server/listener-error.ts';
import type { PageTemplates } from '../pages/templates.ts';
import type { SeenAddresses } from '../phones/handler.ts';
import type { CertificateOf } from '../phones/phone-listeners.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Drills } from '../store/drills.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { createBarriers } from './barriers.ts';
import { createSharedCertificates } from './certificates.ts';
import type { Message, Urgency } from './channel.ts';
import { type PhoneProcess, type StartPhoneProcess, startPhoneProcess } from './phone-process-handle.ts';
import { programVersion } from './program-version.ts';
import { renderTemplates } from './template-text.ts';
import { passedOf } from './traffic-words.ts';
import { drillWord, eventOf, type MainWord, type PhonesWord, type Question } from './words.ts';

export interface PhoneProcessesOptions {
  readonly config: Config;
  readonly templates: PageTemplates;
  readonly store: ServiceStore;
  readonly devices: DeviceRegistry;
  readonly drills: Pick<Drills, 'all'>;
  readonly monitor: Pick<Monitor, 'requestFailed' | 'confirm'>;
  readonly addresses: SeenAddresses;
  readonly clock: Clock;
  readonly report: Report;
  /** Is told what passed in one of them, for a capture; `exchange` is the same for what belongs together. */
  readonly passed?: (exchange: string, device: string, what: Passed, endedAt: number) => void;
  readonly startProcess?: StartPhoneProcess;
}

export interface PhoneProcesses {
  readonly handlers: EventHandlers;
  /** Rejects with a ListenerError, with none of them left running, when one of them cannot serve. */
  start(): Promise<void>;
  apply(config: Config, templates: PageTemplates): void;
  drain(): void;
  stop(deadlineMs: number): Promise<void>;
  addresses(): readonly AddressInfo[];
  certificates(): readonly CertificateOf[];
  status(): readonly PhoneProcessStatus[];
  /** Whether any of them serves. */
  isServing(): boolean;
  /** Resolves when all that has happened in them so far is known here, or will not be in time. */
  caughtUp(): Promise<void>;
}

/** The place of one process; when that ends, the next one has it. */
interface Place {
  readonly number: number;
  process: PhoneProcess | null;
  state: PhoneProcessStatus['state'];
  since: number;
  restarts: number;
  ended: string | null;
  /** Why it is about to be ended from here. */
  condemned: string | null;
  /** Ends lately, by `clock.passed`. */
  ends: readonly number[];
  /** Questions whether it is alive that it has not answered; while it is starting, how often it would have been asked. */
  unanswered: number;
  cpuSeconds: number;
  residentBytes: number;
  /** The first one that serves, or why it does not. */
  first: PromiseWithResolvers<void>;
}

const ALIVE_EVERY_MS = 500;
/**
 * After so many questions without an answer it hangs. Counted, not timed: a machine that was paused is no reason. A phone that
 * has just asked it has to have an answer within 5 s all the same, from another process.
 */
const MAX_UNANSWERED = 8;
/** After so many it is not waited for. */
const SLOW_UNANSWERED = 3;
/** Half a minute, counted too, until one that is starting serves. */
const MAX_STARTING = 60;
/** For the last words of a process that stops, beyond the time that it has. */
const STOP_GRACE_MS = 250;
/** Whoever asks at the ops port waits no longer than this for a process that is slow. */
const CAUGHT_UP_WITHIN_MS = 100;
/** Devices that a new process is told of at a stretch. */
const CHUNK = 500;

export function createPhoneProcesses(options: PhoneProcessesOptions): PhoneProcesses {
  const { store, devices, drills, monitor, addresses, clock, report } = options;
  const { startProcess = startPhoneProcess } = options;
  let { config } = options;
  let templates = renderTemplates(options.templates);
  const ticketKeys = randomBytes(48).toString('base64');
  const certificates = createSharedCertificates(config.phones, clock, report);
  const barriers = createBarriers();
  let listening: readonly AddressInfo[] = [];
  let isDraining = false;
  let isStopping = false;
  let captured: readonly string[] = [];
  let cancelPulse = () => {};
  let allEnded = () => {};

  const places = Array.from({ length: config.processes }, (_, index): Place => {
    const nothing = { process: null, state: 'ended', ended: null, condemned: null } as const;
    const first = Promise.withResolvers<void>();
    first.promise.catch(() => {});
    return {
      ...nothing,
      ...{ number: index + 1, since: clock.now(), restarts: 0, ends: [], unanswered: 0 },
      ...{ cpuSeconds: 0, residentBytes: 0, first },
    };
  });

  const say = (place: Place, word: MainWord, urgency: Urgency) => place.process?.channel.say(word, urgency);
  const sayAll = (word: MainWord, urgency: Urgency, but: Place | null = null) => {
    for (const place of places) if (place !== but) say(place, word, urgency);
  };

  const begin = (place: Place) => {
    place.state = 'starting';
    place.since = clock.now();
    place.unanswered = 0;
    const process = startProcess(
      {
        heard: (message) => place.process === process && heard(place, message),
        ended: (because) => place.process === process && ended(place, because),
      },
      clock,
    );
    place.process = process;
    say(place, beginning(place), 'now');
    void tellDevices(place, process);
  };

  const beginning = ({ number }: Place): MainWord => ({
    ...{ kind: 'begin', process: number, processes: places.length, version: programVersion },
    ...{ config, templates, ticketKeys, certificates: certificates.pairs() },
    services: store.all().map(({ id }) => [id, store.state(id)]),
    cutOff: store.cutOff(),
    drills: drills.all().map(drillWord),
    captured,
  });

  /** What changes meanwhile is said behind it, or is in what is still to be said. */
  const tellDevices = async (place: Place, process: PhoneProcess): Promise<void> => {
    const names = devices.all().map(({ name }) => name);
    for (let at = 0; at < names.length; at += CHUNK) {
      const known = names.slice(at, at + CHUNK).flatMap((name) => {
        const device = devices.get(name);
        if (device === null) return [];
        const { name: _, ...fields } = device;
        return [[name, fields] as const];
      });
      if (place.process !== process) return;
      say(place, { kind: 'devices', devices: known }, 'now');
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (place.process !== process) return;
    say(place, { kind: 'serve' }, 'now');
    if (isDraining) say(place, { kind: 'drain' }, 'now');
  };

  const heard = (place: Place, { n, words }: Message<PhonesWord>) => {
    for (const word of words) take(place, word);
    // A phone's next request may come right behind the answer that made it known: it must not come to them first.
    for (const other of places) if (other !== place) other.process?.channel.flush();
    if (words.some(({ kind }) => kind === 'device')) say(place, { kind: 'heard', message: n }, 'later');
  };

  const takers: {
    readonly [K in PhonesWord['kind']]: (place: Place, word: PhonesWord & { readonly kind: K }) => void;
  } = {
    serving: (place, { addresses: at }) => serving(place, at),
    'not-serving': (place, { key, problem }) => notServing(place, key, problem),
    event: (_, word) => report(eventOf(word)),
    device(place, word) {
      devices.update(word.name, word.fields);
      sayAll(word, 'soon', place);
    },
    address(_, { of, device, address, origin }) {
      if (of === 'request') addresses.seen(device, address, origin);
      else addresses.signedIn(device, address, origin);
    },
    'request-failed'(_, { service, device }) {
      if (store.requestFailed(service, device)) report({ kind: 'fippa-failing', at: clock.now(), service });
    },
    'page-relayed'(_, { service }) {
      if (store.pageRelayed(service)) report({ kind: 'fippa-works-again', at: clock.now(), service });
    },
    ask: (place, { id, question }) => ask(place, id, question),
    passed: (place, { id }) => barriers.passed(id, place.number),
    clients: (place, { use }) => sayAll({ kind: 'clients', process: place.number, use }, 'now', place),
    alive(place, { cpuSeconds, residentBytes }) {
      Object.assign(place, { unanswered: 0, cpuSeconds, residentBytes });
    },
    traffic: ({ number }, { exchange, device, endedAt, passed }) =>
      options.passed?.(`${number} ${exchange}`, device, passedOf(passed), endedAt),
    stopped: (place) => condemn(place, 'it was told to stop'),
  };
  const take = (place: Place, word: PhonesWord) =>
    (takers[word.kind] as (place: Place, word: PhonesWord) => void)(place, word);

  const ask = (place: Place, id: number, question: Question): void => {
    const { process } = place;
    const answer = (yes: boolean) => {
      if (place.process === process) say(place, { kind: 'answer', id, yes }, 'now');
    };
    if (question.what === 'request-failed')
      return void monitor.requestFailed(question.service).then(() => answer(true));
    if (question.what === 'confirm') return void monitor.confirm(question.service, question.withinMs).then(answer);
    raiseBarrier(place, () => answer(true));
  };

  /** `done`: all processes but one have heard what was said to them, and all that they said is known. */
  const raiseBarrier = (but: Place | null, done: () => void) => {
    // One that hangs is not waited for.
    const others = places.filter(
      (place) => place !== but && place.state === 'serving' && place.unanswered < SLOW_UNANSWERED,
    );
    const barrier = barriers.raise(
      others.map(({ number }) => number),
      done,
    );
    for (const other of others) say(other, { kind: 'barrier', id: barrier }, 'now');
  };

  const serving = (place: Place, at: readonly AddressInfo[]) => {
    place.state = 'serving';
    place.since = clock.now();
    place.unanswered = 0;
    listening = at;
    place.first.resolve();
    const pid = place.process?.pid ?? 0;
    report({ kind: 'process-started', at: clock.now(), process: place.number, pid });
  };

  const notServing = (place: Place, key: string | null, problem: string) => {
    const error = key === null ? new Error(problem) : new ListenerError(key, problem, null);
    place.first.reject(error);
    condemn(place, error.message);
  };

  const condemn = (place: Place, because: string) => {
    place.condemned ??= because;
    place.process?.kill();
  };

  const ended = (place: Place, how: string) => {
    const { process } = place;
    const because = place.condemned ?? how;
    Object.assign(place, { process: null, state: 'ended', since: clock.now(), ended: because, condemned: null });
    barriers.ended(place.number);
    if (isStopping) {
      if (places.every((each) => each.process === null)) allEnded();
      return;
    }
    sayAll({ kind: 'ended', process: place.number }, 'now');
    const now = clock.passed();
    place.ends = [...place.ends.filter((at) => now - at < PACE_MS), now];
    const inMs = selectRestartPause(place.ends, now);
    if (inMs > 0) place.first.reject(new Error(`a process that was to serve phones did not: ${because}`));
    report({
      ...{ kind: 'process-ended', at: clock.now(), process: place.number, pid: process?.pid ?? 0, because },
      againInMs: inMs,
    });
    const again = () => {
      if (isStopping) return;
      place.restarts += 1;
      begin(place);
    };
    if (inMs === 0) again();
    else clock.after(inMs, again);
  };

  const pulse = () => {
    for (const place of places) {
      if (place.process === null) continue;
      if (place.state === 'starting') {
        place.unanswered += 1;
        if (place.unanswered > MAX_STARTING) condemn(place, 'it did not begin to serve');
      } else if (place.unanswered >= MAX_UNANSWERED) {
        condemn(place, `it hung: it answered nothing for ${(MAX_UNANSWERED * ALIVE_EVERY_MS) / 1000} s`);
      } else {
        place.unanswered += 1;
        say(place, { kind: 'alive' }, 'now');
      }
    }
    cancelPulse = clock.after(ALIVE_EVERY_MS, pulse);
  };

  const stop = async (deadlineMs: number): Promise<void> => {
    isStopping = true;
    certificates.stop();
    sayAll({ kind: 'stop', withinMs: deadlineMs }, 'now');
    const over = Promise.withResolvers<void>();
    allEnded = over.resolve;
    if (places.every(({ process }) => process === null)) over.resolve();
    const cancel = clock.after(deadlineMs + STOP_GRACE_MS, () => {
      for (const place of places) condemn(place, 'it did not stop in time');
    });
    await over.promise;
    cancel();
    cancelPulse();
  };

  store.onStateChange((id) => sayAll({ kind: 'service', id, state: store.state(id) }, 'now'));
  store.onCutOffChange(() => {
    const [sites, rejoinedAt] = store.cutOff();
    sayAll({ kind: 'cut-off', sites, rejoinedAt }, 'now');
  });
  devices.onOwnUpdate((name, fields) => sayAll({ kind: 'device', name, fields }, 'soon'));
  const tellDrills = () => sayAll({ kind: 'drills', drills: drills.all().map(drillWord) }, 'now');
  const capture = (devices: readonly string[]) => {
    captured = devices;
    sayAll({ kind: 'capture', devices }, 'now');
  };
  const asked = (device: string, at: number) => void devices.seen(device, at);

  return {
    handlers: {
      'drill-began': tellDrills,
      'drill-ended': tellDrills,
      'capture-began': ({ devices: names }) => capture(names),
      'capture-ended': () => capture([]),
      // Requests come to other processes: when a phone was heard of last is known by what became of them.
      'page-relayed': ({ device, at, durationMs }) => asked(device, at - durationMs),
      'page-served': ({ device, at, durationMs }) => asked(device, at - durationMs),
    },
    async start() {
      await certificates.start();
      for (const place of places) begin(place);
      cancelPulse = clock.after(ALIVE_EVERY_MS, pulse);
      await Promise.all(places.map(({ first }) => first.promise));
    },
    apply(next, nextTemplates) {
      config = next;
      templates = renderTemplates(nextTemplates);
      certificates.reconfigure(next.phones);
      sayAll({ kind: 'configuration', config, templates }, 'now');
      // What was said of them since the stores have it was said of services that the processes did not know yet.
      for (const { id } of store.all()) sayAll({ kind: 'service', id, state: store.state(id) }, 'later');
      tellDrills();
    },
    drain() {
      isDraining = true;
      sayAll({ kind: 'drain' }, 'now');
    },
    stop,
    addresses: () => listening,
    certificates: certificates.all,
    status: () =>
      places.map(({ number, process, state, since, restarts, ended: how, cpuSeconds, residentBytes }) => ({
        ...{ process: number, pid: process?.pid ?? null, state, since, restarts, ended: how },
        ...{ cpuSeconds, residentBytes },
      })),
    isServing: () => places.some(({ state }) => state === 'serving'),
    caughtUp: () =>
      new Promise((resolve) => {
        const cancel = clock.after(CAUGHT_UP_WITHIN_MS, resolve);
        raiseBarrier(null, () => {
          cancel();
          resolve();
        });
      }),
  };
}
