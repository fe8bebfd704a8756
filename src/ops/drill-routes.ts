/** `/drills`: a service is treated as failed for phones for a while, on request. */

import type { Express, RequestHandler, Response } from 'express';
import { type DrillEffect, renderDrillEffect } from '../domain/drill-effect.ts';
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
  /** Whom a drill of a service touches; `devices` null: all. */
  readonly effectOf: (id: string, devices: readonly string[] | null, forMs: number) => DrillEffect;
}

export const DRILL_SECONDS = { min: 1, max: 3600 } as const;
const MAX_DEVICES = 100;
const MAX_SHOWN_NAME = 70;
const KEYS = ['service', 'forSeconds', 'devices', 'reason', 'preview'];

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

function begin({ drills, isService, entryOf, effectOf }: DrillRoutesOptions): RequestHandler {
  return (req, res) => {
    const faults = decideDrill(req.body);
    if (faults.length > 0) return sendError(res, 400, 'bad-drill', `${faults.join('; ')}.`);
    const { service, forSeconds, devices, reason, preview } = req.body;
    if (!isService(service)) return sendError(res, 404, 'unknown-service', 'There is no such service.');
    const asked = { service, forMs: forSeconds * 1000, devices: devices ?? null };
    // Before it begins: then it holds for what would be told.
    const effect = effectOf(service, asked.devices, asked.forMs);
    const words = renderDrillEffect(effect);
    const refusal =
      preview === true
        ? drills.refusalOf(service)
        : drills.begin({
            ...{ ...asked, reason: reason?.trim() ?? null },
            ...{ who: operatorOf(res).name, address: req.socket.remoteAddress ?? null },
          });
    if (refusal !== null) return sendError(res, 409, 'no-drill-now', `There can be no drill now: ${refusal}.`);
    res.json(preview === true ? { ...effect, words } : { ...entryOf(service), signedIn: effect.signedIn, words });
  };
}

/** All that is wrong with a body. Pure. */
function decideDrill(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return ['the body must be a JSON object such as {"service": "a", "forSeconds": 120}'];
  }
  const { service, forSeconds, devices = null, reason = null, preview = false } = body as Record<string, unknown>;
  const { min, max } = DRILL_SECONDS;
  const isLength = typeof forSeconds === 'number' && forSeconds >= min && forSeconds <= max;
  return [
    ...(Object.keys(body).every((key) => KEYS.includes(key)) ? [] : [`unknown keys; allowed are ${KEYS.join(', ')}`]),
    ...(typeof service === 'string' ? [] : ['service must be the id of a service']),
    ...(isLength ? [] : [`forSeconds must be a number from ${min} to ${max}`]),
    ...(devices === null ? [] : validateDevices(devices)),
    ...validateReason(reason, 'ready'),
    ...(typeof preview === 'boolean' ? [] : ['preview must be true or false']),
  ];
}

function validateDevices(devices: unknown): string[] {
  if (!Array.isArray(devices) || devices.length === 0 || devices.length > MAX_DEVICES) {
    return [`devices must be a list of 1 to ${MAX_DEVICES} names of devices, or absent for all`];
  }
  const wrong: unknown = devices.find((name) => typeof name !== 'string' || !isDeviceName(name));
  if (wrong === undefined) return [];
  const shown = JSON.stringify(wrong)
    .replace(/[^ -~]/g, '?')
    .slice(0, MAX_SHOWN_NAME);
  return [
    `${shown} is no name of a device: 1 to 64 letters A-Z and a-z, digits, dots, hyphens and underscores, such as SEP001122334455`,
  ];
}
