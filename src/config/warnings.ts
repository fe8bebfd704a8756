/** What is allowed and yet unlikely to be meant. Few, so that they are read. Pure. */

import { availableParallelism } from 'node:os';
import { MAX_URL_LENGTH } from '../domain/phone-url.ts';
import { createServerNames } from '../domain/server-names.ts';
import { urlHost } from '../text/url-host.ts';
import type { ClusterConfig, Config, ListenerConfig, ServiceConfig } from './config.ts';
import type { Finding, KeyPath } from './problem.ts';
import { isLoopback, isLoopbackOnly, printable } from './values.ts';

export function warnAbout(config: Config): Finding[] {
  const services = config.clusters.flatMap((cluster, c) => {
    return cluster.services.map((service, s) => ({ service, path: ['clusters', c, 'services', s] as KeyPath }));
  });
  return [
    ...warnOfPlainPhones(config),
    ...config.phones.listeners.flatMap((listener, index) => {
      const path = ['phones', 'listeners', index, 'publicUrl'];
      const own = services
        .map(({ service }) => service)
        .filter(({ id }) => listener.service === null || listener.service === id);
      return [...warnOfLongUrls(path, listener, own), ...warnOfLoop(path, listener, own)];
    }),
    ...config.clusters.flatMap(warnOfLonelyService),
    ...config.clusters.flatMap(warnOfSharedNames),
    ...services.flatMap(({ service, path }) => [...warnOfProbe(service, path), ...warnOfNotification(service, path)]),
    ...warnOfPush(config),
    ...warnOfOps(config.ops),
    ...warnOfSites(config),
    ...warnOfProcesses(config),
    ...warnOfWebhooks(config),
    ...warnOfStore(config),
  ];
}

/**
 * How much may follow the origin in the longest URL on a page: a One Button Sign In URL with a device (`/fippa/` and 15
 * characters), `id` and `extension` of 12, a password of 32, and 60 for paths of fippa that no public source shows.
 */
const LONG_TAIL = 22 + '?id='.length + 12 + '&extension='.length + 12 + '&password='.length + 32 + 60;
/** A page whose URLs fit by this margin on Finesse itself no longer does when they grow by more. */
const LARGE_GROWTH = 64;

/** Phones cut or refuse URLs over 256 characters (reference/phone-xml.md §1.1); one warning a listener, for its worst service. */
function warnOfLongUrls(path: KeyPath, listener: ListenerConfig, services: readonly ServiceConfig[]): Finding[] {
  const { publicUrl } = listener;
  if (publicUrl === null) return [];
  const lengths = services.map((service) => {
    const prefix = `${publicUrl}/${service.id}`.length;
    return { service, prefix, growth: prefix - service.url.length };
  });
  const risky = lengths.filter(
    ({ prefix, growth }) => growth > LARGE_GROWTH || (growth > 0 && prefix + LONG_TAIL > MAX_URL_LENGTH),
  );
  const worst = risky.toSorted((a, b) => b.growth - a.growth)[0];
  if (worst === undefined) return [];
  const found = `URLs of service ${worst.service.id} begin with ${worst.prefix} characters here, ${worst.growth} more than on Finesse`;
  const allowed = `phones take ${MAX_URL_LENGTH} at most, and a One Button Sign In may need ${LONG_TAIL} after that; choose a shorter publicUrl or id`;
  return [{ path, found, allowed }];
}

function warnOfLoop(path: KeyPath, listener: ListenerConfig, services: readonly ServiceConfig[]): Finding[] {
  const listening = `${listener.tls === null ? 'http' : 'https'}://${urlHost(listener.host)}:${listener.port}`;
  const own = new Set([listening, listener.service === null ? listener.publicUrl : null]);
  const service = services.find(({ url }) => own.has(url));
  if (service === undefined) return [];
  const found = `service ${service.id} has the same address as this listener`;
  return [{ path, found, allowed: 'the proxy would send its requests to itself; url must be that of Finesse' }];
}

function warnOfPlainPhones(config: Config): Finding[] {
  const { listeners } = config.phones;
  if (listeners.some(({ host, tls }) => tls !== null || isLoopback(host))) return [];
  const found = 'phones connect without TLS only, so sign-ins cross the network in the clear';
  return [
    {
      path: ['phones', 'listeners'],
      found,
      allowed: 'Finesse 12.5 and later take sign-ins by HTTPS only; add a listener with tls',
    },
  ];
}

function warnOfLonelyService(cluster: ClusterConfig, index: number): Finding[] {
  if (cluster.services.length > 1) return [];
  const found = 'the cluster has one service';
  return [{ path: ['clusters', index, 'services'], found, allowed: 'when it fails there is no alternate to offer' }];
}

/** contract.md, "Rewriting": a name that two services of a cluster claim serves neither. */
function warnOfSharedNames(cluster: ClusterConfig, index: number): Finding[] {
  const { services } = cluster;
  const named = services.map(({ id, url, aliases }) => ({ id, url, aliases, learntName: null }));
  return createServerNames(named).conflicts.map(({ name, services: rivals }) => {
    const places = services.flatMap(({ id, aliases }, s) => (rivals.includes(id) && aliases.length > 0 ? [s] : []));
    const path: KeyPath = ['clusters', index, 'services', places.at(-1) ?? 0, 'aliases'];
    const found = `the name ${printable(name)} is claimed by the services ${rivals.join(' and ')}`;
    return { path, found, allowed: 'a name that two services claim serves neither; give it to one' };
  });
}

