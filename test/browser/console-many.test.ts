/** A hundred services and 20,000 phones, some with names that would be markup: how much the console holds and asks for. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderHead } from '../../src/records/journal-file.ts';
import { deviceOf, SET_TOKEN } from './rig.ts';
import { badge, card, MARK_UP, useScene } from './scene.ts';

/** An id that is kept has 32 characters at most. */
const AGENT_MARK_UP = '<img src=x onerror=a()>';
const SERVICES = Array.from({ length: 100 }, (_, index) => `s${index}`);
const PHONES = 20_000;

/** As an earlier process left it; every seventh agent is called something that no agent is called. */
function writeSignIns(folder: string): void {
  const now = Date.now();
  const lines = Array.from({ length: PHONES }, (_, index) => {
    const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    const place = { address, origin: 'http://127.0.0.1:8082' };
    const id = index % 7 === 0 ? `${AGENT_MARK_UP}${index}` : String(100_000 + index);
    return JSON.stringify({
      ...{ device: deviceOf(index), service: SERVICES[index % 4], since: now - 60_000, seenAt: now - PHONES + index },
      ...{ from: place, place: null, model: 'CP-8841', left: [] },
      prefill: { id: id.slice(0, 64), extension: String(200_000 + index), address },
    });
  });
  writeFileSync(join(folder, 'sign-ins.jsonl'), `${renderHead('sign-ins', now)}${lines.join('\n')}\n`);
}

const scene = useScene({
  servers: SERVICES,
  clusterOf: (id) => `c${Math.floor(Number(id.slice(1)) / 10)}`,
  nameOf: (id) => (id === 's3' ? '<b>S3</b> & <script>' : `Finesse ${id.toUpperCase()}`),
  probeEvery: '5s',
  attempt: '2s',
  prepare: writeSignIns,
});

it('B957 B996 a hundred services and 20,000 phones: what the page holds and asks for stays bounded', {
  timeout: 180_000,
}, async () => {
  const shown = await scene.open();
  const { page } = shown;
  let bytes = 0;
  const largest = { url: '', size: 0 };
  page.on('response', async (response) => {
    if (response.url().includes('/events')) return;
    const size = (await response.body().catch(() => Buffer.alloc(0))).length;
    bytes += size;
    if (size > largest.size) Object.assign(largest, { url: response.url(), size });
  });
  await badge(shown, 'Finesse S99', 'in service');
  await shown.signIn(SET_TOKEN);
  expect(await page.getByRole('article').count()).toBe(SERVICES.length);
  const countOf = () => page.evaluate('document.querySelectorAll("*").length') as Promise<number>;
  expect(await countOf()).toBeLessThan(8000);

  await scene.rig.finesse.s1?.fault('refuse');
  await badge(shown, 'Finesse S1', 'out of service');
  const outage = page.getByRole('region', { name: 'Finesse S1 is out of service' });
  expect(await outage.locator('.is-outcome-missing dd').textContent()).toBe('5,000');
  await outage.locator('.missing li').first().waitFor();
  expect(await outage.locator('.missing li').count()).toBeLessThanOrEqual(24);
  // On a busy machine others may have failed a probe too: then each says less.
  await outage.getByText(/^and 4,9(?:76|94) more$/).waitFor();
  for (const id of ['s2', 's5']) await scene.rig.finesse[id]?.fault('refuse');
  await badge(shown, 'Finesse S5', 'out of service');
  await outage.getByText('and 4,994 more').waitFor();
  expect(await outage.locator('.missing li').count()).toBe(6);
  await page.locator('.verdict', { hasText: /\d out of service/ }).waitFor();
  for (let index = 10; index < 24; index++) await scene.rig.finesse[`s${index}`]?.fault('refuse');
  await badge(shown, 'Finesse S23', 'out of service');
  await page.getByText(/^[5-9] more outages are on$/).waitFor();
  expect(await page.locator('section.outage').count()).toBe(12);
  for (let index = 2; index < 24; index++) await scene.rig.finesse[`s${index}`]?.fault('none');
  await page.locator('.card.is-out-of-service').nth(1).waitFor({ state: 'detached', timeout: 60_000 });
  await page.getByText('Only what is wrong').click();
  expect(await page.getByRole('article').count()).toBeLessThan(15);

  await outage.getByRole('link', { name: 'Record' }).click();
  await page.getByText('200 of 5,000 shown').waitFor();
  expect(await page.getByRole('row').count()).toBeLessThanOrEqual(201);

  await page.goto(`${scene.rig.proxy.ops}/#/phones`);
  await page.getByText('200 of 20,000 shown').waitFor();
  expect(await page.getByRole('row').count()).toBe(201);
  await page.getByRole('searchbox').fill(deviceOf(12_347).slice(-6));
  await page.getByText('1 of 1 shown').waitFor();
  await page.getByRole('row', { name: new RegExp(deviceOf(12_347)) }).waitFor();
  expect(await countOf()).toBeLessThan(8000);
  // The phones never come as a whole, and neither does an outage.
  expect(largest.size, largest.url).toBeLessThan(400_000);
  expect(bytes).toBeLessThan(8_000_000);
});

it('B958 whatever agents, services and reasons are called, it is text', { timeout: 120_000 }, async () => {
  await scene.order('/services/s3', { admin: 'drain', reason: `${MARK_UP}<script>document.title=2</script>` });
  const shown = await scene.open();
  const { page } = shown;
  await shown.signIn(SET_TOKEN);
  expect(await card(shown, '<b>S3</b>').locator('q').textContent()).toContain(MARK_UP);
  for (const path of [
    '/#/services/s3',
    '/#/timeline',
    '/#/audit',
    '/#/phones',
    '/#/services/%3Cimg%20src=x%3E',
    '/#/outages/%3Cimg%3E',
  ]) {
    shown.expect(path.includes('outages') ? /404 \(Not Found\)/ : null);
    await page.goto(`${scene.rig.proxy.ops}${path}`);
    if (path.includes('phones')) await page.getByRole('searchbox').fill('onerror');
    await page
      .getByText(path.includes('phones') ? AGENT_MARK_UP : /img|no such outage/)
      .first()
      .waitFor();
    expect(await page.locator('img, script:not([src]), b').count()).toBe(0);
    expect(await page.title()).toContain('ippa-proxy');
  }
});
