/** The demonstration in a real browser: a whole failover on the phone in the browser, by keyboard, watched beside it. */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DemoProcess, startDemo } from './demo-process.ts';
import { launch, prompt, sees, tabTo, typeKeys } from './phone-page.ts';
import { keepImage, openPage } from './rig.ts';

let demo: DemoProcess;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await demo.stop();
});

it('B574 a whole failover in one window, by keyboard alone: sign in, fail a server, choose the other one, work on', async () => {
  const opened = await openPage(browser, demo.ops, { height: 1180 });
  const { page } = opened;
  await tabTo(page, '.demo button.primary');
  await page.keyboard.press('Enter');
  await tabTo(page, '.demo a[href="#/phone"]');
  await page.keyboard.press('Enter');
  await page.locator('.open-phone').waitFor();
  await tabTo(page, '.open-phone button.primary');
  await page.keyboard.press('Enter');
  // The first field of the form has the focus.
  await page.locator('.lcd-field input:focus').waitFor();
  await typeKeys(page, '1001', 'Enter', 'cisco', 'Enter', '2001');
  await page.keyboard.press('Enter');
  await sees(page, '.lcd-prompt', '1001 Not Ready');
  await page.keyboard.press('1');
  await sees(page, '.lcd-prompt', '1001 Ready');

  // Finesse A refuses connections from now on.
  await tabTo(page, '.demo-server:first-of-type .demo-buttons button');
  await page.keyboard.press('Enter');
  await sees(page, '.demo-server', 'Connections are refused');
  await tabTo(page, '.browser-phone .lcd-pane');
  await page.keyboard.press('1');
  for (const attempt of [1, 2, 3]) {
    await sees(page, '.lcd-prompt', `Reconnecting: ${attempt} of 3`);
    await sees(page, '.demo-server:first-of-type .badge', `${attempt}/3`);
    expect(await page.locator('.lcd-count').textContent()).toMatch(/^(\d+ s|…)$/);
  }
  await sees(page, '.lcd-title', 'Down: Finesse A');
  await sees(page, '.outage', 'Finesse A is out of service');
  expect(await page.locator('.is-outcome-missing dd').textContent()).toBe('1');
  await keepImage(page, 'phone-menu');
  await page.keyboard.press('1');
  // Only the password is asked for again.
  await sees(page, '.lcd-title', 'Finesse finesse-b.example.com');
  await page.locator('.lcd-field input[type=password]:focus').waitFor();
  expect(await page.locator('.lcd-field input').first().inputValue()).toBe('1001');
  await typeKeys(page, 'cisco', 'Enter', 'Enter');
  await sees(page, '.lcd-prompt', '1001 Not Ready');
  await page.keyboard.press('1');
  await sees(page, '.lcd-prompt', '1001 Ready');
  await sees(page, '.is-outcome-elsewhere dd', '1');
  expect(await page.locator('.is-outcome-missing dd').textContent()).toBe('0');
  await keepImage(page, 'phone-elsewhere');

  await tabTo(page, '.demo-server:first-of-type .bring-back');
  await page.keyboard.press('Enter');
  await sees(page, '.demo-server:first-of-type .badge', /^\s*in service/);
  expect(await prompt(page).textContent()).toContain('1001 Ready');
  expect(opened.complaints).toEqual([]);

  // A call comes to Finesse B, which pushes to the proxy, which pushes to this phone.
  await tabTo(page, '.phone-tools button:nth-of-type(2)');
  await page.keyboard.press('Enter');
  await sees(page, '.lcd-text', '07115550100');
  await page.locator('.phone-body.is-lit').waitFor();
  await sees(page, '.phone-report', 'CiscoIPPhoneExecute');
  expect(await page.locator('.unseen[role=status]').textContent()).not.toBe('');
  await opened.close();
}, 120_000);

it('B575 each fault can be chosen and taken back; who has not signed in steers nothing', async () => {
  const opened = await openPage(browser, demo.ops, {});
  const { page } = opened;
  await page.locator('.demo button.primary').waitFor();
  expect(await page.locator('.demo-server').count()).toBe(0);
  await page.locator('.demo button.primary').click();
  const b = page.locator('.demo-server').nth(1);
  for (const [button, words] of [
    ['Silent', 'never answered'],
    ['503', 'Every answer is 503'],
    ['Out of service', 'says that it is out of service'],
    ['Slow', 'three seconds late'],
  ] as const) {
    await b.getByRole('button', { name: button, exact: true }).click();
    await b.locator('.demo-means').filter({ hasText: words }).waitFor();
    expect(await b.getByRole('button', { name: button, exact: true }).getAttribute('aria-pressed')).toBe('true');
  }
  await b.locator('.bring-back').click();
  await b.locator('.demo-means').filter({ hasText: 'Everything works' }).waitFor();
  expect(opened.complaints).toEqual([]);
  await opened.close();
});

it('says first where to look, then what to try', () => {
  const lines = demo
    .printed()
    .split('\n')
    .filter((line) => line.trim() !== '');
  expect(lines[0]).toContain(`${demo.ops}/`);
  expect(demo.printed()).not.toMatch(/[?#&](token|session)=/);
});
