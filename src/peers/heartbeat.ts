/** What a proxy says of itself, as it is carried to the others and read there. Pure; times are by the store's clock. */

import { z } from 'zod';
import { LATEST_TIME, moveTime } from '../domain/fact-time.ts';
import type { ProxyService, ProxyStatus } from '../domain/proxies.ts';
import type { Json, Register } from '../domain/register.ts';

export interface Heartbeat extends Pick<ProxyStatus, 'name' | 'site' | 'version' | 'services'> {
  /** Another one at each start. */
  readonly boot: string;
}

const time = z.number().int().min(0).max(LATEST_TIME);
const short = z.string().max(64);

const service = z.object({
  state: z.enum(['unknown', 'in-service', 'reconnecting', 'out-of-service']),
  attempt: z.number().int().min(1).nullable(),
  ...{ since: time.nullable(), t0: time.nullable(), ownT0: time.nullable() },
  isNear: z.boolean(),
  admin: z.enum(['ready', 'drain', 'maint']),
  phones: z.number().int().min(0),
});

// What a later version says more is passed over.
const heartbeat = z.object({
  ...{ boot: short, name: z.string().max(255), site: short.nullable(), version: short },
  services: z.record(short, service),
});

/** `aheadMs`: by what the store's clock is ahead of this machine's. */
export function renderHeartbeat({ services, ...rest }: Heartbeat, aheadMs: number): Json {
  const each = services.map(({ id, ...said }): [string, Json] => [id, shift(said, aheadMs)]);
  return { ...rest, services: Object.fromEntries(each) };
}

/** null: it says that it is gone, or nothing that can be read. */
export function parseHeartbeat({ value }: Register, aheadMs: number): Heartbeat | null {
  const { data } = heartbeat.safeParse(value);
  if (data === undefined) return null;
  const { services, ...rest } = data;
  return { ...rest, services: Object.entries(services).map(([id, said]) => ({ id, ...shift(said, -aheadMs) })) };
}

type Said = Omit<ProxyService, 'id'>;

function shift<T extends Pick<Said, 'since' | 't0' | 'ownT0'>>(said: T, byMs: number): T {
  const moved = (at: number | null) => (at === null ? null : moveTime(at, byMs));
  return { ...said, since: moved(said.since), t0: moved(said.t0), ownT0: moved(said.ownT0) };
}
