import { afterEach, expect, test } from 'vitest';
import { parseXml, type XmlElement } from '../../src/simulators/finesse/xml.ts';
import { createFinesse, type Finesse, type FinesseOptions, OptionError } from '../../src/simulators/finesse.ts';
import { phoneModels } from '../../src/simulators/phone/models.ts';
import { Phone } from '../../src/simulators/phone/phone.ts';
import { runPhones } from '../../src/simulators/phones/crowd.ts';
import { ask } from './simulated-finesse-client.ts';

const DEVICE = 'SEP001122334455';
const running: Finesse[] = [];
afterEach(async () => {
  for (const finesse of running.splice(0)) await finesse.stop();
});

async function start(options: FinesseOptions = {}): Promise<Finesse> {
  const finesse = createFinesse({ name: 'fin-a.example.com', peer: 'fin-b.example.com', ...options });
  running.push(finesse);
  await finesse.start();
  return finesse;
}

async function page(finesse: Finesse, path: string): Promise<XmlElement> {
  const answer = await ask(`${finesse.url}/fippa/${DEVICE}${path}`);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/xml; charset=utf-8');
  expect(Number(answer.headers['content-length'])).toBe(Buffer.byteLength(answer.body));
  const root = parseXml(answer.body);
  checkLimits(root);
  return root;
}

const ORDER = ['Title', 'Prompt', 'SoftKeyItem', 'KeyItem', 'Text', 'URL', 'InputItem', 'MenuItem'];

/** The schema's order and limits (reference/phone-xml.md §1). */
function checkLimits(root: XmlElement): void {
  const places = root.children.map((child) => ORDER.indexOf(child.name));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(text(root, 'Title').length).toBeLessThanOrEqual(32);
  expect(text(root, 'Prompt').length).toBeLessThanOrEqual(32);
  for (const item of root.children.filter((child) => child.name.endsWith('Item')))
    expect(text(item, 'URL').length).toBeLessThanOrEqual(256);
}

function text(element: XmlElement, name: string): string {
  return element.children.find((child) => child.name === name)?.text ?? '';
}

function keys(root: XmlElement): Record<string, string> {
  const items = root.children.filter((child) => child.name === 'SoftKeyItem');
  return Object.fromEntries(items.map((item) => [text(item, 'Name'), text(item, 'URL')]));
}

async function signIn(finesse: Finesse, id = '1001', password = 'cisco', extension = '2001'): Promise<XmlElement> {
  return page(finesse, `/signin?id=${id}&password=${password}&extension=${extension}`);
}

async function systemInfo(finesse: Finesse): Promise<Record<string, string>> {
  const answer = await ask(`${finesse.url}/finesse/api/SystemInfo`);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toContain('application/xml');
  const root = parseXml(answer.body);
  expect(root.name).toBe('SystemInfo');
  const flat = root.children.map((child) => [child.name, child.children.length > 0 ? text(child, 'host') : child.text]);
  return Object.fromEntries(flat);
}

test('SystemInfo holds every documented field', async () => {
  const finesse = await start();
  const info = await systemInfo(finesse);
  expect(info).toMatchObject({
    status: 'IN_SERVICE',
    statusReason: '',
    lastCTIHeartbeatStatus: 'success',
    finesseMMode: '',
    primaryNode: 'fin-a.example.com',
    secondaryNode: 'fin-b.example.com',
    xmppDomain: 'fin-a.example.com',
    xmppPubSubDomain: 'pubsub.fin-a.example.com',
    uri: '/finesse/api/SystemInfo',
    deploymentType: 'UCCE',
    systemAuthMode: 'NON_SSO',
  });
  const others =
    'currentTimestamp ctiServers ctiVersion ctiHeartbeatInterval ctiMMode ctiTimeInMMode finesseTimeInMMode';
  const rest = 'lastSuccessCTIHeartbeatTime license peripheralId timezoneOffset';
  for (const name of `${others} ${rest}`.split(' ')) expect(info).toHaveProperty(name);
});

test('the second server of a pair is the secondary node; release 12.5 lacks what came later', async () => {
  const finesse = await start({
    name: 'fin-b.example.com',
    peer: 'fin-a.example.com',
    role: 'secondary',
    release: '12.5',
  });
  const info = await systemInfo(finesse);
  expect(info).toMatchObject({ primaryNode: 'fin-a.example.com', secondaryNode: 'fin-b.example.com' });
  for (const name of ['finesseMMode', 'ctiMMode', 'ctiServers']) expect(info).not.toHaveProperty(name);
});

