/** What `init` has to know: from the options, else from whoever sits at the terminal. Nothing is guessed that phones depend on. */

import { isIP } from 'node:net';
import { renderFound } from '../../config/document.ts';
import { isListenHost, isLoopback, isNetwork, parseFingerprint, parseOrigin } from '../../config/values.ts';
import type { Asking } from '../asking.ts';
import type { KeyType } from './certificate.ts';

/** As the command line has them. */
export interface InitOptions {
  readonly config?: string;
  /** Hosts, host:port or origins, the preferred one first. */
  readonly finesse?: readonly string[];
  /** Networks of phones; `none`: not stated. */
  readonly network?: readonly string[];
  /** By which phones reach the proxy. */
  readonly name?: string;
  /** More names and addresses for the certificate. */
  readonly altName?: readonly string[];
  readonly listen?: string;
  readonly port?: string;
  /** `none`: no listener without TLS. */
  readonly plainPort?: string;
  readonly opsPort?: string;
  readonly keyType?: string;
  /** Fingerprints of certificates of Finesse that no CA vouches for. */
  readonly trust?: readonly string[];
  readonly user?: string;
  /** Also when a server does not answer. */
  readonly anyway?: boolean;
  readonly force?: boolean;
  /** Ask nothing, although somebody may be there. */
  readonly input?: boolean;
}

export interface InitAnswers {
  /** Origins of the servers. */
  readonly finesse: readonly string[];
  readonly networks: readonly string[];
  readonly name: string;
  readonly altNames: readonly string[];
  readonly listen: string;
  readonly port: number;
  readonly plainPort: number | null;
  readonly opsPort: number;
  readonly keyType: KeyType;
  readonly trust: readonly string[];
}

/** Options are missing, or wrong: a line for each. */
export class InitUsage extends Error {}

const FINESSE_PORT = 8445;

interface Question<T> {
  readonly option: string;
  readonly question: string;
  readonly allowed: string;
  /** undefined: it is none. */
  readonly parse: (words: readonly string[]) => T | undefined;
}

const FINESSE: Question<string[]> = {
  option: '--finesse HOST',
  question: 'Finesse servers, the preferred one first (host names, with spaces between)',
  allowed: 'host names or addresses of Finesse, such as finesse-a.example.com finesse-b.example.com',
  parse(words) {
    const origins = words.map(finesseOrigin);
    if (origins.length === 0 || origins.length > 26 || new Set(origins).size < origins.length) return undefined;
    return origins.every((origin) => origin !== null) ? (origins as string[]) : undefined;
  },
};

const NETWORKS: Question<string[]> = {
  option: '--network NETWORK',
  question: 'Networks where phones are, such as 10.20.0.0/16 (with spaces between; none: not stated)',
  allowed: 'networks such as 10.20.0.0/16, or none',
  parse(words) {
    if (words.length === 1 && words[0] === 'none') return [];
    return words.length > 0 && words.every(isNetwork) ? [...words] : undefined;
  },
};

const NAME: Question<string> = {
  option: '--name HOST',
  question: 'Name (or address) by which phones reach this proxy, such as ippa.example.com',
  allowed: 'one host name or address',
  parse: ([name = '', ...more]) => (more.length === 0 && isListenHost(name) ? name : undefined),
};

/** Missing answers are asked for, once the options are right; without somebody to ask they are named, all at once. */
export async function gatherAnswers(options: InitOptions, asking: Asking | null): Promise<InitAnswers> {
  const faults: string[] = [];
  const chosen = readChoices(options, faults);
  const given = {
    finesse: readGiven(FINESSE, options.finesse, asking, faults),
    networks: readGiven(NETWORKS, options.network, asking, faults),
    name: readGiven(NAME, options.name === undefined ? undefined : [options.name], asking, faults),
  };
  if (faults.length > 0) throw new InitUsage(faults.join('\n'));
  return {
    ...chosen,
    finesse: given.finesse ?? (await askFor(FINESSE, asking)),
    networks: given.networks ?? (await askFor(NETWORKS, asking)),
    name: given.name ?? (await askFor(NAME, asking)),
  };
}

