import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FailureCode } from '../../src/domain/failure.ts';
import { classifyNetworkError } from '../../src/http/client/network-error.ts';

function error(code: string, fields: object = {}): Error {
  return Object.assign(new Error('https://u:p@server/fippa?password=canary'), { code, ...fields });
}

describe('what an error of a connection means', () => {
  test.each<[FailureCode, string, object?]>([
    ['refused', 'ECONNREFUSED'],
    ['name-not-found', 'ENOTFOUND'],
    ['name-not-found', 'EAI_AGAIN'],
    ['unreachable', 'EHOSTUNREACH'],
    ['unreachable', 'ENETUNREACH'],
    ['connect-timeout', 'ETIMEDOUT', { syscall: 'connect' }],
    ['connect-timeout', 'ETIMEDOUT', { name: 'TimeoutError', event: 'secureConnect' }],
    ['timeout', 'ETIMEDOUT', { name: 'TimeoutError', event: 'response' }],
    ['timeout', 'ETIMEDOUT', { name: 'TimeoutError', event: 'request' }],
    ['timeout', 'ETIMEDOUT', { syscall: 'read' }],
    ['certificate-untrusted', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['certificate-untrusted', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['certificate-untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['certificate-untrusted', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    ['certificate-untrusted', 'CERT_HAS_EXPIRED'],
    ['certificate-untrusted', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['tls', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    ['tls', 'EPROTO'],
    ['reset', 'ECONNRESET'],
    ['reset', 'EPIPE'],
    ['reset', 'HPE_INVALID_CONSTANT'],
    ['internal', 'EMFILE'],
    ['internal', 'toString'],
  ])('%s: %s %o', (code, thrown, fields = {}) => {
    expect(classifyNetworkError(error(thrown, fields)).code).toBe(code);
    const wrapped = error('ERR_GOT_REQUEST_ERROR', { cause: error(thrown, fields) });
    if (code !== 'internal') expect(classifyNetworkError(wrapped).code).toBe(code);
  });

  test('the detail names the address, also behind a wrapper that repeats the code', () => {
    const inner = error('ECONNREFUSED', { address: '10.1.1.5', port: 8445, syscall: 'connect' });
    expect(classifyNetworkError(error('ECONNREFUSED', { cause: inner }))).toEqual({
      code: 'refused',
      detail: 'ECONNREFUSED 10.1.1.5:8445',
    });
    expect(classifyNetworkError(error('ECONNREFUSED', { address: '::1', port: 1 })).detail).toBe(
      'ECONNREFUSED [::1]:1',
    );
  });

  test('of a name with several addresses, the first address', () => {
    const errors = [error('EHOSTUNREACH', { address: '2001:db8::1', port: 1 }), error('ECONNREFUSED')];
    const all = Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' });
    expect(classifyNetworkError(all)).toEqual({ code: 'unreachable', detail: 'EHOSTUNREACH [2001:db8::1]:1' });
  });

  test('a certificate for other names says which', () => {
    const reason = "Host: a.example.com. is not in the cert's altnames: DNS:b.example.com";
    expect(classifyNetworkError(error('ERR_TLS_CERT_ALTNAME_INVALID', { reason })).detail).toContain(
      'DNS:b.example.com',
    );
  });

  test('anything at all can be thrown, and no message is repeated', () => {
    const cyclic = error('x');
    cyclic.cause = cyclic;
    for (const thrown of [undefined, null, 'https://x?password=canary', 7, {}, cyclic, new Error('canary')]) {
      expect(classifyNetworkError(thrown).code).toBe('internal');
      expect(classifyNetworkError(thrown).detail).not.toContain('canary');
    }
    fc.assert(fc.property(fc.anything(), (thrown) => typeof classifyNetworkError(thrown).code === 'string'));
  });
});
