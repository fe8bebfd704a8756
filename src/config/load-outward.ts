/** What goes out, as the rest of the program sees it: webhooks and syslog. */

import type { LogConfig, SyslogConfig, WebhookConfig } from './config.ts';
import { renderKey } from './problem.ts';
import type { ParsedConfig } from './schema.ts';
import { parseSyslogUrl } from './syslog-url.ts';
import { parseFingerprint } from './values.ts';

const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

/** `contents`: of secrets and files, by their key. */
export function buildWebhook(
  webhook: ParsedConfig['webhooks'][number],
  index: number,
  contents: ReadonlyMap<string, string>,
): WebhookConfig {
  const of = (...key: readonly (string | number)[]) => contents.get(renderKey(['webhooks', index, ...key])) ?? null;
  const { name, format, events, tls, headers } = webhook;
  return {
    ...{ name, format, events: events ?? null },
    url: of('url') ?? PAGERDUTY_URL,
    secrets: [of('secret'), of('previousSecret')].filter((secret) => secret !== null),
    routingKey: of('routingKey'),
    ...buildTrust(tls, of('tls', 'ca')),
    headers: headers.map((header, at) => ({ name: header.name, value: of('headers', at, 'value') ?? '' })),
  };
}

export function buildLog(log: ParsedConfig['log'], contents: ReadonlyMap<string, string>): LogConfig {
  const { level, format, syslog } = log;
  const target = syslog === undefined ? null : parseSyslogUrl(syslog.url);
  return {
    ...{ level, format },
    syslog:
      syslog === undefined || target === null
        ? null
        : {
            ...target,
            ...{ level: syslog.level ?? null, facility: syslog.facility, hostname: syslog.hostname ?? null },
            enterprise: syslog.enterprise ?? null,
            ...buildTrust(syslog.tls, contents.get('log.syslog.tls.ca') ?? null),
          },
  };
}

function buildTrust(
  { fingerprints, names }: ParsedConfig['webhooks'][number]['tls'],
  ca: string | null,
): Pick<SyslogConfig, 'ca' | 'fingerprints' | 'certificateNames'> {
  return {
    ca,
    fingerprints: fingerprints.map((text) => parseFingerprint(text) ?? text),
    certificateNames: names ?? [],
  };
}
