/** What a new configuration changes, key by key in the words of the file. Pure; never a secret. */

import { isDeepStrictEqual } from 'node:util';
import type { Config, ListenerConfig, OperatorConfig } from './config.ts';
import { matchListeners } from './listener-identity.ts';
import { printable, renderDuration } from './values.ts';

export interface ConfigChange {
  /** As in the file; services and clusters by their id: `clusters[main].services[a].url`. */
  readonly key: string;
  /** `added`, `removed`, `changed`, or `from … to …`. */
  readonly words: string;
  /** The running proxy cannot use it: it stays as it was until the next start. */
  readonly needsRestart: boolean;
}

/** In the order of the configuration; empty when both mean the same. */
export function diffConfig(one: Config, other: Config): readonly ConfigChange[] {
  const [before, after] = [withNames(one), withNames(other)];
  const { listeners: listenersBefore, ...phonesBefore } = before.phones;
  const { listeners: listenersAfter, ...phonesAfter } = after.phones;
  const changes = [
    ...diffListeners(listenersBefore, listenersAfter),
    ...diffValues('phones', phonesBefore, phonesAfter),
    ...diffValues('ops', inFileWords(before.ops), inFileWords(after.ops)),
    ...Object.keys({ ...before, ...after })
      .filter((key) => key !== 'phones' && key !== 'ops')
      .flatMap((key) => diffValues(key, Reflect.get(before, key), Reflect.get(after, key))),
  ];
  return changes.map(({ key, words, needsRestart = false }) => ({
    key: renameKey(key),
    words,
    needsRestart: needsRestart || NEEDS_RESTART.test(key),
  }));
}

/** Receivers of webhooks are known by their names. */
function withNames(config: Config): Config {
  return { ...config, webhooks: config.webhooks.map(({ name, ...one }) => ({ id: name, name, ...one })) };
}

/** In the file one operator is `ops.token`, and the others are known by their names. */
function inFileWords({ operators, ...ops }: Config['ops']): object {
  const isToken = ({ name }: OperatorConfig) => name === 'token';
  return {
    ...ops,
    token: operators.find(isToken)?.token ?? null,
    operators: operators.filter((one) => !isToken(one)).map(({ name, ...one }) => ({ id: name, ...one })),
  };
}

/**
 * A socket cannot move, nor can the form of log lines change half-way; pushes and reports have listeners of their own, and to
 * the others this proxy has one name and one connection.
 */
const NEEDS_RESTART = /^(ops\.(host|port|tls)|log\.format|processes|push(\..*)?|reports(\.listeners)?|store(\..*)?)$/;

/** A difference before its key is in the words of the file. */
interface Difference {
  readonly key: string;
  readonly words: string;
  readonly needsRestart?: boolean;
}

function diffListeners(before: readonly ListenerConfig[], after: readonly ListenerConfig[]): Difference[] {
  const matches = matchListeners(before, after);
  const stays = new Set(matches);
  const changed = matches.flatMap((match, index) => {
    const listener = before[index];
    if (listener === undefined) return [];
    if (match === null) return [{ ...describeSocket(listener, index), words: 'removed', needsRestart: true }];
    return diffValues(`phones.listeners[${after.indexOf(match)}]`, listener, match);
  });
  const added = after.flatMap((listener, index) => {
    return stays.has(listener) ? [] : [{ ...describeSocket(listener, index), words: 'added', needsRestart: true }];
  });
  return [...changed, ...added];
}

function describeSocket({ host, port, tls }: ListenerConfig, index: number): { readonly key: string } {
  const protocol = tls === null ? 'http' : tls.profile === 'legacy' ? 'https, legacy' : 'https';
  return { key: `phones.listeners[${index}] (${protocol} on ${host} port ${port})` };
}

function diffValues(key: string, before: unknown, after: unknown): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isRecord(before) && isRecord(after)) {
    return Object.keys({ ...before, ...after }).flatMap((name) =>
      diffValues(`${key}.${name}`, before[name], after[name]),
    );
  }
  if (areNamed(before) && areNamed(after)) return diffNamed(key, before, after);
  if (isAbsent(before) && isRecord(after)) return [{ key, words: 'added' }];
  if (isRecord(before) && isAbsent(after)) return [{ key, words: 'removed' }];
  const [from, to] = [renderValue(key, before), renderValue(key, after)];
  return [{ key, words: from === null || to === null ? 'changed' : `from ${from} to ${to}` }];
}

interface Named {
  readonly id: string;
}

function diffNamed(key: string, before: readonly Named[], after: readonly Named[]): Difference[] {
  const names = (list: readonly Named[], of: readonly Named[]) =>
    list.map(({ id }) => id).filter((id) => of.some((other) => other.id === id));
  const reordered = !isDeepStrictEqual(names(before, after), names(after, before));
  return [
    ...before.flatMap((old) => {
      const match = after.find(({ id }) => id === old.id);
      if (match === undefined) return [{ key: `${key}[${old.id}]`, words: 'removed' }];
      return diffValues(`${key}[${old.id}]`, old, match);
    }),
    ...after.flatMap(({ id }) =>
      before.some((old) => old.id === id) ? [] : [{ key: `${key}[${id}]`, words: 'added' }],
    ),
    ...(reordered ? [{ key, words: 'another order' }] : []),
  ];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function areNamed(value: unknown): value is readonly Named[] {
  return Array.isArray(value) && value.every((item) => isRecord(item) && typeof item.id === 'string');
}

const SECRET_KEY = /password|token|secret|routingKey|^webhooks\[.*\]\.(url|headers)/i;
const LONGEST = 120;

/** null: not to be shown, because it is a secret or too long to read. */
function renderValue(key: string, value: unknown): string | null {
  if (SECRET_KEY.test(key)) return null;
  if (isAbsent(value)) return 'nothing';
  if (typeof value === 'number') return key.endsWith('Ms') ? renderDuration(value) : String(value);
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => renderValue(key, item));
    const text = items.includes(null) ? null : `[${items.join(', ')}]`;
    return text === null || text.length > LONGEST ? null : text;
  }
  if (typeof value !== 'string' || value.includes('\n') || value.length > LONGEST) return null;
  // A URL of the configuration may have a query.
  return printable(value.replace(/\?.*$/s, '?…'));
}

/** The names of config.ts in the words of the file. */
function renameKey(key: string): string {
  return key
    .replace(/Ms$/, '')
    .replace(/^push\.own(?=\.|$)/, 'push')
    .replace(/^push\.scheme$/, 'push.phoneScheme')
    .replace(/^store\.redis\.servers$/, 'store.redis (url, sentinels)')
    .replace(/(services\[[^\]]+\])\.(ca|fingerprints)$/, '$1.tls.$2')
    .replace(/(services\[[^\]]+\]|webhooks\[[^\]]+\]|log\.syslog)\.certificateNames$/, '$1.tls.names')
    .replace(/^(webhooks\[[^\]]+\]|log\.syslog)\.(ca|fingerprints)$/, '$1.tls.$2')
    .replace(/^(webhooks\[[^\]]+\])\.secrets$/, '$1.secret');
}
