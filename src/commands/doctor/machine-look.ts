/** What the machine gives the process: open files, Node.js. */

import { existsSync, readFileSync } from 'node:fs';
import { release, type } from 'node:os';
import type { Config } from '../../config/config.ts';
import { type Finding, finding } from './kinds.ts';

/** Beside the connections of phones: to Finesse, files, the log. */
const OTHER_FILES = 1000;

/** `limit`: how many files the process may open; null: not known. */
export function decideOpenFiles({ phones }: Config, limit: number | null): Finding[] {
  const needed = phones.listeners.length * phones.limits.connections + OTHER_FILES;
  if (limit === null || limit >= needed) return [];
  const listeners = `${phones.listeners.length} listeners with ${phones.limits.connections} connections each`;
  return [finding('open-files', `${limit} files; ${listeners} may need ${needed}`)];
}

const UNITS = ['/etc/systemd/system/ippa-proxy.service', '/lib/systemd/system/ippa-proxy.service'];

/** Of the systemd unit if there is one, since the process of this command has other limits; else of this process. */
export function openFileLimit(units: readonly string[] = UNITS, limits = '/proc/self/limits'): number | null {
  const unit = units.find((file) => existsSync(file));
  const [, ofUnit] =
    (unit === undefined ? null : /^LimitNOFILE=(?:\d+:)?(\d+)/m.exec(readFileSync(unit, 'utf8'))) ?? [];
  if (ofUnit !== undefined) return Number(ofUnit);
  try {
    // Node.js raises the soft limit of its own process to the hard one, so that counts.
    const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync(limits, 'utf8')) ?? [];
    return hard === undefined ? null : hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
  } catch {
    return null;
  }
}

/** `22.18.0` against `>=22.18`. */
export function decideNode(version: string, engines: string): Finding[] {
  const numbers = (text: string) =>
    text
      .replace(/^[^\d]*/, '')
      .split('.')
      .map(Number);
  const [found, needed] = [numbers(version), numbers(engines)];
  const [major = 0, minor = 0] = found;
  const [leastMajor = 0, leastMinor = 0] = needed;
  const isOld = major < leastMajor || (major === leastMajor && minor < leastMinor);
  return isOld ? [finding('node-version', `Node.js ${version}; needed: ${engines}`)] : [];
}

/** Such as `Debian GNU/Linux 12 (bookworm), Linux 6.1.0`. */
export function describeSystem(): string {
  const kernel = `${type()} ${release()}`;
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name === undefined ? kernel : `${name}, ${kernel}`;
  } catch {
    return kernel;
  }
}