test('a single server has an empty secondary host', async () => {
  const finesse = await start({ peer: undefined });
  expect(await systemInfo(finesse)).toMatchObject({ secondaryNode: '' });
});

test('SystemInfo may ask for credentials', async () => {
  const finesse = await start({ secureSystemInfo: true });
  const url = `${finesse.url}/finesse/api/SystemInfo`;
  const bare = await ask(url);
  expect([bare.status, bare.headers['www-authenticate']]).toEqual([401, 'Basic realm="Cisco Finesse"']);
  expect((await ask(url, { auth: '1001:wrong' })).status).toBe(401);
  expect((await ask(url, { auth: '1001:cisco' })).status).toBe(200);
});

test('the entry is a sign-in form whose URLs name the server itself, whatever the Host header says', async () => {
  const finesse = await start();
  const form = await page(finesse, '');
  expect(form.name).toBe('CiscoIPPhoneInput');
  expect(keys(form)).toEqual({ SignIn: 'SoftKey:Submit', '<<': 'SoftKey:<<', Exit: 'SoftKey:Exit' });
  expect(text(form, 'URL')).toBe(`http://fin-a.example.com:${finesse.port}/fippa/${DEVICE}/signin`);
  const fields = form.children.filter((child) => child.name === 'InputItem');
  expect(fields.map((field) => text(field, 'QueryStringParam'))).toEqual(['id', 'password', 'extension']);
  expect(fields.map((field) => text(field, 'DefaultValue'))).toEqual(['', '', '']);
});

test('an 8875 gets real URLs alone, and can sign in, choose a reason and sign out with them', async () => {
  const finesse = await start({ baseUrl: 'host', notReadyReasons: [{ code: '7', label: 'Lunch' }] });
  const phone = new Phone({ device: DEVICE, model: 'CP-8875' });
  await phone.open(`${finesse.url}/fippa/${DEVICE}`);
  phone.fill({ id: '1001', password: 'cisco', extension: '2001' });
  await phone.submit();
  expect(finesse.agents.map(({ device }) => device)).toContain(DEVICE);
  await phone.press('NotReady');
  expect(phone.page?.kind).toBe('CiscoIPPhoneMenu');
  await phone.choose(1);
  expect(phone.page?.kind).toBe('CiscoIPPhoneText');
  await phone.press('SignOut');
  await phone.choose(1);
  expect(phone.page?.kind).toBe('CiscoIPPhoneInput');
  expect(phone.violations).toEqual([]);
});

test('many phones are of all models, the 8875 among them, and find nothing wrong', async () => {
  const finesse = await start({ baseUrl: 'host' });
  const stop = new AbortController();
  const summary = runPhones(
    {
      ...{ url: `${finesse.url}/fippa/`, count: phoneModels.length, forMs: 60_000, everyMs: 500, signIn: null },
      ...{ choose: 'none', models: [], firstDevice: 1, language: 'en', answerWithinMs: 60_000, trust: {} },
    },
    stop,
  );
  const models = () => new Set(finesse.requests.map(({ headers }) => headers['x-ciscoipphonemodelname']));
  while (models().size < phoneModels.length) await finesse.nextRequest();
  stop.abort();
  expect(models()).toContain('CP-8875');
  expect((await summary).violations).toEqual({});
});

test('URLs follow the Host header, or are path-absolute, when told so', async () => {
  const byHost = await start({ baseUrl: 'host' });
  expect(text(await page(byHost, ''), 'URL')).toBe(`${byHost.url}/fippa/${DEVICE}/signin`);
  const relative = await start({ relativeUrls: true });
  expect(text(await page(relative, ''), 'URL')).toBe(`/fippa/${DEVICE}/signin`);
  const given = await start({ baseUrl: 'https://other.example.com:8445' });
  expect(text(await page(given, ''), 'URL')).toBe(`https://other.example.com:8445/fippa/${DEVICE}/signin`);
});

