/** What the ops port answers about outages, devices and what operators did. Who is signed in, and who is missing, is told to operators only. */

import type { Request, RequestHandler, Response } from 'express';
import type { Outage } from '../domain/outage.ts';
import type { AuditTrail } from '../records/audit.ts';
import type { OutageRecords } from '../records/outages.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, sendError } from './access.ts';
import { parseTime } from './admin-request.ts';
import { renderOutageDevicesCsv, renderOutagesCsv } from './outage-csv.ts';
import { isSince, isUntil, matchesDevice, renderDevice, renderOutage, renderOutageDevice } from './outage-view.ts';

export interface OutageRoutesOptions {
  readonly outages: Pick<OutageRecords, 'all' | 'get' | 'devices'>;
  readonly devices: Pick<DeviceRegistry, 'all'>;
  readonly audit: Pick<AuditTrail, 'since'>;
  readonly clock: Clock;
  /** How the port does what all its routes need. */
  readonly get: (path: string, ...handlers: RequestHandler[]) => void;
  readonly access: Access;
}

/** Entries looked at in one go: between two of these phones are served. */
const AT_ONCE = 500;

export function addOutageRoutes(options: OutageRoutesOptions): void {
  const { outages, devices, audit, clock, get, access } = options;

  const wantedOutages = (req: Request): readonly Outage[] | 'wrong' => {
    const service = queryOf(req).get('service');
    const [from, to] = [readTime(req, 'since'), readTime(req, 'until')];
    if (from === 'wrong' || to === 'wrong') return 'wrong';
    return outages.all().filter((outage) => {
      return (service === null || outage.service === service) && isSince(outage, from) && isUntil(outage, to);
    });
  };

  get('/outages', async (req, res) => {
    const wanted = wantedOutages(req);
    if (wanted === 'wrong') return refuseTime(res);
    await sendList(res, '{"outages":', wanted, (outage) => renderOutage(outage, clock.now()));
  });

  get('/outages.csv', async (req, res) => {
    const wanted = wantedOutages(req);
    if (wanted === 'wrong') return refuseTime(res);
    const entries = await renderEach(wanted, (outage) => renderOutage(outage, clock.now()));
    sendCsv(res, 'outages.csv', renderOutagesCsv(entries));
  });

  // Before the record itself: no id of an outage ends so.
  get('/outages/:id.csv', access.require('read'), async (req, res) => {
    const id = String(req.params.id);
    const outage = outages.get(id);
    if (outage === null) return refuseUnknown(res);
    const devicesThen = await renderEach(outages.devices(id), (device) => renderOutageDevice(outage, device));
    sendCsv(res, 'outage.csv', renderOutageDevicesCsv(devicesThen));
  });

  get('/outages/:id', (req, res, next) => {
    // Counts are for everybody; with a token, which then must be the right one, the devices too.
    const withDevices = access.isOffered(req);
    const send = async () => {
      const id = String(req.params.id);
      const outage = outages.get(id);
      if (outage === null) return refuseUnknown(res);
      const entry = renderOutage(outage, clock.now());
      if (!withDevices) return void res.json(entry);
      const outcome = queryOf(req).get('outcome');
      const wanted = outages.devices(id).filter((device) => outcome === null || device.outcome === outcome);
      const head = `${JSON.stringify(entry).slice(0, -1)},"devices":`;
      await sendList(res, head, wanted.slice(0, readLimit(req)), (device) => renderOutageDevice(outage, device));
    };
    if (withDevices)
      access.require('read')(req, res, (error) => (error === undefined ? send().catch(next) : next(error)));
    else send().catch(next);
  });

  get('/devices', access.require('read'), async (req, res) => {
    const wanted = queryOf(req).get('q')?.trim() ?? '';
    const found = await selectEach(devices.all(), (device) => matchesDevice(device, wanted));
    // Of more than are asked for, those that were seen last.
    const shown = found.slice(-Math.min(readLimit(req), found.length));
    await sendList(res, `{"total":${found.length},"devices":`, found.length === 0 ? [] : shown, renderDevice);
  });

  get('/audit', access.require('read'), async (req, res) => {
    const from = readTime(req, 'since');
    if (from === 'wrong') return refuseTime(res);
    const found = audit.since(from ?? 0).toReversed();
    await sendList(res, '{"entries":', found.slice(0, readLimit(req)), ({ at, ...entry }) => {
      return { at: new Date(at).toISOString(), ...entry, proxy: entry.proxy ?? null };
    });
  });
}

/** Epoch ms; null: not given. */
export function readTime(req: Request, name: 'since' | 'until'): number | null | 'wrong' {
  const text = queryOf(req).get(name);
  return text === null ? null : (parseTime(text) ?? 'wrong');
}

export function refuseTime(res: Response): void {
  const allowed = 'since and until must be ISO 8601 times with a zone, such as 2030-01-31T18:00:00Z.';
  sendError(res, 400, 'bad-query', allowed);
}

function refuseUnknown(res: Response): void {
  sendError(res, 404, 'unknown-outage', 'There is no such outage; /outages names them.');
}

/** How many are asked for at most; anything but a number asks for all. */
function readLimit(req: Request): number {
  const text = queryOf(req).get('limit') ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

/** Not by `URL`: a target may be a whole URL that is none, such as one with port 99999. */
export function queryOf({ originalUrl }: Pick<Request, 'originalUrl'>): URLSearchParams {
  const at = originalUrl.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : originalUrl.slice(at));
}

/** The head, the list and a closing brace, as one JSON document. */
async function sendList<T>(res: Response, head: string, list: readonly T[], render: (one: T) => object): Promise<void> {
  const texts = await renderEach(list, (one) => JSON.stringify(render(one)));
  res.type('json').send(`${head}[${texts.join(',')}]}`);
}

function sendCsv(res: Response, name: string, text: string): void {
  res.attachment(name).type('csv').send(text);
}

async function renderEach<T, R>(list: readonly T[], render: (one: T) => R): Promise<R[]> {
  const rendered: R[] = [];
  await inTurns(list, (one) => void rendered.push(render(one)));
  return rendered;
}

async function selectEach<T>(list: readonly T[], isWanted: (one: T) => boolean): Promise<readonly T[]> {
  const found: T[] = [];
  await inTurns(list, (one) => void (isWanted(one) && found.push(one)));
  return found;
}

async function inTurns<T>(list: readonly T[], use: (one: T) => void): Promise<void> {
  for (let first = 0; first < list.length; first += AT_ONCE) {
    if (first > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    list.slice(first, first + AT_ONCE).forEach(use);
  }
}
