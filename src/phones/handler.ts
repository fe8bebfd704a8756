/**
 * A phone's request from top to bottom: gate → routing → upstream → rewrite or page → answer. It tells the rest by events and
 * through the stores, and asks the monitor by `requestFailed` and `confirm` alone.
 */

import type { ListenerConfig } from '../config/config.ts';
import { type Device, hasPassword, type LastKey, mayPrefill, parsePrefill, selectPrefill } from '../domain/device.ts';
import type { ServiceView } from '../domain/drill.ts';
import type { Report } from '../domain/events.ts';
import { failures } from '../domain/failure.ts';
import { isServersFault } from '../domain/health/fippa-failing.ts';
import type { Failure, ServiceStatus } from '../domain/model.ts';
import { decideRoute, isDrained, isElsewhere, isSignOut, selectFrontDoor, takesSignOut } from '../domain/routing.ts';
import type { Tap, Watched } from '../domain/tap.ts';
import type { Monitor } from '../health/monitor.ts';
import type { HttpAnswer } from '../http/server/answer.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import type { RequestFault, RequestFaultCode } from '../http/server/request-fault.ts';
import type { Relay, RelayedAnswer, RelayResult } from '../relay/relay.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { type ActionsOptions, ANSWERED, createActions, type RelayedFor } from './actions.ts';
import { type PhoneRequest, parsePhoneRequest } from './gate.ts';
import { createPageSender } from './page-sender.ts';
import { failureOf } from './request-failure.ts';
import { entryUrl, isEntry, originOf, type PhonePlan, type Visit, withoutCookies } from './visit.ts';
import { watchExchange } from './watched-exchange.ts';

export interface HandlerOptions {
  readonly plan: () => PhonePlan;
  /** What requests say of the service they went to. */
  readonly store: Pick<ServiceStore, 'requestFailed' | 'pageRelayed'>;
  /** Services as a device sees them. */
  readonly viewFor: (device: string) => ServiceView;
  readonly devices: DeviceRegistry;
  readonly monitor: Pick<Monitor, 'requestFailed' | 'confirm'>;
  readonly relay: Relay;
  readonly addresses: SeenAddresses;
  readonly tap: Pick<Tap, 'device'>;
  readonly clock: Clock;
  readonly report: Report;
  /**
   * Resolves once whoever may get the next request of a device knows of a sign-in that was just noted: a phone may ask again
   * within a millisecond of its answer. Takes `withinMs` at most. Absent: this process gets them all.
   */
  readonly signInTold?: (withinMs: number) => Promise<void>;
}

/** Told where the requests of phones come from, before Finesse is asked. */
export interface SeenAddresses {
  seen(device: string, address: string, origin: string): void;
  signedIn(device: string, address: string, origin: string): void;
}

/** Kept of answerWithin for the shared probe after a failed request, and for writing the answer. */
const RESERVE_MS = 350;
const WRITE_MS = 150;
/** Of what a phone calls its model, for operators. */
const MAX_MODEL = 32;

export interface PhoneHandler {
  handle(exchange: HttpExchange, listener: ListenerConfig, port: number): Promise<void>;
  /** What never became a request was refused. */
  refused(fault: RequestFault, address: string | null): void;
  /** The page for it. */
  refusalPage(code: RequestFaultCode): HttpAnswer;
}

/** A request that can be served, before its body has been read. */
interface Asked extends Omit<Visit, 'reader' | 'deadline' | 'body'> {
  readonly origin: string;
}