test('what One Button Sign In supplies is filled in; all three parameters sign in at once', async () => {
  const finesse = await start();
  const form = await page(finesse, '?extension=2001&id=1001');
  const fields = form.children.filter((child) => child.name === 'InputItem');
  expect(fields.map((field) => text(field, 'DefaultValue'))).toEqual(['1001', '', '2001']);
  const home = await page(finesse, '?id=1001&extension=2001&password=cisco');
  expect(text(home, 'Prompt')).toBe('1001 Not Ready');
});

test('a wrong password says so; five lock the account, silently, for five minutes from the last try', async () => {
  let now = Date.UTC(2026, 0, 5);
  const finesse = await start({ now: () => now });
  for (let attempt = 1; attempt <= 5; attempt += 1)
    expect(text(await signIn(finesse, '1001', 'wrong'), 'Text')).toBe('The ID or the password is wrong.');
  now += 299_000;
  expect(text(await signIn(finesse), 'Text')).toBe('The ID or the password is wrong.');
  now += 299_000;
  expect(text(await signIn(finesse), 'Text')).toBe('The ID or the password is wrong.');
  now += 300_000;
  expect(text(await signIn(finesse), 'Prompt')).toBe('1001 Not Ready');
});

test('an unknown extension, one in use and missing fields are told apart', async () => {
  const finesse = await start();
  expect(text(await signIn(finesse, '1001', 'cisco', '9999'), 'Text')).toBe('The extension is not valid.');
  expect(text(await page(finesse, '/signin?id=1001&password='), 'Text')).toBe('Enter ID, password and extension.');
  await ask(`${finesse.url}/fippa/SEP000000000002?id=1002&password=cisco&extension=2001`);
  expect(text(await signIn(finesse), 'Text')).toBe('The extension is in use by another agent.');
});

test('an agent goes ready, not ready with a reason and signs out; each request that changes a state counts', async () => {
  const finesse = await start();
  const home = await signIn(finesse);
  expect(Object.keys(keys(home))).toEqual(['Ready', 'NotReady', 'SignOut', 'Exit']);
  expect(keys(home).Ready).toBe(`http://fin-a.example.com:${finesse.port}/fippa/${DEVICE}/ready`);
  expect(text(await page(finesse, '/ready'), 'Prompt')).toBe('1001 Ready');
  await page(finesse, '/ready');
  expect(text(await page(finesse, '/signout'), 'Prompt')).toBe('Not signed out');
  const reasons = await page(finesse, '/notready');
  const items = reasons.children.filter((child) => child.name === 'MenuItem');
  expect(reasons.name).toBe('CiscoIPPhoneMenu');
  expect(text(items[1]!, 'URL')).toMatch(/\/notready\?reason=2$/);
  expect(text(await page(finesse, '/notready?reason=2'), 'Text')).toContain('Not Ready - Break');
  expect((await page(finesse, '/signout')).name).toBe('CiscoIPPhoneMenu');
  expect((await page(finesse, '/signout?reason=10')).name).toBe('CiscoIPPhoneInput');
  const done = finesse.actions.map(({ action, reason }) => [action, reason]);
  expect(done).toEqual([
    ['SIGN_IN', null],
    ['READY', null],
    ['READY', null],
    ['NOT_READY', '2'],
    ['LOGOUT', '10'],
  ]);
});

test('without reasons none is asked', async () => {
  const finesse = await start({ notReadyReasons: [], signOutReasons: [] });
  await signIn(finesse);
  expect(text(await page(finesse, '/notready'), 'Prompt')).toBe('1001 Not Ready');
  expect((await page(finesse, '/signout')).name).toBe('CiscoIPPhoneInput');
});

test('a bare logout needs no password and answers with the sign-in form', async () => {
  const finesse = await start();
  await signIn(finesse);
  expect((await page(finesse, '/logout')).name).toBe('CiscoIPPhoneInput');
  expect((await page(finesse, '/ready')).name).toBe('CiscoIPPhoneInput');
});

test('a call shows with its data, what was pressed meanwhile comes after it', async () => {
  const finesse = await start();
  await signIn(finesse);
  const changed: unknown[] = [];
  finesse.on('screen-changed', (change) => changed.push(change));
  finesse.call(DEVICE, '0711555');
  expect(text(await page(finesse, '/home'), 'Text')).toContain('Caller: 0711555');
  expect(text(await page(finesse, '/calldata'), 'Text')).toMatch(/^Caller\n {2}0711555\nQueue\n/);
  expect(text(await page(finesse, '/wrapup'), 'Text')).toContain('Then: Wrap-up');
  finesse.hangup('1001');
  expect(text(await page(finesse, '/home'), 'Prompt')).toBe('1001 Wrap-up');
  expect(() => finesse.hangup('1001')).toThrow('has no call');
  expect(() => finesse.call('SEP999999999999', '1')).toThrow('Nobody is signed in');
  const url = `http://fin-a.example.com:${finesse.port}/fippa/${DEVICE}/home`;
  expect(changed).toEqual([
    { device: DEVICE, url },
    { device: DEVICE, url },
  ]);
});

