/** From the snapshot to one of the proxy's own pages: which links it holds and what its Refresh says. */

import type { LastKey } from '../domain/device.ts';
import type { FailureCode, PhoneMessage } from '../domain/failure.ts';
import { failures } from '../domain/failure.ts';
import type { ServiceStatus } from '../domain/model.ts';
import { decideOutageWords } from '../domain/outage-words.ts';
import { type Prefill, phoneUrl } from '../domain/phone-url.ts';
import { admitsNewAgents, isDrained, selectReconnectRefresh } from '../domain/routing.ts';
import type { PageLink, PageName, PageView } from '../pages/page-view.ts';

/** Whom a page is for. */
export interface Reader {
  /** Public origin of the listener the phone used. */
  readonly origin: string;
  /** null: the request named no valid device, so nothing can be linked. */
  readonly device: string | null;
  readonly prefill: Prefill | null;
  readonly now: number;
}

export interface PageAnswer {
  readonly view: PageView;
  /** Value of the Refresh header, or null for none. */
  readonly refresh: string | null;
}

/** Seconds until a page asks again by itself (contract.md, "Pages"). */
const REFRESH_SECONDS: Record<Exclude<PageName, 'reconnecting'>, number> = {
  unavailable: 10,
  waiting: 5,
  recovered: 4,
  elsewhere: 10,
  maintenance: 10,
  error: 5,
};

export interface PageSubject {
  readonly status: ServiceStatus;
  /** Confirmed alternates; shown on the pages that offer them. */
  readonly alternates: readonly ServiceStatus[];
  /** Why the page is shown after a failed request. */
  readonly failed: FailureCode | null;
  /** What became of the key that led to the page. */
  readonly lastKey: LastKey;
  /** Name of a chosen alternate that is gone meanwhile. */
  readonly gone: string | null;
  /** maintenance: the service takes the sign-out of this device. */
  readonly signsOut: boolean;
  /** maintenance: it is yet to come, at this time. */
  readonly maintAt: number | null;
  /** elsewhere: where the device is signed in, and what the link to `status` ends in. */
  readonly home: { readonly status: ServiceStatus; readonly offer: string } | null;
}

/** A page about a service. */
export function selectPage(page: PageName, subject: PageSubject, reader: Reader): PageAnswer {
  return subject.home === null ? selectAbout(page, subject, reader) : selectElsewhere(subject, subject.home, reader);
}

type About = Omit<PageSubject, 'home'>;

/** No object is copied: this is every page of an outage. */
function selectAbout(page: PageName, subject: About, reader: Reader): PageAnswer {
  const { status } = subject;
  const link = (path: string) =>
    reader.device === null ? null : phoneUrl(reader.origin, status.id, reader.device, path, reader.prefill);
  const alternates = subject.alternates.flatMap((alternate): PageLink[] => {
    const url = link(`/~to/${alternate.id}`);
    return url === null ? [] : [{ name: alternate.name, url }];
  });
  const retryUrl = link('');
  const words = decideOutageWords(status, subject.alternates, page === 'error' ? subject.failed : null, reader.now);
  const view: PageView = {
    page,
    service: status.name,
    attempt: status.attempt,
    attempts: status.attempts,
    // A service that is still reconnecting may be back in seconds: no alternates yet.
    alternates: page === 'reconnecting' || page === 'recovered' ? [] : alternates,
    retryUrl,
    exitUrl: reader.device === null ? null : phoneUrl(reader.origin, status.id, reader.device, '/~exit'),
    message: selectMessage(page, subject),
    gone: subject.gone,
    drained: isDrained(status),
    cause: words.cause,
    callStays: words.callStays,
    hurry: words.hurry,
    signOutUrl: page === 'maintenance' && subject.signsOut ? link('/~signout') : null,
    notice: subject.maintAt === null ? null : renderTimeOfDay(subject.maintAt),
    doubtful: subject.alternates.length > 0 && subject.alternates.every(({ fippaFailing }) => fippaFailing),
  };
  const seconds = refreshSeconds(page, status, reader);
  return { view, refresh: retryUrl === null ? null : `${seconds}; url=${retryUrl}` };
}

/** About the service where the agent is: there Retry and Refresh lead. The one that was asked for is the second choice. */
function selectElsewhere(
  subject: About,
  { status: home, offer }: NonNullable<PageSubject['home']>,
  reader: Reader,
): PageAnswer {
  const { view, refresh } = selectAbout('elsewhere', { ...subject, status: home }, reader);
  const { id, name } = subject.status;
  const { origin, device, prefill } = reader;
  if (device === null || !admitsNewAgents(subject.status)) return { view: { ...view, alternates: [] }, refresh };
  const url = phoneUrl(origin, id, device, `/~here/${offer}`, prefill);
  return { view: { ...view, alternates: [{ name, url }] }, refresh };
}

/** The error page for a request that is itself at fault: no Refresh, since asking again would not help. */
export function selectRefusal(code: FailureCode, status: ServiceStatus | null, reader: Reader): PageAnswer {
  const known = status !== null && reader.device !== null;
  const view: PageView = {
    page: 'error',
    service: status?.name ?? null,
    attempt: null,
    attempts: status?.attempts ?? 0,
    alternates: [],
    retryUrl: known ? phoneUrl(reader.origin, status.id, reader.device, '', reader.prefill) : null,
    exitUrl: known ? phoneUrl(reader.origin, status.id, reader.device, '/~exit') : null,
    message: failures[code].phone,
    gone: null,
    drained: false,
    cause: null,
    callStays: false,
    hurry: false,
  };
  return { view, refresh: null };
}

/** The error page says why; the others say why themselves, and so only what became of the key, or that it is the network. */
function selectMessage(page: PageName, { status, failed, lastKey }: About): PhoneMessage | null {
  if (page === 'error' && failed !== null) {
    const { phone } = failures[failed];
    // A redirect was followed to where nothing answers: the first request has arrived all the same.
    return phone === 'noAnswer' && lastKey === 'may-be-done' ? 'mayHaveHappened' : phone;
  }
  const isOut = page === 'unavailable' || page === 'waiting';
  return MESSAGES[lastKey] ?? (isOut && status.isCutOff ? 'otherSite' : null);
}

const MESSAGES: Readonly<Record<LastKey, PhoneMessage | null>> = {
  'no-matter': null,
  'not-done': 'notDone',
  'may-be-done': 'mayHaveHappened',
};

/** As the clock of this machine shows it: phones do not tell theirs. */
function renderTimeOfDay(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}

function refreshSeconds(page: PageName, status: ServiceStatus, reader: Reader): number {
  if (page !== 'reconnecting') return REFRESH_SECONDS[page];
  return selectReconnectRefresh(status.attemptEndsAt ?? reader.now, reader.now, spreadOf(reader.device ?? ''));
}

/** A number in 0…1 that is always the same for a device. */
function spreadOf(device: string): number {
  let hash = 0;
  for (let index = 0; index < device.length; index++) hash = (hash * 31 + device.charCodeAt(index)) >>> 0;
  return (hash % 1024) / 1024;
}
