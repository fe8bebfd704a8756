/** Rules of what goes out: webhooks and syslog. Pure. */

import { renderFound } from './document.ts';
import type { Finding } from './problem.ts';
import { at, finding, items, type Part, text, unique } from './rule-parts.ts';

/** Each format needs what it signs or is known by, and nothing of another one. */
export function checkWebhooks(webhooks: readonly Part[]): Finding[] {
  return [
    ...unique(webhooks, 'name', 'a name that no other webhook has'),
    ...webhooks.flatMap((webhook) => {
      const format = text(at(webhook, 'format')) ?? 'cloudevents';
      return [
        ...(format === 'pagerduty' ? [] : needs(webhook, 'url', format)),
        ...(format === 'cloudevents'
          ? needs(webhook, 'secret', format)
          : ['secret', 'previousSecret'].flatMap((key) => excludes(webhook, key, 'cloudevents'))),
        ...(format === 'pagerduty'
          ? needs(webhook, 'routingKey', format)
          : excludes(webhook, 'routingKey', 'pagerduty')),
        ...unique(items(at(webhook, 'headers')), 'name', 'a name that no other header has'),
      ];
    }),
  ];
}

function needs(webhook: Part, key: string, format: string): Finding[] {
  const place = at(webhook, key);
  return place.value === undefined ? [finding(place, 'nothing', `\`${key}\`, which \`format: ${format}\` needs`)] : [];
}

function excludes(webhook: Part, key: string, format: string): Finding[] {
  const place = at(webhook, key);
  if (place.value === undefined) return [];
  return [finding(place, 'a value that is not printed', `nothing: only \`format: ${format}\` has it`)];
}

export function checkSyslog(syslog: Part): Finding[] {
  const url = at(syslog, 'url');
  const tls = at(syslog, 'tls');
  if (tls.value === undefined || text(url) === null || text(url)?.startsWith('tls://')) return [];
  return [finding(tls, 'a mapping', `nothing, since ${renderFound(url.value)} is not encrypted; or tls://`)];
}
