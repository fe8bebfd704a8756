/** Sends the proxy's own pages: what is shown, noted about the device, counted and logged with it. */

import type { FailureCode } from '../domain/failure.ts';
import type { Failure, ServiceStatus } from '../domain/model.ts';
import type { Route } from '../domain/routing.ts';
import type { HttpAnswer } from '../http/server/answer.ts';
import type { RequestFault, RequestFaultCode } from '../http/server/request-fault.ts';
import type { Metrics } from '../ops/metrics.ts';
import { renderPage } from '../pages/renderer.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import type { RefusalLog } from './refusal-log.ts';
import { failureOf } from './request-failure.ts';
import { NO_HEADERS, type PhonePlan, phoneHeaders, type TurnedAway, type Visit } from './visit.ts';
import { type PageAnswer, selectPage, selectRefusal } from './which-page.ts';

/** In the past, so that Exit and Back do not show a page of the proxy's again, but after 1970: 8800 phones want that (reference/phone-xml.md §5). */
export const EXPIRED = 'Thu, 01 Jan 2015 00:00:00 GMT';

export interface PageSenderOptions {
  readonly plan: () => PhonePlan;
  readonly devices: DeviceRegistry;
  readonly clock: Clock;
  readonly refusals: Pick<RefusalLog, 'refused'>;
  readonly metrics: Metrics;
}

export interface ShownSubject {
  readonly alternates: readonly ServiceStatus[];
  /** Why the page is shown after a failed request. */
  readonly failed?: FailureCode;
  /** Name of a chosen alternate that is gone meanwhile. */
  readonly gone?: string;
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
  const { devices, clock, metrics } = options;

  const show: PageSender['show'] = (status, visit, page, subject) => {
    if (visit.exchange.isGone) return;
    const now = clock.now();
    const { device } = visit.request;
    const outage = page === 'reconnecting' || page === 'unavailable' || page === 'waiting';
    if (outage) devices.looksAt(device, status.id, now);
    else if (page === 'recovered') devices.looksAt(device, null, now);
    metrics.pageServed(status.id, page);
    const answer = selectPage(
      page,
      { status, alternates: subject.alternates, failed: subject.failed ?? null, gone: subject.gone ?? null },
      { ...visit.reader, now },
    );
    send(visit, answer);
    metrics.answered((now - visit.reader.now) / 1000);
  };

  const refuse: PageSender['refuse'] = (turned, failure) => {
    const { exchange, address, device, origin, status } = turned;
    metrics.phoneRequest(status?.id ?? 'none', 'refused');
    metrics.requestRefused(failure.code);
    options.refusals.refused({ code: failure.code, address, device, detail: failure.detail });
    // What is left of a refused request is not read on, so the connection cannot serve another one.
    exchange.closeAfter();
    send(turned, selectRefusal(failure.code, status, { origin, device, hint: null, now: clock.now() }));
  };

  const send = ({ plan, exchange }: Pick<Visit, 'plan' | 'exchange'>, { view, refresh }: PageAnswer) => {
    const { body, contentType } = renderPage(plan.templates, view, phoneHeaders(exchange));
    exchange.answer({ body, contentType, refresh, expires: EXPIRED });
  };

  const refused: PageSender['refused'] = (fault, address) => {
    const { code, detail } = failureOf(fault);
    metrics.phoneRequest('none', 'refused');
    metrics.requestRefused(code);
    options.refusals.refused({ code, address, detail });
  };

  const refusalPage: PageSender['refusalPage'] = (code) => {
    const failure = failureOf({ code, detail: '' });
    const { view } = selectRefusal(failure.code, null, { origin: '', device: null, hint: null, now: clock.now() });
    return { ...renderPage(options.plan().templates, view, NO_HEADERS), expires: EXPIRED };
  };

  return { show, refuse, refused, refusalPage };
}
