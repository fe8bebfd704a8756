/** The phone in the browser, in a real browser, beside servers as in production (demo.test.ts has the whole failover). */

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startLenientServer } from '../component/lenient-server.ts';
import { type Health, startRig, TOKEN } from '../rig.ts';
import { launch, openPhone, sees, signIn, title } from './phone-page.ts';
import {
  type ConsolePage,
  type ConsoleRig,
  findAccessibilityFaults,
  openPage,
  READ_TOKEN,
  SET_TOKEN,
  startConsoleRig,
} from './rig.ts';

const PHONE = '#/phone';
/** Typed into a masked field, and found nowhere afterwards. */
const SECRET = 'canary-Pa55word';

describe('in production', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await startConsoleRig();
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
    const phones = async () => ((await (await fetch(`${rig.proxy.ops}/health`)).json()) as Health).services[0]?.phones;
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
    await page.locator('.lcd:not(.is-busy)').waitFor();
    await sees(page, '.fetched', 'password=***');
    const stores = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.title])');
    const inputs = await page
      .locator('input')
      .evaluateAll((all) => all.map((each) => (each as unknown as { value: string }).value));
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
      const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(wide).toBeLessThanOrEqual(0);
      await page.locator('.phone-tools button').first().click();
      expect(opened.complaints).toEqual([]);
    }
  }, 120_000);
});

it('B562 what leads elsewhere is refused in words that stand beside the phone', async () => {
  const menu = (url: string) =>
    `<?xml version="1.0" encoding="utf-8"?>\n<CiscoIPPhoneMenu><Title>T</Title><Prompt>P</Prompt><MenuItem><Name>&lt;img src=x onerror="document.title=1"&gt;</Name><URL>${url}</URL></MenuItem></CiscoIPPhoneMenu>`;
  const evil = await startLenientServer((target) =>
    target.includes('/fippa/')
      ? { headers: 'Content-Type: text/xml; charset=utf-8\r\n', body: menu('http://192.0.2.1/x') }
      : {},
  );
  onTestFinished(() => evil.close());
  const rig = await startRig({ servers: 1, urls: [evil.url] });
  const browser = await launch();
  onTestFinished(async () => {
    await browser.close();
    await rig.stop();
  });
  const { page, complaints, signIn: signInAs } = await openPage(browser, rig.ops, {});
  await signInAs(TOKEN);
  await page.goto(`${rig.ops}/${PHONE}`);
  await page.locator('.open-phone button.primary').click();
  await page.locator('.lcd-item').click();
  await sees(page, '.lcd-prompt.is-error', 'HTTP Error [8]');
  await sees(page, '.phone-report .warning', 'Not asked: http://192.0.2.1');
  expect(await title(page).textContent()).toBe('T');
  // What pages hold is text, whatever it looks like.
  expect(await page.locator('.lcd-name').textContent()).toContain('<img src=x');
  expect(await page.locator('img').count()).toBe(0);
  expect(complaints).toEqual([]);
});
