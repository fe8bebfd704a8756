/** The ports of the configuration: free when the proxy does not run, answering when it does. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { Account } from '../accounts.ts';
import { isOpen } from '../finesse-look.ts';
import { type Finding, finding } from './kinds.ts';

interface Port {
  readonly key: string;
  readonly host: string;
  readonly port: number;
}

function portsOf({ phones, push, ops, reports }: Config): Port[] {
  const keyed = (key: string, listeners: readonly Omit<Port, 'key'>[]) =>
    listeners.map(({ host, port }, index) => ({ key: `${key}[${index}]`, host, port }));
  const all = [
    ...keyed('phones.listeners', phones.listeners),
    ...keyed('push.listeners', push?.listeners ?? []),
    ...keyed('reports.listeners', reports?.listeners ?? []),
    { key: 'ops', host: ops.host, port: ops.port },
  ];
  return all.filter(({ port }) => port !== 0);
}

export interface PortsLook {
  /** The proxy of this configuration runs: its ports are its own, and are not tried. */
  readonly isRunning: boolean;
  readonly account: Account | null;
}

export async function lookAtPorts(config: Config, { isRunning, account }: PortsLook): Promise<Finding[]> {
  const looks = portsOf(config).map(async (port) => (isRunning ? lookAtOpen(port) : lookAtFree(port, account)));
  return (await Promise.all(looks)).flat();
}

const CONNECT_MS = 2000;

async function lookAtOpen({ key, host, port }: Port): Promise<Finding[]> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return (await isOpen(reachable, port, CONNECT_MS)) ? [] : [finding('port-silent', `${key}: ${host} port ${port}`)];
}

async function lookAtFree({ key, host, port }: Port, account: Account | null): Promise<Finding[]> {
  const place = `${key}: ${host} port ${port}`;
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    server.close();
    const isPrivileged = account !== null && account.uid !== 0 && port < firstUnprivilegedPort();
    return isPrivileged ? [finding('port-privileged', `${place}, for ${account.name}`)] : [];
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return [finding('port-taken', place)];
    if (code === 'EACCES') return [finding('port-forbidden', place)];
    return [finding('address-missing', `${place} (${code})`)];
  }
}

function firstUnprivilegedPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 1024;
  }
}
