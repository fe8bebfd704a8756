/** What a server says of itself (A24, A25). Pure. */

import { type Finding, fails, holds, judgeEach, notSeen } from './fact.ts';
import type { Traffic } from './read-har.ts';
import { probesOf } from './traffic-views.ts';

export function judgeSystemInfo(traffic: Traffic): Finding {
  return judgeEach(
    probesOf(traffic).filter(({ status }) => status !== 0),
    ({ status, page }) => {
      if (status !== 200) return `SystemInfo answers ${status}`;
      const says = page?.texts.get('status');
      return says === 'IN_SERVICE' || says === 'OUT_OF_SERVICE' ? null : `SystemInfo says ${says ?? 'no status'}`;
    },
    {
      none: 'no probe passed: a capture has them from the first request of the phone on',
      all: 'SystemInfo says a status',
    },
  );
}

export function judgeNotifications({ stanzas }: Traffic): Finding {
  const items = stanzas.filter(({ xml }) => xml.includes('pubsub#event'));
  if (items.length === 0) return notSeen('no notification came');
  const odd = items.filter(
    ({ xml }) => !/status&(?:amp;)*gt;\s*(?:IN_SERVICE|OUT_OF_SERVICE)|<status>\s*(?:IN|OUT_OF)_SERVICE/i.test(xml),
  );
  return odd.length === 0
    ? holds(`${items.length} notifications say a status`, [])
    : fails(`${odd.length} of ${items.length} notifications say no status`, []);
}
