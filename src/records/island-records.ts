/** Since when other sites could not be reached, over a restart: after four days of it replication between the sites breaks. */

import { z } from 'zod';
import type { Report } from '../domain/events.ts';
import type { CutSince } from '../domain/island.ts';
import type { Islands } from '../store/islands.ts';
import type { Clock } from '../time/clock.ts';
import { createJournal } from './journal.ts';
import type { JournalContent, JournalDamage } from './journal-file.ts';

export interface IslandRecords {
  /** What was kept is believed until something of the site is reached; null: nothing is kept. */
  read(folder: string | null): void;
  begin(): void;
  reconfigure(folder: string | null): void;
  problem(): string | null;
  stop(): Promise<void>;
}

/** The file says this often that the proxy still looks. */
const RENEW_EVERY_MS = 600_000;
/** A proxy that was away for longer cannot know that the sites were not joined meanwhile. */
const MAX_AWAY_MS = 3_600_000;

export function createIslandRecords(
  islands: Pick<Islands, 'unreachable' | 'restore' | 'onChange'>,
  clock: Clock,
  report: Report,
): IslandRecords {
  let damage: JournalDamage | null = null;
  let isServing = false;
  let isKept = false;
  const find = (site: string) => islands.unreachable().find((each) => each.site === site);
  const journal = createJournal({
    ...{ name: 'islands.jsonl', holds: 'sites that cannot be reached', clock, report },
    renewEveryMs: () => RENEW_EVERY_MS,
    keys: () => islands.unreachable().map(({ site }) => site),
    // A site that is reached has a line too: it takes back the one before.
    lines: (site) => [{ site, since: find(site)?.since ?? null }],
  });
  /** Where no site was ever cut off there is no file. */
  const keep = () => {
    if (isKept || !isServing) return;
    isKept = true;
    journal.begin(damage);
  };
  islands.onChange((site) => {
    keep();
    journal.changed(site);
  });

  return {
    read(folder) {
      const content = journal.read(folder);
      damage = content.damage;
      islands.restore(selectCutSince(content, clock.now()));
    },
    begin() {
      isServing = true;
      if (damage !== null || islands.unreachable().length > 0) keep();
    },
    reconfigure: journal.moveTo,
    problem: journal.problem,
    stop: journal.stop,
  };
}

const line = z.object({ site: z.string().max(64), since: z.number().int().min(0).max(8.64e15).nullable() });

export function selectCutSince({ writtenAt, lines }: JournalContent, now: number): CutSince[] {
  const since = new Map<string, number>();
  for (const each of lines) {
    const { data } = line.safeParse(each);
    if (data === undefined) continue;
    if (data.since === null) since.delete(data.site);
    else since.set(data.site, data.since);
  }
  const lastSeen = Math.max(writtenAt ?? 0, ...since.values());
  if (lastSeen < now - MAX_AWAY_MS) return [];
  return [...since].map(([site, at]) => ({ site, since: Math.min(at, now) }));
}
