import { expect, test } from 'vitest';
import { renderUnifiedCm } from '../../src/commands/unified-cm.ts';
import { renderPhoneServicesCsv } from '../../src/unified-cm/phone-services.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, load, VALID } from './config-files.ts';

const FILES = { 'proxy.pem': PROXY_CERTIFICATE, 'proxy.key': PROXY_KEY };
const PLAIN = '{ host: 0.0.0.0, port: 8082, publicUrl: "http://ippa.example.com:8082" }';
const TLS =
  '{ host: 0.0.0.0, port: 8445, publicUrl: "https://ippa.example.com:8445", tls: { cert: proxy.pem, key: proxy.key } }';

async function rendered(listeners: readonly string[], from = VALID, render = renderUnifiedCm): Promise<string> {
  const result = await load(
    change('    - { host: 127.0.0.1, port: 8082 }', listeners.map((l) => `    - ${l}`).join('\n'), from),
    FILES,
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return render(result.config);
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

const listener = (port: number, tls: string, more = '', host = 'ippa.example.com') =>
  `{ host: 0.0.0.0, port: ${port}, publicUrl: "https://${host}:${port}", tls: { ${tls} }${more} }`;
const SHARED = 'cert: proxy.pem, key: proxy.key';

test('a certificate that several listeners have is uploaded once, for all their hosts', async () => {
  const other = 'cert: other.pem, key: proxy.key';
  const listeners = [listener(8445, SHARED), listener(8447, SHARED, '', 'ippa2.example.com'), listener(8448, other)];
  const files = { ...FILES, 'other.pem': PROXY_CERTIFICATE };
  const yaml = listeners.map((l) => `    - ${l}`).join('\n');
  const result = await load(change('    - { host: 127.0.0.1, port: 8082 }', yaml), files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const text = renderUnifiedCm(result.config);
  expect(values(text, 'Upload File')).toEqual([
    expect.stringMatching(/\/proxy\.pem, or the CA that signed it$/),
    expect.stringMatching(/\/other\.pem, or the CA that signed it$/),
  ]);
  expect(values(text, 'It must name')).toEqual(['ippa.example.com, ippa2.example.com', 'ippa.example.com']);
});

test("a listener under Finesse's own name is no phone service: it is listed as what it is", async () => {
  const standIn = listener(8445, SHARED, ', service: a', 'finesse-a.example.com');
  const addresses = [TLS.replace('0.0.0.0', '10.1.1.4'), standIn.replace('0.0.0.0', '10.1.1.5')];
  const text = await rendered([PLAIN, ...addresses]);
  expect(text).toMatch(/https:\/\/finesse-a\.example\.com:8445 +stands for service a \(Finesse A\)/m);
  expect(text).toContain('phones resolve finesse-a.example.com to this proxy');
  expect(values(text, 'also reachable as')).toEqual([]);
  expect(values(text, 'Service Name')).toEqual([
    'Finesse',
    'Finesse A',
    'Finesse B',
    'Finesse A direct',
    'Finesse B direct',
  ]);
  // The direct service is none for phones that this name leads here.
  expect(text).toMatch(/Finesse A, without the proxy\n.*phones that resolve finesse-a\.example\.com to this proxy/);
  expect(text).not.toMatch(/Finesse B, without the proxy\n.*to this proxy/);
});

test('a listener for one service under another name is an entry of its own', async () => {
  const own = listener(8449, SHARED, ', service: a', 'ippa-a.example.com');
  const text = await rendered([PLAIN, TLS, own]);
  expect(text).toContain('   Service a (Finesse A), by the listener that is for it alone\n');
  expect(values(text, 'Service Name').slice(0, 4)).toEqual(['Finesse', 'Finesse A', 'Finesse B', 'Finesse A (a)']);
  expect(values(text, 'Service URL')).toContain('https://ippa-a.example.com:8449/fippa/#DEVICENAME#');
  expect(values(text, 'also reachable as')).toEqual([]);
});

test('--csv: a line for each phone service, a column for each field', async () => {
  const from = change('name: Finesse A', 'name: "Finesse \\"A\\", west"');
  const lines = (await rendered([PLAIN, TLS], from, renderPhoneServicesCsv)).split('\r\n');
  expect(lines[0]).toBe(
    'Entry,Service Name,ASCII Service Name,Service Description,Service URL,Secure-Service URL,Service Category,' +
      'Service Type,Service Vendor,Service Version,Enable,Enterprise Subscription',
  );
  expect(lines).toHaveLength(7);
  expect(lines.at(-1)).toBe('');
  expect(lines[2]).toBe(
    '"Service a (Finesse ""A"", west)","Finesse ""A"", west","Finesse ""A"", west",Finesse IP Phone Agent by the proxy,' +
      'http://ippa.example.com:8082/a/fippa/#DEVICENAME#,https://ippa.example.com:8445/a/fippa/#DEVICENAME#,' +
      'XML Service,Standard IP Phone Service,,,true,false',
  );
  const plain = (await rendered([PLAIN], VALID, renderPhoneServicesCsv)).split('\r\n');
  expect(plain[1]).toContain('http://ippa.example.com:8082/main/fippa/#DEVICENAME#,,XML Service');
});
