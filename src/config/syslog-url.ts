/** `tls://HOST:PORT` and its kin. Pure. */

/** By their numbers (RFC 5424 §6.2.1): 0, 1, … */
export const FACILITIES = [
  ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'] as const),
  ...(['ntp', 'audit', 'alert', 'clock'] as const),
  ...(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
] as const;

export type Facility = (typeof FACILITIES)[number];

export interface SyslogTarget {
  readonly protocol: 'tls' | 'tcp' | 'udp';
  /** IPv6 addresses without brackets. */
  readonly host: string;
  readonly port: number;
}

const PORTS = { tls: 6514, tcp: 514, udp: 514 } as const;

/** null: it is none. */
export function parseSyslogUrl(text: string): SyslogTarget | null {
  const match = /^(tls|tcp|udp):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?\/?$/.exec(text);
  if (match === null) return null;
  const protocol = match[1] as SyslogTarget['protocol'];
  const port = match[3] === undefined ? PORTS[protocol] : Number(match[3]);
  // The parser of URLs knows what a host is.
  const url = URL.parse(`http://${match[2]}`);
  if (url === null || port < 1 || port > 65_535) return null;
  return { protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

export function isSyslogUrl(text: string): boolean {
  return parseSyslogUrl(text) !== null;
}
