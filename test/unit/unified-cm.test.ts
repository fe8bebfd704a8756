import { expect, test } from 'vitest';
import { renderUnifiedCm } from '../../src/commands/unified-cm.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, load, VALID } from './config-files.ts';

const FILES = { 'proxy.pem': PROXY_CERTIFICATE, 'proxy.key': PROXY_KEY };
const PLAIN = '{ host: 0.0.0.0, port: 8082, publicUrl: "http://ippa.example.com:8082" }';
const TLS =
  '{ host: 0.0.0.0, port: 8445, publicUrl: "https://ippa.example.com:8445", tls: { cert: proxy.pem, key: proxy.key } }';

async function rendered(listeners: readonly string[], from = VALID): Promise<string> {
  const result = await load(
    change('    - { host: 127.0.0.1, port: 8082 }', listeners.map((l) => `    - ${l}`).join('\n'), from),
    FILES,
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return renderUnifiedCm(result.config);
}

/** The values of a field, in the order of the text. */
const values = (text: string, field: string) =>
  [...text.matchAll(new RegExp(`^ +${field}  +(.*)$`, 'gm'))].map((match) => match[1]);

test('both URL fields for the front door, each service, and each direct service', async () => {
  const text = await rendered([PLAIN, TLS]);
  expect(values(text, 'Service Name')).toEqual([
    'Finesse',
    'Finesse A',
    'Finesse B',
    'Finesse A direct',
    'Finesse B direct',
  ]);
  expect(values(text, 'Service URL')).toEqual([
    'http://ippa.example.com:8082/main/fippa/#DEVICENAME#',
    'http://ippa.example.com:8082/a/fippa/#DEVICENAME#',
    'http://ippa.example.com:8082/b/fippa/#DEVICENAME#',
    'http://finesse-a.example.com:8082/fippa/#DEVICENAME#',
    'http://finesse-b.example.com:8082/fippa/#DEVICENAME#',
  ]);
  expect(values(text, 'Secure-Service URL')).toEqual([
    'https://ippa.example.com:8445/main/fippa/#DEVICENAME#',
    'https://ippa.example.com:8445/a/fippa/#DEVICENAME#',
    'https://ippa.example.com:8445/b/fippa/#DEVICENAME#',
    'https://finesse-a.example.com:8445/fippa/#DEVICENAME#',
    'https://finesse-b.example.com:8445/fippa/#DEVICENAME#',
  ]);
  expect(text).toMatch(/^ +password +Password +no +yes$/m);
  expect(text).toContain('Phone-trust');
  expect(text).toContain('Update Subscriptions');
});

test('a legacy listener is never the first choice, and 7900 phones are told of', async () => {
  const legacy =
    '{ host: 0.0.0.0, port: 8446, publicUrl: "https://ippa.example.com:8446", tls: { cert: proxy.pem, key: proxy.key, profile: legacy } }';
  const text = await rendered([legacy, TLS]);
  expect(values(text, 'Secure-Service URL')[0]).toBe('https://ippa.example.com:8445/main/fippa/#DEVICENAME#');
  expect(values(text, 'also reachable as')[0]).toBe('https://ippa.example.com:8446/main/fippa/#DEVICENAME#');
  expect(text).toContain('Phones of the 7900 series speak TLS 1.0 alone');
  expect(await rendered([TLS])).not.toContain('7900');
});

test('one kind of listener: what to enter in the other field', async () => {
  const plain = await rendered([PLAIN]);
  expect(values(plain, 'Secure-Service URL')[0]).toBe('leave it empty');
  expect(plain).toContain('Nothing to upload');
  const encrypted = await rendered([TLS]);
  expect(values(encrypted, 'Service URL')[0]).toBe('https://ippa.example.com:8445/main/fippa/#DEVICENAME#');
  expect(values(encrypted, 'Secure-Service URL')[0]).toBe('https://ippa.example.com:8445/main/fippa/#DEVICENAME#');
});

test("a listener for one service has Finesse's own path, and nothing else leads there", async () => {
  const text = await rendered([TLS.replace(' }', ' }, service: a').replace('}, service: a }', '}, service: a }')]);
  expect(values(text, 'Service Name')).toEqual(['Finesse A', 'Finesse A direct', 'Finesse B direct']);
  expect(values(text, 'Service URL')[0]).toBe('https://ippa.example.com:8445/fippa/#DEVICENAME#');
});

test('names fit Unified CM: at most 32 characters, each once, and in ASCII too', async () => {
  const long = 'Büro Süd 1234567890 1234567890 AB';
  const from = change('Finesse A', long.slice(0, 32), change('Finesse B', `${long.slice(0, 31)}C`));
  const second = '  - { id: two, services: [{ id: c, name: Finesse main, url: "https://c.example.com" }] }\n';
  const text = await rendered([PLAIN], from + second);
  const names = values(text, 'Service Name');
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => [...(name ?? '')].length > 32)).toEqual([]);
  expect(names).toContain('Finesse main (c)');
  expect(values(text, 'ASCII Service Name')[2]).toBe('Buro Sud 1234567890 1234567890 A');
});
