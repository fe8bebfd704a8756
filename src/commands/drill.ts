/** `drill`: begins or ends a drill of a service of the running proxy. */

import { parseDuration } from '../config/values.ts';
import type { ServiceEntry } from '../ops/health.ts';
import { decideRefusal } from './control.ts';
import { renderLocalTime } from './local-time.ts';
import { findOps, type OpsAccess } from './ops-access.ts';
import { createOpsClient, OpsUnreachable } from './ops-client.ts';
import type { Output } from './output.ts';

export interface DrillOptions extends OpsAccess {
  readonly service: string;
  /** A duration such as 2m. */
  readonly for?: string;
  readonly device?: readonly string[];
  readonly reason?: string;
  /** Ends the one that is on. */
  readonly end?: boolean;
  readonly json?: boolean;
}

/** Exit code 0 when it has begun or ended, 1 when the proxy does not answer or refuses, 2 for a wrong command line or configuration. */
export async function runDrill(options: DrillOptions, output: Output): Promise<number> {
  const fail = (code: 1 | 2, message: string) => {
    output.stderr(`${message.trimEnd()}\n`);
    return code;
  };
  const forMs = options.for === undefined ? null : parseDuration(options.for);
  if ((options.end === true) === (options.for !== undefined) || (options.for !== undefined && forMs === null)) {
    return fail(2, '--for takes a duration from 1s to 1h, such as 2m; or --end ends the drill that is on.');
  }
  const found = await findOps(options, 'needed');
  if (!found.ok) return fail(2, found.message);
  const client = createOpsClient(found.place);
  const { service, device: devices = null, reason = null } = options;
  try {
    const answer =
      forMs === null
        ? await client.change('DELETE', `/drills/${encodeURIComponent(service)}`)
        : await client.change('POST', '/drills', { service, forSeconds: forMs / 1000, devices, reason });
    if (answer.status !== 200 && answer.status !== 204) return fail(...decideRefusal(client.origin, answer));
    if (options.json === true) output.stdout(`${JSON.stringify(answer.body, null, 2)}\n`);
    else
      output.stdout(forMs === null ? `The drill of ${service} is over.\n` : renderBegun(answer.body as ServiceEntry));
    return 0;
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    return fail(1, error.message);
  }
}

function renderBegun({ id, phones, drill }: ServiceEntry): string {
  const agents = (count: number) => (count === 1 ? '1 phone is' : `${count} phones are`);
  const whom =
    drill?.devices === null
      ? `${agents(phones)} signed in there and will be led away`
      : `${agents(drill?.devices ?? 0)} told so, and no other`;
  const end = drill === null ? '' : ` until ${renderLocalTime(drill.until)}`;
  return `Drill of ${id}${end}: phones are told that it has failed, while it runs on. ${whom}. --end ends it before.\n`;
}
