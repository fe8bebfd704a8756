/** `drill`: begins or ends a drill of a service of the running proxy. */

import { parseDuration } from '../config/values.ts';
import type { ServiceEntry } from '../ops/health.ts';
import { type Asking, askAtTerminal } from './asking.ts';
import { decideRefusal, isAsked, isConfirmed } from './control.ts';
import { renderLocalTime } from './local-time.ts';
import { findOps, type OpsAccess } from './ops-access.ts';
import { createOpsClient, errorMessageOf, field, type OpsAnswer, OpsUnreachable } from './ops-client.ts';
import type { Output } from './output.ts';

export interface DrillOptions extends OpsAccess {
  readonly service: string;
  /** A duration such as 2m. */
  readonly for?: string;
  readonly device?: readonly string[];
  readonly reason?: string;
  /** Ends the one that is on. */
  readonly end?: boolean;
  /** Without being asked. */
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What the proxy answers; one of an earlier version does not say how many are signed in there. */
type Begun = ServiceEntry & { readonly signedIn?: number };

/**
 * Says whom it would touch, and at a terminal asks before it begins. Exit code 0 when it has begun or ended, 1 when the proxy does not
 * answer or refuses or somebody said no, 2 for a wrong command line or configuration.
 */
export async function runDrill(
  options: DrillOptions,
  output: Output,
  asking: Asking | null = options.end !== true && isAsked(options) ? askAtTerminal() : null,
): Promise<number> {
  try {
    return await drill(options, output, asking);
  } finally {
    asking?.end();
  }
}

async function drill(options: DrillOptions, output: Output, asking: Asking | null): Promise<number> {
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
  const { service, device: devices = null, reason = null, json = false } = options;
  try {
    if (forMs === null) {
      const answer = await client.change('DELETE', `/drills/${encodeURIComponent(service)}`);
      if (answer.status !== 204) return fail(...decideRefusal(client.origin, answer));
      output.stdout(json ? 'null\n' : `The drill of ${service} is over.\n`);
      return 0;
    }
    const body = { service, forSeconds: forMs / 1000, devices, reason };
    if (!json) {
      const seen = await client.change('POST', '/drills', { ...body, preview: true });
      const words = field(seen.body, 'words');
      if (typeof words === 'string') output.stdout(`${words}\n`);
      else if (!isOfEarlierVersion(seen)) return fail(...decideRefusal(client.origin, seen));
    }
    if (asking !== null && !(await isConfirmed(asking, `Begin the drill of ${service}?`))) {
      return fail(1, 'No drill has begun.');
    }
    const answer = await client.change('POST', '/drills', body);
    if (answer.status !== 200) return fail(...decideRefusal(client.origin, answer));
    output.stdout(json ? `${JSON.stringify(answer.body, null, 2)}\n` : renderBegun(answer.body as Begun));
    return 0;
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    return fail(1, error.message);
  }
}

/** It knows no `preview`. */
function isOfEarlierVersion(answer: OpsAnswer): boolean {
  return answer.status === 400 && errorMessageOf(answer)?.startsWith('unknown keys') === true;
}

function renderBegun({ id, phones, drill: begun, signedIn }: Begun): string {
  const end = begun === null ? '' : ` until ${renderLocalTime(begun.until)}`;
  const whom = renderWhom(begun?.devices ?? null, phones, signedIn);
  return `Drill of ${id}${end}: phones are told that it has failed, while it runs on. ${whom}. --end ends it before.\n`;
}

function renderWhom(named: number | null, phones: number, signedIn: number | undefined): string {
  if (named === null)
    return `${phones === 1 ? '1 phone is' : `${phones} phones are`} signed in there and will be led away`;
  const devices = named === 1 ? '1 named device' : `${named} named devices`;
  const there = signedIn === undefined ? `It is for ${devices}` : `${signedIn} of ${devices} signed in there`;
  return `${there}; no other phone is told so`;
}
