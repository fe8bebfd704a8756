/** What tests do on the phone in the browser, and how they look at it. */

import { chromium, type Page } from 'playwright-core';

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false });

/** By the Tab key alone, as far as it takes. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let n = 0; n < 120; n++) {
    if ((await page.locator(`:is(${selector}):focus`).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key never comes to ${selector}`);
}

export const typeKeys = async (page: Page, ...keys: readonly string[]) => {
  for (const key of keys)
    await (key.length > 1 && !/^[A-Z]/.test(key) ? page.keyboard.type(key) : page.keyboard.press(key));
};
export const title = (page: Page) => page.locator('.lcd-title').first();
export const prompt = (page: Page) => page.locator('.lcd-prompt').first();
export const sees = (page: Page, selector: string, text: string | RegExp, timeout = 20_000) =>
  page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout });

export async function openPhone(page: Page, model = 'CP-8845'): Promise<string> {
  await page.locator('.open-phone select[name=model]').selectOption(model);
  await page.locator('.open-phone button.primary').click();
  await page.locator('.browser-phone').last().locator('input[type=password]').waitFor();
  const label = await page.locator('.phone-body').last().getAttribute('aria-label');
  return /CONSOLE-[0-9A-F]{12}/.exec(label ?? '')?.[0] ?? '';
}

export async function signIn(page: Page, agent: number, password = 'cisco'): Promise<void> {
  const fields = page.locator('.browser-phone').last().locator('input');
  await fields.nth(0).fill(String(agent));
  await fields.nth(1).fill(password);
  await fields.nth(2).fill(String(agent + 1000));
  await fields.nth(2).press('Enter');
}
