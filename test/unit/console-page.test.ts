/** What stands at `/` without JavaScript (src/ops/console-page.ts). */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Outage } from '../../src/domain/outage.ts';
import { renderConsolePage } from '../../src/ops/console-page.ts';
import type { HealthReport, ServiceEntry } from '../../src/ops/health.ts';

const read = (path: string) => readFileSync(new URL(`../../console/${path}`, import.meta.url), 'utf8');
const NOW = Date.parse('2026-11-27T02:34:00.123Z');

const entry = (id: string, over: Partial<ServiceEntry>) =>
  ({
    ...{ id, name: `Finesse ${id.toUpperCase()}`, cluster: 'main', state: 'in-service', admin: 'ready', attempt: null },
    ...{ since: '2026-11-26T22:00:00.500Z', reason: null, lastProbe: '2026-11-27T02:33:59.900Z', phones: 3 },
    ...{ runbook: null, adminReason: null, notAlternateBecause: null, drill: null },
    ...over,
  }) as ServiceEntry;

const OUTAGE = {
  ...{ id: 'x', service: 'a', name: 'Finesse A', drill: false, endedAt: null, signedIn: 3, missing: 1 },
  ...{ startedAt: Date.parse('2026-11-27T02:33:21Z'), verdictAt: Date.parse('2026-11-27T02:33:36Z') },
} as Outage;

function render(services: readonly ServiceEntry[], outages: readonly Outage[] = [], language: 'en' | 'de' = 'en') {
  const report = { status: 'ok', services, problems: [] } as unknown as HealthReport;
  const page = renderConsolePage(read('index.html'), {
    ...{ report, outages, language, now: NOW },
    words: JSON.parse(read(`words/${language}.json`)),
  });
  return { page, title: /<title>(.*)<\/title>/.exec(page)?.[1] };
}

it('B961 without JavaScript the title says what is out, and the page since when and how many are missing', () => {
  const services = [entry('a', { state: 'out-of-service' }), entry('b', {})];
  const { page, title } = render(services, [OUTAGE]);
  expect(title).toBe('Finesse A out of service · ippa-proxy');
  expect(page).toContain('<h2>Finesse A is out of service</h2>');
  expect(page.replaceAll(/<\/?time[^>]*>/g, '')).toContain(
    'failed 02:33:21 UTC, out of service since 02:33:36 UTC. 1 agent missing (Signed in: 3)',
  );
  expect(page).toContain('in service<br>offered as an alternate');
  // Another day has its date; no fractions of seconds.
  expect(page).toContain('>2026-11-26 22:00:00 UTC<');
  const texts = page.replaceAll(/<[^>]*>/g, ' ');
  expect(texts).not.toMatch(/\d\.\d{3}Z/);
  expect(render(services, [OUTAGE], 'de').page).toContain('1 Agent fehlt');
});

it('B961 a drill is not all in service; of many only their number is in the title', () => {
  const drill = { startedAt: '2026-11-27T02:33:00Z', until: '2026-11-27T02:43:00Z', devices: null };
  expect(render([entry('a', { drill })]).title).toBe('Drill: Finesse A · ippa-proxy');
  expect(render([entry('a', {})]).title).toBe('All in service · ippa-proxy');
  const many = ['a', 'b', 'c'].map((id) => entry(id, { state: 'out-of-service' }));
  expect(render(many).title).toBe('3 out of service · ippa-proxy');
  expect(render([entry('a', { name: '<b>&$`', state: 'out-of-service' })]).title).toBe(
    '&lt;b&gt;&amp;$` out of service · ippa-proxy',
  );
});
