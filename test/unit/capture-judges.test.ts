/** What `capture report` must not conclude: false alarms, and proofs that are none. */
import { describe, expect, it } from 'vitest';
import { readHar } from '../../src/capture/read-har.ts';
import { type CaptureReport, createReport, renderText } from '../../src/capture/report.ts';
import { renderHtml } from '../../src/capture/report-html.ts';

interface Exchange {
  readonly leg?: string;
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer?: Readonly<Record<string, string>>;
  readonly page?: string;
  readonly posted?: string;
  readonly status?: number;
  readonly error?: string;
  readonly exchange?: number;
}

const DEVICE = 'SEP0A0B0C0D0E0F';
const HOME = `<CiscoIPPhoneText><SoftKeyItem><Name>Ready</Name><URL>/fippa/${DEVICE}/ready</URL></SoftKeyItem></CiscoIPPhoneText>`;
const FORM = `<CiscoIPPhoneInput><URL>/fippa/${DEVICE}/signin</URL><InputItem><QueryStringParam>id</QueryStringParam><InputFlags>A</InputFlags></InputItem><InputItem><QueryStringParam>password</QueryStringParam><InputFlags>AP</InputFlags></InputItem></CiscoIPPhoneInput>`;
const COOKIE = { 'Set-Cookie': 'JSESSIONID=ZX; Path=/fippa' };
const NOTES = {
  ...{
    format: 1,
    devices: [DEVICE],
    listeners: ['http://proxy.example:8080'],
    keepNames: false,
    dropped: 0,
    withheld: 0,
  },
  services: [{ id: 'a', cluster: 'a', url: 'https://fin.example:8445', names: ['alias.example'] }],
};

const list = (headers: Readonly<Record<string, string>> = {}) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

function reportOf(exchanges: readonly Exchange[], notes: object | null = NOTES): CaptureReport {
  const entries = exchanges.map(
    ({ leg, method = 'GET', url, headers, answer, page, posted, status = 200, error, exchange }, index) => ({
      startedDateTime: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
      time: 3,
      request: {
        ...{ method, url, headers: list(headers) },
        ...(posted === undefined ? {} : { postData: { mimeType: 'application/x-www-form-urlencoded', text: posted } }),
      },
      response: {
        status,
        headers: list({ 'Content-Type': 'text/xml; charset=utf-8', ...answer }),
        content: { text: page ?? HOME },
      },
      ...(error === undefined ? {} : { _error: error }),
      ...(leg === undefined ? {} : { _ippa: { leg, exchange, device: leg === 'push-in' ? null : DEVICE } }),
    }),
  );
  const log = {
    version: '1.2',
    creator: { name: 'x', version: '1' },
    entries,
    ...(notes === null ? {} : { _ippa: notes }),
  };
  const read = readHar(JSON.stringify({ log }));
  if (!read.ok) throw new Error(read.problem);
  return createReport('x.har', read.traffic);
}
const row = ({ rows }: CaptureReport, id: string) => rows.find((one) => one.id === id);

const phone = (path: string, over: Partial<Exchange> = {}): Exchange => ({
  ...{ leg: 'phone', url: `http://proxy.example:8080/a/fippa/${DEVICE}${path}`, ...over },
});
const finesse = (path: string, over: Partial<Exchange> = {}): Exchange => ({
  ...{ leg: 'finesse', url: `https://fin.example:8445/fippa/${DEVICE}${path}`, ...over },
});

describe('B875 what is missing in the file is `not seen`', () => {
  it('a push without its body says nothing of its shape', () => {
    const report = reportOf([{ leg: 'push-in', method: 'POST', url: 'http://proxy.example/CGI/Execute' }]);
    expect(report.reading.reading).toBe('a');
    expect(report.reading.found).not.toContain('no host');
    expect(row(report, 'A15')).toMatchObject({ verdict: 'not seen', found: expect.stringContaining('body') });
  });
});

