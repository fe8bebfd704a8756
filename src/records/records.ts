/** All that is kept over a restart beside what operators set: sign-ins, outages, islands and the audit trail, in one folder. */

import type { Config } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Islands } from '../store/islands.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { type AuditTrail, createAuditTrail } from './audit.ts';
import { createIslandRecords } from './island-records.ts';
import { createOutageRecords, type OutageRecords, type OutageRecordsOptions } from './outages.ts';
import { createSignInRecords } from './sign-ins.ts';

export interface Records {
  readonly outages: OutageRecords;
  readonly audit: AuditTrail;
  /** At the start, before anything asks. Changes no file yet. */
  read(): void;
  /** Once this is the proxy that serves. */
  begin(): void;
  /** Another configuration, after the services and devices. */
  reconfigure(config: Config): void;
  /** What cannot be kept at present, for `/health`. */
  problems(): readonly string[];
  /** Writes what is left to write, for at most so long. */
  stop(withinMs: number): Promise<void>;
}

export interface RecordsOptions extends Pick<OutageRecordsOptions, 'facts' | 'isAlive' | 'isNear' | 'isHere'> {
  readonly config: Config;
  readonly store: ServiceStore;
  readonly devices: DeviceRegistry;
  readonly islands: Islands;
  readonly clock: Clock;
  readonly report: Report;
}

export function createRecords(options: RecordsOptions): Records {
  const { store, devices, clock, report } = options;
  const { config } = options;
  const outages = createOutageRecords({
    ...{ settings: config.outages, store, devices, clock, report },
    ...{
      facts: options.facts ?? null,
      isAlive: options.isAlive ?? (() => false),
      isNear: options.isNear ?? (() => true),
      isHere: options.isHere ?? (() => true),
    },
  });
  const signIns = createSignInRecords({
    ...{ devices, clock, report },
    isService: (id) => store.get(id) !== null,
    forgetAfterMs: config.phones.forgetAfterMs,
  });
  const audit = createAuditTrail({ clock, report });
  const islands = createIslandRecords(options.islands, clock, report);
  return {
    outages,
    audit,
    read() {
      signIns.read(config.state.folder);
      outages.read(config.state.folder);
      audit.read(config.state.folder);
      islands.read(config.state.folder);
    },
    begin() {
      signIns.begin();
      outages.begin();
      islands.begin();
      audit.begin();
    },
    reconfigure(next) {
      signIns.reconfigure(next.phones.forgetAfterMs, next.state.folder);
      outages.reconfigure(next.outages, next.state.folder);
      islands.reconfigure(next.state.folder);
      audit.reconfigure(next.state.folder);
    },
    problems: () =>
      [signIns, outages, islands, audit].map((each) => each.problem()).filter((problem) => problem !== null),
    async stop(withinMs) {
      const limit = Promise.withResolvers<void>();
      const cancel = clock.after(withinMs, limit.resolve);
      const parts = [signIns, outages, islands, audit];
      await Promise.race([Promise.all(parts.map((each) => each.stop())), limit.promise]);
      cancel();
    },
  };
}
