/** The console in Chromium, beside a real proxy: what operators do, and who may. */

import { describe, expect, it } from 'vitest';
import { deviceOf, READ_TOKEN, SET_TOKEN } from './rig.ts';
import { badge, card, MARK_UP, useScene } from './scene.ts';

const scene = useScene({ agents: 8 });

describe('what operators do', () => {
  it('B947 a drain is confirmed in words that say how many it touches, holds, and stands in the audit trail', async () => {
    await scene.rig.signIn('b', 4);
    await scene.rig.signIn('b', 5);
    const shown = await scene.open();
    const { page } = shown;
    await shown.signIn(SET_TOKEN);
    await page.getByRole('button', { name: 'Set Finesse B' }).click();
    await page.getByLabel(/^Reason/).fill(`patching ${MARK_UP}`);
    await page.getByRole('button', { name: 'What would that touch?' }).click();
    const effect = page.locator('.effect');
    await effect.getByText('They stay signed in. Nobody new is admitted.').waitFor();
    const { services } = (await (await fetch(`${scene.rig.proxy.ops}/health`)).json()) as {
      services: { id: string; phones: number; admin: string }[];
    };
    const before = services.find(({ id }) => id === 'b');
    expect(before?.admin).toBe('ready');
    expect(await effect.locator('strong').first().textContent()).toBe(String(before?.phones));
    expect(await effect.textContent()).toContain('Alternates: Finesse A.');
    await page.getByRole('button', { name: 'Set to drain' }).click();
    await card(shown, 'Finesse B')
      .getByText(`“patching ${MARK_UP}”`)
      .or(card(shown, 'Finesse B').locator('q'))
      .first()
      .waitFor();
    expect(await card(shown, 'Finesse B').locator('q').textContent()).toBe(`patching ${MARK_UP}`);
    await page.getByRole('navigation').getByRole('link', { name: 'Audit trail' }).click();
    const row = page.getByRole('row', { name: /set to drain/ }).first();
    expect(await row.textContent()).toContain(`kimset to drainFinesse Bpatching ${MARK_UP}127.0.0.1`);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('B947 a drain after which nobody would be admitted says so', async () => {
    await scene.order('/services/a', { admin: 'maint', reason: 'x' });
    const shown = await scene.open();
    await shown.signIn(SET_TOKEN);
    await shown.page.getByRole('button', { name: 'Set Finesse B' }).click();
    await shown.page.getByLabel(/^Reason/).fill('patching');
    await shown.page.getByRole('button', { name: 'What would that touch?' }).click();
    await shown.page.getByText('No service of the cluster would admit new agents any more.').waitFor();
    expect(await shown.page.locator('dialog button[type=submit]').getAttribute('class')).toBe('danger');
    await shown.page.keyboard.press('Escape');
    await shown.page.locator('dialog').waitFor({ state: 'detached' });
  });

  it('B948 B990 a drill is begun for named devices, shows wherever its service does, and is ended', async () => {
    await scene.rig.signIn('a', 1);
    const shown = await scene.open();
    const { page } = shown;
    await shown.signIn(SET_TOKEN);
    await page.getByRole('button', { name: 'Drill Finesse A' }).click();
    await page.getByLabel(/^Only for these devices/).fill('SEP00000000FFFF');
    await page.getByRole('button', { name: 'Whom would that touch?' }).click();
    const effect = page.locator('.effect');
    await effect.getByText('of 1 named phones are signed in at Finesse A').waitFor();
    expect(await effect.locator('strong').first().textContent()).toBe('0');
    expect(await effect.textContent()).toContain('Not signed in there now: SEP00000000FFFF.');
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByLabel(/^Only for these devices/).fill('');
    await page.getByLabel(/^Search phones/).fill('1001');
    await page.getByRole('button', { name: `1001 · ${deviceOf(1)}` }).click();
    expect(await page.getByLabel(/^Only for these devices/).inputValue()).toBe(deviceOf(1));
    await page.getByRole('button', { name: 'Whom would that touch?' }).click();
    await effect.getByText('of 1 named phones is signed in at Finesse A').waitFor();
    expect(await effect.locator('strong').first().textContent()).toBe('1');
    expect(await effect.textContent()).toContain('Alternates: Finesse B.');
    expect(await effect.textContent()).not.toContain('Not signed in');
    expect(
      ((await (await scene.order('/health', null, 'GET')).json()) as { services: { drill: unknown }[] }).services.map(
        ({ drill }) => drill,
      ),
    ).toEqual([null, null]);
    await page.getByRole('button', { name: 'Begin the drill' }).click();
    await card(shown, 'Finesse A').getByText('Drill: phones are told that it has failed').waitFor();
    await badge(shown, 'Finesse A', 'in service');
    await page.locator('.verdict', { hasText: '1 drill' }).waitFor();
    await page.getByRole('complementary').getByText('Drill of Finesse A began').first().waitFor();
    await card(shown, 'Finesse A').getByRole('button', { name: 'End the drill' }).click();
    await page.locator('dialog').getByRole('button', { name: 'End the drill' }).click();
    await page.getByRole('complementary').getByText('Drill of Finesse A ended').first().waitFor();
    await page.goto(`${scene.rig.proxy.ops}/#/audit`);
    await page
      .getByRole('row', { name: /began a drill/ })
      .first()
      .waitFor();
    expect(await page.getByRole('row', { name: /ended a drill/ }).count()).toBeGreaterThan(0);
  });

  it('B949 two consoles show the same, whoever made the change', async () => {
    const [one, other] = [await scene.open(), await scene.open({ language: 'de', scheme: 'dark' })];
    await one.signIn(SET_TOKEN);
    await one.page.getByRole('button', { name: 'Set Finesse A' }).click();
    await one.page.getByText('Nobody is admitted, and those signed in are led away.').click();
    await one.page.getByLabel(/^Reason/).fill('new disk');
    await one.page.getByRole('button', { name: 'What would that touch?' }).click();
    await one.page.getByRole('button', { name: 'Set to maintenance' }).click();
    await card(other, 'Finesse A').getByText('Wartung').first().waitFor();
    expect(await card(other, 'Finesse A').locator('q').textContent()).toBe('new disk');
    expect(await other.page.locator('.verdict').textContent()).toBe('1 in Wartung');
  });
});

describe('who may', () => {
  it('B950 without a token nobody sees who agents are, and nothing can be set', async () => {
    await scene.rig.signIn('a', 1);
    const shown = await scene.open({ path: '/#/phones' });
    await shown.page.getByText('This needs the token of an operator.').waitFor();
    expect(await shown.page.content()).not.toMatch(/SEP0000|1001/);
    await shown.page.goto(`${scene.rig.proxy.ops}/`);
    await badge(shown, 'Finesse A', 'in service');
    expect(await shown.page.getByRole('button', { name: /^(Set|Drill) / }).count()).toBe(0);
  });

  it('B950 a wrong token is told so; the page goes on', async () => {
    const shown = await scene.open();
    shown.expect(/401 \(Unauthorized\)/);
    await shown.page.locator('.head-tools button.primary').click();
    await shown.page.locator('dialog input').fill('not-a-token');
    await shown.page.locator('dialog button[type=submit]').click();
    await shown.page.getByText('That is no token of this proxy.').waitFor();
    await shown.page.locator('dialog input').fill(READ_TOKEN);
    await shown.page.locator('dialog button[type=submit]').click();
    await shown.page.locator('.who', { hasText: 'wall' }).waitFor();
  });

  it('B950 a token that only reads shows agents and no way to change anything, and the port refuses it too', async () => {
    await scene.rig.signIn('a', 1);
    const shown = await scene.open();
    await shown.signIn(READ_TOKEN);
    expect(await shown.page.getByRole('button', { name: /^(Set|Drill) / }).count()).toBe(0);
    await shown.page.goto(`${scene.rig.proxy.ops}/#/phones`);
    await shown.page.getByRole('searchbox').fill(deviceOf(1));
    await shown.page.getByRole('row', { name: new RegExp(deviceOf(1)) }).waitFor();
    shown.expect(/403 \(Forbidden\)/);
    const statuses = await shown.page.evaluate(async () => {
      const ask = (path: string, method: string, body?: string) =>
        fetch(path, { method, ...(body === undefined ? {} : { body }) }).then(({ status }) => status);
      return [
        await ask('/services/a', 'POST', '{"admin":"maint","reason":"x"}'),
        await ask('/drills', 'POST', '{"service":"a","forSeconds":60}'),
        await ask('/drills/a', 'DELETE'),
      ];
    });
    expect(statuses).toEqual([403, 403, 403]);
  });

  it('B950 the token is in no place that a script can read; signing out takes names away', async () => {
    const shown = await scene.open({ path: '/#/phones' });
    await shown.signIn(READ_TOKEN);
    await shown.page.getByRole('searchbox').waitFor();
    const kept = await shown.page.evaluate(() => {
      const all = globalThis as unknown as {
        localStorage: object;
        sessionStorage: object;
        document: { cookie: string };
      };
      return JSON.stringify([all.localStorage, all.sessionStorage, all.document.cookie]);
    });
    expect(kept).not.toContain(READ_TOKEN);
    expect(shown.page.url()).not.toContain(READ_TOKEN);
    await shown.page.getByRole('button', { name: 'Sign out' }).click();
    await shown.page.getByText('This needs the token of an operator.').waitFor();
    expect(await shown.page.content()).not.toContain('SEP0000');
  });

  it('B966 a console that another tab has signed out says so and shows no names any more', async () => {
    await scene.rig.signIn('a', 1);
    const shown = await scene.open({ path: '/#/phones' });
    await shown.signIn(READ_TOKEN);
    await shown.page.getByRole('searchbox').fill(deviceOf(1));
    await shown.page.getByRole('row', { name: new RegExp(deviceOf(1)) }).waitFor();
    const other = await shown.page.context().newPage();
    await other.goto(`${scene.rig.proxy.ops}/`);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.close();
    shown.expect(/401 \(Unauthorized\)/);
    await shown.page.getByText('This needs the token of an operator.').waitFor();
    expect(await shown.page.content()).not.toContain(deviceOf(1));
  });
});

it('B953 by keyboard alone: past the navigation, a service is set and the focus is where it was', async () => {
  const shown = await scene.open();
  const { page } = shown;
  await shown.signIn(SET_TOKEN);
  const nameOfFocus = () =>
    page.evaluate(() => {
      const { activeElement } = (globalThis as unknown as { document: { activeElement: { textContent: string } } })
        .document;
      return activeElement.textContent.replaceAll(/\s+/g, ' ').trim();
    });
  await page.reload();
  await page.locator('.who').waitFor();
  await page.keyboard.press('Tab');
  expect(await nameOfFocus()).toBe('Skip to content');
  await page.keyboard.press('Enter');
  for (let n = 0; (await nameOfFocus()) !== 'Set Finesse A'; n += 1) {
    expect(n).toBeLessThan(20);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Enter');
  await page.locator('.effect').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await card(shown, 'Finesse A').locator('q', { hasText: 'by keyboard' }).waitFor();
  expect(await nameOfFocus()).toBe('Set Finesse A');
});
