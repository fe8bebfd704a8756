/** What shows how things came to be as they are: the last probes of each service, and what changed in the last hours. */

import type { RequestHandler } from 'express';
import type { Changes } from './changes.ts';
import { queryOf, readTime, refuseTime } from './outage-routes.ts';
import type { ProbeSeries } from './probe-series.ts';

export interface WatchRoutesOptions {
  readonly get: (path: string, ...handlers: RequestHandler[]) => void;
  readonly services: () => readonly string[];
  readonly probes: Pick<ProbeSeries, 'of'>;
  readonly changes: Pick<Changes, 'since'>;
}

export function addWatchRoutes({ get, services, probes, changes }: WatchRoutesOptions): void {
  get('/probes', (req, res) => {
    const since = readTime(req, 'since');
    const service = queryOf(req).get('service');
    if (since === 'wrong') return refuseTime(res);
    const wanted = services().filter((id) => service === null || id === service);
    const time = (at: number) => new Date(at).toISOString();
    res.json({
      services: wanted.map((id) => ({
        id,
        probes: probes
          .of(id, since ?? undefined)
          .map(({ at, latencyMs, confirmed }) => ({ at: time(at), latencyMs, confirmed })),
      })),
    });
  });
  get('/changes', (req, res) => {
    const since = readTime(req, 'since');
    if (since === 'wrong') return refuseTime(res);
    const found = changes.since(since ?? 0);
    res.json({ changes: found.map(({ at, ...change }) => ({ at: new Date(at).toISOString(), ...change })) });
  });
}
