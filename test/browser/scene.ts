/** What the browser tests share: a rig for each file, everything in service before each test, and no complaint of a page after it. */

import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import {
  type ConsolePage,
  type ConsoleRig,
  type ConsoleRigOptions,
  type OpenOptions,
  SET_TOKEN,
  startConsoleRig,
} from './rig.ts';

export const MARK_UP = '<img src=x onerror="document.title=1">';

export interface Scene {
  readonly rig: ConsoleRig;
  open(options?: OpenOptions): Promise<ConsolePage>;
  /** As an operator would by curl. */
  order(path: string, body: object | null, method?: string): Promise<Response>;
}

/** For the file that calls it. */
export function useScene(options: ConsoleRigOptions = {}): Scene {
  let rig: ConsoleRig;
  const opened: ConsolePage[] = [];
  const order: Scene['order'] = (path, body, method = 'POST') =>
    fetch(`${rig.proxy.ops}${path}`, {
      ...{ method, headers: { authorization: `Bearer ${SET_TOKEN}` } },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    });
  beforeAll(async () => {
    rig = await startConsoleRig(options);
  });
  afterAll(() => rig?.stop());
  beforeEach(async () => {
    for (const server of Object.values(rig.finesse)) await server.fault('none');
    for (const id of Object.keys(rig.finesse)) {
      await order(`/drills/${id}`, null, 'DELETE');
      await order(`/services/${id}`, { admin: 'ready' });
    }
    for (;;) {
      const { services } = (await (await fetch(`${rig.proxy.ops}/health`)).json()) as { services: { state: string }[] };
      if (services.every(({ state }) => state === 'in-service')) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  afterEach(async () => {
    const complaints = opened.flatMap((page) => page.complaints);
    await Promise.all(opened.splice(0).map((page) => page.close()));
    expect(complaints).toEqual([]);
  });
  return {
    get rig() {
      return rig;
    },
    async open(opening) {
      const page = await rig.open(opening);
      opened.push(page);
      return page;
    },
    order,
  };
}

export const card = ({ page }: ConsolePage, name: string) =>
  page.getByRole('article', { name: new RegExp(`^${name}`) });

/** Waits until the card of a service has that state. */
export const badge = (shown: ConsolePage, name: string, word: string | RegExp) =>
  card(shown, name).locator('.badge', { hasText: word }).waitFor();
