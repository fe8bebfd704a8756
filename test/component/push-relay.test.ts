import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AUTHORIZATION,
  DEVICE,
  execute,
  listen,
  type PushRig,
  type PushRigOptions,
  pushForm,
  startPhone,
  startPushRig,
  type TestPhone,
  type TestServer,
  USER,
} from '../push-rig.ts';
import { fetchRaw } from '../rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
const start = async (options: PushRigOptions): Promise<PushRig> => {
  const rig = await startPushRig(options);
  stops.push(() => rig.stop());
  return rig;
};
const phoneWithWeb = async (): Promise<TestPhone> => {
  const phone = await startPhone();
  stops.push(() => phone.stop());
  return phone;
};
/** A phone's web server that answers as told and keeps what it got. */
const fakePhone = async (answer: Parameters<typeof listen>[0]): Promise<TestServer> => {
  const server = await listen(answer);
  stops.push(() => server.stop());
  return server;
};

const FORM = { 'content-type': 'application/x-www-form-urlencoded', authorization: AUTHORIZATION };
const FINESSE_A = 'https://finesse-a.example.com:8445';
const PAGE = `${FINESSE_A}/fippa/${DEVICE}/home`;
const signIn = `/a/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`;
const errorOf = (body: string) => /<CiscoIPPhoneError Number="(\d)"\/>/.exec(body)?.[1];
const aliases: Pick<PushRigOptions, 'config'> = {
  config: (config) => ({
    ...config,
    clusters: config.clusters.map((cluster) => ({
      ...cluster,
      services: cluster.services.map((service) => ({ ...service, aliases: [`finesse-${service.id}.example.com`] })),
    })),
  }),
};

describe('a call that Finesse pushes to where the request came from', () => {
  it('B121 B131 reaches the screen of the phone through the proxy, and so does its end', async () => {
    const { phone, web, next } = await phoneWithWeb();
    const rig = await start({ phonePort: web.port });
    await phone.open(`${rig.phones}${signIn}`);
    const called = next(({ title, text }) => `${title}${text}`.includes('07115550100'));
    rig.finesse[0]?.call(DEVICE, '07115550100');
    const screen = await called;
    expect(screen.url).toContain(`${rig.phones}/a/fippa/${DEVICE}`);
    expect(phone.violations).toEqual([]);
    const over = next(({ text }) => !text.includes('07115550100'));
    rig.finesse[0]?.hangup(DEVICE);
    await over;
    // The phone may show what it was pushed before its answer to the push is with the proxy.
    await expect
      .poll(async () => (await rig.get(`${rig.ops}/metrics`)).body)
      .toContain('ippa_push_relays_total{service="a",outcome="delivered"} 2');
    expect(rig.logged()).not.toContain(USER.password);
    expect(rig.logged()).not.toContain(AUTHORIZATION.slice(6));
  });
});

