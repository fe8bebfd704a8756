/**
 * Rules that join several keys. They read the raw values and pass over what is missing or of the wrong kind (the schema says
 * that), so that a configuration with a wrong type in one place still gets all its other errors at once. Pure.
 */

import { renderFound } from './document.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { type Finding, renderKey } from './problem.ts';
import { at, finding, items, type Part, text, unique } from './rule-parts.ts';
import { checkSyslog, checkWebhooks } from './rules-outward.ts';
import { isLoopback, parseDuration, parseOrigin, printable, renderDuration } from './values.ts';

/** Every broken rule of a configuration that may have other faults too. */
export function checkRules(value: unknown): Finding[] {
  const root: Part = { path: [], value };
  const clusters = items(at(root, 'clusters'));
  const services = clusters.flatMap((cluster) => items(at(cluster, 'services')));
  const listeners = items(at(at(root, 'phones'), 'listeners'));
  const ops = at(root, 'ops');
  const push = at(root, 'push');
  const reports = at(root, 'reports');
  return [
    ...listeners.flatMap((listener) => checkListener(listener, services)),
    ...checkFronts(listeners, at(at(root, 'phones'), 'trustedFronts')),
    ...checkLegacy(listeners),
    ...checkLimits(at(at(root, 'phones'), 'limits')),
    ...checkStop(at(root, 'stop')),
    ...checkAddresses([...listeners, ops, ...items(at(push, 'listeners')), ...items(at(reports, 'listeners'))]),
    ...checkPush(push, at(at(root, 'phones'), 'networks')),
    ...checkOps(ops),
    ...clusters.flatMap((cluster) =>
      unique(items(at(cluster, 'services')), 'name', 'a name that no other service of the cluster has'),
    ),
    ...unique(
      clusters.flatMap((c) => [c, ...items(at(c, 'services'))]),
      'id',
      'an id that no other cluster or service has',
    ),
    ...checkFrontDoors(clusters),
    ...checkOrigins(services),
    ...services.flatMap((service) => checkProbe(at(service, 'probe'), at(root, 'reconnect'))),
    ...checkIsland(at(root, 'island')),
    ...checkReports(reports),
    ...checkStore(at(at(root, 'store'), 'redis')),
    ...checkLanguages(at(at(root, 'pages'), 'languages')),
    ...checkWebhooks(items(at(root, 'webhooks'))),
    ...checkSyslog(at(at(root, 'log'), 'syslog')),
  ];
}

function checkListener(listener: Part, services: readonly Part[]): Finding[] {
  const findings: Finding[] = [];
  const host = text(at(listener, 'host'));
  const publicUrl = at(listener, 'publicUrl');
  if (publicUrl.value === undefined && host !== null && !isLoopback(host)) {
    const why = `the origin by which phones reach this listener, since ${renderFound(host)} is not loopback`;
    findings.push(finding(publicUrl, 'nothing', why));
  }
  findings.push(...checkPublicUrl(listener, 'phones'));
  const service = at(listener, 'service');
  const ids = services.map((s) => text(at(s, 'id'))).filter((id) => id !== null);
  if (text(service) !== null && !ids.includes(text(service) ?? '')) {
    findings.push(
      finding(service, renderFound(service.value), `the id of a service: ${ids.map((id) => printable(id)).join(', ')}`),
    );
  }
  return findings;
}

function checkFronts(listeners: readonly Part[], trustedFronts: Part): Finding[] {
  if (items(trustedFronts).length > 0) return [];
  return listeners.flatMap((listener) => {
    const proxyProtocol = at(listener, 'proxyProtocol');
    if (proxyProtocol.value !== true) return [];
    return [finding(proxyProtocol, 'true, and nobody in phones.trustedFronts', 'true once its fronts are named there')];
  });
}

