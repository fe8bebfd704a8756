/** What operators set, as facts that all proxies know: `drain` at one of them holds at all of them. */

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Report } from '../domain/events.ts';
import { LATEST_TIME } from '../domain/fact-time.ts';
import { reduceSetting } from '../domain/health/operator.ts';
import { type AdminSetting, READY } from '../domain/model.ts';
import { type Json, keepUnknown, type Register } from '../domain/register.ts';
import type { Facts } from '../shared/facts.ts';
import type { Clock } from '../time/clock.ts';
import type { ServiceStore } from './services.ts';

export interface SharedSettings {
  /** Tells what was kept over the restart, with the time it had; takes what is known already. Then both go on. */
  begin(): void;
  /** After the services: some may have come for which others have a setting. */
  reconfigure(): void;
}

export interface SharedSettingsOptions {
  readonly facts: Facts;
  readonly store: Pick<ServiceStore, 'all' | 'get' | 'setAdmin' | 'onAdminChange'>;
  readonly clock: Clock;
  readonly report: Report;
}

export function createSharedSettings({ facts, store, clock, report }: SharedSettingsOptions): SharedSettings {
  let isRunning = false;
  let isHearing = false;

  const hear = (service: string, register: Register) => {
    const setting = parseSetting(register);
    const from = store.get(service)?.admin;
    if (setting === null || from === undefined) return;
    const to = reduceSetting(setting, clock.now());
    // Ready is ready, whoever has said so: at a start that would be no news.
    if (isDeepStrictEqual(from, to) || (isPlainReady(from) && isPlainReady(to))) return;
    isHearing = true;
    store.setAdmin(service, to);
    isHearing = false;
    report({ kind: 'setting-heard', at: clock.now(), service, from, to, proxy: register.proxy });
  };
  const hearAll = () => {
    for (const [service, register] of [...facts.entries('settings')]) hear(service, register);
  };

  store.onAdminChange((service, setting) => {
    if (!isRunning || isHearing) return;
    const known = facts.get('settings', service);
    const said = known === null ? READY : parseSetting(known);
    // Time did it, and does it everywhere: told, it might undo what an operator has set elsewhere in this moment.
    if (said !== null && isDeepStrictEqual(reduceSetting(said, clock.now()), setting)) return;
    facts.set('settings', service, renderSetting(setting, known));
  });
  facts.subscribe('settings', (service, register, origin) => {
    if (isRunning && origin === 'elsewhere') hear(service, register);
  });

  return {
    begin() {
      for (const { id, admin } of store.all()) {
        if (admin === READY) continue;
        // The clock may have been ahead when it was set.
        const register = {
          at: Math.min(admin.by?.at ?? 1, facts.now()),
          proxy: facts.proxy,
          value: renderSetting(admin, facts.get('settings', id)),
        };
        facts.receive('settings', id, register);
      }
      isRunning = true;
      hearAll();
    },
    reconfigure: hearAll,
  };
}

const time = z.number().int().min(0).max(LATEST_TIME);
const shared = z.looseObject({
  admin: z.enum(['ready', 'drain', 'maint']),
  reason: z.string().max(2000).nullable(),
  until: time.nullable(),
  maintAt: time.optional(),
  by: z.object({ who: z.string().max(200).nullable(), at: time }).optional(),
});
const KEYS = Object.keys(shared.shape);

function isPlainReady({ admin, reason, until }: AdminSetting): boolean {
  return admin === 'ready' && reason === null && until === null;
}

/** null: nothing that this version understands, and then nothing changes. */
function parseSetting({ value }: Register): AdminSetting | null {
  const { data } = shared.safeParse(value);
  if (data === undefined) return null;
  const { admin, reason, until, maintAt, by } = data;
  if (by === undefined && isPlainReady({ admin, reason, until })) return READY;
  return { admin, reason, until, ...(maintAt === undefined ? {} : { maintAt }), ...(by === undefined ? {} : { by }) };
}

function renderSetting({ admin, reason, until, maintAt, by }: AdminSetting, before: Register | null): Json {
  const said = {
    ...{ admin, reason, until },
    ...(maintAt === undefined ? {} : { maintAt }),
    ...(by === undefined ? {} : { by: { who: by.who, at: by.at } }),
  };
  return keepUnknown(said, before?.value, KEYS, shared.safeParse(before?.value).data);
}
