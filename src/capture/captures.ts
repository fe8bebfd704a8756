/** The capture that is on, if one is: what it takes, and how it ends. Off, it is a comparison with null for each request. */

import type { CaptureEnd, Report } from '../domain/events.ts';
import { NO_TAP, type Passed, type Tap, type Watched, type WatchedService } from '../domain/tap.ts';
import type { Clock } from '../time/clock.ts';
import type { CaptureHar } from './har.ts';
import { type CaptureRequest, type Counts, createRecorder, type Recorder, type Surroundings } from './recorder.ts';

export interface Begun {
  readonly id: string;
  /** How far it is; also after its end. */
  readonly counts: () => Counts;
  /** The file, once it has ended. */
  readonly ended: Promise<CaptureHar>;
}

export interface RunningCapture {
  readonly startedAt: number;
  readonly until: number;
  readonly devices: readonly string[];
  readonly who: string;
  readonly entries: number;
}

export interface Captures {
  /** What the rooms tell that let things pass. */
  readonly tap: Tap;
  /** null: one is on already. */
  begin(request: CaptureRequest & { readonly who: string; readonly address: string | null }): Begun | null;
  /** false: that one is not on. `who`: null when nobody ended it. */
  end(id: string, because: CaptureEnd, who?: string | null, address?: string | null): boolean;
  running(): RunningCapture | null;
  /** What passed in another process; `exchange` is the same for what belongs together. */
  heard(exchange: string, device: string, what: Passed, endedAt: number): void;
  stop(): void;
}

export interface CapturesOptions {
  readonly surroundings: () => Surroundings;
  /** Where a device is signed in. */
  readonly serviceOf: (device: string) => string | null;
  /** Resolves when all that has passed in other processes was heard. */
  readonly caughtUp?: () => Promise<void>;
  readonly clock: Clock;
  readonly report: Report;
}

/** The one that is on. */
interface Running {
  readonly id: string;
  readonly who: string;
  readonly startedAt: number;
  readonly until: number;
  readonly devices: ReadonlySet<string>;
  readonly recorder: Recorder;
  /** Whose probes and stanzas are of interest: the clusters that the devices have to do with. */
  readonly clusters: Set<string>;
  readonly clusterOf: ReadonlyMap<string, string>;
  readonly finish: (because: CaptureEnd, who: string | null, address: string | null) => void;
  exchanges: number;
}

export function createCaptures({ surroundings, serviceOf, clock, report, ...options }: CapturesOptions): Captures {
  let running: Running | null = null;
  let tap: Tap = NO_TAP;
  let started = 0;
  /** The one that is on, or still hears of what passed before its end. */
  let hearing: Running | null = null;
  const heardExchanges = new Map<string, number>();
  const now = () => clock.now();

  const begin: Captures['begin'] = ({ who, address, ...request }) => {
    if (running !== null) return null;
    started += 1;
    const around = surroundings();
    const done = Promise.withResolvers<CaptureHar>();
    const startedAt = clock.now();
    const id = `${new Date(startedAt).toISOString().replace(/[-:]|\..*/g, '')}-${started}`;
    const recorder = createRecorder({
      ...{ request, surroundings: around, clock },
      onFull: (because) => void end(id, because),
    });
    const cancel = clock.after(request.forMs, () => void end(id, 'time'));
    const clusterOf = new Map(around.services.map((service) => [service.id, service.cluster]));
    const clusters = new Set(
      request.devices
        .map((device) => clusterOf.get(serviceOf(device) ?? ''))
        .filter((cluster) => cluster !== undefined),
    );
    const until = startedAt + request.forMs;
    const devices = new Set(request.devices);
    const fresh: Running = {
      ...{ id, who, startedAt, until, devices, recorder, clusters, clusterOf, exchanges: 0 },
      finish(because, ender, from) {
        cancel();
        running = null;
        tap = NO_TAP;
        const { entries, bytes, dropped } = recorder.counts();
        report({
          kind: 'capture-ended',
          at: clock.now(),
          capture: id,
          because,
          entries,
          bytes,
          dropped,
          who: ender,
          address: from,
        });
        // Masking what is left, and the search over all of it, is nothing that a phone should wait for.
        const wholeFile = async () => {
          await options.caughtUp?.();
          if (hearing === fresh) hearing = null;
          return recorder.finish(because);
        };
        setImmediate(() => wholeFile().then(done.resolve, done.reject));
      },
    };
    running = fresh;
    hearing = fresh;
    heardExchanges.clear();
    tap = createTap(fresh, now);
    report({ kind: 'capture-began', at: startedAt, capture: id, until, devices: request.devices, who, address });
    return { id, counts: recorder.counts, ended: done.promise };
  };
  const end: Captures['end'] = (id, because, who = null, address = null) => {
    if (running === null || running.id !== id) return false;
    running.finish(because, who, address);
    return true;
  };

  return {
    tap: {
      isOn: () => tap.isOn(),
      device: (name) => tap.device(name),
      push: (form) => tap.push(form),
      service: (id) => tap.service(id),
    },
    begin,
    end,
    running: () =>
      running === null
        ? null
        : {
            ...{ startedAt: running.startedAt, until: running.until, who: running.who, devices: [...running.devices] },
            entries: running.recorder.counts().entries,
          },
    heard(exchange, device, what, endedAt) {
      if (hearing === null || !hearing.devices.has(device)) return;
      const number = heardExchanges.get(exchange) ?? ++hearing.exchanges;
      heardExchanges.set(exchange, number);
      noteService(hearing, what);
      hearing.recorder.take(what, { exchange: number, device }, endedAt);
    },
    stop: () => running?.finish('stopping', null, null),
  };
}

/** Its cluster is one that the devices have to do with. */
function noteService({ clusters, clusterOf }: Running, { service }: Passed): void {
  const cluster = service === null ? undefined : clusterOf.get(service);
  if (cluster !== undefined) clusters.add(cluster);
}

function createTap(running: Running, now: () => number): Tap {
  const { devices, recorder, clusters, clusterOf } = running;
  const watch = (device: string | null): Watched => {
    running.exchanges += 1;
    const about = { exchange: running.exchanges, device };
    return {
      now,
      passed(what: Passed) {
        noteService(running, what);
        recorder.take(what, about);
      },
    };
  };
  return {
    isOn: () => true,
    device: (name) => (devices.has(name) ? watch(name) : null),
    push(form) {
      // Where it came from nobody pushes: that is what a capture is to show.
      if (form === null) return watch(null);
      const named = namesIn(form);
      const [captured] = named.filter((name) => devices.has(name));
      if (captured !== undefined) return watch(captured);
      return named.length === 0 ? watch(null) : null;
    },
    service(id): WatchedService | null {
      const cluster = clusterOf.get(id);
      if (cluster === undefined || !clusters.has(cluster)) return null;
      return { ...watch(null), stanza: (stanza) => recorder.takeStanza(id, stanza) };
    },
  };
}

/** Device names behind `/fippa/`, however they are written. */
function namesIn(form: Uint8Array): string[] {
  const text = Buffer.from(form.buffer, form.byteOffset, form.byteLength).toString('latin1');
  const plain = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [...plain.matchAll(/\/fippa\/([A-Za-z0-9._-]{1,64})/g)].map(([, name]) => name as string);
}
