import { describe, expect, it } from 'vitest';
import { chooseMechanism, SaslError, type SaslExchange } from '../../src/xmpp/sasl.ts';

const user = { username: 'user', password: 'pencil' };

function scram(mechanism: string, nonce: string): SaslExchange {
  const exchange = chooseMechanism([mechanism], user, nonce);
  if (exchange === null) throw new Error(`no ${mechanism}`);
  return exchange;
}

describe('the login', () => {
  it('takes the best mechanism that is offered', () => {
    expect(chooseMechanism(['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256'], user)?.mechanism).toBe('SCRAM-SHA-256');
    expect(chooseMechanism(['PLAIN', 'SCRAM-SHA-1', 'DIGEST-MD5'], user)?.mechanism).toBe('SCRAM-SHA-1');
    expect(chooseMechanism(['PLAIN', 'DIGEST-MD5'], user)?.mechanism).toBe('PLAIN');
    expect(chooseMechanism(['ANONYMOUS', 'DIGEST-MD5', 'SCRAM-SHA-256-PLUS'], user)).toBeNull();
  });

  it('PLAIN is user and password (RFC 4616)', () => {
    expect(chooseMechanism(['PLAIN'], user)?.initial).toBe('\0user\0pencil');
  });

  it('SCRAM-SHA-1 as in RFC 5802 §5', async () => {
    const exchange = scram('SCRAM-SHA-1', 'fyko+d2lbbFgONRv9qkxdawL');
    expect(exchange.initial).toBe('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL');
    const challenge = 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096';
    expect(await exchange.respond(challenge)).toBe(
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    );
    exchange.finish('v=rmF9pqV8S7suAoZWja4dJRkFsKQ=');
  });

  it('SCRAM-SHA-256 as in RFC 7677 §3', async () => {
    const exchange = scram('SCRAM-SHA-256', 'rOprNGfwEbeRWgbNEkqO');
    const challenge = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
    expect(await exchange.respond(challenge)).toMatch(/p=dHzbZapWIk4jUhN\+Ute9ytag9zjfMHgsqmmiz7AndVQ=$/);
    exchange.finish('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('refuses a server that does not know the password', async () => {
    const exchange = scram('SCRAM-SHA-1', 'abc');
    expect(() => exchange.finish('')).toThrow(SaslError);
    await exchange.respond('r=abcd,s=QSXCR+Q6sek8bf92,i=4096');
    for (const last of ['', 'v=', 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=', 'e=other-error']) {
      expect(() => exchange.finish(last)).toThrow(SaslError);
    }
  });

  it.each([
    ['hash for hours', 'r=abcd,s=QSXCR+Q6sek8bf92,i=999999'],
    ['hash more than that', 'r=abcd,s=QSXCR+Q6sek8bf92,i=99999999999'],
    ['hash not at all', 'r=abcd,s=QSXCR+Q6sek8bf92,i=0'],
    ['go without salt', 'r=abcd,s=,i=4096'],
    ['take another nonce', 'r=xyz,s=QSXCR+Q6sek8bf92,i=4096'],
    ['take its own nonce back', 'r=abc,s=QSXCR+Q6sek8bf92,i=4096'],
    ['read nothing', ''],
  ])('refuses a server that makes it %s', async (_, challenge) => {
    await expect(scram('SCRAM-SHA-1', 'abc').respond(challenge)).rejects.toThrow(SaslError);
  });
});
