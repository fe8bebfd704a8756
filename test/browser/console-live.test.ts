/** The console in Chromium while the proxy is frozen, or restarted. */

import { describe, expect, it } from 'vitest';
import { findAccessibilityFaults, SET_TOKEN } from './rig.ts';
import { badge, useScene } from './scene.ts';

const scene = useScene();

describe('a proxy that does not answer', () => {
  it('B951 B962 B991 frozen, the page says since when it is not live; thawed, it is live again by itself', {
    timeout: 120_000,
  }, async () => {
    const shown = await scene.open();
    await shown.signIn(SET_TOKEN);
    await badge(shown, 'Finesse A', 'in service');
    const set = shown.page.getByRole('button', { name: /^Set Finesse A/ });
    expect(await set.isDisabled()).toBe(false);
    const other = await scene.open();
    await other.signIn(SET_TOKEN);
    await other.page.getByRole('button', { name: /^Drill Finesse A/ }).click();
    await other.page.getByLabel(/^Only for these devices/).fill('SEP001122334455');
    const order = other.page.locator('dialog button[type=submit]');
    expect(await order.isDisabled()).toBe(false);
    scene.rig.proxy.signal('SIGSTOP');
    try {
      await shown.page.locator('.stale').waitFor({ timeout: 45_000 });
      expect(await shown.page.locator('.stale').textContent()).toMatch(/^Not live since \d\d:\d\d:\d\d CES?T\./);
      expect(await shown.page.title()).toMatch(/^Not live · /);
      expect(await set.isDisabled()).toBe(true);
      expect(await set.getAttribute('title')).toMatch(/^Not live: nothing can be ordered/);
      await other.page.locator('dialog').getByText('Not live: nothing can be ordered').waitFor({ timeout: 45_000 });
      expect(await order.isDisabled()).toBe(true);
      const ago = shown.page.locator('.ago').first();
      const before = await ago.textContent();
      await shown.page.waitForTimeout(1500);
      expect(await ago.textContent()).toBe(before);
      expect(await findAccessibilityFaults(shown.page)).toEqual([]);
    } finally {
      scene.rig.proxy.signal('SIGCONT');
    }
    await shown.page.locator('.stale').waitFor({ state: 'detached', timeout: 25_000 });
    await shown.page.locator('.live', { hasText: /^\s*Live$/ }).waitFor();
    await other.page.locator('dialog .warning').waitFor({ state: 'detached', timeout: 25_000 });
    expect(await order.isDisabled()).toBe(false);
    expect(await other.page.getByLabel(/^Only for these devices/).inputValue()).toBe('SEP001122334455');
  });

  it('B952 B962 a restart under an open console: it says so, comes back by itself, and asks to sign in again', {
    timeout: 120_000,
  }, async () => {
    const shown = await scene.open();
    await shown.signIn(SET_TOKEN);
    shown.expect(/Failed to load resource|ERR_/);
    const focused = shown.page.getByRole('searchbox');
    await focused.fill('Finesse');
    await scene.rig.proxy.restart();
    await shown.page.locator('.live', { hasText: /^\s*Live$/ }).waitFor({ timeout: 30_000 });
    await shown.page.locator('.head-tools button.primary', { hasText: 'Sign in' }).waitFor();
    await badge(shown, 'Finesse A', 'in service');
    await shown.page.locator('.note', { hasText: 'The proxy has restarted: sign in again.' }).waitFor();
    // What somebody typed, and where, stays.
    expect(await focused.inputValue()).toBe('Finesse');
    expect(await focused.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  });
});
