/** The proxy's own actions (`/SERVICE/fippa/DEVICE/~…`): leaving, choosing an alternate, returning, signing out. */

import type { Device } from '../domain/device.ts';
import type { ServiceView } from '../domain/drill.ts';
import type { EventOf, Report } from '../domain/events.ts';
import type { Failure, ServiceStatus } from '../domain/model.ts';
import { decideRoute, takesSignOut } from '../domain/routing.ts';
import type { Monitor } from '../health/monitor.ts';
import { renderExit } from '../pages/renderer.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import type { PhoneAction } from './gate.ts';
import { EXPIRED, type PageSender } from './page-sender.ts';
import { carried, phoneHeaders, type Visit } from './visit.ts';

/** Why a request goes to a server: the phone asked for that, or an action of the proxy does. */
export type RelayedFor = 'asked' | 'steered' | 'sign-out';

/** Most pages of an outage leave nothing to wait for: one promise serves them all. */
export const ANSWERED: Promise<void> = Promise.resolve();

export interface ActionsOptions {
  /** Services as this device sees them: a drill may be laid over what is known. */
  readonly viewFor: (device: string) => ServiceView;
  readonly devices: DeviceRegistry;
  readonly monitor: Pick<Monitor, 'confirm'>;
  readonly clock: Clock;
  readonly report: Report;
  readonly pages: Pick<PageSender, 'show' | 'refuse'>;
  /** Where the device is signed in, if it is asked whether it means `service`, which it has left; else null. */
  readonly elsewhere: (service: string, name: string, device: Device | null) => ServiceStatus | null;
  /** What a request for `target` is answered by. */
  readonly answerFrom: (
    status: ServiceStatus,
    visit: Visit,
    device: Device | null,
    asked: { readonly target: string; readonly entry: boolean },
  ) => Promise<void>;
  readonly relayed: (status: ServiceStatus, visit: Visit, target: string, why: RelayedFor) => Promise<void>;
}

export interface Actions {
  act(status: ServiceStatus, action: PhoneAction, visit: Visit, device: Device | null): Promise<void>;
}

/** Longest a choice of an alternate waits for its confirmation (contract.md, "Pages"). */
const CONFIRM_MS = 1500;
const NO_ACTION: Failure = { code: 'request-path', detail: 'no such action of the proxy' };

export function createActions(options: ActionsOptions): Actions {
  const { viewFor, devices, monitor, clock, report, elsewhere, answerFrom, relayed } = options;
  const { show, refuse } = options.pages;

  const act: Actions['act'] = (status, action, visit, device) => {
    const [first = ''] = action.args;
    const form = visit.request.method === 'GET' ? `${action.name} ${action.args.length}` : null;
    if (action.name === '~exit' && form !== null) return exit(status, visit);
    if (form === '~signout 0') return signOut(status, visit, device);
    if (form === '~here 1') return returnTo(status, visit, device, first);
    const alternate = form === '~to 1' ? viewFor(visit.request.device).get(first) : null;
    if (alternate !== null && alternate.id !== status.id && alternate.cluster === status.cluster) {
      return choose(status, alternate, visit, device);
    }
    refuse({ ...visit, ...visit.reader, status }, NO_ACTION);
    return ANSWERED;
  };

  const taken = (status: ServiceStatus, visit: Visit, action: EventOf<'action-taken'>['action']) =>
    report({ kind: 'action-taken', at: clock.now(), service: status.id, device: visit.request.device, action });

  const exit = (status: ServiceStatus, visit: Visit): Promise<void> => {
    taken(status, visit, 'exit');
    devices.looksAt(visit.request.device, null, clock.now());
    visit.exchange.answer({ ...renderExit(phoneHeaders(visit.exchange)), expires: EXPIRED });
    return ANSWERED;
  };

  const choose = (status: ServiceStatus, alternate: ServiceStatus, visit: Visit, device: Device | null) => {
    taken(status, visit, 'choose');
    // A phone that goes back in its history fetches an old choice again. One who looks at an outage has just made it.
    const home = device?.looking === status.id ? null : elsewhere(alternate.id, visit.request.device, device);
    if (home === null) return steer(status, alternate, visit);
    show(alternate, visit, 'elsewhere', { after: 'choice', alternates: [], lastKey: 'no-matter', home });
    return ANSWERED;
  };

  /** Signs out of a service in maintenance. Fetched again, when nobody is signed in there any more, it does nothing. */
  const signOut = (status: ServiceStatus, visit: Visit, device: Device | null): Promise<void> => {
    const { device: name } = visit.request;
    const own = { target: `/fippa/${name}`, entry: true };
    if (!takesSignOut(status, device?.service === status.id)) return answerFrom(status, visit, device, own);
    taken(status, visit, 'sign-out');
    return relayed(status, visit, `/fippa/${name}/logout`, 'sign-out');
  };

  /** The second choice of the page `elsewhere`. Fetched again, by Exit or Retry, it is none. */
  const returnTo = (status: ServiceStatus, visit: Visit, device: Device | null, offer: string): Promise<void> => {
    const { device: name, query } = visit.request;
    const home = elsewhere(status.id, name, device);
    if (home !== null && device?.offer === offer) {
      devices.choose(name, status.id);
      taken(status, visit, 'return');
    }
    return answerFrom(status, visit, devices.get(name), { target: `/fippa/${name}${carried(query)}`, entry: true });
  };

  /** The agent chose an alternate: confirmed again, then its sign-in is the answer. The choice wins over a recovery. */
  const steer = async (from: ServiceStatus, chosen: ServiceStatus, visit: Visit): Promise<void> => {
    const { device } = visit.request;
    const confirmed = await monitor.confirm(chosen.id, CONFIRM_MS);
    const view = viewFor(device);
    const now = view.get(from.id) ?? from;
    const alternates = view.alternates(now);
    const offered = alternates.some((alternate) => alternate.id === chosen.id);
    const result = confirmed && offered ? 'confirmed' : 'gone';
    report({ kind: 'agent-steered', at: clock.now(), device, from: from.id, to: chosen.id, result });
    const target = `/fippa/${device}${carried(visit.request.query)}`;
    if (result === 'confirmed') return relayed(view.get(chosen.id) ?? chosen, visit, target, 'steered');
    // Its last confirmation may still be fresh enough for a menu, but the agent has just seen it fail.
    const left = alternates.filter((alternate) => alternate.id !== chosen.id);
    const decided = decideRoute(
      now,
      { signedInHere: false, looking: true, entry: true, elsewhere: false, notice: false },
      left.length,
    );
    // fippa itself fails there: that is why the agent had a menu, and it still does.
    const page = decided === 'recovered' && now.fippaFailing ? 'error' : decided;
    show(now, visit, page === 'relay' ? 'recovered' : page, {
      after: 'choice',
      alternates: left,
      failed: 'http-status',
      lastKey: 'no-matter',
      gone: chosen.name,
    });
  };

  return { act };
}
