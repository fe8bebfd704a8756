import { describe, expect, it } from 'vitest';
import { maskText } from '../../src/commands/doctor/mask.ts';

describe('B790 what a log says behind a telling name does not leave the machine, however it is written', () => {
  it.each([
    ['an element', '<password>canary</password>', '<password>***</password>'],
    [
      'an element with a prefix and attributes',
      '<a:password type="x">canary</a:password>',
      '<a:password type="x">***</a:password>',
    ],
    [
      'an element of several lines',
      '<passphrase>canary\ncanary</passphrase> rest',
      '<passphrase>***</passphrase> rest',
    ],
    ['CDATA', '<token><![CDATA[canary</]]></token>', '<token>***</token>'],
    ['an element that is never closed', 'x <secret>canary, canary', 'x <secret>***'],
    [
      'an element written as entities',
      '&lt;password&gt;canary&lt;/password&gt;',
      '&lt;password&gt;***&lt;/password&gt;',
    ],
    [
      'JSON within JSON',
      String.raw`{"m":"{\"password\":\"canary, \\\"canary\",\"a\":1}"}`,
      String.raw`{"m":"{\"password\":***,\"a\":1}"}`,
    ],
    ['a pair that is URL-encoded', 'to=x%3Fpassword%3Dcanary%2B%26a%3D1', 'to=x%3Fpassword%3D***%26a%3D1'],
    ['pwd', 'pwd=canary next', 'pwd=[removed] next'],
    ['the session of Unified CM', 'JSESSIONIDSSO=canary next', 'JSESSIONIDSSO=[removed] next'],
    ['Digest', 'Authorization: Digest username="a", response="canary"', 'Authorization: ***'],
  ])('%s', (_, text, masked) => {
    expect(maskText(text).replaceAll('[removed]', '***')).toBe(masked.replaceAll('[removed]', '***'));
  });

  it('leaves an empty element and what stands around it', () => {
    expect(maskText('<password/><name>Anna</name>')).toBe('<password/><name>Anna</name>');
  });
});
