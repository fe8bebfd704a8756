/**
 * A push of Finesse from top to bottom: whom it comes from → which phone it is for → its URLs → the phone → its answer back.
 * Where no phone could be asked, the answer is the error that one would give.
 */

import type { Report } from '../domain/events.ts';
import type { Failure } from '../domain/model.ts';
import { MAX_TARGET_LENGTH } from '../domain/phone-url.ts';
import type { Tap } from '../domain/tap.ts';
import { createAddressOf } from '../http/server/client-address.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import type { RequestFault } from '../http/server/request-fault.ts';
import { checkHead } from '../http/server/request-head.ts';
import type { NameStore } from '../store/names.ts';
import type { Clock } from '../time/clock.ts';
import type { PhoneAddresses } from './addresses.ts';
import { type PushedDocument, readPushed } from './document.ts';
import { classifyPhoneAnswer, type PushFailureCode, renderPhoneError } from './phone-answer.ts';
import type { PhoneAnswer, PhoneClient, PhoneScheme } from './phone-client.ts';
import { formType, type PushForm, parsePushForm } from './push-form.ts';
import type { PushSources } from './sources.ts';
import { type PushWatch, UNWATCHED, watchPush } from './watched-push.ts';

export interface PushRelayOptions {
  readonly sources: PushSources;
  readonly names: NameStore;
  readonly addresses: Pick<PhoneAddresses, 'place'>;
  readonly post: PhoneClient['post'];
  readonly tap: Tap;
  readonly clock: Clock;
  readonly report: Report;
}

export interface PushRelay {
  /** Never rejects. `scheme` is that of the listener, and so of the push to the phone. */
  handle(exchange: HttpExchange, scheme: PhoneScheme): Promise<void>;
  /** What never became a request was refused. */
  refused(fault: RequestFault, address: string | null): void;
}

/** Phones take 40 KiB (reference/phone-xml.md §8); escaped it is up to three times as long. */
const MAX_XML_BYTES = 40 * 1024;
const MAX_FORM_BYTES = 3 * MAX_XML_BYTES + 1024;

/** A push that ends here, with what is known of it. */
interface Stopped {
  readonly ok: false;
  readonly code: PushFailureCode;
  readonly detail: string;
  readonly service?: string | null;
  readonly device?: string;
}

/** A push that can be posted. */
interface Addressed {
  readonly ok: true;
  readonly service: string;
  readonly device: string;
  readonly address: string;
  readonly body: Buffer;
}