/** `who` has to reach the listener by it. */
function checkPublicUrl(listener: Part, who: string): Finding[] {
  const publicUrl = at(listener, 'publicUrl');
  const origin = parseOrigin(text(publicUrl) ?? '');
  if (origin === null) return [];
  const encrypted = at(listener, 'tls').value !== undefined;
  const needed = encrypted ? 'https://, because the listener has tls' : 'http://, or tls with cert and key';
  const isAnyAddress = origin.hostname === '0.0.0.0' || origin.hostname === '[::]';
  return [
    ...((origin.protocol === 'https:') === encrypted ? [] : [needed]),
    ...(isAnyAddress ? [`a host that ${who} can reach`] : []),
  ].map((allowed) => finding(publicUrl, renderFound(publicUrl.value), allowed));
}

function checkIsland(island: Part): Finding[] {
  const defaults = { suspectAfterMs: 60_000, warnAfterMs: 345_600_000 };
  return checkLess(at(island, 'suspectAfter'), at(island, 'warnAfter'), defaults, (a, b) => a < b, 'less than');
}

/** One way to the server, and what belongs to the other way only is not forgotten there. */
function checkStore(redis: Part): Finding[] {
  if (typeof redis.value !== 'object' || redis.value === null) return [];
  const [url, sentinels, name] = [at(redis, 'url'), at(redis, 'sentinels'), at(redis, 'name')];
  const has = ({ value }: Part) => value !== undefined;
  const findings: Finding[] = [];
  if (!has(url) && !has(sentinels)) findings.push(finding(redis, 'neither url nor sentinels', 'one of the two'));
  if (has(url) && has(sentinels)) findings.push(finding(sentinels, 'sentinels beside url', 'one of the two'));
  if (has(sentinels) && !has(name)) findings.push(finding(name, 'nothing', 'what the Sentinels call the master'));
  const onlySentinel = ['name', 'sentinelUsername', 'sentinelPassword'].map((key) => at(redis, key)).filter(has);
  if (!has(sentinels) && has(url))
    for (const part of onlySentinel) findings.push(finding(part, 'a value without sentinels', 'nothing, beside url'));
  if (has(at(redis, 'tls')) && /^redis:/i.test(text(url) ?? ''))
    findings.push(finding(url, `${renderFound(url.value)} beside tls`, 'rediss://, or no tls'));
  for (const [user, password] of [
    ['username', 'password'],
    ['sentinelUsername', 'sentinelPassword'],
  ] as const) {
    if (has(at(redis, user)) && !has(at(redis, password)))
      findings.push(finding(at(redis, password), 'nothing', `the password of ${user}`));
  }
  return findings;
}

/** One server each, and none of them this proxy itself, which would lead browsers in a circle. */
function checkReports(reports: Part): Finding[] {
  const listeners = items(at(reports, 'listeners'));
  const nodes = items(at(reports, 'services'));
  const own = listeners.map((listener) => parseOrigin(text(at(listener, 'publicUrl')) ?? '')?.origin);
  return [
    ...listeners.flatMap((listener) => checkPublicUrl(listener, 'browsers')),
    ...unique(nodes, 'id', 'an id that no other node has'),
    ...unique(nodes, 'name', 'a name that no other node has'),
    ...checkOrigins(nodes),
    ...nodes.flatMap((node) => {
      const url = at(node, 'url');
      const origin = parseOrigin(text(url) ?? '')?.origin;
      if (origin === undefined || !own.includes(origin)) return [];
      return [finding(url, `${renderFound(url.value)}, a publicUrl of reports`, 'the origin of the node itself')];
    }),
    ...nodes.flatMap((node) => {
      const probe = at(node, 'probe');
      const defaults = { timeoutMs: 4000, intervalMs: 10_000 };
      return checkLess(at(probe, 'timeout'), at(probe, 'interval'), defaults, (a, b) => a < b, 'less than');
    }),
  ];
}

/**
 * Who speaks TLS 1.0 can be talked down to it, and what it protects can be read: so only phones that know nothing better
 * (reference/phone-xml.md §9) are given such a listener, and all others must have one that never does.
 */
