/** What goes to AXL, what comes from it, and what it means. */

import { expect, test } from 'vitest';
import { classifyAxlAnswer, withoutQueries } from '../../src/unified-cm/axl-answer.ts';
import { parseSupportedVersions, selectVersions } from '../../src/unified-cm/axl-version.ts';
import { parsePhone, parseService } from '../../src/unified-cm/records.ts';
import { addService, selectCopies, updateService, updateSubscriptions } from '../../src/unified-cm/requests.ts';
import { parseXml, renderRequest, tag } from '../../src/unified-cm/soap.ts';

const envelope = (content: string) =>
  `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`;

test('only the operation is in the namespace, and text is escaped', () => {
  expect(renderRequest('getPhone', '12.5', [tag('name', 'a<b>&"\r'), tag('empty'), tag('list', [tag('x', '1')])])).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">' +
      '<soapenv:Header/><soapenv:Body><ns:getPhone xmlns:ns="http://www.cisco.com/AXL/API/12.5">' +
      '<name>a&lt;b&gt;&amp;"&#13;</name><empty/><list><x>1</x></list></ns:getPhone></soapenv:Body></soapenv:Envelope>',
  );
});

test('text comes back exactly; names are local; a document type is refused', () => {
  const text = ' a <b> & "c" \r ä ';
  const body = renderRequest('x', '15.0', [tag('name', text)]);
  expect(parseXml(body)?.children[1]?.children[0]).toMatchObject({ name: 'x', children: [{ name: 'name', text }] });
  expect(parseXml('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')).toBeNull();
  expect(parseXml('<a><b></a>')).toBeNull();
  expect(parseXml('<a>'.repeat(100) + '</a>'.repeat(100))).toBeNull();
  expect(parseXml('')).toBeNull();
});

test.each([
  ['Incorrect axl version. Supported axl versions are 12.x, 14.0 and 15.0', ['12.x', '14.0', '15.0'], '15.0'],
  ['<html><body><p>Supported AXL versions are: 9.x, 10.x and 11.x</p></body></html>', ['9.x', '10.x', '11.x'], '11.5'],
  ['no list at all', [], '15.0'],
  ['Supported axl versions are 99.0', ['99.0'], undefined],
])('the page %j', (page, versions, first) => {
  expect(parseSupportedVersions(page)).toEqual(versions);
  expect(selectVersions(versions, new Set())[0]).toBe(first);
});

test('a version that was refused is not tried again', () => {
  expect(selectVersions(['12.x'], new Set(['12.5']))).toEqual(['12.0']);
  expect(selectVersions([], new Set(['15.0', '14.0']))).toEqual(['12.5', '12.0', '11.5']);
});

test.each([
  [200, envelope('<ns:x xmlns:ns="n"><return>{U}</return></ns:x>'), { kind: 'ok', value: { text: '{U}' } }],
  [200, envelope('<ns:x xmlns:ns="n"><return/></ns:x>'), { kind: 'ok', value: { children: [] } }],
  [200, '<html></html>', { kind: 'unreadable' }],
  [200, envelope('<ns:x xmlns:ns="n"/>'), { kind: 'unreadable' }],
  [401, '<html>', { kind: 'unauthorized', status: 401 }],
  [403, '', { kind: 'unauthorized', status: 403 }],
  [404, '', { kind: 'not-found' }],
  [503, '', { kind: 'busy' }],
  [599, 'Supported axl versions are 11.x', { kind: 'version', supported: ['11.x'] }],
  [
    500,
    envelope(
      '<soapenv:Fault><faultcode>s</faultcode><faultstring>f</faultstring><detail><axlError><axlcode>5007</axlcode><axlmessage>none</axlmessage></axlError></detail></soapenv:Fault>',
    ),
    { kind: 'fault', code: '5007', message: 'none' },
  ],
  [
    500,
    envelope(
      '<soapenv:Fault><faultstring>f</faultstring><detail><a:axlError xmlns:a="u"><a:axlcode>-239</a:axlcode><a:axlmessage>twice</a:axlmessage></a:axlError></detail></soapenv:Fault>',
    ),
    { kind: 'fault', code: '-239', message: 'twice' },
  ],
  [
    500,
    envelope(
      '<soapenv:Fault><faultstring>Query request too large. Total rows matched: 900 rows. Suggestive Row Fetch: less than 300 rows</faultstring></soapenv:Fault>',
    ),
    { kind: 'too-large', first: 299 },
  ],
  [
    500,
    envelope('<soapenv:Fault><faultstring>Maximum AXL Memory Allocation Consumed</faultstring></soapenv:Fault>'),
    { kind: 'busy' },
  ],
])('HTTP %i %s', (status, body, meaning) => {
  expect(classifyAxlAnswer(status, body)).toMatchObject(meaning);
});

test('values of parameters are not shown', () => {
  expect(withoutQueries('bad "http://x/fippa/#DEVICENAME#?id=1&password=CANARY" there; why?')).toBe(
    'bad "http://x/fippa/#DEVICENAME#?…" there; why?',
  );
});

test('records: truth in its many spellings, vendorConfig nested, what is absent', () => {
  const read = (xml: string) => parseXml(xml);
  expect(parseService(read('<s><serviceName>a</serviceName><enabled>t</enabled></s>'))).toMatchObject({
    serviceName: 'a',
    enabled: 'true',
    enterpriseSubscription: 'false',
    secureServiceUrl: '',
    parameters: [],
  });
  const nested = '<p><name>SEP1</name><vendorConfig><m><webAccess>0</webAccess></m></vendorConfig></p>';
  expect(parsePhone(read(nested))).toMatchObject({ web: { webAccess: '0', webProtocol: '' }, subscriptions: [] });
});

test('order of elements: what may be changed, and the list of subscriptions', () => {
  const [operation, content] = updateService('S', { enabled: 'true', secureServiceUrl: '', serviceUrl: 'u' });
  expect(operation).toBe('updateIpPhoneServices');
  expect(content.map(({ name }) => name)).toEqual(['serviceName', 'serviceUrl', 'secureServiceUrl', 'enabled']);
  const [, [, services]] = updateSubscriptions('SEP1', [
    { service: 'S', name: 'n', url: 'u', urlButtonIndex: '', urlLabel: '', serviceNameAscii: 'n' },
  ]);
  expect(renderRequest('x', '15.0', [services!])).toContain(
    '<service><telecasterServiceName>S</telecasterServiceName><name>n</name><url>u</url><urlLabel/><serviceNameAscii>n</serviceNameAscii></service>',
  );
  const service = parseService(null);
  expect(JSON.stringify(addService(service))).not.toContain('parameters');
});

test('names in SQL are quoted', () => {
  const [, [sql]] = selectCopies(["O'Brien', 'x"], 0, 10);
  expect(sql?.content).toContain("t.name in ('O''Brien'', ''x') order");
});
