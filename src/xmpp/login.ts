/** The way from a fresh connection to a bound resource (RFC 6120 §5–7). */

import { escapeXml } from '../text/xml-escape.ts';
import type { XmppConnection } from './connection.ts';
import { type Credentials, chooseMechanism, SaslError, type SaslExchange } from './sasl.ts';
import { child, readCondition, readStanzaError, type XmlElement } from './stream.ts';
import { XmppError } from './xmpp-error.ts';

export interface Account extends Credentials {
  /** The last part of the JID, by which the server tells the account's clients apart. */
  readonly resource: string;
}

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const SESSION = 'urn:ietf:params:xml:ns:xmpp-session';

/** Resolves to the full JID. Rejects with XmppError. */
export async function logIn(connection: XmppConnection, account: Account): Promise<string> {
  let features = await connection.open();
  if (connection.wantsStartTls) {
    await startTls(connection, features);
    features = await connection.open();
  }
  await authenticate(connection, features, account);
  features = await connection.open();
  const jid = await bind(connection, account.resource);
  const session = child(features, 'session', SESSION);
  // Older servers want it (RFC 3921 §3); newer ones say that it is optional.
  if (session !== undefined && child(session, 'optional') === undefined) {
    await ask(connection, 'session', `<session xmlns='${SESSION}'/>`);
  }
  return jid;
}

function notSupported(detail: string): XmppError {
  return new XmppError('not-supported', detail);
}

async function startTls(connection: XmppConnection, features: XmlElement): Promise<void> {
  if (child(features, 'starttls', TLS) === undefined) {
    throw new XmppError('tls-not-offered', 'the server does not offer STARTTLS');
  }
  connection.send(`<starttls xmlns='${TLS}'/>`);
  if ((await connection.next()).name !== 'proceed') throw notSupported('the server refuses STARTTLS');
  connection.startTls();
}

async function authenticate(connection: XmppConnection, features: XmlElement, account: Account): Promise<void> {
  const offered = child(features, 'mechanisms', SASL)?.children.map(({ text }) => text.trim()) ?? [];
  const exchange = chooseMechanism(offered, account);
  if (exchange === null) throw explainNoMechanism(features);
  connection.send(`<auth xmlns='${SASL}' mechanism='${exchange.mechanism}'>${encode(exchange.initial)}</auth>`);
  try {
    await converse(connection, exchange);
  } catch (error) {
    throw error instanceof SaslError ? notSupported(error.message) : error;
  }
}

/** A server that demands TLS offers no login before it (RFC 6120 §5.3.1). */
function explainNoMechanism(features: XmlElement): XmppError {
  const starttls = child(features, 'starttls', TLS);
  return starttls === undefined
    ? notSupported('the server offers no login by SCRAM or PLAIN')
    : new XmppError('tls-required', 'the server offers no login without STARTTLS');
}

/** A server could go on with challenges for ever; SCRAM has two. */
const MAX_CHALLENGES = 3;

async function converse(connection: XmppConnection, exchange: SaslExchange): Promise<void> {
  let isProven = false;
  for (let challenges = 0; challenges <= MAX_CHALLENGES; challenges++) {
    const answer = await connection.next();
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
    connection.send(`<response xmlns='${SASL}'>${isLast ? '' : encode(await exchange.respond(text))}</response>`);
  }
  throw notSupported('the login follows no protocol');
}

function readFailure(failure: XmlElement): XmppError {
  const condition = readCondition(failure.children.find(({ name }) => name !== 'text'));
  // RFC 6120 §6.5: these say nothing of the password.
  if (condition === 'temporary-auth-failure' || condition === 'aborted') {
    return new XmppError('login-postponed', condition);
  }
  if (condition === 'encryption-required') return new XmppError('tls-required', condition);
  return new XmppError('login-refused', condition);
}

async function bind(connection: XmppConnection, resource: string): Promise<string> {
  const payload = `<bind xmlns='${BIND}'><resource>${escapeXml(resource)}</resource></bind>`;
  const result = await ask(connection, 'bind', payload);
  const jid = child(child(result, 'bind', BIND), 'jid')?.text;
  if (jid === undefined || !jid.includes('/')) throw notSupported('the server binds no resource');
  return jid;
}

async function ask(connection: XmppConnection, id: string, payload: string): Promise<XmlElement> {
  connection.send(`<iq type='set' id='${id}'>${payload}</iq>`);
  for (;;) {
    const answer = await connection.next();
    if (answer.name !== 'iq' || answer.attributes.get('id') !== id) continue;
    if (answer.attributes.get('type') === 'result') return answer;
    const condition = readStanzaError(answer);
    throw new XmppError(condition === 'conflict' ? 'conflict' : 'rejected', `${id} is refused: ${condition}`);
  }
}

function encode(text: string): string {
  // An empty message is written as one equals sign (RFC 6120 §6.4.2).
  return text === '' ? '=' : Buffer.from(text).toString('base64');
}