function checkLegacy(listeners: readonly Part[]): Finding[] {
  const isLegacy = (listener: Part) => at(at(listener, 'tls'), 'profile').value === 'legacy';
  const modern = listeners.filter((listener) => !isLegacy(listener));
  const urls = modern.map((listener) => parseOrigin(text(at(listener, 'publicUrl')) ?? '')?.origin);
  return listeners.filter(isLegacy).flatMap((listener) => {
    const profile = at(at(listener, 'tls'), 'profile');
    const publicUrl = at(listener, 'publicUrl');
    const origin = parseOrigin(text(publicUrl) ?? '')?.origin;
    const shared = origin !== undefined && urls.includes(origin);
    const alone = !modern.some((other) => at(other, 'tls').value !== undefined);
    return [
      ...(alone
        ? [
            finding(
              profile,
              '"legacy" on the only TLS listener',
              'only beside another TLS listener without `profile: legacy`, for all other phones',
            ),
          ]
        : []),
      ...(shared
        ? [
            finding(
              publicUrl,
              `${renderFound(publicUrl.value)}, which a listener that is not legacy has too`,
              'an origin of its own for a legacy listener',
            ),
          ]
        : []),
    ];
  });
}

function checkLimits(limits: Part): Finding[] {
  return checkLess(at(limits, 'headers'), at(limits, 'request'), DEFAULT_LIMITS, (a, b) => a <= b, 'at most');
}

function checkStop(stop: Part): Finding[] {
  return checkLess(
    at(stop, 'pause'),
    at(stop, 'within'),
    { pauseMs: 0, withinMs: 10_000 },
    (a, b) => a < b,
    'less than',
  );
}

/** Two durations of which the first must be less; each with its default. */
function checkLess(
  lesser: Part,
  greater: Part,
  defaults: object,
  holds: (a: number, b: number) => boolean,
  words: string,
): Finding[] {
  const ms = (place: Part) => {
    const written = parseDuration(text(place) ?? '');
    return place.value === undefined ? Number(Reflect.get(defaults, `${place.path.at(-1)}Ms`)) : written;
  };
  const [a, b] = [ms(lesser), ms(greater)];
  if (a === null || b === null || holds(a, b)) return [];
  const place = lesser.value === undefined ? greater : lesser;
  const [less, more] = [renderKey(lesser.path), renderKey(greater.path)];
  return [
    finding(place, renderFound(place.value), `${less} (${renderDuration(a)}) ${words} ${more} (${renderDuration(b)})`),
  ];
}

/** Whether two sockets could not both listen on one port: a wildcard takes the port of every address of its family. */
function sameAddress(a: string, b: string): boolean {
  const covers = (x: string, y: string) => x === y || x === '::' || (x === '0.0.0.0' && !y.includes(':'));
  return covers(a.toLowerCase(), b.toLowerCase()) || covers(b.toLowerCase(), a.toLowerCase());
}

function checkAddresses(places: readonly Part[]): Finding[] {
  const addresses = places.map((place) => {
    const isOps = place.path[0] === 'ops';
    const fallback = isOps ? '127.0.0.1' : place.path[0] === 'push' ? '0.0.0.0' : null;
    const host = text(at(place, 'host')) ?? fallback;
    const port = at(place, 'port').value ?? (isOps ? 8090 : undefined);
    return { place, host, port };
  });
  return addresses.flatMap(({ place, host, port }, index) => {
    if (host === null || typeof port !== 'number' || port === 0) return [];
    const taken = addresses
      .slice(0, index)
      .find((a) => a.port === port && a.host !== null && sameAddress(a.host, host));
    if (taken === undefined) return [];
    const found = `${port} on ${renderFound(host)}, which ${renderKey(taken.place.path)} already takes`;
    return [finding(at(place, 'port'), found, 'an address and port of its own for every listener and ops')];
  });
}

