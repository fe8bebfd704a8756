/** What can be seen of pushes without a capture: where those of Finesse would arrive, and what would become of them. */

import { connect, isIP } from 'node:net';
import type { Config, ListenerConfig, PushConfig, ServiceConfig } from '../config/config.ts';
import { isLoopbackOnly, printable } from '../config/values.ts';
import { contains, parseNetworks } from '../http/server/client-address.ts';
import { readOwnAddresses } from '../push/own-addresses.ts';
import { type LookUp, lookUpAddresses } from '../push/sources.ts';

/** What was found out about one service. */
export interface PushFacts {
  readonly service: ServiceConfig;
  /** What its server calls itself; null: not known. */
  readonly reportedName: string | null;
  /** The address of this machine that its server sees; null: it cannot be reached now. */
  readonly seenAs: string | null;
  /** What the host of its url resolves to here; null: nothing. */
  readonly resolved: readonly string[] | null;
  /** Listeners that stand for it (split DNS), each with what its name resolves to here. */
  readonly standIns: readonly { readonly listener: ListenerConfig; readonly resolved: readonly string[] | null }[];
}

const LOOK_MS = 2_000;

/** Several lines for people, in the order of the configuration. `names`: what the servers call themselves, by service. */
export async function checkPushes(
  config: Config,
  names: ReadonlyMap<string, string | null>,
  lookUp: LookUp = lookUpAddresses,
): Promise<string[]> {
  const services = config.clusters.flatMap((cluster) => cluster.services);
  const facts = await Promise.all(
    services.map(async (service) => ({
      ...(await look(service, config.phones.listeners, lookUp)),
      reportedName: names.get(service.id) ?? null,
    })),
  );
  const own = readOwnAddresses();
  return [...describeOwnPushes(config, own), ...facts.flatMap((each) => describePushes(each, config.push, own))];
}

async function look(
  service: ServiceConfig,
  listeners: readonly ListenerConfig[],
  lookUp: LookUp,
): Promise<Omit<PushFacts, 'reportedName'>> {
  const resolve = (url: string) => {
    const host = hostOf(url);
    return isIP(host) === 0 ? lookUp(host).catch(() => null) : Promise.resolve([host]);
  };
  const [seenAs, resolved, standIns] = await Promise.all([
    localAddressTowards(service.url),
    resolve(service.url),
    Promise.all(
      listeners
        .filter((listener) => listener.service === service.id)
        .map(async (listener) => ({
          listener,
          resolved: listener.publicUrl === null ? null : await resolve(listener.publicUrl),
        })),
    ),
  ]);
  return { service, seenAs, resolved, standIns };
}

/** The address that a connection of ours to the server comes from. */
function localAddressTowards(url: string): Promise<string | null> {
  const { port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostOf(url), port: Number(port) || (protocol === 'https:' ? 443 : 80) });
    const settle = (address: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(address);
    };
    const timer = setTimeout(() => settle(null), LOOK_MS);
    socket.once('connect', () => settle(socket.localAddress ?? null));
    socket.on('error', () => settle(null));
  });
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function describeOwnPushes({ push, phones }: Config, own: ReadonlySet<string>): string[] {
  if (push === null) return ['The proxy pushes nothing itself: push.username is not set.'];
  const networks = parseNetworks(phones.networks);
  // Where phones can only be on this machine, that is what they do.
  const inside = isLoopbackOnly(phones.listeners) ? [] : [...own].filter((address) => contains(networks, address));
  return [
    push.own === null
      ? 'The proxy pushes nothing itself: push.username is not set.'
      : `The proxy tells phones itself, as ${printable(push.own.username)}, by ${push.own.scheme} on port ${push.phonePorts[push.own.scheme]}.`,
    ...(inside.length === 0
      ? []
      : [
          `phones.networks hold ${inside.join(', ')} of this machine; a phone that seems to come from there gets no pushes.`,
        ]),
  ];
}

/** Pure. */
export function describePushes(facts: PushFacts, push: PushConfig | null, own: ReadonlySet<string>): string[] {
  const { service, reportedName, seenAs, resolved, standIns } = facts;
  const lines = [describeArrival(seenAs, push), ...describeSources(service, resolved, push)];
  for (const { listener, resolved: named } of standIns) lines.push(...describeStandIn(listener, service, named, own));
  if (standIns.length === 0) {
    lines.push(
      `If it pushes straight to the phone and names ${printable(reportedName ?? hostOf(service.url))}, the phone leaves the proxy: no listener has service ${service.id}.`,
    );
  }
  return lines.map((line) => `${service.id}: ${line}`);
}

function describeArrival(seenAs: string | null, push: PushConfig | null): string {
  if (seenAs === null) return 'It cannot be reached now, so which address of this machine it sees is not known.';
  const there = (push?.listeners ?? []).filter(({ host }) => covers(host, seenAs));
  const arrive = `It sees this machine as ${seenAs}. If it pushes to where a request came from, pushes arrive there on port 80 or 443`;
  if (there.length === 0) return `${arrive}, where no push listener is.`;
  const ports = there.map(({ port, tls }) => `${port} (${tls === null ? 'HTTP' : 'HTTPS'})`);
  return `${arrive}; push listeners there: ${ports.join(', ')}.`;
}

function covers(host: string, address: string): boolean {
  return host === address || host === '::' || (host === '0.0.0.0' && !address.includes(':'));
}

function describeSources(
  { pushFrom }: ServiceConfig,
  resolved: PushFacts['resolved'],
  push: PushConfig | null,
): string[] {
  if (push === null || push.listeners.length === 0) return [];
  if (pushFrom !== null) return [`Its pushes are accepted from ${pushFrom.join(', ')} (pushFrom).`];
  return [
    resolved === null || resolved.length === 0
      ? 'Its pushes are accepted from nowhere: the host of its url does not resolve. Set pushFrom.'
      : `Its pushes are accepted from ${resolved.join(', ')}, to which its url resolves.`,
  ];
}

/** Split DNS: phones must get the proxy by that name, and this machine Finesse. */
function describeStandIn(
  { publicUrl }: ListenerConfig,
  service: ServiceConfig,
  resolved: readonly string[] | null,
  own: ReadonlySet<string>,
): string[] {
  if (publicUrl === null) return [];
  const name = hostOf(publicUrl);
  const address = resolved === null ? 'nothing' : resolved.join(', ');
  const loops = name === hostOf(service.url) && resolved !== null && resolved.some((each) => own.has(each));
  return [
    `If it pushes straight to the phone, phones must resolve ${name} to this machine; here it resolves to ${address}.`,
    ...(loops
      ? [`That is this machine itself: the proxy would send its requests to itself. It must resolve to Finesse here.`]
      : []),
  ];
}
