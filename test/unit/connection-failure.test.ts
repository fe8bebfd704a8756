/** What the end of a connection to the Notification Service is called. */

import { describe, expect, it } from 'vitest';
import type { NotificationConfig } from '../../src/config/config.ts';
import { failures, renderFailure } from '../../src/domain/failure.ts';
import { explainEnd, missingDomain } from '../../src/notification/connection-failure.ts';
import { readSocketError } from '../../src/xmpp/socket-error.ts';
import { internalError, XmppError, type XmppErrorCode } from '../../src/xmpp/xmpp-error.ts';

const DOMAIN = 'finesse-a.example.com';
const CONFIG: NotificationConfig = {
  ...{ host: 'xmpp.example.com', port: 5223, tls: 'direct', username: 'ippa-proxy', password: 'canary' },
  ...{ ca: null, fingerprints: [], advisory: false, domain: null, pubsub: null, deadAfterMs: 8000 },
};
const explain = (error: XmppError, config = CONFIG) => explainEnd(error, config, DOMAIN);
const socketError = (code: string, more: object = {}) => readSocketError(Object.assign(new Error('x'), { code }, more));

describe('B263 a reason keeps its subject', () => {
  it('in every code of the registry that is of the Notification Service', () => {
    const codes = Object.entries(failures).filter(([code]) => code.startsWith('notification-'));
    expect(codes.length).toBeGreaterThan(10);
    for (const [, { operator }] of codes) expect(operator).toMatch(/^Notification Service: /);
  });

  it.each([
    ['ECONNREFUSED', 'lost', /^Notification Service: connection refused/],
    ['ECONNRESET', 'lost', /^Notification Service: the connection is lost/],
    ['EHOSTUNREACH', 'lost', /^Notification Service: the host cannot be reached/],
    ['ENOTFOUND', 'lost', /^Notification Service: the host name does not resolve/],
    ['ETIMEDOUT', 'lost', /^Notification Service: no login within/],
    ['EPROTO', 'lost', /^Notification Service: the TLS handshake failed/],
    ['CERT_HAS_EXPIRED', 'configuration', /^Notification Service: the certificate is not trusted.*notification.ca/],
    ['ESOMETHINGELSE', 'lost', /^Notification Service: the connection is lost.*ESOMETHINGELSE/],
  ])('of the network: %s', (code, cause, words) => {
    const end = explain(socketError(code));
    expect(end.cause).toBe(cause);
    expect(renderFailure(end.failure)).toMatch(words);
  });

  it.each<[XmppErrorCode, string]>([
    ['closed', 'lost'],
    ['silent', 'lost'],
    ['not-xmpp', 'lost'],
    ['login-postponed', 'lost'],
    ['conflict', 'configuration'],
    ['tls-not-offered', 'configuration'],
    ['login-refused', 'credentials'],
    ['stopped', 'stopped'],
  ])('of the stream: %s', (code, cause) => {
    const end = explain(new XmppError(code, 'detail'));
    expect(end.cause).toBe(cause);
    expect(renderFailure(end.failure)).toMatch(/^Notification Service: .*\(detail\)$/);
  });

  it('of the proxy itself, and of a SystemInfo without a domain', () => {
    expect(renderFailure(explain(internalError(new TypeError())).failure)).toMatch(
      /^Notification Service: .*TypeError/,
    );
    expect(renderFailure(missingDomain().failure)).toMatch(/^Notification Service: .*set notification.domain/);
  });
});

describe('B265 what is to be set', () => {
  const wrongName = (subjectaltname: unknown) =>
    socketError('ERR_TLS_CERT_ALTNAME_INVALID', { cert: { subjectaltname }, reason: 'x' });
  const advice = (error: XmppError, config = CONFIG) => explain(error, config).failure.detail;

  it('B531 starttls, where a port that is to begin with TLS does not', () => {
    const plain = socketError('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(advice(plain)).toMatch(/set notification.tls: starttls, or notification.port/);
    expect(advice(plain, { ...CONFIG, tls: 'starttls' })).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(advice(socketError('EPROTO'))).toBe('EPROTO');
  });

  it.each<[string, unknown, RegExp]>([
    ['the domain that SystemInfo tells', `DNS:${DOMAIN}, DNS:b.example.com`, /set notification.domain to finesse-a/],
    ['it by a wildcard', 'DNS:*.example.com', /set notification.domain to finesse-a/],
    [
      'another host',
      'DNS:other.example.org, IP Address:192.0.2.1',
      /it is for other.example.org, 192.0.2.1: .*notification.host/,
    ],
    ['no name', undefined, /set notification.fingerprints/],
    ['nonsense', 'DNS:\u001b[2J, URI:x', /set notification.fingerprints/],
  ])('for a certificate with %s', (_, names, words) => {
    expect(advice(wrongName(names))).toMatch(words);
  });

  it('the domain is not advised where it is set already', () => {
    const config = { ...CONFIG, domain: 'b.example.org' };
    expect(advice(wrongName('DNS:c.example.com'), config)).toMatch(/set notification.host/);
  });

  it.each<[string, XmppError, RegExp]>([
    ['the login demands TLS', new XmppError('tls-required', 'x'), /set starttls/],
    ['the domain is unknown', new XmppError('host-unknown', 'x'), /finesse-a.example.com: set notification.domain/],
    [
      'the domain is unknown to TLS',
      socketError('ERR_SSL_TLSV1_UNRECOGNIZED_NAME'),
      /unrecognized_name.*notification.domain/,
    ],
  ])('where %s', (_, error, words) => {
    expect(advice(error)).toMatch(words);
    expect(explain(error).cause).toBe('configuration');
  });
});