function checkOps(ops: Part): Finding[] {
  const host = text(at(ops, 'host'));
  const operators = items(at(ops, 'operators'));
  const named = operators.map((operator) => at(operator, 'name')).filter((name) => name.value === 'token');
  const findings = [
    ...unique(operators, 'name', 'a name that no other operator has'),
    ...named.map((name) => finding(name, '"token"', 'another name: `token` is who has ops.token')),
  ];
  if (host === null || isLoopback(host) || at(ops, 'token').value !== undefined || operators.length > 0)
    return findings;
  return [
    ...findings,
    finding(at(ops, 'token'), 'nothing', `a token, since ops.host ${renderFound(host)} is not loopback`),
  ];
}

function checkFrontDoors(clusters: readonly Part[]): Finding[] {
  const doors = clusters.map((cluster) => at(cluster, 'frontDoor')).filter((place) => place.value === true);
  return doors.slice(1).map((place) => {
    return finding(place, `true, which ${renderKey(doors[0]?.path ?? [])} already is`, 'true for at most one cluster');
  });
}

function checkOrigins(services: readonly Part[]): Finding[] {
  const first = new Map<string, Part>();
  return services.flatMap((service) => {
    const place = at(service, 'url');
    const origin = parseOrigin(text(place) ?? '')?.origin;
    if (origin === undefined) return [];
    const earlier = first.get(origin);
    if (earlier === undefined) first.set(origin, service);
    if (earlier === undefined) return [];
    const found = `${renderFound(place.value)}, the same server as ${renderKey(earlier.path)}`;
    return [finding(place, found, 'a server of its own for every service')];
  });
}

/** Pushes need to know where phones are (contract.md, "Configuration"), and those of our own somebody to act as. */
function checkPush(push: Part, networks: Part): Finding[] {
  const findings = bothOrNeither(push, 'username', 'password');
  const username = at(push, 'username');
  const used = items(at(push, 'listeners')).length > 0 || username.value !== undefined;
  if (used && (networks.value === undefined || (Array.isArray(networks.value) && networks.value.length === 0))) {
    const allowed = 'the networks where phones are, since push is configured: nothing outside them is pushed to';
    findings.push(finding(networks, networks.value === undefined ? 'nothing' : 'an empty list', allowed));
  }
  if (text(username)?.includes(':')) {
    findings.push(finding(username, renderFound(username.value), 'a user name without a colon'));
  }
  for (const key of ['onVerdict', 'onRecovery', 'atFirstFailure']) {
    const place = at(push, key);
    if (place.value !== true || username.value !== undefined) continue;
    findings.push(finding(place, 'true', 'false, or push.username and push.password, which it needs'));
  }
  return findings;
}

function bothOrNeither(place: Part, ...keys: readonly [string, string]): Finding[] {
  const missing = keys.filter((key) => at(place, key).value === undefined);
  if (missing.length !== 1) return [];
  return missing.map((key) => finding(at(place, key), 'nothing', `both ${keys.join(' and ')}, or neither`));
}

function checkProbe(probe: Part, reconnect: Part): Finding[] {
  const findings = bothOrNeither(probe, 'username', 'password');
  const timeout = at(probe, 'timeout');
  const timeoutMs = parseDuration(text(timeout) ?? '');
  const intervals = [at(probe, 'interval'), at(reconnect, 'interval')];
  for (const place of timeoutMs === null ? [] : intervals) {
    const intervalMs = parseDuration(text(place) ?? (place.value === undefined ? '5s' : ''));
    if (intervalMs === null || timeoutMs === null || timeoutMs < intervalMs) continue;
    const key = place.path.at(-2) === 'reconnect' ? 'reconnect.interval' : 'probe.interval';
    findings.push(
      finding(timeout, renderFound(timeout.value), `less than ${key}, which is ${renderDuration(intervalMs)}`),
    );
  }
  return findings;
}

function checkLanguages(languages: Part): Finding[] {
  const seen = new Set<string>();
  return items(languages).flatMap((place) => {
    const code = text(place)?.toLowerCase() ?? null;
    if (code === null || !seen.has(code)) {
      if (code !== null) seen.add(code);
      return [];
    }
    return [finding(place, `${renderFound(place.value)} a second time`, 'each language once')];
  });
}