test('the session hangs on the device name, not on the cookie; sign-in elsewhere moves the agent', async () => {
  const finesse = await start();
  const answer = await ask(`${finesse.url}/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`);
  expect(String(answer.headers['set-cookie'])).toMatch(/^JSESSIONID=[0-9A-F]{32}; Path=\/fippa; HttpOnly$/);
  const again = await ask(`${finesse.url}/fippa/${DEVICE};jsessionid=X`, { headers: { cookie: 'JSESSIONID=X' } });
  expect(again.headers['set-cookie']).toBeUndefined();
  expect(again.body).toContain('1001 Not Ready');
  await ask(`${finesse.url}/fippa/SEP000000000002?id=1001&password=cisco&extension=2001`);
  expect((await page(finesse, '')).name).toBe('CiscoIPPhoneInput');
});

test('home pages may refresh themselves; those that answer an action are expired; cookies may be off', async () => {
  const finesse = await start({ refreshSeconds: 5, cookies: false });
  const url = `${finesse.url}/fippa/${DEVICE}`;
  const entered = await ask(`${url}?id=1001&password=cisco&extension=2001`);
  expect(entered.headers.refresh).toBe(`5; url=http://fin-a.example.com:${finesse.port}/fippa/${DEVICE}/home`);
  expect(entered.headers.expires).toBe('Thu, 01 Jan 2015 00:00:00 GMT');
  expect(entered.headers['set-cookie']).toBeUndefined();
  expect((await ask(`${url}/home`)).headers.expires).toBeUndefined();
});

test('pages keep their limits for long names and other charsets', async () => {
  const agents = [{ id: '7', password: 'p', extension: '70', name: 'Jürgen <Łukasz> & Søn'.repeat(20) }];
  const finesse = await start({ name: `${'x'.repeat(80)}.example.com`, agents, charset: 'iso-8859-1' });
  const answer = await ask(`${finesse.url}/fippa/${DEVICE}?id=7&password=p&extension=70`, { encoding: 'latin1' });
  expect(answer.headers['content-type']).toBe('text/xml; charset=iso-8859-1');
  expect(answer.body).toContain('Jürgen &lt;?ukasz&gt; &amp; Søn');
  checkLimits(parseXml(answer.body));
});

test('a form may be posted', async () => {
  const finesse = await start();
  const answer = await ask(`${finesse.url}/fippa/${DEVICE}/signin`, {
    method: 'POST',
    body: 'id=1001&password=cisco&extension=2001',
  });
  expect(answer.body).toContain('1001 Not Ready');
  expect(finesse.requests.at(-1)?.body).toContain('password=cisco');
});

test('other paths and methods get the HTML of an application server', async () => {
  const finesse = await start();
  for (const [path, method, status] of [
    ['/', 'GET', 404],
    ['/fippa', 'GET', 404],
    ['/fippa/a%2Fb', 'GET', 404],
    [`/fippa/${DEVICE}`, 'PUT', 405],
  ] as const) {
    const answer = await ask(finesse.url + path, { method });
    expect([path, answer.status, answer.headers['content-type']]).toEqual([path, status, 'text/html;charset=utf-8']);
  }
});

test('agents read and change their own state by REST, and their phone is told', async () => {
  const finesse = await start();
  await signIn(finesse);
  const url = `${finesse.url}/finesse/api/User/1001`;
  const put = (body: string, auth = '1001:cisco') => ask(url, { method: 'PUT', body, auth });
  expect(text(parseXml((await ask(url, { auth: '1001:cisco' })).body), 'state')).toBe('NOT_READY');
  expect((await ask(url)).status).toBe(401);
  expect((await put('<User><state>READY</state></User>', '1002:cisco')).status).toBe(403);
  const told = new Promise((resolve) => finesse.once('screen-changed', resolve));
  expect((await put('<User><state>READY</state></User>')).status).toBe(202);
  await told;
  expect((await put('<User><state>DANCING</state></User>')).status).toBe(400);
  expect((await put('<User><state>READY</state>')).status).toBe(400);
  expect((await put('<User><state>LOGOUT</state><logoutAllMedia>true</logoutAllMedia></User>')).status).toBe(202);
  expect((await page(finesse, '/home')).name).toBe('CiscoIPPhoneInput');
  expect((await put('<User><state>LOGIN</state><extension>2001</extension></User>')).status).toBe(202);
  expect(finesse.actions.map((action) => action.via)).toEqual(['fippa', 'rest', 'rest', 'rest']);
});