describe('a push', () => {
  it.each([
    ['of a client that escapes spaces as +', pushForm(execute(PAGE)).replaceAll('%20', '+'), {}],
    [
      'with a charset in its type',
      pushForm(execute(PAGE)),
      { 'content-type': 'Application/X-WWW-Form-URLencoded; charset=UTF-8' },
    ],
    ['with other fields beside it', `a=b&${pushForm(execute(PAGE))}&c`, {}],
    [
      'with an XML declaration and line breaks',
      pushForm(`<?xml version="1.0" encoding="UTF-8"?>\n${execute(PAGE)}\n`),
      {},
    ],
    [
      'that is called XML and not escaped',
      `XML=${execute(`${PAGE}?a=1&amp;b=2`)}\n`,
      { 'content-type': 'text/xml; charset:ISO-8859-1' },
    ],
    ['that waits for 100 Continue', pushForm(execute(PAGE)), { expect: '100-continue' }],
    ['with a name of the server in capitals', pushForm(execute(PAGE.replace('finesse-a', 'FINESSE-A'))), {}],
    [
      'that is shown itself',
      pushForm(`<CiscoIPPhoneText><SoftKeyItem><Name>x</Name><URL>${PAGE}</URL></SoftKeyItem></CiscoIPPhoneText>`),
      {},
    ],
  ])('B121 %s arrives with its credentials and a URL of the proxy', async (_what, body, headers) => {
    const seen: { authorization: string | undefined; body: string }[] = [];
    const phone = await fakePhone(async (req, res) => {
      let text = '';
      for await (const chunk of req) text += chunk;
      seen.push({ authorization: req.headers.authorization, body: text });
      res.writeHead(200, { 'Content-Type': 'text/xml' }).end('<CiscoIPPhoneResponse/>');
    });
    const rig = await start({ phonePort: phone.port, ...aliases });
    await rig.get(signIn);
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, { ...FORM, ...headers }, body);
    expect(answer).toMatchObject({ status: 200, body: '<CiscoIPPhoneResponse/>' });
    expect(answer.headers['content-type']).toBe('text/xml');
    expect(seen).toHaveLength(1);
    expect(seen[0]?.authorization).toBe(AUTHORIZATION);
    const xml = new URLSearchParams(seen[0]?.body).get('XML') ?? '';
    expect(xml).toContain(`${rig.phones}/a/fippa/${DEVICE}/home`);
    expect(xml).not.toContain('finesse-a');
    for (const field of ['a=b', 'c']) expect(seen[0]?.body.split('&').includes(field)).toBe(body.startsWith('a=b'));
  });

  it('reaches a phone that has only asked for the sign-in form', async () => {
    const { phone, web, next } = await phoneWithWeb();
    const rig = await start({ phonePort: web.port, ...aliases });
    const form = await phone.open(`${rig.phones}/a/fippa/${DEVICE}`);
    expect(form.inputs.length).toBeGreaterThan(0);
    const shown = next(({ url }) => url?.endsWith('/home') === true);
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, FORM, pushForm(execute(PAGE)));
    expect(answer.body).toContain('Status="0"');
    await shown;
  });

  it('B122 gets the answer of the phone unchanged, whatever it is', async () => {
    let [status, body, type] = [200, '', 'text/xml'];
    const phone = await fakePhone((_req, res) => {
      res.writeHead(status, { 'Content-Type': type, 'WWW-Authenticate': 'Basic realm="phone"' }).end(body);
    });
    const rig = await start({ phonePort: phone.port, ...aliases });
    await rig.get(signIn);
    for (const [each, text, contentType, outcome] of [
      [
        200,
        '<CiscoIPPhoneResponse><ResponseItem Status="0" Data="" URL=""/></CiscoIPPhoneResponse>',
        'text/xml',
        'delivered',
      ],
      [200, '<CiscoIPPhoneError Number="4"/>', 'text/xml; charset=utf-8', 'push-credentials'],
      [200, '<CiscoIPPhoneError Number="1"/>', 'text/xml', 'push-refused'],
      [401, 'no', 'text/html', 'push-credentials'],
    ] as const) {
      [status, body, type] = [each, text, contentType];
      const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, FORM, pushForm(execute(PAGE)));
      expect(answer).toMatchObject({ status: each, body: text });
      expect(answer.headers['content-type']).toBe(contentType);
      expect(answer.headers['www-authenticate']).toBe('Basic realm="phone"');
      const metrics = (await rig.get(`${rig.ops}/metrics`)).body;
      expect(metrics).toMatch(new RegExp(`ippa_push_relays_total\\{service="a",outcome="${outcome}"\\} [1-9]`));
    }
  });

  it('with wrong credentials is refused by the phone itself', async () => {
    const { phone, web } = await phoneWithWeb();
    const rig = await start({ phonePort: web.port, ...aliases });
    await phone.open(`${rig.phones}${signIn}`);
    const headers = { ...FORM, authorization: `Basic ${Buffer.from('x:y').toString('base64')}` };
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, headers, pushForm(execute(PAGE)));
    expect(errorOf(answer.body)).toBe('4');
    const { authorization: _none, ...without } = FORM;
    expect(errorOf((await fetchRaw(`${rig.pushUrl}/CGI/Execute`, without, pushForm(execute(PAGE)))).body)).toBe('4');
  });

  it('B124 goes to no other address than that of its device, and is posted once', async () => {
    let hits = 0;
    const phone = await fakePhone((req) => {
      hits += 1;
      req.socket.destroy();
    });
    const rig = await start({ phonePort: phone.port, ...aliases });
    await rig.get(signIn);
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, FORM, pushForm(execute(PAGE)));
    expect(errorOf(answer.body)).toBe('2');
    expect(hits).toBe(1);
  });
});

/** A request from another address of this machine; Linux has all of 127.0.0.0/8. */
const getFrom = (localAddress: string, url: string) =>
  new Promise<void>((resolve, reject) => {
    const call = request(url, { localAddress, agent: false }, (response) => response.resume().on('end', resolve));
    call.on('error', reject).end();
  });

