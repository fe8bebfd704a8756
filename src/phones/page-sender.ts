/** Sends the proxy's own pages, and notes what the device was shown. */

import type { Device, LastKey } from '../domain/device.ts';
import type { EventOf, Report } from '../domain/events.ts';
import type { FailureCode } from '../domain/failure.ts';
import type { Failure, ServiceStatus } from '../domain/model.ts';
import type { Route } from '../domain/routing.ts';
import type { HttpAnswer } from '../http/server/answer.ts';
import type { RequestFault, RequestFaultCode } from '../http/server/request-fault.ts';
import type { PageName } from '../pages/page-view.ts';
import { renderPage } from '../pages/renderer.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import { failureOf } from './request-failure.ts';
import { NO_HEADERS, type PhonePlan, phoneHeaders, type TurnedAway, type Visit } from './visit.ts';
import { type PageAnswer, selectPage, selectRefusal } from './which-page.ts';

/** In the past, so that Exit and Back do not show a page of the proxy's again, but after 1970: 8800 phones want that (reference/phone-xml.md §5). */
export const EXPIRED = 'Thu, 01 Jan 2015 00:00:00 GMT';

export interface PageSenderOptions {
  readonly plan: () => PhonePlan;
  readonly devices: DeviceRegistry;
  readonly clock: Clock;
  readonly report: Report;
}

export interface ShownSubject {
  /** What the phone's request has come to. */
  readonly after: EventOf<'page-served'>['after'];
  readonly alternates: readonly ServiceStatus[];
  /** Why the page is shown after a failed request. */
  readonly failed?: FailureCode;
  readonly lastKey: LastKey;
  /** Name of a chosen alternate that is gone meanwhile. */
  readonly gone?: string;
  /** maintenance: the service takes the sign-out of this device. */
  readonly signsOut?: boolean;
  /** maintenance: it is yet to come, at this time. */
  readonly maintAt?: number;
  /** elsewhere: where the device is signed in. */
  readonly home?: ServiceStatus;
}

export interface PageSender {
  /** A page about a service. */
  show(status: ServiceStatus, visit: Visit, page: Exclude<Route, 'relay'> | 'error', subject: ShownSubject): void;
  /** The error page for a request that is itself at fault. Its connection closes. */
  refuse(turned: TurnedAway, failure: Failure): void;
  /** What never became a request was refused. */
  refused(fault: RequestFault, address: string | null): void;
  /** The page for it. */
  refusalPage(code: RequestFaultCode): HttpAnswer;
}

export function createPageSender(options: PageSenderOptions): PageSender {
  const { devices, clock, report } = options;

  const show: PageSender['show'] = (status, visit, page, subject) => {
    const now = clock.now();
    const { device } = visit.request;
    if (visit.exchange.isGone) {
      // A request that failed, or chose an alternate, has been counted as that.
      if (subject.after === 'request') report({ kind: 'phone-gone', at: now, service: status.id, device });
      return;
    }
    const lastKey = selectLastKey(page, status.id, subject.lastKey, devices.get(device));
    const outage = page === 'reconnecting' || page === 'unavailable' || page === 'waiting';
    if (outage) devices.looksAt(device, status.id, now, lastKey);
    else if (page === 'recovered') devices.looksAt(device, null, now);
    const { alternates, failed = null, gone = null, signsOut = false, maintAt = null } = subject;
    if (maintAt !== null) devices.notice(device, maintAt);
    const home = subject.home === undefined ? null : { status: subject.home, offer: devices.offer(device, now) };
    const known = { status, alternates, lastKey, failed, gone, signsOut, maintAt, home };
    const { origin, prefill } = visit.reader;
    send(visit, selectPage(page, known, { origin, device, prefill, now }));
    const durationMs = now - visit.reader.now;
    report({ kind: 'page-served', at: now, service: status.id, device, page, after: subject.after, durationMs });
  };

  const refuse: PageSender['refuse'] = (turned, failure) => {
    const { exchange, address, device, origin, status } = turned;
    report({ kind: 'request-refused', at: clock.now(), service: status?.id ?? null, device, address, failure });
    // What is left of a refused request is not read on, so the connection cannot serve another one.
    exchange.closeAfter();
    send(turned, selectRefusal(failure.code, status, { origin, device, prefill: null, now: clock.now() }));
  };

  const send = ({ plan, exchange }: Pick<Visit, 'plan' | 'exchange'>, { view, refresh }: PageAnswer) => {
    const { body, contentType } = renderPage(plan.templates, view, phoneHeaders(exchange));
    exchange.answer({ body, contentType, refresh, expires: EXPIRED });
  };

  const refused: PageSender['refused'] = (fault, address) =>
    report({
      kind: 'request-refused',
      at: clock.now(),
      service: null,
      device: null,
      address,
      failure: failureOf(fault),
    });

  const refusalPage: PageSender['refusalPage'] = (code) => {
    const failure = failureOf({ code, detail: '' });
    const { view } = selectRefusal(failure.code, null, { origin: '', device: null, prefill: null, now: clock.now() });
    return { ...renderPage(options.plan().templates, view, NO_HEADERS), expires: EXPIRED };
  };

  return { show, refuse, refused, refusalPage };
}

/** A page that updates itself goes on saying it, and the one that the service is back says it once more. */
function selectLastKey(page: PageName, service: string, lastKey: LastKey, device: Device | null): LastKey {
  const isLooking = device?.looking === service && (page === 'reconnecting' || page === 'recovered');
  return lastKey === 'no-matter' && isLooking ? device.lastKey : lastKey;
}
