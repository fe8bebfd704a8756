/** Whether what the proxy tells others could arrive: a connection, with TLS where there is TLS. Nothing is sent. */

import { connect, isIP, type Socket } from 'node:net';
import type { Config } from '../config/config.ts';
import { printable } from '../config/values.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { connectTls, type Trust } from '../http/client/trust.ts';

export interface OutwardCheck {
  readonly kind: 'webhook' | 'syslog';
  /** Its name in the configuration; of syslog its address. */
  readonly name: string;
  readonly reached: boolean;
  /** In words, without what is secret. */
  readonly result: string;
}

const CONNECT_MS = 5000;

/** All receivers at once, in the order of the configuration; nothing can be seen of syslog by UDP. */
export function checkOutward({ webhooks, log: { syslog } }: Config): Promise<OutwardCheck[]> {
  const checks = webhooks.map(async (webhook): Promise<OutwardCheck> => {
    const { protocol, hostname, port } = new URL(webhook.url);
    const isSecure = protocol === 'https:';
    const host = hostname.replace(/^\[|\]$/g, '');
    const target = { host, port: Number(port) || (isSecure ? 443 : 80) };
    return { kind: 'webhook', name: webhook.name, ...(await tryConnection(target, isSecure ? webhook : null)) };
  });
  if (syslog === null || syslog.protocol === 'udp') return Promise.all(checks);
  const name = `${syslog.protocol} ${syslog.host} port ${syslog.port}`;
  const check = tryConnection(syslog, syslog.protocol === 'tls' ? syslog : null, []);
  return Promise.all([...checks, check.then((result) => ({ kind: 'syslog', name, ...result }) as const)]);
}

/** `trust`: null without TLS. */
function tryConnection(
  { host, port }: { readonly host: string; readonly port: number },
  trust: Trust | null,
  ALPNProtocols: string[] = ['http/1.1'],
): Promise<Pick<OutwardCheck, 'reached' | 'result'>> {
  const { promise, resolve } = Promise.withResolvers<Pick<OutwardCheck, 'reached' | 'result'>>();
  const servername = isIP(host) === 0 ? host : '';
  const socket: Socket =
    trust === null ? connect({ host, port }) : connectTls(trust, { host, port, servername, ALPNProtocols });
  const finish = (reached: boolean, result: string) => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ reached, result });
  };
  const timer = setTimeout(() => finish(false, `no connection within ${CONNECT_MS / 1000} s`), CONNECT_MS);
  socket.once(trust === null ? 'connect' : 'secureConnect', () => {
    if (!socket.destroyed) finish(true, 'can be reached');
  });
  socket.on('error', (error) => {
    const { code, detail } = classifyNetworkError(error);
    finish(false, printable(`${code} (${detail})`, 400));
  });
  socket.once('close', () => finish(false, 'the connection was closed at once'));
  return promise;
}

export function renderOutwardChecks(checks: readonly OutwardCheck[]): string {
  return checks
    .map(({ kind, name, reached, result }) => `  ${reached ? 'ok    ' : 'FAILED'}  ${kind} ${name}: ${result}\n`)
    .join('');
}

/** What the configuration means. Of a URL its origin alone is no secret. */
export function renderOutward({ webhooks, log: { syslog } }: Config): string[] {
  return [
    ...(webhooks.length === 0 ? [] : ['Webhooks']),
    ...webhooks.map(({ name, format, url, events }) => {
      const which = events === null ? '' : `: ${events.join(', ')}`;
      return `  ${name} (${format}) at ${new URL(url).origin}${which}`;
    }),
    ...(syslog === null ? [] : [`Syslog to ${syslog.host} port ${syslog.port} by ${syslog.protocol}`]),
  ];
}
