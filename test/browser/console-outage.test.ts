/** The console in Chromium, beside a real proxy: an outage from the failure of a server to its record. */

import { describe, expect, it } from 'vitest';
import { findAccessibilityFaults, READ_TOKEN, SET_TOKEN } from './rig.ts';
import { badge, card, MARK_UP, useScene } from './scene.ts';

const scene = useScene({ agents: 8 });

/** What `/health` has of it where another proxy sees it in service. */
const DISSENT =
  'This proxy sees it out-of-service, two (2f) sees it in-service: phones get what the proxy sees that they use. Look at the network between this proxy and the server.';

it('B894 that proxies disagree stands at the service with its help, and not among the problems', async () => {
  const shown = await scene.open();
  const { page } = shown;
  await badge(shown, 'Finesse A', 'in service');
  await page.route('**/console/health', async (route) => {
    const answer = await route.fetch();
    const health = await answer.json();
    const [a] = health.services;
    const since = new Date().toISOString();
    a.seenOtherwise = [{ proxy: '2f', name: 'two', state: 'in-service', attempt: null, since }];
    a.reason = `${a.reason ?? ''} ${DISSENT}`.trim();
    health.problems = [`a: proxies disagree. ${DISSENT}`, 'main: something else'];
    await route.fulfill({ response: answer, json: health });
  });
  await scene.rig.finesse.a?.fault('refuse');
  await badge(shown, 'Finesse A', 'out of service');
  const problems = page.getByRole('region', { name: 'Needs attention' }).getByRole('listitem');
  // An event about the service has it without those words until the whole is asked for again.
  await expect.poll(() => problems.allTextContents()).toEqual(['main: something else']);
  const help = 'a[href="#/help/runbook/proxies-see-a-service-differently"]';
  for (const place of [card(shown, 'Finesse A'), page.getByRole('region', { name: /^Finesse A/ })]) {
    await place.locator(help).waitFor();
    await expect.poll(async () => (await place.textContent())?.split('This proxy sees it').length).toBe(2);
    await place.locator('a[href="#/help/runbook/refused"]').waitFor();
  }
  await page.unroute('**/console/health');
});

describe('an outage', () => {
  it('B945 is seen from its first attempt to its record: since when, why, who is elsewhere, who is missing by name', async () => {
    for (const index of [1, 2, 3]) await scene.rig.signIn('a', index);
    const shown = await scene.open();
    const { page } = shown;
    await badge(shown, 'Finesse A', 'in service');
    await shown.signIn(SET_TOKEN);
    await scene.rig.finesse.a?.fault('refuse');
    await badge(shown, 'Finesse A', /^reconnecting, attempt \d of 3$/);
    const outage = page.getByRole('region', { name: /^Finesse A/ });
    await outage.getByText('Connection refused').waitFor();
    await outage.getByRole('heading', { name: 'Finesse A is out of service' }).waitFor();
    expect(await page.title()).toMatch(/^\(1\) Finesse A out of service · ippa-proxy$/);
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toBe('/console/icons/degraded.svg');
    await outage.locator('.missing').getByText('1002').waitFor();
    expect(await outage.locator('.missing li').allTextContents()).toEqual([
      '1001 ext. 2001',
      '1002 ext. 2002',
      '1003 ext. 2003',
    ]);

    const since = /^failed [\d:]+, out of service since [\d:]+ CET \(/;
    expect(await outage.locator('.since').textContent()).toMatch(since);
    expect(await outage.getByText('First noticed by: SystemInfo').count()).toBe(1);
    expect(await card(shown, 'Finesse A').locator('.since').textContent()).toMatch(since);

    await scene.rig.signIn('b', 2);
    await outage.locator('.is-outcome-elsewhere dd', { hasText: '1' }).waitFor();
    await expect
      .poll(() => outage.locator('.missing li').allTextContents())
      .toEqual(['1001 ext. 2001', '1003 ext. 2003']);
    // Said once, politely.
    expect(await page.locator('[role=status][aria-live]').textContent()).toContain('out of service');

    await outage.getByRole('link', { name: 'What to do' }).click();
    await page.locator('main #refused').waitFor({ state: 'attached' });
    await page.goBack();
    await scene.rig.finesse.a?.fault('none');
    await badge(shown, 'Finesse A', 'in service');
    const changes = page.getByRole('complementary').getByRole('listitem');
    await changes.filter({ hasText: 'Finesse A: in service' }).first().waitFor();
    for (const word of ['attempt 1', 'attempt 2', 'attempt 3', 'out of service']) {
      expect(await changes.filter({ hasText: word }).count()).toBeGreaterThan(0);
    }
    await page.getByRole('navigation').getByRole('link', { name: 'Outages' }).click();
    await page
      .getByRole('row', { name: /Finesse A/ })
      .first()
      .getByRole('link')
      .click();
    await page.getByRole('button', { name: 'Elsewhere' }).click();
    await page.getByRole('row', { name: /1002/ }).getByText('Finesse B').waitFor();
    const [sheet] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download CSV' }).click(),
    ]);
    const text = await (await sheet.createReadStream()).toArray();
    expect(String(Buffer.concat(text))).toMatch(
      /^device,agent,extension,outcome,[\s\S]*SEP000000000002,1002,2002,elsewhere,b,/,
    );
  });

  it('B960 what is on stands on top; whoever is missing from several is named once', { timeout: 60_000 }, async () => {
    await scene.rig.signIn('a', 5);
    const shown = await scene.open();
    const { page } = shown;
    await shown.signIn(SET_TOKEN);
    await scene.rig.finesse.a?.fault('refuse');
    await badge(shown, 'Finesse A', 'out of service');
    await scene.rig.finesse.a?.fault('none');
    await badge(shown, 'Finesse A', 'in service');
    await page.getByRole('heading', { name: 'Finesse A is back, agents are missing' }).waitFor();
    await page.locator('.outage .missing li', { hasText: '1005' }).waitFor();
    await scene.rig.finesse.a?.fault('refuse');
    await badge(shown, 'Finesse A', 'out of service');
    await page.locator('.outage.is-out-of-service').waitFor();
    expect(await page.locator('.outage').count()).toBe(1);
    const line = page.locator('.still-missing li', { hasText: 'missing from the outage of Finesse A at' }).first();
    await page.locator('.outage .missing li', { hasText: '1005 ext. 2005' }).waitFor();
    await line.filter({ hasText: '(named above)' }).waitFor();
    expect(await page.locator('.overview-main').getByText('1005').count()).toBe(1);
    await line.getByRole('link', { name: 'Record' }).click();
    await page.getByRole('row', { name: /1005/ }).waitFor();
  });

  it('B946 a page that was opened later shows what changed before, also after a restart of the proxy', async () => {
    await scene.rig.finesse.b?.fault('refuse');
    const early = await scene.open();
    await badge(early, 'Finesse B', 'out of service');
    await scene.rig.finesse.b?.fault('none');
    await badge(early, 'Finesse B', 'in service');
    early.expect(/Failed to load resource|ERR_/);
    await scene.rig.proxy.restart();
    const late = await scene.open({ path: '/#/timeline' });
    for (const text of ['Finesse B: out of service', 'Finesse B: reconnecting, attempt 1', 'The proxy has started']) {
      await late.page.getByRole('listitem').filter({ hasText: text }).first().waitFor();
    }
  });
});