/** undefined: to be asked for, or a fault. */
function readGiven<T>(
  question: Question<T>,
  given: readonly string[] | undefined,
  asking: Asking | null,
  faults: string[],
): T | undefined {
  const answer = given === undefined ? undefined : question.parse(words(given));
  if (given === undefined && asking === null) faults.push(`${question.option} is needed: ${question.allowed}`);
  if (given !== undefined && answer === undefined) {
    faults.push(renderWrong(question.option, given.join(' '), question.allowed));
  }
  return answer;
}

const PORT = 'a port, 1 to 65535';
const FINGERPRINT = 'a SHA-256 fingerprint: 32 pairs of hex digits joined by colons';

/** What has a default and is never asked for. Of what is a fault the result is null, and nobody uses it. */
function readChoices(options: InitOptions, faults: string[]): Omit<InitAnswers, 'finesse' | 'networks' | 'name'> {
  const read = <T>(option: string, given: string, allowed: string, parse: (text: string) => T | null): T => {
    const found = parse(given);
    if (found === null) faults.push(renderWrong(option, given, allowed));
    return found as T;
  };
  const { listen = '0.0.0.0', port = '8445', plainPort = '8082', opsPort = '8090', keyType = 'rsa' } = options;
  const choices = {
    listen: read('--listen', listen, 'an address of this machine', parseHost),
    port: read('--port', port, PORT, parsePort),
    plainPort: plainPort === 'none' ? null : read('--plain-port', plainPort, `${PORT}, or none`, parsePort),
    opsPort: read('--ops-port', opsPort, PORT, parsePort),
    keyType: read('--key-type', keyType, 'rsa or ec', parseKeyType),
    altNames: words(options.altName ?? []).map((name) => read('--alt-name', name, 'a host name or address', parseHost)),
    trust: words(options.trust ?? []).map((text) => read('--trust', text, FINGERPRINT, parseFingerprint)),
  };
  const isTwice = new Set([choices.port, choices.plainPort, choices.opsPort]).size < 3;
  if (faults.length === 0 && isTwice) faults.push('--port, --plain-port, --ops-port: found the same port twice');
  return choices;
}

function parseHost(text: string): string | null {
  return isListenHost(text) ? text : null;
}

function parseKeyType(text: string): KeyType | null {
  return text === 'rsa' || text === 'ec' ? text : null;
}

async function askFor<T>(question: Question<T>, asking: Asking | null): Promise<T> {
  if (asking === null) throw new InitUsage(`${question.option} is needed: ${question.allowed}`);
  for (let hint = ''; ; hint = `(${question.allowed})\n`) {
    const answer = question.parse(words([await asking.ask(`${hint}${question.question}: `)]));
    if (answer !== undefined) return answer;
  }
}

function renderWrong(option: string, found: string, allowed: string): string {
  return `${option}: found ${renderFound(found)}; allowed: ${allowed}`;
}

/** Repeated options, commas and spaces all separate. */
function words(given: readonly string[]): string[] {
  return given.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean);
}

function finesseOrigin(text: string): string | null {
  const host = isIP(text) === 6 ? `[${text}]` : text;
  const hasPort = /:\d+$/.test(isIP(text) === 6 ? '' : host);
  const url = parseOrigin(host.includes('://') ? host : `https://${host}${hasPort ? '' : `:${FINESSE_PORT}`}`);
  if (url === null) return null;
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || isListenHost(name) ? url.origin : null;
}

function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

/** All that phones may call the proxy; the first is that of publicUrl. Loopback: for trying it on this machine. */
export function certificateNames({ name, altNames, listen }: InitAnswers): string[] {
  const address = isIP(listen) !== 0 && listen !== '0.0.0.0' && listen !== '::' && !isLoopback(listen) ? [listen] : [];
  return [...new Set([name, ...altNames, ...address])];
}
