/** The phone in the browser, in a real browser: a whole failover on it, by keyboard, watched on the console. */

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startLenientServer } from '../component/lenient-server.ts';
import { type DemoProcess, startDemo } from './demo-process.ts';
import {
  type ConsolePage,
  type ConsoleRig,
  findAccessibilityFaults,
  keepImage,
  openPage,
  READ_TOKEN,
  SET_TOKEN,
  startConsoleRig,
} from './rig.ts';

const PHONE = '#/phone';
/** Typed into a masked field, and found nowhere afterwards. */
const SECRET = 'canary-Pa55word';

/** By the Tab key alone, as far as it takes. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let n = 0; n < 120; n++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key never comes to ${selector}`);
}

const typeKeys = async (page: Page, ...keys: readonly string[]) => {
  for (const key of keys)
    await (key.length > 1 && !/^[A-Z]/.test(key) ? page.keyboard.type(key) : page.keyboard.press(key));
};
const title = (page: Page) => page.locator('.lcd-title').first();
const prompt = (page: Page) => page.locator('.lcd-prompt').first();
const sees = (page: Page, selector: string, text: string | RegExp, timeout = 20_000) =>
  page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout });

async function openPhone(page: Page, model = 'CP-8845'): Promise<string> {
  await page.locator('.open-phone select[name=model]').selectOption(model);
  await page.locator('.open-phone button.primary').click();
  await page.locator('.browser-phone').last().locator('input[type=password]').waitFor();
  const label = await page.locator('.phone-body').last().getAttribute('aria-label');
  return /CONSOLE-[0-9A-F]{12}/.exec(label ?? '')?.[0] ?? '';
}

async function signIn(page: Page, agent: number, password = 'cisco'): Promise<void> {
  const fields = page.locator('.browser-phone').last().locator('input');
  await fields.nth(0).fill(String(agent));
  await fields.nth(1).fill(password);
  await fields.nth(2).fill(String(agent + 1000));
  await fields.nth(2).press('Enter');
}

describe('the demonstration', () => {
  let demo: DemoProcess;
  let browser: Browser;
  beforeAll(async () => {
    [demo, browser] = await Promise.all([
      startDemo(),
      chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false }),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await demo.stop();
  });

  it('B574 a whole failover in one window, by keyboard alone: sign in, fail a server, choose the other one, work on', async () => {
    const opened = await openPage(browser, demo.ops, { height: 1080 });
    const { page } = opened;
    await tabTo(page, '.demo button.primary');
    await page.keyboard.press('Enter');
    await tabTo(page, '.demo a[href="#/phone"]');
    await page.keyboard.press('Enter');
    await page.locator('.open-phone').waitFor();
    await tabTo(page, '.open-phone button.primary');
    await page.keyboard.press('Enter');
    // The first field of the form has the focus.
    await page.waitForFunction(() => document.activeElement?.matches('.lcd-field input') ?? false);
    await typeKeys(page, '1001', 'Enter', 'cisco', 'Enter', '2001');
    await keepImage(page, 'phone-sign-in');
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
      if (attempt === 2) await keepImage(page, 'phone-reconnecting');
    }
    await sees(page, '.lcd-title', 'Down: Finesse A');
    await sees(page, '.outage', 'Finesse A is out of service');
    expect(await page.locator('.is-outcome-missing dd').textContent()).toBe('1');
    await keepImage(page, 'phone-menu');
    await page.keyboard.press('1');
    // Only the password is asked for again.
    await sees(page, '.lcd-title', 'Finesse finesse-b.example.com');
    await page.waitForFunction(() => document.activeElement?.matches('.lcd-field input[type=password]') ?? false);
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
});

describe('in production', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await startConsoleRig({ attempt: '500ms' });
  });
  afterAll(() => rig.stop());

  const open = async (token: string, options: Parameters<ConsoleRig['open']>[0] = {}): Promise<ConsolePage> => {
    const opened = await rig.open(options);
    onTestFinished(() => opened.close());
    await opened.signIn(token);
    await opened.page.goto(`${rig.proxy.ops}/${PHONE}`);
    return opened;
  };

  it('B576 who may only read, or has not signed in, sees no phone and nothing of a demonstration', async () => {
    const { page, complaints } = await open(READ_TOKEN);
    await sees(page, '.panel', 'It takes an operator who may set');
    for (const selector of ['.open-phone', '.browser-phone', '.demo', '.demo-server']) {
      expect(await page.locator(selector).count()).toBe(0);
    }
    const stranger = await rig.open({ path: `/${PHONE}` });
    onTestFinished(() => stranger.close());
    await sees(stranger.page, '.panel', 'Sign in as an operator who may set');
    expect(await stranger.page.locator('.open-phone').count()).toBe(0);
    expect([...complaints, ...stranger.complaints]).toEqual([]);
  });

  it('B577 two phones in two browsers are two devices, and each ends with the sign-out of its own', async () => {
    const [one, two] = [await open(SET_TOKEN), await open(SET_TOKEN, { language: 'de', scheme: 'dark' })];
    const devices = [await openPhone(one.page), await openPhone(two.page, 'CP-7841')];
    expect(new Set(devices).size).toBe(2);
    await signIn(one.page, 1001);
    await signIn(two.page, 1002);
    await sees(one.page, '.lcd-prompt', '1001 Not Ready');
    await sees(two.page, '.lcd-prompt', '1002 Not Ready');
    const signedIn = () => rig.finesse.a?.agents.filter(({ device }) => device?.startsWith('CONSOLE-')).length;
    expect(signedIn()).toBe(2);
    await one.page.getByRole('button', { name: 'Sign out' }).click();
    await sees(one.page, '.panel', 'Sign in as an operator');
    expect(await one.page.locator('.browser-phone').count()).toBe(0);
    const phones = async () => (await (await fetch(`${rig.proxy.ops}/health`)).json()).services[0].phones;
    await expect.poll(phones).toBe(1);
    await two.page.locator('.soft-key').first().click();
    await sees(two.page, '.lcd-prompt', '1002 Ready');
    await two.page.locator('.phone-tools button').first().click();
    await expect.poll(phones).toBe(0);
    expect([...one.complaints, ...two.complaints]).toEqual([]);
  });

  it('B565 what was typed into a masked field is in no page, answer or line of the log', async () => {
    const { page, expect: expectComplaints } = await open(SET_TOKEN);
    expectComplaints(/./);
    const answers: string[] = [];
    page.on('response', async (response) => answers.push(response.url(), await response.text().catch(() => '')));
    await openPhone(page);
    await signIn(page, 1003, SECRET);
    await page.waitForFunction(() => !document.querySelector('.lcd')?.classList.contains('is-busy'));
    await sees(page, '.fetched', 'password=***');
    const stores = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.title]),
    );
    const inputs = await page
      .locator('input')
      .evaluateAll((all) => all.map((each) => (each as HTMLInputElement).value));
    for (const path of ['/health', '/metrics', '/outages', '/changes']) {
      answers.push(await (await fetch(`${rig.proxy.ops}${path}`)).text());
    }
    const all = [await page.content(), stores, ...inputs, ...answers, JSON.stringify(rig.proxy.lines)].join('\n');
    expect(all).toContain('console-phone-began');
    expect(all).not.toContain(SECRET);
  });

  it('B578 on narrow and wide screens, light and dark, in English and German an automatic check finds nothing', async () => {
    const looks = [
      { language: 'en', scheme: 'light', width: 1280, model: 'CP-8845' },
      { language: 'de', scheme: 'dark', width: 320, model: 'CP-7941G' },
      { language: 'en', scheme: 'dark', width: 2000, model: 'CP-8875' },
      { language: 'de', scheme: 'light', width: 700, model: 'CP-7841' },
    ] as const;
    for (const { model, ...look } of looks) {
      const opened = await open(SET_TOKEN, look);
      const { page } = opened;
      await page.locator('.open-phone').waitFor();
      expect(await findAccessibilityFaults(page)).toEqual([]);
      await openPhone(page, model);
      expect(await findAccessibilityFaults(page)).toEqual([]);
      await signIn(page, 1001);
      await sees(page, '.lcd-text', '1001');
      expect(await findAccessibilityFaults(page)).toEqual([]);
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(wide).toBeLessThanOrEqual(0);
      await keepImage(page, `phone-${model.slice(3, 7)}-${look.language}-${look.scheme}`);
      await page.locator('.phone-tools button').first().click();
      expect(opened.complaints).toEqual([]);
    }
  }, 60_000);
});

it('B562 what leads elsewhere is refused in words that stand beside the phone', async () => {
  const menu = (url: string) =>
    `<?xml version="1.0" encoding="utf-8"?>\n<CiscoIPPhoneMenu><Title>T</Title><Prompt>P</Prompt><MenuItem><Name>elsewhere</Name><URL>${url}</URL></MenuItem></CiscoIPPhoneMenu>`;
  const evil = await startLenientServer((target) =>
    target.includes('/fippa/')
      ? { headers: 'Content-Type: text/xml; charset=utf-8\r\n', body: menu('http://192.0.2.1/x') }
      : {},
  );
  onTestFinished(() => evil.close());
  const clusters = `  - { id: main, services: [{ id: a, name: Finesse A, url: "${evil.url}" }] }`;
  const rig = await startConsoleRig({ clusters });
  onTestFinished(() => rig.stop());
  const { page, complaints, signIn: signInAs } = await rig.open();
  await signInAs(SET_TOKEN);
  await page.goto(`${rig.proxy.ops}/${PHONE}`);
  await page.locator('.open-phone button.primary').click();
  await page.locator('.lcd-item').click();
  await sees(page, '.lcd-prompt.is-error', 'HTTP Error [8]');
  await sees(page, '.phone-report .warning', 'Not asked: http://192.0.2.1');
  expect(await title(page).textContent()).toBe('T');
  expect(complaints).toEqual([]);
});
