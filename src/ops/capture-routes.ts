/** `/captures`: what passes for some devices, on request, as a stream that ends with the file. */

import type { Express, Request, RequestHandler, Response } from 'express';
import type { CaptureEnd } from '../domain/events.ts';
import { isDeviceName } from '../domain/phone-url.ts';
import type { Clock } from '../time/clock.ts';
import { type Access, operatorOf, sendError } from './access.ts';
import type { CaptureState } from './health.ts';

/** As much of captures as this port needs. */
export interface OpsCaptures {
  /** null: one is on already. */
  begin(request: CaptureOrder & { readonly who: string; readonly address: string | null }): {
    readonly id: string;
    readonly counts: () => object;
    readonly ended: Promise<WholeFile>;
  } | null;
  end(id: string, because: CaptureEnd, who?: string | null, address?: string | null): boolean;
  running(): {
    readonly startedAt: number;
    readonly until: number;
    readonly devices: readonly string[];
    readonly entries: number;
  } | null;
}

interface WholeFile {
  readonly log: { readonly entries: readonly object[] };
}

interface CaptureOrder {
  readonly devices: readonly string[];
  readonly forMs: number;
  readonly maxBytes: number;
  readonly keepNames: boolean;
}

export interface CaptureRoutesOptions {
  readonly access: Access;
  readonly captures?: OpsCaptures;
  readonly readJson: readonly RequestHandler[];
  readonly clock: Clock;
}

const SECONDS = { min: 1, max: 3600 } as const;
const BYTES = { min: 64 * 1024, max: 64 * 1024 * 1024, usual: 16 * 1024 * 1024 } as const;
const MAX_DEVICES = 16;
const KEYS = ['devices', 'forSeconds', 'maxBytes', 'keepNames'];
const PROGRESS_MS = 1000;

export function addCaptureRoutes(app: Express, options: CaptureRoutesOptions): void {
  const { access, captures, readJson } = options;
  app
    .route('/captures')
    .post(access.require('set'), ...readJson, begin(options))
    .all((_, res) => refuseMethod(res, 'POST'));
  app
    .route('/captures/:id')
    .delete(access.require('set'), (req, res) => {
      const id = String(req.params.id);
      if (captures?.end(id, 'operator', operatorOf(res).name, req.socket.remoteAddress ?? null) === true) {
        return void res.status(204).end();
      }
      sendError(res, 404, 'no-capture', 'That capture is not on.');
    })
    .all((_, res) => refuseMethod(res, 'DELETE'));
}

/** For `/health`. */
export function renderCapture(running: ReturnType<OpsCaptures['running']>): CaptureState | null {
  if (running === null) return null;
  const { startedAt, until, devices, entries } = running;
  const [from, to] = [startedAt, until].map((at) => new Date(at).toISOString());
  return { startedAt: from as string, until: to as string, devices: devices.length, entries };
}

function refuseMethod(res: Response, allow: string): void {
  res.set('Allow', allow);
  sendError(res, 405, 'method-not-allowed', `This path takes ${allow}.`);
}

function begin({ captures, clock }: CaptureRoutesOptions): RequestHandler {
  return (req, res) => {
    const faults = decideFaults(req.body);
    if (faults.length > 0) return sendError(res, 400, 'bad-capture', `${faults.join('; ')}.`);
    const { devices, forSeconds, maxBytes, keepNames } = req.body;
    const order = {
      devices,
      forMs: forSeconds * 1000,
      maxBytes: maxBytes ?? BYTES.usual,
      keepNames: keepNames === true,
    };
    const who = { who: operatorOf(res).name, address: req.socket.remoteAddress ?? null };
    const begun = captures?.begin({ ...order, ...who }) ?? null;
    if (begun === null) return sendError(res, 409, 'capture-on', 'A capture is on already: one at a time.');
    stream(req, res, clock, begun, () => captures?.end(begun.id, 'gone'));
  };
}

type Begun = NonNullable<ReturnType<OpsCaptures['begin']>>;

/** A reader that takes nothing gets no more progress; the file waits for it. */
function stream(req: Request, res: Response, clock: Clock, { id, counts, ended }: Begun, gone: () => void): void {
  // It may well last longer than a request may.
  req.socket.setTimeout(0);
  res.set({ 'Content-Type': 'application/x-ndjson', 'X-Accel-Buffering': 'no' });
  const write = (line: object) => res.write(`${JSON.stringify(line)}\n`);
  write({ capture: id });
  let cancel = () => {};
  const progress = () => {
    if (res.writableLength === 0) write({ progress: counts() });
    cancel = clock.after(PROGRESS_MS, progress);
  };
  cancel = clock.after(PROGRESS_MS, progress);
  res.once('close', () => {
    cancel();
    gone();
  });
  ended
    .then((har) => {
      cancel();
      write({ progress: counts() });
      return writeFile(har, write).then(() => res.end());
    })
    .catch(() => res.destroy());
}

/** The entries one by one, with phones served in between. Whoever gets no last line has no whole file. */
async function writeFile(har: WholeFile, write: (line: object) => void): Promise<void> {
  const { entries, ...log } = har.log;
  for (const entry of entries) {
    write({ entry });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  write({ har: { ...har, log: { ...log, entries: [] } } });
}

/** All that is wrong with a body. Pure. */
function decideFaults(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return ['the body must be a JSON object such as {"devices": ["SEP001122334455"], "forSeconds": 600}'];
  }
  const { devices, forSeconds, maxBytes = null, keepNames = null } = body as Record<string, unknown>;
  const isList =
    Array.isArray(devices) &&
    devices.length > 0 &&
    devices.length <= MAX_DEVICES &&
    devices.every((name) => typeof name === 'string' && isDeviceName(name));
  const isLength = typeof forSeconds === 'number' && forSeconds >= SECONDS.min && forSeconds <= SECONDS.max;
  const isSize =
    maxBytes === null ||
    (typeof maxBytes === 'number' && Number.isInteger(maxBytes) && maxBytes >= BYTES.min && maxBytes <= BYTES.max);
  return [
    ...(Object.keys(body).every((key) => KEYS.includes(key)) ? [] : [`unknown keys; allowed are ${KEYS.join(', ')}`]),
    ...(isList ? [] : [`devices must be a list of 1 to ${MAX_DEVICES} names of devices`]),
    ...(isLength ? [] : [`forSeconds must be a number from ${SECONDS.min} to ${SECONDS.max}`]),
    ...(isSize ? [] : [`maxBytes must be a whole number from ${BYTES.min} to ${BYTES.max}`]),
    ...(keepNames === null || typeof keepNames === 'boolean' ? [] : ['keepNames must be true or false']),
  ];
}