export function createPushRelay(options: PushRelayOptions): PushRelay {
  const { sources, names, addresses, clock, report } = options;
  // Pushes come from Finesse itself: no front is believed here.
  const addressOf = createAddressOf([]);

  const handle: PushRelay['handle'] = async (exchange, scheme) => {
    // One push a connection, as phones have it.
    exchange.closeAfter();
    const from = addressOf(exchange.remoteAddress, undefined);
    const watch = options.tap.isOn() ? watchPush(options.tap, exchange, scheme, from) : UNWATCHED;
    try {
      const stopped = await relay(exchange, scheme, from, watch);
      if (stopped !== null) stop(exchange, stopped, from, watch);
    } catch (error) {
      report({ kind: 'internal-fault', at: clock.now(), where: 'pushes', error });
      exchange.breakOff();
    }
  };

  const relay = async (exchange: HttpExchange, scheme: PhoneScheme, from: string, watch: PushWatch) => {
    const services = sources.servicesAt(from);
    if (services.length === 0) {
      sources.refresh();
      return stopped('push-source', 'an address that no service pushes from');
    }
    const fault = findRequestFault(exchange);
    if (fault !== null) return { ...stopped('push-malformed', fault), service: services[0] ?? null };
    const push = await read(exchange, services, watch);
    if (!push.ok) return push;
    const reply = await options.post({
      ...{ address: push.address, scheme, body: push.body },
      authorization: exchange.header('authorization') ?? null,
      contentType: formType(exchange.header('content-type')),
      ...{ watched: watch.watched(), service: push.service },
    });
    if (!reply.ok) return { ...push, ...reply, ok: false as const };
    note(push, reply);
    sendOn(exchange, reply, watch, push.service);
    return null;
  };

  /** The push as the phone shall get it, or why it gets none. */
  const read = async (
    exchange: HttpExchange,
    services: readonly string[],
    watch: PushWatch,
  ): Promise<Addressed | Stopped> => {
    const [service = null] = services;
    const form = await exchange.readForm(MAX_FORM_BYTES);
    if (!form.ok) {
      const code = form.fault.code === 'body-too-large' ? 'push-too-large' : 'push-malformed';
      return { ...stopped(code, form.fault.detail), service };
    }
    watch.read(form.body);
    const parsed = parsePushForm(form.body);
    if (parsed === null) return { ...stopped('push-malformed', 'not a form with one field XML'), service };
    const { length } = parsed.xml;
    if (length > MAX_XML_BYTES) return { ...stopped('push-too-large', `${length} bytes of XML`), service };
    const document = readAs(services, parsed);
    if (document.kind === 'not-phone-xml') {
      return { ...stopped('push-malformed', `the document is not phone XML: ${document.reason}`), service };
    }
    if (document.kind === 'no-device') {
      return { ...stopped('push-no-device', `its URLs name ${document.devices} devices`), service };
    }
    return address(document, parsed);
  };

  /** Servers of several clusters may share an address; the one whose names the URLs have is meant. */
  const readAs = (services: readonly string[], { xml }: PushForm): PushedDocument => {
    const documents = services.map((service) => readPushed(xml, names.of(service), service));
    return documents.find(({ kind }) => kind === 'for-device') ?? (documents[0] as PushedDocument);
  };

  const address = (document: PushedDocument & { kind: 'for-device' }, form: PushForm): Addressed | Stopped => {
    const { service, device } = document;
    const place = addresses.place(device);
    if (place === null) {
      return { ...stopped('push-unknown-device', 'no address is known that may be pushed to'), service, device };
    }
    const { xml, overlong } = document.rewrite(place.origin);
    if (overlong > 0) report({ kind: 'url-overlong', at: clock.now(), service, urls: overlong });
    return { ok: true, service, device, address: place.address, body: form.withXml(xml) };
  };

  const note = ({ service, device, address }: Addressed, { status, body }: PhoneAnswer) => {
    const code = classifyPhoneAnswer(status, body);
    const at = clock.now();
    if (code === 'delivered') return report({ kind: 'push-relayed', at, device, service, address });
    const failure = { code, detail: `status ${status}` };
    report({ kind: 'push-not-relayed', at, service, device, failure, from: null, address });
  };

  const stop = (exchange: HttpExchange, { code, detail, service, device }: Stopped, from: string, watch: PushWatch) => {
    notRelayed({ code, detail }, from, service ?? null, device ?? null);
    const answer = renderPhoneError(code);
    exchange.answer(answer);
    watch.answered(answer, service ?? null, code);
  };

  const notRelayed = (failure: Failure, from: string | null, service: string | null, device: string | null) =>
    report({ kind: 'push-not-relayed', at: clock.now(), service, device, failure, from, address: null });

  const refused: PushRelay['refused'] = ({ detail }, from) =>
    notRelayed({ code: 'push-malformed', detail }, from, null, null);

  return { handle, refused };
}

function stopped(code: PushFailureCode, detail: string): Stopped {
  return { ok: false, code, detail };
}

/** Held to the rules of phone requests. */
function findRequestFault(exchange: HttpExchange): string | null {
  const verdict = checkHead(exchange, MAX_TARGET_LENGTH);
  if (!verdict.ok) return verdict.fault.detail;
  if (!/^\/CGI\/Execute(?:\?|$)/.test(verdict.target)) return 'a path other than /CGI/Execute';
  return verdict.method === 'POST' ? null : 'not a POST';
}

/** The phone's own answer; a header that Node let in can go out again. */
function sendOn(exchange: HttpExchange, reply: PhoneAnswer, watch: PushWatch, service: string): void {
  const { status, contentType, authenticate, body } = reply;
  const answer = { status, body, contentType: contentType ?? 'text/xml', authenticate };
  exchange.answer(answer);
  watch.answered(answer, service, null);
}
