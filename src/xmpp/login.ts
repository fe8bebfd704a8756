/** The way from a fresh line to a bound resource (RFC 6120 §5–7). */

import type { NotificationConfig } from '../config/config.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { Line } from './connection.ts';
import { NotificationEnd } from './connection-end.ts';
import { chooseMechanism, SaslError, type SaslExchange } from './sasl.ts';
import { child, type XmlElement } from './stream.ts';

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const SESSION = 'urn:ietf:params:xml:ns:xmpp-session';

/** Resolves to the full JID. Rejects with NotificationEnd. */
export async function logIn(line: Line, config: NotificationConfig, resource: string): Promise<string> {
  let features = await line.open();
  if (config.tls === 'starttls') {
    await startTls(line, features);
    features = await line.open();
  }
  await authenticate(line, features, config);
  features = await line.open();
  const jid = await bind(line, resource);
  const session = child(features, 'session', SESSION);
  // Older servers want it (RFC 3921 §3); newer ones say that it is optional.
  if (session !== undefined && child(session, 'optional') === undefined) {
    await ask(line, 'session', `<session xmlns='${SESSION}'/>`);
  }
  return jid;
}

function setup(detail: string): NotificationEnd {
  return new NotificationEnd('configuration', 'notification-setup', detail);
}

async function startTls(line: Line, features: XmlElement): Promise<void> {
  if (child(features, 'starttls', TLS) === undefined) throw setup('the server does not offer STARTTLS');
  line.send(`<starttls xmlns='${TLS}'/>`);
  if ((await line.next()).name !== 'proceed') throw setup('the server refuses STARTTLS');
  line.startTls();
}

async function authenticate(line: Line, features: XmlElement, config: NotificationConfig): Promise<void> {
  const offered = child(features, 'mechanisms', SASL)?.children.map(({ text }) => text.trim()) ?? [];
  const exchange = chooseMechanism(offered, config);
  if (exchange === null) throw setup('the server offers no login by SCRAM or PLAIN');
  line.send(`<auth xmlns='${SASL}' mechanism='${exchange.mechanism}'>${encode(exchange.initial)}</auth>`);
  try {
    await converse(line, exchange);
  } catch (error) {
    throw error instanceof SaslError ? setup(error.message) : error;
  }
}

/** A server could go on with challenges for ever; SCRAM has two. */
const MAX_CHALLENGES = 3;

async function converse(line: Line, exchange: SaslExchange): Promise<void> {
  let isProven = false;
  for (let challenges = 0; challenges <= MAX_CHALLENGES; challenges++) {
    const answer = await line.next();
    const text = Buffer.from(answer.text, 'base64').toString();
    if (answer.name === 'success') {
      if (!isProven) exchange.finish(text);
      return;
    }
    if (answer.name === 'failure') throw readFailure(answer);
    if (answer.name !== 'challenge') break;
    // A server may send its last word as a challenge, which is answered by nothing.
    const isLast = challenges > 0;
    if (isLast) exchange.finish(text);
    isProven = isLast;
    line.send(`<response xmlns='${SASL}'>${isLast ? '' : encode(await exchange.respond(text))}</response>`);
  }
  throw setup('the login follows no protocol');
}

function readFailure(failure: XmlElement): NotificationEnd {
  const found = failure.children.find(({ name }) => name !== 'text')?.name ?? '';
  const condition = /^[a-z-]{1,40}$/.test(found) ? found : 'no condition';
  // RFC 6120 §6.5: these say nothing of the password.
  if (condition === 'temporary-auth-failure' || condition === 'aborted') {
    return new NotificationEnd('lost', 'notification-lost', condition);
  }
  if (condition === 'encryption-required') return setup('it takes logins by TLS only: set notification.tls');
  return new NotificationEnd('credentials', 'notification-login', condition);
}

async function bind(line: Line, resource: string): Promise<string> {
  const result = await ask(line, 'bind', `<bind xmlns='${BIND}'><resource>${escapeXml(resource)}</resource></bind>`);
  const jid = child(child(result, 'bind', BIND), 'jid')?.text;
  if (jid === undefined || !jid.includes('/')) throw setup('the server binds no resource');
  return jid;
}

async function ask(line: Line, id: string, payload: string): Promise<XmlElement> {
  line.send(`<iq type='set' id='${id}'>${payload}</iq>`);
  for (;;) {
    const answer = await line.next();
    if (answer.name !== 'iq' || answer.attributes.get('id') !== id) continue;
    if (answer.attributes.get('type') === 'result') return answer;
    const error = child(answer, 'error')?.children.find(({ name }) => name !== 'text')?.name ?? '';
    throw setup(`${id} is refused: ${/^[a-z-]{1,40}$/.test(error) ? error : 'no condition'}`);
  }
}

function encode(text: string): string {
  // An empty message is written as one equals sign (RFC 6120 §6.4.2).
  return text === '' ? '=' : Buffer.from(text).toString('base64');
}
