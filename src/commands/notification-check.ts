/** Signs in to the Notification Services of a configuration, each once, and says in plain words what came of it. */

import type { Config, ServiceConfig } from '../config/config.ts';
import { printable } from '../config/values.ts';
import { renderFailure } from '../domain/failure.ts';
import type { SystemInfo } from '../domain/model.ts';
import { type Trial, tryLogin } from '../notification/trial.ts';
import { systemClock } from '../time/clock.ts';

export interface NotificationCheck {
  readonly id: string;
  /** null: not tried. */
  readonly ok: boolean | null;
  readonly result: string;
}

/** What SystemInfo said of a service that it confirms; null: it does not. */
export type Confirmed = (service: string) => SystemInfo | null;

/**
 * One after the other, so that an account that one server has refused is tried at no other: the servers of a cluster know the
 * same accounts, and wrong passwords lock them.
 */
export async function checkNotifications(config: Config, confirmed: Confirmed): Promise<NotificationCheck[]> {
  const refusedBy = new Map<string, string>();
  const checks: NotificationCheck[] = [];
  for (const service of config.clusters.flatMap(({ services }) => services)) {
    if (service.notification === null) continue;
    checks.push(await checkOne(service, config.reconnect.intervalMs, confirmed(service.id), refusedBy));
  }
  return checks;
}

async function checkOne(
  service: ServiceConfig,
  loginMs: number,
  info: SystemInfo | null,
  refusedBy: Map<string, string>,
): Promise<NotificationCheck> {
  const { id, notification } = service;
  const skipped = (because: string): NotificationCheck => ({ id, ok: null, result: `not tried: ${because}` });
  if (notification === null || info === null) return skipped('SystemInfo does not confirm the service');
  const account = JSON.stringify([notification.username, notification.password]);
  const other = refusedBy.get(account);
  if (other !== undefined) return skipped(`${other} refuses the same account, and another wrong try may lock it`);
  const trial = await tryLogin({ service, config: notification, info, loginMs, clock: systemClock });
  if (trial.areCredentialsRefused) refusedBy.set(account, id);
  return { id, ok: trial.failure === null && trial.refused === null, result: describeTrial(trial) };
}

function describeTrial({ failure, refused, presence }: Trial): string {
  if (failure !== null) return printable(renderFailure(failure), 600);
  const subscribed =
    refused === null
      ? 'SystemInfo is subscribed to'
      : `the subscription to SystemInfo is refused (${refused}): is the account a user of Finesse?`;
  const seen =
    presence === null
      ? 'no presence of the user finesse has come: is the account told of it?'
      : `the user finesse is ${presence}`;
  return `signed in; ${subscribed}; ${seen}`;
}

/** A headline and a line for each; nothing where none is configured. */
export function renderNotificationChecks(checks: readonly NotificationCheck[]): string {
  if (checks.length === 0) return '';
  const mark = ({ ok }: NotificationCheck) => (ok === null ? '-     ' : ok ? 'ok    ' : 'FAILED');
  const lines = checks.map((check) => `  ${mark(check)}  ${check.id}: ${check.result}\n`);
  const title =
    'Signing in to each Notification Service, once: wrong passwords lock an account, so none is tried again';
  return `\n${title}\n${lines.join('')}`;
}
