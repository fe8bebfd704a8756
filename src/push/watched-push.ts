/** A push of Finesse as it is told to a capture, if there is one: which phone it is for is known only once it has been read. */

import type { Tap, Watched } from '../domain/tap.ts';
import { answerHeaders, type HttpAnswer } from '../http/server/answer.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import type { PhoneScheme } from './phone-client.ts';

export interface PushWatch {
  /** The form has been read. */
  read(form: Buffer): void;
  /** For what is asked of the phone; null: nobody captures it. */
  watched(): Watched | null;
  /** `error`: why no phone was asked. */
  answered(answer: HttpAnswer, service: string | null, error: string | null): void;
}

/** Nothing is captured. */
export const UNWATCHED: PushWatch = { read: () => {}, watched: () => null, answered: () => {} };

export function watchPush(
  tap: Pick<Tap, 'push'>,
  exchange: HttpExchange,
  scheme: PhoneScheme,
  from: string,
): PushWatch {
  let form: Buffer | null = null;
  let watched: Watched | null = null;
  let startedAt: number | null = null;
  return {
    read(body) {
      watched = tap.push(body);
      if (watched === null) return;
      form = body;
      startedAt = watched.now();
    },
    watched: () => watched,
    answered(answer, service, error) {
      const told = watched ?? (form === null && error !== null ? tap.push(null) : null);
      if (told === null) return;
      const headers = answerHeaders(answer, false);
      told.passed({
        ...{ leg: 'push-in', service, startedAt: startedAt ?? told.now(), client: from, body: form, error },
        ...{ method: exchange.method ?? '', headers: exchange.rawHeaders },
        url: `${scheme}://${exchange.header('host') ?? 'unknown.invalid'}${exchange.url ?? ''}`,
        answer: { status: answer.status ?? 200, headers, body: answer.body },
      });
    },
  };
}
