/** `/drills`: a service is treated as failed for phones for a while, on request. */

import type { Express, RequestHandler, Response } from 'express';
import { isDeviceName } from '../domain/phone-url.ts';
import type { Drills } from '../store/drills.ts';
import { type Access, operatorOf, sendError } from './access.ts';
import { validateReason } from './admin-request.ts';

export interface DrillRoutesOptions {
  readonly access: Access;
  readonly drills: Drills;
  readonly readJson: readonly RequestHandler[];
  readonly isService: (id: string) => boolean;
  /** The service's entry of `/health`. */
  readonly entryOf: (id: string) => object | undefined;
}

export const DRILL_SECONDS = { min: 1, max: 3600 } as const;
const MAX_DEVICES = 100;
const KEYS = ['service', 'forSeconds', 'devices', 'reason'];

export function addDrillRoutes(app: Express, options: DrillRoutesOptions): void {
  const { access, drills, readJson } = options;
  app
    .route('/drills')
    .post(access.require('set'), ...readJson, begin(options))
    .all((_, res) => refuseMethod(res, 'POST'));
  app
    .route('/drills/:service')
    .delete(access.require('set'), (req, res) => {
      const address = req.socket.remoteAddress ?? null;
      if (drills.end(String(req.params.service), operatorOf(res).name, address)) return void res.status(204).end();
      sendError(res, 404, 'no-drill', 'No drill is on there.');
    })
    .all((_, res) => refuseMethod(res, 'DELETE'));
}

function refuseMethod(res: Response, allow: string): void {
  res.set('Allow', allow);
  sendError(res, 405, 'method-not-allowed', `This path takes ${allow}.`);
}

function begin({ drills, isService, entryOf }: DrillRoutesOptions): RequestHandler {
  return (req, res) => {
    const faults = decideDrill(req.body);
    if (faults.length > 0) return sendError(res, 400, 'bad-drill', `${faults.join('; ')}.`);
    const { service, forSeconds, devices, reason } = req.body;
    if (!isService(service)) return sendError(res, 404, 'unknown-service', 'There is no such service.');
    const refusal = drills.begin({
      ...{ service, forMs: forSeconds * 1000, devices: devices ?? null, reason: reason?.trim() ?? null },
      ...{ who: operatorOf(res).name, address: req.socket.remoteAddress ?? null },
    });
    if (refusal !== null) return sendError(res, 409, 'no-drill-now', `There can be no drill now: ${refusal}.`);
    res.json(entryOf(service));
  };
}

/** All that is wrong with a body. Pure. */
function decideDrill(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return ['the body must be a JSON object such as {"service": "a", "forSeconds": 120}'];
  }
  const { service, forSeconds, devices = null, reason = null } = body as Record<string, unknown>;
  const { min, max } = DRILL_SECONDS;
  const isLength = typeof forSeconds === 'number' && forSeconds >= min && forSeconds <= max;
  const isList =
    devices === null ||
    (Array.isArray(devices) && devices.length > 0 && devices.length <= MAX_DEVICES && devices.every(isDevice));
  return [
    ...(Object.keys(body).every((key) => KEYS.includes(key)) ? [] : [`unknown keys; allowed are ${KEYS.join(', ')}`]),
    ...(typeof service === 'string' ? [] : ['service must be the id of a service']),
    ...(isLength ? [] : [`forSeconds must be a number from ${min} to ${max}`]),
    ...(isList ? [] : [`devices must be a list of 1 to ${MAX_DEVICES} names of devices, or absent for all`]),
    ...validateReason(reason, 'ready'),
  ];
}

function isDevice(name: unknown): boolean {
  return typeof name === 'string' && isDeviceName(name);
}
