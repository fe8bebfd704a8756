/** What systemd is told over the life of `serve`: ready, alive, reloading, stopping. Nothing at all outside systemd. */

import type { AddressInfo } from 'node:net';
import type { Clock } from '../time/clock.ts';
import type { Notify } from './notify.ts';
import { askOwnHealth } from './own-health.ts';

/** What it needs of the proxy. */
export interface Reported {
  start(): Promise<void>;
  stop(withinMs?: number): Promise<void>;
  opsAddress(): AddressInfo;
}

export interface SystemdReport {
  /** The same proxy; systemd hears when its listeners are up and when it begins to stop. */
  reported<A extends Reported>(app: A): A;
  /** The work is a reload. */
  reloading(work: () => Promise<void>): Promise<void>;
}

export function createSystemdReport(notify: Notify | null, clock: Clock, ask = askOwnHealth): SystemdReport {
  if (notify === null) return { reported: (app) => app, reloading: (work) => work() };
  let isServing = false;
  let cancelBeat = () => {};

  /** Three chances within the time that systemd waits. Only an answer feeds the watchdog: a timer alone proves nothing. */
  const beat = async (address: AddressInfo, everyMs: number): Promise<void> => {
    const { isAlive, words } = await ask(address, everyMs);
    if (!isServing) return;
    const status = words === null ? [] : [`STATUS=${words}`];
    if (isAlive) await notify.tell('WATCHDOG=1', ...status);
    if (isServing) cancelBeat = clock.after(everyMs, () => void beat(address, everyMs));
  };

  return {
    reported: (app) => ({
      ...app,
      async start() {
        await app.start();
        isServing = true;
        void notify.tell('READY=1', 'STATUS=phones can connect; asking the Finesse servers');
        const everyMs = (notify.watchdogMs ?? 0) / 3;
        if (everyMs > 0) cancelBeat = clock.after(everyMs, () => void beat(app.opsAddress(), everyMs));
      },
      stop(withinMs) {
        if (isServing) void notify.tell('STOPPING=1', 'STATUS=finishing the requests under way');
        isServing = false;
        cancelBeat();
        return app.stop(withinMs);
      },
    }),
    async reloading(work) {
      if (!isServing) return work();
      void notify.tell('RELOADING=1');
      await work();
      if (isServing) void notify.tell('READY=1');
    },
  };
}