function warnOfStore({ store }: Config): Finding[] {
  if (store === null || store.redis.tls !== null) return [];
  const far = store.redis.servers.find(({ host }) => !isLoopback(host));
  if (far === undefined) return [];
  const found = `${printable(far.host)} is connected to in the clear`;
  const allowed =
    'use rediss://, with tls for a CA of your own: names and numbers of agents, and the password, can be read on the way, and what is stored changed';
  return [{ path: ['store', 'redis'], found, allowed }];
}

/** A site that is spelled in two ways makes everything far away. */
function warnOfSites({ site, clusters }: Config): Finding[] {
  const sites = new Set(clusters.flatMap(({ services }) => services.map((service) => service.site)));
  if (site !== null && !sites.has(site) && !sites.has(null)) {
    const allowed = 'so all of them count as far away, and no island is ever suspected; write it as at the services';
    return [{ path: ['site'], found: `no service is of the site ${printable(site)}`, allowed }];
  }
  if (site !== null || sites.size < 2) return [];
  const found = 'services have sites, but the proxy has none';
  return [{ path: ['site'], found, allowed: 'so sites have no effect; say at the top of the file where the proxy is' }];
}

function warnOfPush({ push, phones }: Config): Finding[] {
  if (push === null) return [];
  const findings: Finding[] = [];
  if (push.listeners.length === 0 && push.own === null) {
    const found = 'push has neither listeners nor a username';
    findings.push({ path: ['push'], found, allowed: 'it does nothing; without it the configuration says the same' });
  }
  for (const [index, network] of phones.networks.entries()) {
    if (!isLoopback(network.split('/')[0] ?? '') || isLoopbackOnly(phones.listeners)) continue;
    const found = `${network} is loopback, where no phone of a site can be`;
    findings.push({ path: ['phones', 'networks', index], found, allowed: 'nothing there is pushed to' });
  }
  for (const [index, { port, tls }] of push.listeners.entries()) {
    const usual = tls === null ? 80 : 443;
    if (port === usual || isLoopbackOnly(phones.listeners)) continue;
    const found = `port ${port}, but Finesse pushes to port ${usual}${tls === null ? '' : ' with TLS'}`;
    const allowed = `right only if something leads port ${usual} here`;
    findings.push({ path: ['push', 'listeners', index, 'port'], found, allowed });
  }
  if (push.own?.scheme === 'http') {
    const found = 'the password of the application user crosses the network in the clear with every push';
    findings.push({ path: ['push', 'phoneScheme'], found, allowed: 'use https where phones can' });
  }
  return findings;
}

/** More of them than cores only wait for each other. */
function warnOfProcesses({ processes }: Config): Finding[] {
  const cores = availableParallelism();
  if (processes === 1 || processes <= cores) return [];
  const found = `${processes} processes, and this machine has ${cores === 1 ? '1 core' : `${cores} cores`} for them`;
  return [{ path: ['processes'], found, allowed: 'auto, or no more processes than cores' }];
}

function warnOfNotification({ notification }: ServiceConfig, path: KeyPath): Finding[] {
  if (notification?.tls !== 'unencrypted' || isLoopback(notification.host)) return [];
  const found = 'unencrypted: the password and what Finesse tells can be read and changed on the way';
  return [{ path: [...path, 'notification', 'tls'], found, allowed: 'direct or starttls' }];
}

function warnOfProbe(service: ServiceConfig, path: KeyPath): Finding[] {
  const { probe } = service;
  const url = URL.parse(probe.url);
  if (url === null || isLoopback(url.hostname)) return [];
  const probePath = [...path, 'probe', 'url'];
  const findings: Finding[] = [];
  if (!url.pathname.endsWith('/SystemInfo')) {
    const found = `${printable(url.pathname)} does not end in /SystemInfo`;
    findings.push({ path: probePath, found, allowed: 'the probe understands SystemInfo only' });
  }
  if (url.protocol === 'http:') {
    const clear = probe.password === null ? '' : ', and the password of the probe crosses the network in the clear';
    const found = `SystemInfo is asked for by plain HTTP${clear}`;
    const allowed = 'Finesse 12.5 and later redirect that to HTTPS, which never confirms a service; use https://';
    findings.push({ path: probePath, found, allowed });
  }
  return findings;
}

/** Two operators with one token are one: the first. And in the clear a token can be read on the way. */
function warnOfOps({ host, operators, tls }: Config['ops']): Finding[] {
  const shared = operators.find(({ token }, index) => operators.findIndex((other) => other.token === token) < index);
  return [
    ...(shared === undefined
      ? []
      : [
          {
            path: ['ops', 'operators'],
            found: `${printable(shared.name)} has the token of another operator`,
            allowed: 'a token of their own for each; the first one that has it counts',
          },
        ]),
    ...(operators.length === 0 || tls !== null || isLoopback(host)
      ? []
      : [
          {
            path: ['ops', 'tls'],
            found: 'the ops port takes tokens in the clear',
            allowed: 'ops.tls, or a network that nobody else can read',
          },
        ]),
  ];
}

/** What is in a URL and in a header is a password: whoever listens on the way has it. */
function warnOfWebhooks({ webhooks, state }: Config): Finding[] {
  const plain = webhooks.flatMap(({ url }, index) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || isLoopback(hostname)) return [];
    const found = 'events go to this receiver without TLS';
    return [
      { path: ['webhooks', index, 'url'], found, allowed: 'whoever is on the way can read and keep them; use https' },
    ];
  });
  if (webhooks.length === 0 || state.folder !== null) return plain;
  const found = 'there is no state.folder';
  return [...plain, { path: ['webhooks'], found, allowed: 'what waits for a receiver is lost when the proxy ends' }];
}
