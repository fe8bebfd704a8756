/** What stands at `/` without JavaScript (src/ops/console-page.ts). */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Outage, OutageDevice } from '../../src/domain/outage.ts';
import {
  type ConsolePageInput,
  namesOfMissing,
  type PlainOutage,
  renderConsolePage,
  selectPlainOutages,
} from '../../src/ops/console-page.ts';
import type { HealthReport, ServiceEntry } from '../../src/ops/health.ts';
import { createTranslation } from '../../src/text/phrases.ts';

const read = (path: string) => readFileSync(new URL(`../../console/${path}`, import.meta.url), 'utf8');
const NOW = Date.parse('2026-11-27T02:34:00.123Z');

const entry = (id: string, over: Partial<ServiceEntry>) =>
  ({
    ...{ id, name: `Finesse ${id.toUpperCase()}`, cluster: 'main', state: 'in-service', admin: 'ready', attempt: null },
    ...{ since: '2026-11-26T22:00:00.500Z', reason: null, lastProbe: '2026-11-27T02:33:59.900Z', phones: 3 },
    ...{ runbook: null, adminReason: null, notAlternateBecause: null, drill: null, seenOtherwise: [] },
    ...over,
  }) as ServiceEntry;

const OUTAGE = {
  ...{ id: 'x', service: 'a', name: 'Finesse A', drill: false, endedAt: null, signedIn: 3, missing: 1 },
  cause: null,
  ...{ startedAt: Date.parse('2026-11-27T02:33:21Z'), verdictAt: Date.parse('2026-11-27T02:33:36Z') },
} as Outage;

function render(
  services: readonly ServiceEntry[],
  outages: readonly (Outage | PlainOutage)[] = [],
  language: 'en' | 'de' = 'en',
  over: Partial<ConsolePageInput> = {},
) {
  const report = { status: 'ok', services, problems: [] } as unknown as HealthReport;
  const page = renderConsolePage(read('index.html'), {
    ...{ report, language, now: NOW, operator: null, canSignIn: true },
    outages: outages.map((each) => ('outage' in each ? each : { outage: each, missing: null })),
    translate: language === 'en' ? null : createTranslation(JSON.parse(read(`phrases/${language}.json`))),
    words: JSON.parse(read(`words/${language}.json`)),
    ...over,
  });
  return { page, title: /<title>(.*)<\/title>/.exec(page)?.[1] };
}

it('B961 without JavaScript the title says what is out, and the page since when and how many are missing', () => {
  const services = [entry('a', { state: 'out-of-service' }), entry('b', {})];
  const { page, title } = render(services, [OUTAGE]);
  expect(title).toBe('Finesse A out of service · ippa-proxy');
  expect(page).toContain('<h2>Finesse A is out of service</h2>');
  expect(page.replaceAll(/<\/?time[^>]*>/g, '')).toContain(
    'failed 02:33:21 UTC, out of service since 02:33:36 UTC.</p>',
  );
  expect(page).toContain('<strong>1 agent missing</strong> (Signed in: 3)');
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

const gone = (device: string, agent: string | null, extension: string | null) =>
  ({ device, agent, extension, outcome: 'missing', service: null, at: null }) as OutageDevice;

it('B992 to operators the page names who is missing, and to nobody else', () => {
  const services = [entry('a', { state: 'out-of-service' })];
  const devices = [gone('SEP1', '<b>1001</b>', '2001'), gone('SEP2', null, null)];
  const missing = namesOfMissing([...devices, { ...gone('SEP3', '1003', null), outcome: 'returned' }]);
  const named = render(services, [{ outage: OUTAGE, missing }], 'en', { operator: 'kim' }).page;
  expect(named).toContain(
    '<li title="SEP1"><strong>&lt;b&gt;1001&lt;/b&gt;</strong>, ext. 2001</li><li title="SEP2">SEP2</li>',
  );
  expect(named).toContain('action="/console/sign-out"');
  expect(named).not.toContain('1003');
  const told = render(services, [OUTAGE]).page;
  expect(told).toContain('<a href="/console/sign-in">Sign in to see who is missing</a>');
  expect(told).not.toContain('SEP');
  // Without operators there is nothing to sign in with.
  expect(render(services, [OUTAGE], 'en', { canSignIn: false }).page).not.toContain('/console/sign-in');
  const many = namesOfMissing(Array.from({ length: 60 }, (_, index) => gone(`SEP${index}`, null, null)));
  expect(render(services, [{ outage: OUTAGE, missing: many }]).page).toContain('and 10 more');
});

it('B992 why it is out stands with the outage, as the service says now, in the language of the page', () => {
  const reason =
    'Connection refused: the host answers, but nothing listens on that port. Is Cisco Finesse Tomcat started? (ECONNREFUSED 10.0.0.1:8443)';
  const cause = { code: 'timeout', detail: 'no answer' } as const;
  const services = [entry('a', { state: 'out-of-service', reason, runbook: 'docs/runbook.md#refused' })];
  const { page } = render(services, [{ ...OUTAGE, cause }], 'de');
  const outage = page.slice(page.indexOf('<section'), page.indexOf('</section>'));
  expect(outage).toContain('Verbindung abgelehnt: Der Host antwortet');
  expect(outage).toContain('<span lang="en">? (ECONNREFUSED 10.0.0.1:8443)</span>');
  expect(outage).toContain('href="/console/help/runbook#refused"');
  // Over, it is what the record keeps.
  const over = render([entry('a', {})], [{ ...OUTAGE, cause, endedAt: NOW - 1000 }], 'en').page;
  expect(over).toContain('Connected, but no complete answer within the time limit. (no answer)');
});

it('B992 for an hour an outage stands there from which agents are missing', () => {
  const over = { ...OUTAGE, endedAt: NOW - 3_000_000 };
  const late = { ...OUTAGE, endedAt: NOW - 4_000_000 };
  expect(selectPlainOutages([OUTAGE, over, late, { ...over, missing: 0 }, { ...over, drill: true }], NOW)).toEqual([
    OUTAGE,
    over,
  ]);
});
