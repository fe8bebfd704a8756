/** `drain`, `ready`, `maint`: sets a service of the running proxy. */

import type { AdminState } from '../domain/model.ts';
import { admitsNewAgents } from '../domain/routing.ts';
import { parseUntil } from '../ops/admin-request.ts';
import type { ServiceEntry } from '../ops/health.ts';
import { AnswersEnded, type Asking, askAtTerminal, confirm } from './asking.ts';
import { renderLocalTime, withLocalTimes } from './local-time.ts';
import { findOps, type OpsAccess } from './ops-access.ts';
import {
  createOpsClient,
  errorMessageOf,
  field,
  type OpsAnswer,
  type OpsClient,
  OpsUnreachable,
  renderUnexpected,
} from './ops-client.ts';
import type { Output } from './output.ts';

export interface ControlOptions extends OpsAccess {
  readonly service: string;
  readonly admin: AdminState;
  readonly reason?: string;
  /** An ISO 8601 time with a zone, or a duration such as 30m. */
  readonly until?: string;
  /** maint: a duration after which it begins; until then the service drains. */
  readonly in?: string;
  readonly json?: boolean;
  /** Without being asked, and also when nobody would be admitted any more. */
  readonly yes?: boolean;
}

/** Other operators read it in `/health`; the ops port insists on one for drain and maint. */
const DEFAULT_REASON = 'set on the command line';

/**
 * Says what would be touched, and at a terminal asks before it sets anything. Exit code 0 when set, 1 when the proxy does not answer
 * or refuses or nobody would be admitted or somebody said no, 2 for a wrong command line or configuration.
 */
export async function runControl(
  options: ControlOptions,
  output: Output,
  now = Date.now(),
  asking: Asking | null = isAsked(options) ? askAtTerminal() : null,
): Promise<number> {
  try {
    return await control(options, output, now, asking);
  } finally {
    asking?.end();
  }
}

/** Whoever asks for JSON is a program. */
export function isAsked({ yes, json }: Pick<ControlOptions, 'yes' | 'json'>): boolean {
  return yes !== true && json !== true;
}

async function control(options: ControlOptions, output: Output, now: number, asking: Asking | null): Promise<number> {
  const fail = (code: 1 | 2, message: string) => {
    output.stderr(`${message.trimEnd()}\n`);
    return code;
  };
  const found = await findOps(options, 'needed');
  if (!found.ok) return fail(2, found.message);
  const until = options.until === undefined ? null : parseUntil(options.until, now);
  if (options.until !== undefined && until === null) {
    return fail(2, '--until takes a time with a zone, such as 2030-01-31T18:00:00Z, or a duration, such as 30m or 2h.');
  }
  const client = createOpsClient(found.place);
  try {
    const reason = options.reason ?? (options.admin === 'ready' ? null : DEFAULT_REASON);
    const setting = {
      admin: options.admin,
      reason,
      // A proxy of an earlier version takes no duration.
      until: until === null ? null : new Date(until).toISOString(),
      ...(options.in === undefined ? {} : { in: options.in }),
    };
    const words = options.json === true ? null : await preview(client, options.service, setting);
    if (words !== null) output.stdout(`${words}\n`);
    const shutOut =
      options.admin === 'ready' || options.yes === true ? null : decideShutOut(await client.health(), options);
    if (shutOut !== null) return fail(1, shutOut);
    const question = `Set ${options.service} to ${options.admin}?`;
    if (asking !== null && !(await isConfirmed(asking, question))) return fail(1, 'Nothing was set.');
    const answer = await client.setAdmin(options.service, setting);
    if (answer.status === 404 && errorMessageOf(answer) !== null) {
      return fail(2, describeUnknown(options.service, await client.health()));
    }
    if (answer.status !== 200) return fail(...decideRefusal(client.origin, answer));
    for (const warning of warningsOf(answer)) output.stderr(`Warning: ${warning}\n`);
    output.stdout(options.json === true ? `${JSON.stringify(answer.body, null, 2)}\n` : renderSet(answer.body));
    return 0;
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    return fail(1, error.message);
  }
}

