import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Device,
  hasPassword,
  isEntryQuery,
  newDevice,
  parsePrefill,
  reduceRelayed,
  selectPrefill,
} from '../../src/domain/device.ts';
import { isDeviceName, MAX_URL_LENGTH, phoneUrl } from '../../src/domain/phone-url.ts';

const nowhere = newDevice(0);
const onA: Device = { ...nowhere, service: 'a' };

describe('signed in', () => {
  it('B80 a relayed page other than a sign-in form or another input signs the device in there', () => {
    expect(reduceRelayed(nowhere, 'a', 'other', false).service).toBe('a');
    expect(reduceRelayed(nowhere, 'a', 'input', false)).toBe(nowhere);
    expect(reduceRelayed(nowhere, 'a', 'sign-in', false).service).toBeNull();
  });

  it('B81 it ends with a sign-in form or /logout of that service, or with a sign-in elsewhere', () => {
    expect(reduceRelayed(onA, 'a', 'sign-in', false).service).toBeNull();
    for (const page of ['other', 'input', 'sign-in'] as const)
      expect(reduceRelayed(onA, 'a', page, true).service).toBeNull();
    expect(reduceRelayed(onA, 'b', 'other', false).service).toBe('b');
  });

  it('B82 the sign-in form or /logout of another service, and other inputs, change nothing', () => {
    expect(reduceRelayed(onA, 'b', 'sign-in', false)).toBe(onA);
    expect(reduceRelayed(onA, 'b', 'other', true)).toBe(onA);
    for (const service of ['a', 'b']) expect(reduceRelayed(onA, service, 'input', false)).toBe(onA);
  });
});

describe('what One Button Sign In supplied', () => {
  it('B84 id and extension are kept, the password never', () => {
    expect(parsePrefill('id=1001&extension=2001&password=canary')).toEqual({ id: '1001', extension: '2001' });
    expect(JSON.stringify(parsePrefill('password=canary&id=1001'))).not.toContain('canary');
    expect(parsePrefill('password=canary')).toBeNull();
  });

  it.each([null, '', 'x=1', 'xid=1', 'id=', 'id=&extension=', `id=${'1'.repeat(33)}`, 'id=a%00b', 'id=a%0d%0ab'])(
    'B84 nothing is kept of %j',
    (query) => expect(parsePrefill(query)).toBeNull(),
  );

  it('B84 a value that no agent could have typed is left out, the other one kept', () => {
    expect(parsePrefill('id=1%0A&extension=2001')).toEqual({ id: null, extension: '2001' });
    expect(parsePrefill(`id=${encodeURIComponent('😀'.repeat(32))}`)?.id).toBe('😀'.repeat(32));
    expect(parsePrefill('a=b&id=j%C3%B6rg+x')).toEqual({ id: 'jörg x', extension: null });
  });

  it('B85 it is shown only to the address that supplied it', () => {
    const device: Device = { ...nowhere, prefill: { id: '1001', extension: null, address: '10.0.0.1' } };
    expect(selectPrefill(device, '10.0.0.1')).toMatchObject({ id: '1001', extension: null });
    expect(selectPrefill(device, '10.0.0.2')).toBeNull();
    expect(selectPrefill(nowhere, '10.0.0.1')).toBeNull();
    expect(selectPrefill(null, '10.0.0.1')).toBeNull();
  });

  it('B73 only id and extension make an entry', () => {
    for (const query of [null, '', 'id=1', 'extension=2', 'id=1&extension=2', 'id', 'id=1&'])
      expect(isEntryQuery(query)).toBe(true);
    for (const query of ['password=x', 'id=1&state=2', 'idx=1', 'xid=1', 'ID=1', 'id=1&password=']) {
      expect(isEntryQuery(query)).toBe(false);
    }
  });

  it('B84 a request with a password signs in', () => {
    expect(['password=x', 'id=1&password=x', 'password='].map(hasPassword)).toEqual([true, true, true]);
    expect([null, '', 'xpassword=1', 'id=password=1'].map(hasPassword)).toEqual([false, false, false, false]);
  });
});

describe('a phone URL', () => {
  it('B86 carries id and extension, encoded, and drops both rather than grow over 256 characters', () => {
    const prefill = { id: 'a&b=ü', extension: '2001' };
    expect(phoneUrl('http://p:1', 'a', 'SEP1', '', prefill)).toBe(
      'http://p:1/a/fippa/SEP1?id=a%26b%3D%C3%BC&extension=2001',
    );
    expect(phoneUrl('http://p:1', 'a', 'SEP1', '/~leave')).toBe('http://p:1/a/fippa/SEP1/~leave');
    expect(phoneUrl('http://p:1', 'a', 'SEP1', '', { id: null, extension: null })).toBe('http://p:1/a/fippa/SEP1');
    const text = fc.option(fc.string({ maxLength: 32, unit: 'grapheme' }));
    fc.assert(
      fc.property(text, text, fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/), (id, extension, device) => {
        const url = phoneUrl('https://ippa.example.com:8445', 'main', device, '', { id, extension });
        expect(url.length).toBeLessThanOrEqual(MAX_URL_LENGTH);
        const { searchParams } = new URL(url);
        const isCarried = url.includes('?');
        if (isCarried) expect([searchParams.get('id'), searchParams.get('extension')]).toEqual([id, extension]);
        // Dropped only where both would not have fitted.
        const others = Object.entries({ id, extension }).flatMap(([name, text]) =>
          text === null ? [] : [`${name}=${encodeURIComponent(text)}`],
        );
        const wouldFit = others.length > 0 && `${url}?${others.join('&')}`.length <= MAX_URL_LENGTH;
        if (!isCarried) expect(wouldFit).toBe(false);
      }),
    );
  });

  it('B87 a device name has 1 to 64 letters, digits, dots, underscores or hyphens, and is not . or ..', () => {
    for (const name of ['SEP001122334455', 'a', '...', '.a', 'A'.repeat(64), 'x-y_z.1'])
      expect(isDeviceName(name)).toBe(true);
    for (const name of ['', '.', '..', 'A'.repeat(65), 'a b', 'a/b', 'ä', 'a\n', '#DEVICENAME#', 'a;b', '%41']) {
      expect(isDeviceName(name)).toBe(false);
    }
  });
});