it('B954 without JavaScript the plain facts stand there, and the page looks again by itself', async () => {
  await scene.rig.finesse.a?.fault('refuse');
  const watching = await scene.open();
  await badge(watching, 'Finesse A', 'out of service');
  await scene.order('/services/b', { admin: 'drain', reason: MARK_UP });
  for (const [language, word] of [
    ['en', 'out of service'],
    ['de', 'außer Betrieb'],
  ] as const) {
    const { page } = await scene.open({ javaScript: false, language });
    expect(await page.title()).toBe(`Finesse A ${word} · ippa-proxy`);
    expect(await page.locator('h2').first().textContent()).toContain('Finesse A');
    const row = page.getByRole('row', { name: /^Finesse A \(a\)/ });
    expect(await row.textContent()).toContain(word);
    expect(await row.textContent()).toContain(
      language === 'en' ? 'Connection refused: the' : 'Verbindung abgelehnt: Der',
    );
    expect(await page.getByRole('row', { name: /^Finesse B \(b\)/ }).textContent()).toContain(MARK_UP);
    expect(await page.locator('meta[http-equiv=refresh]').getAttribute('content')).toBe('10');
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
    expect(await page.evaluate('document.images.length')).toBe(0);
  }
});

it('B992 B994 without JavaScript an operator signs in by a form and reads who is missing; signed out nobody does', async () => {
  await scene.rig.signIn('a', 4);
  await scene.rig.finesse.a?.fault('refuse');
  const watching = await scene.open();
  await badge(watching, 'Finesse A', 'out of service');
  const shown = await scene.open({ javaScript: false });
  const { page } = shown;
  const outage = page.locator('.outage', { hasText: 'Finesse A is out of service' });
  expect(await outage.textContent()).toContain('Connection refused');
  expect(await page.content()).not.toMatch(/1004|SEP0000/);
  await outage.getByRole('link', { name: 'Sign in to see who is missing' }).click();
  expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(0);
  // What checks accessibility is a script itself.
  const form = await scene.open({ path: '/console/sign-in' });
  expect(await findAccessibilityFaults(form.page)).toEqual([]);
  shown.expect(/401 \(Unauthorized\)/);
  await page.getByLabel('Token').fill('not-a-token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('That is no token of this proxy.').waitFor();
  await page.getByLabel('Token').fill(READ_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await outage.locator('li', { hasText: '1004, ext. 2004' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await outage.getByRole('link', { name: 'Sign in to see who is missing' }).waitFor();
  expect(await page.content()).not.toMatch(/1004|SEP0000/);
});