describe('B876 reading `(b)` needs proof', () => {
  const opened = phone('', { headers: { 'User-Agent': 'phone' } });
  it('a phone that has opened the service fetches a page that nothing led to', () => {
    const report = reportOf([opened, phone('/calldata', { headers: { 'User-Agent': 'phone' } })]);
    expect(report.reading).toMatchObject({ reading: 'b', found: expect.not.stringContaining('Finesse itself') });
  });
  it('the name of Finesse itself is one with its port', () => {
    const fetched = (host: string) =>
      reportOf([opened, phone('/calldata', { url: `https://${host}/fippa/${DEVICE}/calldata` })]).reading.found;
    for (const host of ['fin.example:8445', 'alias.example:8445']) expect(fetched(host)).toContain('Finesse itself');
    expect(fetched('fin.example:9999')).not.toContain('Finesse itself');
  });
  it.each<[string, readonly Exchange[]]>([
    ['/logout by hand', [opened, phone('/logout')]],
    ['a form that was posted', [opened, phone('/signin', { method: 'POST', posted: 'id=1' })]],
    ['a page from before the capture', [phone('/home'), phone('/calldata'), phone('/other')]],
    ['another program', [opened, phone('/calldata', { headers: { 'User-Agent': 'curl' } })]],
    ['a page that was there before', [opened, phone('/ready'), phone(''), phone('/ready')]],
  ])('is `not seen` for %s', (_, exchanges) => {
    const { reading } = reportOf(exchanges);
    expect(reading.reading).toBe('unknown');
    expect(reading.configure).toContain('Take a call');
  });
});

describe('B877 a session on the device name (A18) is judged while somebody is signed in', () => {
  const signedIn = [
    finesse('', { page: FORM, answer: COOKIE }),
    finesse('/signin?id=1&password=Z', { headers: { Cookie: 'JSESSIONID=ZX' } }),
  ];
  it.each<[string, string, readonly Exchange[]]>([
    ['opened again: home', 'holds', [...signedIn, finesse('')]],
    ['opened again: the form', 'does not hold', [...signedIn, finesse('', { page: FORM })]],
    [
      '/logout without a session',
      'not seen',
      [finesse('', { page: FORM, answer: COOKIE }), finesse('/logout', { page: FORM })],
    ],
    [
      'the password comes with it',
      'not seen',
      [finesse('', { page: FORM, answer: COOKIE }), finesse('/signin', { method: 'POST', posted: 'id=1&password=Z' })],
    ],
    ['One Button Sign In', 'not seen', [...signedIn, finesse('?id=1&password=Z')]],
    [
      'signed out before',
      'not seen',
      [
        ...signedIn,
        finesse('/signout?reason=1', { page: FORM, headers: { Cookie: 'JSESSIONID=ZX' } }),
        finesse('', { page: FORM }),
      ],
    ],
  ])('%s: %s', (_, verdict, exchanges) => {
    expect(row(reportOf(exchanges), 'A18')?.verdict).toBe(verdict);
  });
});

describe('B884 names are those of a server as the proxy itself decides it', () => {
  const system = (host: string, primary = host): Exchange => ({
    ...{ leg: 'probe', url: 'https://fin.example:8445/finesse/api/SystemInfo' },
    page: `<SystemInfo><status>IN_SERVICE</status><primaryNode><host>${primary}</host></primaryNode><xmppDomain>${host}</xmppDomain></SystemInfo>`,
  });
  const naming = (origin: string, ...more: readonly Exchange[]) =>
    row(reportOf([...more, finesse('', { page: HOME.replace('/fippa', `${origin}/fippa`) })]), 'A5');

  it.each([
    ['https://fin.example:8445', 'holds'],
    ['http://fin.example:8082', 'holds'],
    ['http://alias.example:8082', 'holds'],
    ['http://fin.example:9000', 'does not hold'],
    ['http://own.example:8082', 'holds'],
    ['http://other.example:8082', 'does not hold'],
  ])('%s: %s', (origin, verdict) => {
    expect(naming(origin, system('own.example'))?.verdict).toBe(verdict);
  });
  it('a name that it reports and that is neither of its pair is not believed', () => {
    expect(naming('http://own.example:8082', system('own.example', 'fin.example'))?.verdict).toBe('does not hold');
  });
  it('a push is held against the same names', () => {
    const xml = `<CiscoIPPhoneExecute><ExecuteItem URL="http://fin.example:9000/fippa/${DEVICE}/x"/></CiscoIPPhoneExecute>`;
    const push: Exchange = {
      ...{ leg: 'push-in', method: 'POST', url: 'http://proxy.example/CGI/Execute' },
      posted: `XML=${encodeURIComponent(xml)}`,
    };
    const report = reportOf([system('own.example'), push]);
    expect(row(report, 'A16')).toMatchObject({ verdict: 'does not hold', found: expect.stringContaining(':9000') });
    expect(report.reading.found).toContain('no configured name');
  });
  it('a redirect is followed where the capture shows it', () => {
    const redirect = { status: 302, page: '', answer: { Location: `/fippa/${DEVICE}/home` }, exchange: 1 };
    const found = (...next: readonly Exchange[]) => row(reportOf([finesse('/x', redirect), ...next]), 'A13')?.found;
    expect(found(finesse('/home', { exchange: 1 }))).toContain('the proxy follows');
    expect(found(finesse('/home', { exchange: 2 }))).toContain('has not followed');
  });
});

