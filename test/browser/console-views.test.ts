/** Every view and state of the console, in both schemes and languages: nothing for axe-core to find, nothing wider than the screen. */

import { expect, it } from 'vitest';
import { type ConsolePage, findAccessibilityFaults, keepImage, SET_TOKEN } from './rig.ts';
import { badge, useScene } from './scene.ts';

const scene = useScene({
  servers: ['a', 'b', 'c', 'd'],
  agents: 30,
  nameOf: (id) => ({ a: 'Finesse East 1', b: 'Finesse East 2', c: 'Finesse West 1', d: 'Finesse West 2' })[id] ?? id,
  clusterOf: (id) => (id < 'c' ? 'east' : 'west'),
  more: 'reports: { listeners: [{ host: 127.0.0.1, port: 0 }], services: [{ id: cuic, name: Reports, url: "http://127.0.0.1:9" }] }\n',
});

/** Where it is, and what stands there once it has been asked for. */
const VIEWS: Readonly<Record<string, readonly [path: string, shows: string]>> = {
  overview: ['/', '.missing li'],
  outages: ['/#/outages', 'main tbody tr'],
  timeline: ['/#/timeline', 'main ol li'],
  phones: ['/#/phones', 'main tbody tr'],
  phone: ['/#/phone', 'main h1'],
  proxy: ['/#/proxy', 'main tbody tr'],
  audit: ['/#/audit', 'main tbody tr'],
  help: ['/#/help/runbook/refused', 'main #refused'],
  service: ['/#/services/a', 'main .plot'],
};

const widthOf = ({ page }: ConsolePage) => page.evaluate('document.documentElement.scrollWidth');

/** One service out with agents missing, one drained, one in a drill that shows beside it. */
async function stage() {
  for (let index = 1; index <= 9; index += 1) await scene.rig.signIn('a', index);
  for (let index = 10; index <= 14; index += 1) await scene.rig.signIn('b', index);
  for (let index = 15; index <= 20; index += 1) await scene.rig.signIn('c', index);
  await scene.order('/services/b', { admin: 'drain', reason: 'Patching Tomcat, change 4711' });
  await scene.order('/services/b', { admin: 'ready' });
  await scene.order('/drills', { service: 'c', forSeconds: 600, reason: 'Practice for the night shift' });
  await scene.order('/services/d', { admin: 'drain', reason: 'New disk, change 4712' });
  await scene.rig.finesse.a?.fault('refuse');
}

it.each([
  ['light', 'en', 1280],
  ['dark', 'de', 1280],
  ['dark', 'en', 320],
  ['light', 'de', 2560],
] as const)(
  'B955 %s, %s, %i wide: every view, in an outage, a drain and a drill',
  { timeout: 120_000 },
  async (scheme, language, width) => {
    await stage();
    const shown = await scene.open({ scheme, language, width, height: width === 320 ? 720 : 900 });
    const { page } = shown;
    await badge(shown, 'Finesse East 1', language === 'en' ? 'out of service' : 'außer Betrieb');
    expect(await findAccessibilityFaults(page)).toEqual([]);
    await shown.signIn(SET_TOKEN);
    await scene.rig.signIn('b', 1);
    await page.locator('.missing li').first().waitFor();
    const [outage] = ((await (await fetch(`${scene.rig.proxy.ops}/outages`)).json()) as { outages: { id: string }[] })
      .outages;
    for (const [name, [path, shows]] of Object.entries({ ...VIEWS, record: [`/#/outages/${outage?.id}`, '.counts'] })) {
      await page.goto(`${scene.rig.proxy.ops}${path}`);
      await page
        .locator(shows as string)
        .first()
        .waitFor({ state: 'attached' });
      expect(await findAccessibilityFaults(page), name).toEqual([]);
      expect(await widthOf(shown), name).toBeLessThanOrEqual(width);
      if (name === 'overview' && scheme === 'light' && width === 1280)
        await keepImage(page, 'console-outage', { fullPage: true });
    }
  },
);

it('B955 the dialogs too, and colours that the system forces', { timeout: 90_000 }, async () => {
  await scene.rig.signIn('a', 1);
  const shown = await scene.open({ scheme: 'dark' });
  const { page } = shown;
  await badge(shown, 'Finesse East 1', 'in service');
  await page.locator('.head-tools button.primary').click();
  expect(await findAccessibilityFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await shown.signIn(SET_TOKEN);
  await page.getByRole('button', { name: 'Set Finesse East 1' }).click();
  expect(await findAccessibilityFaults(page)).toEqual([]);
  await page.getByLabel(/^Reason/).fill('Patching Tomcat');
  await page.getByRole('button', { name: 'What would that touch?' }).click();
  await page.locator('.effect').waitFor();
  expect(await findAccessibilityFaults(page)).toEqual([]);
  await keepImage(page, 'console-set');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Drill Finesse East 1' }).click();
  expect(await findAccessibilityFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  expect(await findAccessibilityFaults(page)).toEqual([]);
});

it('B893 the documentation is shown in the console too, and its links lead within it, also where the proxy is lost', {
  timeout: 90_000,
}, async () => {
  const shown = await scene.open();
  const { page } = shown;
  const isFocused = (id: string) => page.locator(`main .prose #${id}:focus`).waitFor({ state: 'attached' });
  await page.goto(`${scene.rig.proxy.ops}/#/help/runbook/refused`);
  await isFocused('refused');
  expect(await page.locator('main .prose h2').first().textContent()).toBe('Runbook');
  await page.locator('main .prose a[href="#/help/operations/limits"]').first().click();
  await isFocused('limits');
  expect(new URL(page.url()).hash).toBe('#/help/operations/limits');
  // As many parts and links as without JavaScript, and none that leaves the console.
  const plain = await (await fetch(`${scene.rig.proxy.ops}/console/help/operations`)).text();
  const prose = plain.slice(plain.indexOf('<div class="prose"'));
  expect(await page.locator('main .prose a').count()).toBe(prose.split('<a ').length - 1);
  expect(await page.locator('main .prose [id]').count()).toBe(prose.split(' id="').length - 1);
  expect(await page.locator('main .prose a:not([href^="#/help/"])').count()).toBe(0);

  shown.expect(/Failed to load resource|ERR_/);
  await page.context().setOffline(true);
  await page.goBack();
  await isFocused('refused');
  await page.context().setOffline(false);
});