// Other systems have no loopback address but 127.0.0.1.
describe.runIf(process.platform === 'linux')('a device name that another address claims', () => {
  const answer = (name: string, got: string[]) => async (req: IncomingMessage, res: ServerResponse) => {
    for await (const _ of req);
    got.push(name);
    res.writeHead(200, { 'Content-Type': 'text/xml' }).end('<CiscoIPPhoneResponse/>');
  };
  const setUp = async () => {
    const got: string[] = [];
    const phone = await fakePhone(answer('phone', got));
    const claimant = await listen(answer('claimant', got), '127.0.0.2', phone.port);
    stops.push(() => claimant.stop());
    const rig = await start({ phonePort: phone.port, ...aliases });
    await rig.get(signIn);
    const push = () => fetchRaw(`${rig.pushUrl}/CGI/Execute`, FORM, pushForm(execute(PAGE)));
    return { got, phone, rig, push };
  };
  const changes = (rig: PushRig) =>
    rig.lines.filter(({ event, level }) => event === 'phone-address' && level === 'info');

  it('B126 gets no pushes while the phone is where it was', async () => {
    const { got, rig, push } = await setUp();
    await getFrom('127.0.0.2', `${rig.phones}/a/fippa/${DEVICE}`);
    await push();
    expect(got).toEqual(['phone']);
    expect(changes(rig)).toEqual([]);
  });

  it('B126 gets them when the phone is gone from there', async () => {
    const { got, phone, rig, push } = await setUp();
    await phone.stop();
    await getFrom('127.0.0.2', `${rig.phones}/a/fippa/${DEVICE}`);
    while (changes(rig).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await push();
    expect(got).toEqual(['claimant']);
    expect(changes(rig)).toMatchObject([{ device: DEVICE, from: '127.0.0.1', to: '127.0.0.2', reason: 'old-gone' }]);
  });

  it('B126 gets them when the agent signs in there', async () => {
    const { got, rig, push } = await setUp();
    await rig.get(`/a/fippa/${DEVICE}/logout`);
    await getFrom('127.0.0.2', `${rig.phones}${signIn}`);
    await push();
    expect(got).toEqual(['claimant']);
    expect(changes(rig)).toMatchObject([{ reason: 'sign-in' }]);
  });
});

describe('a push that cannot be relayed gets the error of a phone, and is counted', () => {
  const cases: readonly [code: string, error: string, body: string, path?: string][] = [
    ['push-unknown-device', '3', pushForm(execute(PAGE.replace(DEVICE, 'SEP999999999999')))],
    ['push-no-device', '1', pushForm(execute('Init:Services'))],
    ['push-no-device', '1', pushForm(execute('https://elsewhere.example.com/fippa/SEP1'))],
    ['push-no-device', '1', pushForm(execute(`/fippa/${DEVICE}`))],
    [
      'push-no-device',
      '1',
      pushForm(
        `<CiscoIPPhoneExecute><ExecuteItem URL="${PAGE}"/><ExecuteItem URL="${FINESSE_A}/fippa/SEP2"/></CiscoIPPhoneExecute>`,
      ),
    ],
    ['push-malformed', '1', pushForm('<CiscoIPPhoneExecute>')],
    ['push-malformed', '1', pushForm('<html/>')],
    ['push-malformed', '1', `xml=${encodeURIComponent(execute(PAGE))}`],
    ['push-malformed', '1', `${pushForm(execute(PAGE))}&${pushForm(execute(PAGE))}`],
    ['push-malformed', '1', ''],
    ['push-malformed', '1', pushForm(execute(PAGE)), '/cgi/execute'],
    ['push-malformed', '1', pushForm(execute(PAGE)), `/a/fippa/${DEVICE}`],
    ['push-too-large', '1', pushForm(execute(PAGE).replace('/>', `/>${' '.repeat(41_000)}`))],
    ['push-too-large', '1', `XML=${'%20'.repeat(60_000)}`],
    ['push-phone-gone', '3', pushForm(execute(PAGE))],
  ];
  it.each(cases)('B123 %s: error %s', async (code, error, body, path = '/CGI/Execute') => {
    const rig = await start({ phonePort: 1, ...aliases });
    await rig.get(signIn);
    const answer = await fetchRaw(`${rig.pushUrl}${path}`, FORM, body);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/xml; charset=utf-8');
    expect(errorOf(answer.body)).toBe(error);
    const metrics = (await rig.get(`${rig.ops}/metrics`)).body;
    expect(metrics).toContain(`outcome="${code}"} 1`);
    expect(rig.lines.filter(({ event }) => event === 'push-failed').map((line) => line.code)).toEqual([code]);
  });

  it('a phone that does not answer in time', async () => {
    const phone = await fakePhone(() => {});
    const rig = await start({ phonePort: phone.port, push: { timeoutMs: 1000 }, ...aliases });
    await rig.get(signIn);
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, FORM, pushForm(execute(PAGE)));
    expect(errorOf(answer.body)).toBe('2');
    expect(rig.lines.filter(({ event }) => event === 'push-failed').map((line) => line.code)).toEqual([
      'push-phone-slow',
    ]);
  });

  it('B120 from an address that is not in pushFrom', async () => {
    const rig = await start({
      phonePort: 1,
      config: (config) => ({
        ...config,
        clusters: config.clusters.map((cluster) => ({
          ...cluster,
          services: cluster.services.map((service) => ({ ...service, pushFrom: ['10.1.1.0/24'] })),
        })),
      }),
    });
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, FORM, pushForm(execute(PAGE)));
    expect(errorOf(answer.body)).toBe('4');
    expect(rig.lines.filter(({ event }) => event === 'push-failed').map((line) => line.code)).toEqual(['push-source']);
  });

  it('B120 what is no request at all, and phone listeners take none', async () => {
    const rig = await start({ phonePort: 1 });
    const answer = await fetchRaw(`${rig.pushUrl}/CGI/Execute`, {});
    expect(errorOf(answer.body)).toBe('1');
    expect((await rig.get('/CGI/Execute')).body).toContain('<CiscoIPPhoneText>');
  });
});