/** What it would touch, in words; null: a proxy of an earlier version cannot say, or it refuses, which the change itself will tell. */
async function preview(client: OpsClient, service: string, setting: object): Promise<string | null> {
  const path = `/services/${encodeURIComponent(service)}`;
  const { status, body } = await client.change('POST', path, { ...setting, preview: true });
  const words = status === 200 ? field(body, 'words') : null;
  return typeof words === 'string' ? withLocalTimes(words) : null;
}

/** No answer is none that says yes. */
export async function isConfirmed(asking: Asking, question: string): Promise<boolean> {
  try {
    return await confirm(asking, question);
  } catch (error) {
    if (error instanceof AnswersEnded) return false;
    throw error;
  }
}

/** Words for a setting after which no service of the cluster admits anybody; null: another one does. */
function decideShutOut({ body }: OpsAnswer, { service, admin }: ControlOptions): string | null {
  const services: unknown = field(body, 'services');
  const known = Array.isArray(services) ? (services as readonly ServiceEntry[]) : [];
  const cluster = known.find(({ id }) => id === service)?.cluster;
  const others = known.filter((each) => each.cluster === cluster && each.id !== service);
  if (cluster === undefined || others.some((each) => admitsNewAgents({ ...each, admin: each }))) return null;
  const words = others.map((each) => `${each.id} is ${each.admin === 'ready' ? each.state : `set to ${each.admin}`}`);
  const rest = words.length === 0 ? 'it has no other service' : words.join(', ');
  return `With ${service} in ${admin} no service of cluster ${cluster} would admit new agents: ${rest}. Nothing was set; add --yes to set it all the same.`;
}

function warningsOf({ body }: OpsAnswer): readonly string[] {
  const warnings: unknown = field(body, 'warnings');
  return Array.isArray(warnings) ? warnings.map((warning) => withLocalTimes(String(warning))) : [];
}

/** The proxy may run with another configuration than the one on disk. */
function describeUnknown(service: string, { body }: OpsAnswer): string {
  const services = field(body, 'services');
  const running = Array.isArray(services) ? services.map((each) => String(field(each, 'id'))).join(', ') : 'others';
  return `The running proxy does not know ${service}; it knows ${running}. If the configuration has ${service}, reload it (SIGHUP).`;
}

export function decideRefusal(origin: string, answer: OpsAnswer): [1 | 2, string] {
  const message = errorMessageOf(answer);
  if (message === null) return [1, renderUnexpected(origin, answer)];
  switch (answer.status) {
    case 401:
      return [1, `The proxy at ${origin} refused the token: was it started with this configuration? ${message}`];
    case 400:
      return [2, message];
    default:
      return [1, `The proxy at ${origin} refused (HTTP ${answer.status}): ${message}`];
  }
}

const MEANINGS: Record<AdminState, string> = {
  ready: 'everyone is admitted',
  drain: 'those signed in stay, no new ones are admitted',
  maint: 'nobody is admitted',
};

function renderSet(body: unknown): string {
  const admin = field(body, 'admin') as AdminState;
  const until = field(body, 'until');
  const phones = Number(field(body, 'phones'));
  const end = typeof until === 'string' ? ` until ${renderLocalTime(until)}` : '';
  const maintAt = field(body, 'maintAt');
  const next = typeof maintAt === 'string' ? ` It becomes maint at ${renderLocalTime(maintAt)}; agents are told.` : '';
  const here = `${phones} ${phones === 1 ? 'phone is' : 'phones are'} signed in there`;
  return `${field(body, 'id')} is set to ${admin}${end}: ${MEANINGS[admin]}. It is ${field(body, 'state')}; ${here}.${next}\n`;
}
