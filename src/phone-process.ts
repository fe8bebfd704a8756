/**
 * One of several processes that serve phones. node:cluster starts it; the process that there is one of tells it all it needs,
 * and hears what happens here. It reads no configuration, writes no log, and ends when that process does.
 */

import { createClientLimits } from './http/server/client-limits.ts';
import { ListenerError } from './http/server/listener-error.ts';
import { createPhoneSide, type PhoneSide } from './phone-side.ts';
import { allServices, defineClientLimits, defineServices } from './plan.ts';
import { createChannel, type Message } from './processes/channel.ts';
import { createDeviceReplica } from './processes/device-replica.ts';
import { createMainLine } from './processes/main-line.ts';
import { programVersion } from './processes/program-version.ts';
import { createServiceReplica } from './processes/service-replica.ts';
import { parseTemplates } from './processes/template-text.ts';
import { createPhonesTap } from './processes/traffic-words.ts';
import { type Beginning, drillOf, type MainWord, type PhonesWord } from './processes/words.ts';
import { NO_ADDRESSES } from './push/addresses.ts';
import { createDeviceRegistry } from './store/devices.ts';
import { createNameStore } from './store/names.ts';
import { createServiceStore } from './store/services.ts';
import { systemClock as clock } from './time/clock.ts';

/** How often other processes hear which clients ask for much. */
const CLIENTS_EVERY_MS = 50;
/** Longest that the last words of a process that fails are waited for. */
const LAST_WORDS_MS = 250;
/** After a signal that only this process got, so that the one that there is one of has not said what to do. */
const OWN_STOP_AFTER_MS = 1_000;
const OWN_STOP_WITHIN_MS = 3_000;

const channel = createChannel<PhonesWord>((message) => {
  // Without the other process there is nobody to serve for; node:cluster ends this one.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}, clock);

let hear: (word: MainWord) => void = (word) => {
  if (word.kind !== 'begin') return;
  if (word.version === programVersion) hear = begin(word);
  else notServing(null, `the files of the program are of version ${programVersion} by now: restart the proxy`);
};
process.on('message', ({ words }: Message<MainWord>) => {
  for (const word of words) hear(word);
});
// Signals to the whole group reach this process too: when to stop is the other one's to say.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.once('uncaughtException', (error) => {
  main.report({ kind: 'internal-fault', at: clock.now(), where: 'phones', error });
  channel.flush();
  setTimeout(() => process.exit(1), LAST_WORDS_MS);
});
const main = createMainLine(channel, clock);

function begin(word: Beginning): (word: MainWord) => void {
  const { config } = word;
  process.title = `ippa-proxy: phones ${word.process} of ${word.processes}`;
  let services = allServices(config);
  const store = createServiceStore(defineServices(config), config.reconnect, clock);
  const names = createNameStore(config.clusters);
  const known = createServiceReplica(store, names, config.reconnect, clock);
  for (const [id, state] of word.services) known.state(id, state);
  store.setCutOff(...word.cutOff);
  known.drills(word.drills.map(drillOf));
  const replica = createDeviceReplica(createDeviceRegistry(), channel);
  const { devices } = replica;
  const { processes } = word;
  const clientLimits = createClientLimits(defineClientLimits(config), clock, undefined, processes);
  const listeners = config.phones.listeners.map((listener, index) => {
    const last = word.certificates[index] ?? null;
    return listener.tls === null || last === null ? listener : { ...listener, tls: { ...listener.tls, last } };
  });
  const capturing = createPhonesTap(channel, clock);
  capturing.capture(word.captured);
  const phones = createPhoneSide({
    ...{ config: { ...config, phones: { ...config.phones, listeners } }, names, devices, clock, clientLimits },
    templates: parseTemplates(word.templates),
    viewFor: known.viewFor,
    store: {
      requestFailed(service, device) {
        channel.say({ kind: 'request-failed', service, device }, 'now');
        return false;
      },
      pageRelayed(service) {
        if (known.hasFailures(service)) channel.say({ kind: 'page-relayed', service }, 'soon');
        return false;
      },
    },
    monitor: main,
    tap: capturing.tap,
    addresses: config.push === null ? NO_ADDRESSES : main.addresses(devices),
    signInTold: main.devicesTold,
    // The certificates are watched by the other process too, and it reports them once.
    report: (event) => void (event.kind.startsWith('certificate-') || main.report(event)),
    shared: { processes, ticketKeys: Buffer.from(word.ticketKeys, 'base64') },
  });

  const tellClients = () => {
    const use = clientLimits.takeUse();
    if (use !== null) channel.say({ kind: 'clients', use }, 'now');
    clock.after(CLIENTS_EVERY_MS, tellClients);
  };
  let isStopping = false;
  const stop = async (withinMs: number) => {
    isStopping = true;
    await phones.stop(withinMs);
    channel.say({ kind: 'stopped' }, 'now');
  };
  process.on('SIGTERM', () => {
    clock.after(OWN_STOP_AFTER_MS, () => {
      if (!isStopping) void stop(OWN_STOP_WITHIN_MS);
    });
  });

  const handlers: { readonly [K in MainWord['kind']]?: (word: MainWord & { readonly kind: K }) => void } = {
    devices: ({ devices: all }) => {
      for (const [name, fields] of all) replica.noted(name, fields);
    },
    serve: () => void serve(phones).then(tellClients),
    device: ({ name, fields }) => replica.noted(name, fields),
    heard: ({ message }) => replica.heard(message),
    service: ({ id, state }) => known.state(id, state),
    'cut-off': ({ sites, rejoinedAt }) => store.setCutOff(sites, rejoinedAt),
    drills: ({ drills }) => known.drills(drills.map(drillOf)),
    capture: ({ devices: captured }) => capturing.capture(captured),
    configuration({ config: next, templates }) {
      const stays = new Set(allServices(next).map(({ id }) => id));
      const gone = services.filter(({ id }) => !stays.has(id));
      services = allServices(next);
      store.reconfigure(defineServices(next), next.reconnect);
      names.reconfigure(next.clusters);
      known.reconfigure(next.reconnect);
      for (const { id } of gone) devices.serviceRemoved(id);
      phones.apply(next, parseTemplates(templates));
    },
    answer: ({ id, yes }) => main.answered(id, yes),
    barrier: ({ id }) => channel.say({ kind: 'passed', id }, 'now'),
    clients: ({ process: from, use }) => clientLimits.usedElsewhere(from, use),
    ended: ({ process: which }) => clientLimits.endedElsewhere(which),
    alive() {
      const { user, system } = process.cpuUsage();
      const residentBytes = process.memoryUsage.rss();
      channel.say({ kind: 'alive', cpuSeconds: (user + system) / 1e6, residentBytes }, 'now');
    },
    drain: () => phones.drain(),
    stop: ({ withinMs }) => void stop(withinMs),
  };
  return (next) => (handlers[next.kind] as ((word: MainWord) => void) | undefined)?.(next);
}

async function serve(phones: PhoneSide): Promise<void> {
  try {
    await phones.start();
    channel.say({ kind: 'serving', addresses: phones.addresses() }, 'now');
  } catch (error) {
    const key = error instanceof ListenerError ? error.key : null;
    const problem = error instanceof ListenerError ? error.problem : String((error as Error)?.stack ?? error);
    notServing(key, problem);
  }
}

function notServing(key: string | null, problem: string): void {
  channel.say({ kind: 'not-serving', key, problem }, 'now');
}