test('every request is kept as it came, and can be awaited', async () => {
  const finesse = await start();
  const next = finesse.nextRequest((request) => request.target.includes('/ready'));
  await ask(`${finesse.url}/fippa/${DEVICE}/home`);
  await ask(`${finesse.url}/fippa/${DEVICE}/ready?x=1`, { headers: { 'X-Test': 'yes' } });
  const seen = await next;
  expect(seen).toMatchObject({ number: 2, method: 'GET', target: `/fippa/${DEVICE}/ready?x=1`, fault: 'none' });
  expect(seen.headers['x-test']).toBe('yes');
  expect(seen.peerAddress).toBe('127.0.0.1');
});

test('over TLS with a certificate of its own, and a plain port that redirects there', async () => {
  const finesse = await start({ tls: true, httpPort: 0 });
  expect(finesse.url).toMatch(/^https:/);
  const options = { ca: finesse.certificate!, servername: 'fin-a.example.com' };
  const answer = await ask(`${finesse.url}/fippa/${DEVICE}`, options);
  expect(answer.body).toContain(`https://fin-a.example.com:${finesse.port}/fippa/${DEVICE}/signin`);
  expect(String(answer.headers['set-cookie'])).toContain('; Secure');
  expect((await ask(`${finesse.url}/fippa/${DEVICE}`, { ca: finesse.certificate! })).status).toBe(200);
  await expect(ask(`${finesse.url}/fippa/${DEVICE}`)).rejects.toThrow(/self.signed/);
  const plain = await ask(`http://127.0.0.1:${finesse.httpPort}/fippa/${DEVICE}?id=1001`);
  expect([plain.status, plain.headers.location]).toEqual([
    302,
    `https://fin-a.example.com:${finesse.port}/fippa/${DEVICE}?id=1001`,
  ]);
  expect(finesse.requests.at(-1)?.listener).toBe('redirect');
});

test('bad options are refused in plain words', () => {
  expect(() => createFinesse({ port: 70_000 })).toThrow(OptionError);
  expect(() => createFinesse({ baseUrl: 'ftp://x' })).toThrow('--base-url: ftp://x is not an origin');
  expect(() => createFinesse({ tls: { cert: 'missing.pem', key: 'missing.pem' } })).toThrow('--tls-cert: missing.pem');
  expect(() => createFinesse({ agents: [] })).toThrow('at least one agent');
});

test('changes are pushed to the address of the last request, or to a configured one', async () => {
  const phone = await start({ name: 'phone' });
  const push = { username: 'ipphone', password: 'secret', port: phone.port };
  const finesse = await start({ push });
  await signIn(finesse);
  const arrived = phone.nextRequest();
  finesse.call(DEVICE, '0711555');
  const { method, target, headers, body } = await arrived;
  expect([method, target]).toEqual(['POST', '/CGI/Execute']);
  expect(headers.authorization).toBe(`Basic ${Buffer.from('ipphone:secret').toString('base64')}`);
  const execute = parseXml(new URLSearchParams(body).get('XML') ?? '');
  const item = { Priority: '0', URL: `http://fin-a.example.com:${finesse.port}/fippa/${DEVICE}/home` };
  expect([execute.name, execute.children[0]?.attributes]).toEqual(['CiscoIPPhoneExecute', item]);

  const addresses = { [DEVICE]: `localhost:${phone.port}` };
  const other = await start({ push: { username: 'u', password: 'p', addresses } });
  await signIn(other);
  const pushed = new Promise((resolve) => other.once('pushed', resolve));
  other.call(DEVICE, '1');
  expect(await pushed).toMatchObject({ device: DEVICE, address: `localhost:${phone.port}`, status: 404 });
});