export function createPhoneHandler(options: HandlerOptions): PhoneHandler {
  const { store, devices, monitor, relay, clock, report } = options;
  const pages = createPageSender(options);
  const { show, refuse } = pages;

  /** A fault of our own must cost one page, not the process: phones hang on it. */
  const handle: PhoneHandler['handle'] = (exchange, listener, port) => {
    const plan = options.plan();
    const faulty = (error: unknown) => {
      report({ kind: 'internal-fault', at: clock.now(), where: 'phones', error });
      if (exchange.isAnswered) return exchange.breakOff();
      const origin = originOf(listener, port, null);
      refuse({ plan, exchange, address: '', device: null, origin, status: null }, INTERNAL);
    };
    try {
      const served = serve(plan, exchange, listener, port);
      // Nearly all pages of an outage are written by now, and there is nothing to wait for.
      return served === ANSWERED ? served : served.catch(faulty);
    } catch (error) {
      faulty(error);
      return ANSWERED;
    }
  };

  const serve = (plan: PhonePlan, ...[exchange, listener, port]: Parameters<PhoneHandler['handle']>): Promise<void> => {
    const parsed = parsePhoneRequest(exchange);
    const address = plan.addressOf(exchange.remoteAddress, exchange.header('x-forwarded-for'));
    const turned = { plan, exchange, address, device: null, origin: originOf(listener, port, null), status: null };
    if (!parsed.ok) return refused(turned, parsed.failure);
    const { request } = parsed;
    const origin = originOf(listener, port, request.host);
    const status = locate(plan, request, listener);
    const known = () => ({ ...turned, device: request.device, origin, status });
    if (status === null) return refused(known(), unknownPrefix(request));
    const asked: Asked = {
      plan,
      exchange,
      listener,
      request,
      address,
      stableOrigin: turned.origin,
      origin,
      watched: null,
    };
    const watched = options.tap.device(request.device);
    if (watched !== null) return servedWatched(status, asked, watched);
    return served(status, asked);
  };

  const served = (status: ServiceStatus, asked: Asked): Promise<void> => {
    const { plan, exchange, request, address, origin } = asked;
    if (request.method === 'GET') return visited(status, asked, null);
    const known = () => ({ plan, exchange, address, device: request.device, origin, status });
    return exchange
      .readForm()
      .then((form) => (form.ok ? visited(status, asked, form.body) : refused(known(), failureOf(form.fault))));
  };

  /** The same, told to a capture. */
  const servedWatched = async (status: ServiceStatus, asked: Asked, watched: Watched): Promise<void> => {
    const about = { service: status.id, client: asked.address, origin: asked.origin };
    const exchange = watchExchange(asked.exchange, watched, about);
    await served(status, { ...asked, exchange, watched });
    exchange.end();
  };

  const refused = (...[turned, failure]: Parameters<typeof refuse>): Promise<void> => {
    refuse(turned, failure);
    return ANSWERED;
  };

  /** A request that may be served, `body` and all. */
  const visited = (status: ServiceStatus, asked: Asked, body: Buffer | null): Promise<void> => {
    const { plan, exchange, listener, request, address, stableOrigin, origin, watched } = asked;
    const now = clock.now();
    const device = noteDevice(request, address, now);
    // Before Finesse is asked: it may push before it answers.
    options.addresses.seen(request.device, address, stableOrigin);
    const reader = { origin, device: request.device, prefill: selectPrefill(device, address), now };
    const deadline = now + plan.answerWithinMs;
    const visit: Visit = { plan, exchange, listener, request, reader, address, stableOrigin, body, deadline, watched };
    return route(status, visit, device);
  };

  /** The service a request is for; null when its prefix is neither a service nor a cluster. */
  const locate = (plan: PhonePlan, request: PhoneRequest, listener: ListenerConfig): ServiceStatus | null => {
    const view = options.viewFor(request.device);
    if (request.prefix === null && listener.service !== null) return view.get(listener.service);
    const id = request.prefix ?? plan.frontDoor ?? '';
    const service = view.get(id);
    if (service !== null) return service;
    const cluster = view.candidates(id);
    if (cluster.length === 0) return null;
    return selectFrontDoor(cluster, devices.get(request.device)?.service ?? null, clock.now());
  };

  const noteDevice = (request: PhoneRequest, address: string, now: number): Device | null => {
    const device = devices.seen(request.device, now);
    if (!isEntry(request) && !hasPassword(request.query)) return device;
    const prefill = parsePrefill(request.query);
    if (prefill === null || !mayPrefill(device, address, hasPassword(request.query))) return device;
    return devices.prefilled(request.device, prefill, address, now);
  };

  const route = (status: ServiceStatus, visit: Visit, device: Device | null): Promise<void> => {
    const { action, upstreamTarget } = visit.request;
    if (action !== null) return actions.act(status, action, visit, device);
    return answerFrom(status, visit, device, { target: upstreamTarget, entry: losesNothing(visit) });
  };

  /** Where the device is signed in, if it is asked whether it means `service`, which it has left; else null. */
  const elsewhere: ActionsOptions['elsewhere'] = (service, name, device) => {
    // Nearly nobody has left a service: this is every request's path.
    if (device === null || device.left.length === 0 || device.service === null) return null;
    const home = options.viewFor(name).get(device.service);
    return isElsewhere(device, service, home, clock.now()) ? home : null;
  };

  const answerFrom = (
    status: ServiceStatus,
    visit: Visit,
    device: Device | null,
    { target, entry }: { readonly target: string; readonly entry: boolean },
  ): Promise<void> => {
    const home = elsewhere(status.id, visit.request.device, device);
    // Not looked up for a page that is relayed: this is every request's path.
    const mayOffer = status.state === 'out-of-service' || status.admin.admin !== 'ready' || isDrained(status);
    const alternates = mayOffer ? options.viewFor(visit.request.device).alternates(status) : [];
    const signedInHere = device?.service === status.id;
    const { maintAt } = status.admin;
    const decided = decideRoute(
      status,
      {
        signedInHere,
        looking: device?.looking === status.id,
        entry,
        elsewhere: home !== null,
        notice: maintAt !== undefined && device?.noticed !== maintAt,
      },
      alternates.length,
    );
    if (decided === 'relay') return relayed(status, visit, target);
    if (decided === 'elsewhere' && home !== null) {
      show(status, visit, decided, { after: 'request', alternates, lastKey: keyOf(entry), home });
      return ANSWERED;
    }
    const signsOut = takesSignOut(status, signedInHere);
    if (signsOut && isSignOut(target)) return relayed(status, visit, target);
    const isNotice = decided === 'maintenance' && status.admin.admin === 'drain' && signedInHere;
    const asked = { after: 'request', alternates, lastKey: keyOf(entry), signsOut } as const;
    show(status, visit, decided, isNotice && maintAt !== undefined ? { ...asked, maintAt } : asked);
    return ANSWERED;
  };

  const relayed = async (
    status: ServiceStatus,
    visit: Visit,
    target: string,
    why: RelayedFor = 'asked',
  ): Promise<void> => {
    const { request, exchange } = visit;
    const steered = why === 'steered';
    const answer = await relay({
      service: status.id,
      target,
      method: request.method,
      // The phone sends the cookies of the service it comes from: a session of one server is none of the other's business.
      rawHeaders: steered ? withoutCookies(exchange.rawHeaders) : exchange.rawHeaders,
      body: visit.body,
      address: visit.address,
      origin: visit.reader.origin,
      host: request.host,
      secure: visit.listener.tls !== null,
      limitMs: visit.deadline - RESERVE_MS - clock.now(),
      watched: visit.watched,
    });
    if (!answer.ok) return failed(status, visit, answer);
    noteAnswer(status, answer);
    // Nobody is signed in by a page that nobody got.
    if (exchange.isGone) {
      return report({ kind: 'phone-gone', at: clock.now(), service: status.id, device: request.device });
    }
    const isChange = noteDelivered(status, visit, target, answer);
    if (isChange) await options.signInTold?.(visit.deadline - WRITE_MS - clock.now());
    // The sign-in form of a service in maintenance leads nowhere: the alternates do.
    if (why === 'sign-out') return void answerFrom(status, visit, devices.get(request.device), { target, entry: true });
    // A Refresh without a URL means the page itself, which is the alternate's entry, not the choice.
    const reload = steered && answer.refresh !== null && /^\s*\d+\s*$/.test(answer.refresh);
    const refresh = reload ? `${answer.refresh}; url=${entryUrl(status, visit.reader)}` : answer.refresh;
    const { body, contentType, expires, setCookies } = answer;
    exchange.answer({ body, contentType, refresh, expires, setCookies });
    const at = clock.now();
    const durationMs = at - visit.reader.now;
    report({ kind: 'page-relayed', at, service: status.id, device: request.device, page: answer.page, durationMs });
  };

  /** What an answer says of its service, whether or not the phone is still there. */
  const noteAnswer = ({ id: service }: ServiceStatus, { overlong, page }: RelayedAnswer) => {
    if (overlong > 0) report({ kind: 'url-overlong', at: clock.now(), service, urls: overlong });
    // An image is no page.
    if (page === null || !store.pageRelayed(service)) return;
    report({ kind: 'fippa-works-again', at: clock.now(), service });
  };

  /** What it says of the phone that gets it; true: it signed in or out. */
  const noteDelivered = (status: ServiceStatus, visit: Visit, target: string, answer: RelayedAnswer): boolean => {
    const { request, address, stableOrigin } = visit;
    if (answer.page === null) return false;
    const { device } = request;
    const service = status.id;
    const at = clock.now();
    const logout = /^\/fippa\/[^/?;]+\/logout(?:[/?;]|$)/.test(target);
    const change = devices.relayed(device, service, answer.page, logout, at);
    if (change === null) return false;
    if (change.to === null) {
      report({ kind: 'device-signed-out', at, device, service });
      return true;
    }
    const model = visit.exchange.header('x-ciscoipphonemodelname')?.slice(0, MAX_MODEL) ?? null;
    devices.signedInFrom(device, { address, origin: stableOrigin }, model);
    options.addresses.signedIn(device, address, stableOrigin);
    report({ kind: 'device-signed-in', at, device, service, from: change.from, address });
    return true;
  };

  /** A failed request starts a shared probe and nothing else; what that says by the deadline chooses the page. */
  const failed = async (
    status: ServiceStatus,
    visit: Visit,
    { failure, sent, status: answered }: Extract<RelayResult, { ok: false }>,
  ): Promise<void> => {
    const { device } = visit.request;
    const service = status.id;
    report({ kind: 'request-failed', at: clock.now(), service, device, failure });
    // What was never sent for want of room here says nothing about the server.
    const blamesServer = failure.code !== 'busy';
    if (blamesServer) await within(clock, visit.deadline - WRITE_MS - clock.now(), monitor.requestFailed(status.id));
    const view = options.viewFor(device);
    const after = view.get(status.id) ?? status;
    if (isServersFault(failure, answered ?? null) && store.requestFailed(service, device)) {
      report({ kind: 'fippa-failing', at: clock.now(), service });
    }
    const alternates = view.alternates(after);
    const decided = decideRoute(
      after,
      {
        signedInHere: devices.get(device)?.service === status.id,
        looking: false,
        entry: false,
        elsewhere: false,
        notice: false,
      },
      alternates.length,
    );
    const lastKey = sent ? 'may-be-done' : losesNothing(visit) ? 'no-matter' : 'not-done';
    const page = decided === 'relay' ? 'error' : decided;
    show(after, visit, page, { after: 'failure', alternates, failed: failure.code, lastKey });
  };

  const actions = createActions({ ...options, pages, elsewhere, answerFrom, relayed });

  return { handle, refused: pages.refused, refusalPage: pages.refusalPage };
}

const INTERNAL: Failure = { code: 'internal', detail: failures.internal.operator };

function unknownPrefix({ prefix }: PhoneRequest): Failure {
  const detail = prefix === null ? 'no cluster has the front door' : `${prefix} is neither a service nor a cluster`;
  return { code: 'request-service', detail };
}

function keyOf(entry: boolean): LastKey {
  return entry ? 'no-matter' : 'not-done';
}

/** Whether it asks for the service's first page and no more: then a page of the proxy answers it as well. */
function losesNothing({ request }: Visit): boolean {
  return request.method === 'GET' && isEntry(request);
}

async function within(clock: Clock, limitMs: number, promise: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const cancel = clock.after(Math.max(0, limitMs), limit.resolve);
  await Promise.race([promise, limit.promise]);
  cancel();
}
