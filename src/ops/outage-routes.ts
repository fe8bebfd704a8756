/** What the ops port answers about outages, devices and what operators did. Who is signed in, and who is missing, is told to operators only. */

import type { Request, RequestHandler, Response } from 'express';
import type { AuditTrail } from '../records/audit.ts';
import type { OutageRecords } from '../records/outages.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, sendError } from './access.ts';
import { parseTime } from './admin-request.ts';
import { isSince, matchesDevice, renderDevice, renderOutage, renderOutageDevice } from './outage-view.ts';

export interface OutageRoutesOptions {
  readonly outages: Pick<OutageRecords, 'all' | 'get' | 'devices'>;
  readonly devices: Pick<DeviceRegistry, 'all'>;
  readonly audit: Pick<AuditTrail, 'since'>;
  readonly clock: Clock;
  /** How the port does what all its routes need. */
  readonly get: (path: string, ...handlers: RequestHandler[]) => void;
  readonly access: Access;
}

/** Entries rendered in one go: between two of these phones are served. */
const AT_ONCE = 500;

export function addOutageRoutes(options: OutageRoutesOptions): void {
  const { outages, devices, audit, clock, get, access } = options;

  get('/outages', async (req, res) => {
    const service = queryOf(req).get('service') ?? undefined;
    const from = readSince(req);
    if (from === 'wrong') return refuseSince(res);
    const wanted = outages
      .all()
      .filter((outage) => (service === undefined || outage.service === service) && isSince(outage, from));
    await sendList(res, '{"outages":', wanted, (outage) => renderOutage(outage, clock.now()));
  });

  get('/outages/:id', (req, res, next) => {
    // Counts are for everybody; with a token, which then must be the right one, the devices too.
    const withDevices = access.isOffered(req);
    const send = async () => {
      const id = String(req.params.id);
      const outage = outages.get(id);
      if (outage === null)
        return sendError(res, 404, 'unknown-outage', 'There is no such outage; /outages names them.');
      const entry = renderOutage(outage, clock.now());
      if (!withDevices) return void res.json(entry);
      const head = `${JSON.stringify(entry).slice(0, -1)},"devices":`;
      await sendList(res, head, outages.devices(id), (device) => renderOutageDevice(outage, device));
    };
    if (withDevices)
      access.require('read')(req, res, (error) => (error === undefined ? send().catch(next) : next(error)));
    else send().catch(next);
  });

  get('/devices', access.require('read'), async (req, res) => {
    const wanted = queryOf(req).get('q')?.trim() ?? '';
    const found = devices.all().filter((device) => matchesDevice(device, wanted));
    await sendList(res, '{"devices":', found, renderDevice);
  });

  get('/audit', access.require('read'), async (req, res) => {
    const from = readSince(req);
    if (from === 'wrong') return refuseSince(res);
    const found = audit.since(from ?? 0).toReversed();
    await sendList(res, '{"entries":', found, ({ at, ...entry }) => ({ at: new Date(at).toISOString(), ...entry }));
  });
}

/** Epoch ms; null: not given. */
export function readSince(req: Request): number | null | 'wrong' {
  const since = queryOf(req).get('since');
  return since === null ? null : (parseTime(since) ?? 'wrong');
}

export function refuseSince(res: Response): void {
  const allowed = 'since must be an ISO 8601 time with a zone, such as 2030-01-31T18:00:00Z.';
  sendError(res, 400, 'bad-query', allowed);
}

/** Not by `URL`: a target may be a whole URL that is none, such as one with port 99999. */
export function queryOf({ originalUrl }: Pick<Request, 'originalUrl'>): URLSearchParams {
  const at = originalUrl.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : originalUrl.slice(at));
}

/** The head, the list and a closing brace, as one JSON document. */
async function sendList<T>(res: Response, head: string, list: readonly T[], render: (one: T) => object): Promise<void> {
  const parts = [`${head}[`];
  for (let first = 0; first < list.length; first += AT_ONCE) {
    if (first > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const text = list.slice(first, first + AT_ONCE).map((one) => JSON.stringify(render(one)));
    parts.push(`${first > 0 ? ',' : ''}${text.join(',')}`);
  }
  res.type('json').send(`${parts.join('')}]}`);
}