describe('B885 what a server does not do is seen too', () => {
  it('no cookie is none too many, and without any a bare URL that is known shows what a session hangs on', () => {
    const signedIn = [finesse('', { page: FORM }), finesse('/signin?id=1&password=Z')];
    const report = reportOf([...signedIn, finesse('/ready'), finesse('')]);
    expect([row(report, 'A12'), row(report, 'A18')]).toMatchObject([{ verdict: 'holds' }, { verdict: 'holds' }]);
    expect(row(report, 'A18')?.shownBy).toEqual([4]);
    expect(row(reportOf([...signedIn, finesse('', { page: FORM })]), 'A18')?.verdict).toBe('does not hold');
    expect(row(reportOf([...signedIn, finesse('/ready')]), 'A18')?.verdict).toBe('not seen');
  });
  it('an answer that never came was not in time', () => {
    const late = finesse('/ready', { status: 0, page: '', error: 'timeout' });
    const found = row(reportOf([finesse(''), late]), 'A27');
    expect(found).toMatchObject({ verdict: 'does not hold', shownBy: [2], found: expect.stringContaining('/ready') });
  });
});

describe('B878 the report', () => {
  it('prints no value of a `parameter` or cookie that it finds in a file of another program', () => {
    const report = reportOf(
      [
        {
          url: `http://pbx/fippa/${DEVICE}?pin=4711canary&name=canary`,
          answer: { 'Set-Cookie': 'SSO=canary; Path=/x', Refresh: '5; url=http://pbx/x?pin=canary' },
        },
        {
          url: `http://pbx/fippa/${DEVICE}/x;sid=canary;v=1.canary/y;t=canary?pin=canary`,
          answer: { Location: 'http://user:canary@else/x?token=canary' },
        },
      ],
      null,
    );
    for (const text of [renderText(report), renderHtml(report), JSON.stringify(report)]) {
      expect(text).not.toContain('canary');
      expect(text).toContain('pin=');
      expect(text).toContain('Set-Cookie: SSO=');
    }
  });
  it('says what to do for an alias that is a pseudonym: `--keep-names`', () => {
    const report = reportOf([finesse('', { page: HOME.replace('/fippa', 'http://odd.example/fippa') })]);
    expect(row(report, 'A5')?.ifNot).toContain('--keep-names');
    expect(row(report, 'A16')?.ifNot).toContain('--keep-names');
  });
  it('blames a phone for no push that it was never sent', () => {
    const push = { leg: 'push-in', method: 'POST', url: 'http://proxy.example/CGI/Execute' } as const;
    const refused = '<CiscoIPPhoneError Number="4"/>';
    expect(row(reportOf([{ ...push, page: refused }]), 'A17')?.verdict).toBe('not seen');
    expect(row(reportOf([push, { ...push, leg: 'push-out', page: refused }]), 'A17')?.verdict).toBe('does not hold');
  });
});
