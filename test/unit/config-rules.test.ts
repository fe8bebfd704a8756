import { describe, expect, test } from 'vitest';
import { ENCRYPTED_KEY, OTHER_CERTIFICATE, OTHER_KEY, PROXY_CERTIFICATE, PROXY_KEY } from './config-certificates.ts';
import { change, load, problemsOf, VALID } from './config-files.ts';

const LISTENER = '{ host: 127.0.0.1, port: 8082 }';
const SERVICE_A = '{ id: a, name: Finesse A, url: "https://finesse-a.example.com:8445" }';

/** VALID with something more in service a. */
const serviceA = (more: string) => change(SERVICE_A, `${SERVICE_A.slice(0, -2)}, ${more} }`);
/** VALID with networks (line 2) and something under push (line 10). */
const pushing = (flow: string) => `${change('phones:\n', 'phones:\n  networks: [10.20.0.0/16]\n')}push: { ${flow} }\n`;
const listener = (flow: string) => change(LISTENER, flow);

interface Rule {
  readonly title: string;
  readonly text: string;
  readonly line: number;
  readonly key: string;
  readonly found: string;
  /** Part of what is allowed. */
  readonly allowed: string;
}

function rule(title: string, text: string, line: number, key: string, found: string, allowed: string): Rule {
  return { title, text, line, key, found, allowed };
}

const rules: readonly Rule[] = [
  // Fronts
  rule(
    'the PROXY protocol of nobody',
    listener('{ host: 127.0.0.1, port: 8082, proxyProtocol: true }'),
    3,
    'phones.listeners[0].proxyProtocol',
    'true, and nobody in phones.trustedFronts',
    'once its fronts are named there',
  ),
  // Pushes
  rule(
    'push listeners without networks',
    `${VALID}push: { listeners: [{ port: 80 }] }\n`,
    1,
    'phones.networks',
    'nothing',
    'where phones are',
  ),
  rule(
    'own pushes without networks',
    `${VALID}push: { username: u, password: p }\n`,
    1,
    'phones.networks',
    'nothing',
    'where phones are',
  ),
  rule('push user without a password', pushing('username: u'), 10, 'push.password', 'nothing', 'or neither'),
  rule('push password without a user', pushing('password: p'), 10, 'push.username', 'nothing', 'or neither'),
  rule(
    'push user with a colon',
    pushing('username: "u:v", password: p'),
    10,
    'push.username',
    '"u:v"',
    'without a colon',
  ),
  rule('onVerdict without a user', pushing('onVerdict: true'), 10, 'push.onVerdict', 'true', 'push.username'),
  rule('push priority', pushing('priority: 3'), 10, 'push.priority', '3 (number, not in quotes)', '0, 1 or 2'),
  rule('push scheme', pushing('phoneScheme: ftp'), 10, 'push.phoneScheme', '"ftp"', 'http or https'),
  rule('push timeout', pushing('timeout: 31s'), 10, 'push.timeout', '"31s"', '100ms to 30s'),
  rule(
    'push listener on a port that is taken',
    pushing('listeners: [{ port: 8082 }]'),
    10,
    'push.listeners[0].port',
    '8082 on "0.0.0.0", which phones.listeners[0] already takes',
    'an address and port of its own',
  ),
  rule(
    'pushFrom that is no network',
    serviceA('pushFrom: [finesse-a.example.com]'),
    7,
    'clusters[0].services[0].pushFrom[0]',
    '"finesse-a.example.com"',
    'an IP address or a block',
  ),
  // Types and ranges
  rule(
    'port as text',
    listener('{ host: 127.0.0.1, port: "8082" }'),
    3,
    'phones.listeners[0].port',
    '"8082"',
    '0 to 65535',
  ),
  rule(
    'port too large',
    listener('{ host: 127.0.0.1, port: 65536 }'),
    3,
    'phones.listeners[0].port',
    '65536 (number, not in quotes)',
    '0 to 65535',
  ),
  rule('port missing', listener('{ host: 127.0.0.1 }'), 3, 'phones.listeners[0].port', 'nothing', '0 to 65535'),
  rule(
    'host in brackets',
    listener('{ host: "[::1]", port: 1 }'),
    3,
    'phones.listeners[0].host',
    '"[::1]"',
    'without brackets',
  ),
  rule(
    'no listeners',
    listener('').replace('    - \n', '').replace('listeners:', 'listeners: []'),
    2,
    'phones.listeners',
    'an empty list',
    'at least one listener',
  ),
  rule(
    'duration without a unit',
    `${VALID}reconnect: { interval: 5 }\n`,
    9,
    'reconnect.interval',
    '5 (number, not in quotes)',
    'such as 5s, 500ms, 2m or 12h',
  ),
  rule(
    'answerWithin too long',
    change('phones:\n', 'phones:\n  answerWithin: 11s\n'),
    2,
    'phones.answerWithin',
    '"11s"',
    '500ms to 10s',
  ),
  rule(
    'answerWithin too short',
    change('phones:\n', 'phones:\n  answerWithin: 499ms\n'),
    2,
    'phones.answerWithin',
    '"499ms"',
    '500ms to 10s',
  ),
  rule(
    'no attempts',
    `${VALID}reconnect: { attempts: 0 }\n`,
    9,
    'reconnect.attempts',
    '0 (number, not in quotes)',
    '1 to 100',
  ),
  rule('level', `${VALID}log: { level: trace }\n`, 9, 'log.level', '"trace"', 'debug, info, warn or error'),
  rule(
    'language',
    `${VALID}pages: { languages: [english] }\n`,
    9,
    'pages.languages[0]',
    '"english"',
    'en, de or pt-BR',
  ),
  rule(
    'a help line of two lines',
    `${VALID}pages: { help: "Help desk:\\n4711" }\n`,
    9,
    'pages.help',
    '"Help desk:\\u{A}4711"',
    'text of 1 to 64 characters',
  ),
  rule('no language', `${VALID}pages: { languages: [] }\n`, 9, 'pages.languages', 'an empty list', 'at least one'),
  rule(
    'language twice',
    `${VALID}pages: { languages: [en, de, EN] }\n`.replace('EN', 'en'),
    9,
    'pages.languages[2]',
    '"en" a second time',
    'once',
  ),
  rule(
    'network',
    change('phones:\n', 'phones:\n  networks: [10.20.0.0/33]\n'),
    2,
    'phones.networks[0]',
    '"10.20.0.0/33"',
    '10.20.0.0/16',
  ),
  rule(
    'front',
    change('phones:\n', 'phones:\n  trustedFronts: [lb.example.com]\n'),
    2,
    'phones.trustedFronts[0]',
    '"lb.example.com"',
    'IP address',
  ),
  rule(
    'section of the wrong kind',
    `${VALID}ops: 8090\n`,
    9,
    'ops',
    '8090 (number, not in quotes)',
    'host, port, token',
  ),
  // Names
  rule(
    'id too long',
    change('id: a,', 'id: abcdefghijklmnopq,'),
    7,
    'clusters[0].services[0].id',
    '"abcdefghijklmnopq"',
    '1 to 16',
  ),
  rule('id fippa', change('id: a,', 'id: Fippa,'), 7, 'clusters[0].services[0].id', '"Fippa"', 'not fippa or CGI'),
  rule('id CGI', change('id: main', 'id: cgi'), 5, 'clusters[0].id', '"cgi"', 'not fippa or CGI'),
  rule(
    'id as number',
    change('id: a,', 'id: 1,'),
    7,
    'clusters[0].services[0].id',
    '1 (number, not in quotes)',
    'text',
  ),
  rule(
    'id twice',
    change('id: b,', 'id: a,'),
    8,
    'clusters[0].services[1].id',
    '"a", which clusters[0].services[0] already has',
    'no other cluster or service',
  ),
  rule(
    'id of the cluster',
    change('id: b,', 'id: main,'),
    8,
    'clusters[0].services[1].id',
    '"main", which clusters[0] already has',
    'no other cluster or service',
  ),
  rule(
    'name too long',
    change('Finesse A', 'x'.repeat(33)),
    7,
    'clusters[0].services[0].name',
    `"${'x'.repeat(33)}"`,
    '1 to 32',
  ),
  rule(
    'name with a control character',
    change('Finesse A', '"Finesse\\e[31m"'),
    7,
    'clusters[0].services[0].name',
    '"Finesse\\u{1B}[31m"',
    'control characters',
  ),
  rule(
    'name twice',
    change('Finesse B', 'Finesse A'),
    8,
    'clusters[0].services[1].name',
    '"Finesse A", which clusters[0].services[0] already has',
    'no other service',
  ),
  // Addresses
  rule(
    'url with a path',
    change('a.example.com:8445', 'a.example.com:8445/fippa/'),
    7,
    'clusters[0].services[0].url',
    '"https://finesse-a.example.com:8445/fippa/"',
    'no path',
  ),
  rule(
    'url with a query',
    change('a.example.com:8445', 'a.example.com:8445/?x=secret'),
    7,
    'clusters[0].services[0].url',
    '"https://finesse-a.example.com:8445/?…"',
    'no path',
  ),
  rule(
    'url with credentials',
    change('finesse-a.', 'admin:secret@finesse-a.'),
    7,
    'clusters[0].services[0].url',
    '"…@finesse-a.example.com:8445"',
    'credentials',
  ),
  rule(
    'url with another scheme',
    change('https://finesse-a', 'ftp://finesse-a'),
    7,
    'clusters[0].services[0].url',
    '"ftp://finesse-a.example.com:8445"',
    'http:// or https://',
  ),
  rule(
    'same server twice',
    change('finesse-b', 'FINESSE-A'),
    8,
    'clusters[0].services[1].url',
    '"https://FINESSE-A.example.com:8445", the same server as clusters[0].services[0]',
    'of its own',
  ),
  rule(
    'alias',
    serviceA('aliases: [ok, "no/path"]'),
    7,
    'clusters[0].services[0].aliases[1]',
    '"no/path"',
    'host:port',
  ),
  rule(
    'publicUrl missing',
    listener('{ host: 0.0.0.0, port: 8082 }'),
    3,
    'phones.listeners[0].publicUrl',
    'nothing',
    '"0.0.0.0" is not loopback',
  ),
  rule(
    'publicUrl with a path',
    listener('{ host: 127.0.0.1, port: 1, publicUrl: "http://x/y" }'),
    3,
    'phones.listeners[0].publicUrl',
    '"http://x/y"',
    'no path',
  ),
  rule(
    'publicUrl of nowhere',
    listener('{ host: 0.0.0.0, port: 1, publicUrl: "http://0.0.0.0:1" }'),
    3,
    'phones.listeners[0].publicUrl',
    '"http://0.0.0.0:1"',
    'can reach',
  ),
  rule(
    'https without tls',
    listener('{ host: 127.0.0.1, port: 1, publicUrl: "https://x" }'),
    3,
    'phones.listeners[0].publicUrl',
    '"https://x"',
    'http://, or tls with cert and key',
  ),
  rule(
    'service of a listener',
    listener('{ host: 127.0.0.1, port: 1, service: c }'),
    3,
    'phones.listeners[0].service',
    '"c"',
    'a, b',
  ),
  rule(
    'one port twice',
    change(LISTENER, `${LISTENER}\n    - ${LISTENER}`),
    4,
    'phones.listeners[1].port',
    '8082 on "127.0.0.1", which phones.listeners[0] already takes',
    'of its own',
  ),
  rule(
    'a wildcard takes it too',
    change(LISTENER, `${LISTENER}\n    - { host: "::", port: 8082, publicUrl: "http://x" }`),
    4,
    'phones.listeners[1].port',
    '8082 on "::", which phones.listeners[0] already takes',
    'of its own',
  ),
  rule(
    'the port of ops',
    `${VALID}ops: { port: 8082 }\n`,
    9,
    'ops.port',
    '8082 on "127.0.0.1", which phones.listeners[0] already takes',
    'of its own',
  ),
  rule(
    'an operator called as whoever has ops.token',
    `${VALID}ops: { operators: [{ name: token, token: x, may: set }] }\n`,
    9,
    'ops.operators[0].name',
    '"token"',
    'another name',
  ),
  rule(
    'two operators of one name',
    `${VALID}ops: { operators: [{ name: kim, token: x, may: set }, { name: kim, token: y, may: set }] }\n`,
    9,
    'ops.operators[1].name',
    '"kim", which ops.operators[0] already has',
    'a name that no other operator has',
  ),
  rule('ops for everyone', `${VALID}ops: { host: 0.0.0.0 }\n`, 9, 'ops.token', 'nothing', 'not loopback'),
  // Probes
  rule(
    'timeout and interval',
    serviceA('probe: { interval: 3s, timeout: 3s }'),
    7,
    'clusters[0].services[0].probe.timeout',
    '"3s"',
    'less than probe.interval, which is 3s',
  ),
  rule(
    'timeout and reconnect',
    `${serviceA('probe: { interval: 9s, timeout: 6s }')}reconnect: { interval: 6s }\n`,
    7,
    'clusters[0].services[0].probe.timeout',
    '"6s"',
    'less than reconnect.interval, which is 6s',
  ),
  rule(
    'user without password',
    serviceA('probe: { username: x }'),
    7,
    'clusters[0].services[0].probe.password',
    'nothing',
    'both',
  ),
  rule(
    'probe url',
    serviceA('probe: { url: "https://u:p@x/y" }'),
    7,
    'clusters[0].services[0].probe.url',
    '"…@x/y"',
    'without credentials',
  ),
  rule(
    'fingerprint',
    serviceA('tls: { fingerprints: [AA:BB] }'),
    7,
    'clusters[0].services[0].tls.fingerprints[0]',
    '"AA:BB"',
    '32 pairs',
  ),
  // Keys
  rule(
    'unknown key',
    change('listeners:', 'listners:').replace('host', 'host'),
    2,
    'phones.listners',
    'an unknown key',
    'did you mean listeners?',
  ),
  rule(
    'a store that is nowhere',
    `${VALID}store: { redis: {} }\n`,
    9,
    'store.redis',
    'neither url nor sentinels',
    'one of the two',
  ),
  rule(
    'Sentinels whose master has no name',
    `${VALID}store: { redis: { sentinels: [{ host: sentinel-1 }] } }\n`,
    9,
    'store.redis.name',
    'nothing',
    'what the Sentinels call the master',
  ),
  rule(
    'a store in two ways',
    `${VALID}store: { redis: { url: "redis://store", sentinels: [{ host: sentinel-1 }], name: ippa } }\n`,
    9,
    'store.redis.sentinels',
    'sentinels beside url',
    'one of the two',
  ),
  rule(
    'the name of a master without Sentinels',
    `${VALID}store: { redis: { url: "redis://store", name: ippa } }\n`,
    9,
    'store.redis.name',
    'a value without sentinels',
    'nothing, beside url',
  ),
  rule(
    'TLS to a server that is named without',
    `${VALID}store: { redis: { url: "redis://store", tls: {} } }\n`,
    9,
    'store.redis.url',
    '"redis://store" beside tls',
    'rediss://',
  ),
  rule(
    'a user of the store without a password',
    `${VALID}store: { redis: { url: "redis://store", username: ippa } }\n`,
    9,
    'store.redis.password',
    'nothing',
    'the password of username',
  ),
  rule(
    'credentials in the URL of the store',
    `${VALID}store: { redis: { url: "redis://ippa:hunter2@store" } }\n`,
    9,
    'store.redis.url',
    '"…@store"',
    'or credentials',
  ),
  rule(
    'a notification without an account',
    serviceA('notification: {}'),
    7,
    'clusters[0].services[0].notification.username',
    'nothing',
    'text of 1 to 128 characters',
  ),
  rule(
    'a notification that is unencrypted without saying so',
    serviceA('notification: { username: proxy, password: x, tls: false }'),
    7,
    'clusters[0].services[0].notification.tls',
    'false (boolean, not in quotes)',
    'direct, starttls or unencrypted',
  ),
  rule(
    'a full JID as the account',
    serviceA('notification: { username: proxy@finesse-a, password: x }'),
    7,
    'clusters[0].services[0].notification.username',
    '"…@finesse-a"',
    'without any of @',
  ),
  rule(
    'a dead link that would be noticed late',
    serviceA('notification: { username: proxy, password: x, deadAfter: 30s }'),
    7,
    'clusters[0].services[0].notification.deadAfter',
    '"30s"',
    '10s',
  ),
  // Files
  rule(
    'no such certificate',
    listener('{ host: 127.0.0.1, port: 1, tls: { cert: none.pem, key: proxy.key } }'),
    3,
    'phones.listeners[0].tls.cert',
    '"none.pem", which does not exist',
    'can be read',
  ),
  rule(
    'no certificate in it',
    listener('{ host: 127.0.0.1, port: 1, tls: { cert: proxy.key, key: proxy.key } }'),
    3,
    'phones.listeners[0].tls.cert',
    '"proxy.key", a file without a readable certificate',
    'PEM',
  ),
  rule(
    'no key in it',
    listener('{ host: 127.0.0.1, port: 1, tls: { cert: proxy.pem, key: proxy.pem } }'),
    3,
    'phones.listeners[0].tls.key',
    '"proxy.pem": a file without a private key',
    'private key',
  ),
  rule(
    'key with a passphrase',
    listener('{ host: 127.0.0.1, port: 1, tls: { cert: proxy.pem, key: encrypted.key } }'),
    3,
    'phones.listeners[0].tls.key',
    '"encrypted.key": a key with a passphrase',
    'without a passphrase',
  ),
  rule(
    'key of another',
    listener('{ host: 127.0.0.1, port: 1, tls: { cert: proxy.pem, key: other.key } }'),
    3,
    'phones.listeners[0].tls.key',
    '"other.key", the key of another certificate',
    'the private key of "proxy.pem"',
  ),
  rule(
    'http with tls',
    listener('{ host: 127.0.0.1, port: 1, publicUrl: "http://x", tls: { cert: proxy.pem, key: proxy.key } }'),
    3,
    'phones.listeners[0].publicUrl',
    '"http://x"',
    'https://',
  ),
  rule(
    'ca is a folder',
    serviceA('tls: { ca: . }'),
    7,
    'clusters[0].services[0].tls.ca',
    '".", which is a folder',
    'can be read',
  ),
  rule(
    'ca without a certificate',
    serviceA('tls: { ca: broken.pem }'),
    7,
    'clusters[0].services[0].tls.ca',
    '"broken.pem", a file without a readable certificate',
    'PEM',
  ),
  rule(
    'no such folder',
    `${VALID}pages: { folder: none }\n`,
    9,
    'pages.folder',
    '"none", which does not exist',
    'folder',
  ),
  rule(
    'state in a file',
    `${VALID}state: { folder: proxy.pem }\n`,
    9,
    'state.folder',
    '"proxy.pem", which is not a folder',
    'folder',
  ),
  // Secrets
  rule(
    'token as a number',
    `${VALID}ops: { token: 4711 }\n`,
    9,
    'ops.token',
    'a value that is not printed',
    '{ env: NAME }',
  ),
  rule(
    'token of the wrong shape',
    `${VALID}ops: { token: { evn: HIDDEN } }\n`,
    9,
    'ops.token',
    'a key that is not printed',
    '{ env: NAME }',
  ),
  rule(
    'a key beside env, which may be the secret itself',
    `${VALID}ops: { token: { env: HOME, HIDDEN } }\n`,
    9,
    'ops.token',
    'a key that is not printed',
    '{ env: NAME }',
  ),
  rule(
    'variable not set',
    `${VALID}ops: { token: { env: NOT_SET } }\n`,
    9,
    'ops.token',
    'the environment variable "NOT_SET", which is not set',
    'set',
  ),
  rule(
    'secret file missing',
    serviceA('probe: { username: x, password: { file: none } }'),
    7,
    'clusters[0].services[0].probe.password',
    '"none", which does not exist',
    'can be read',
  ),
  rule(
    'secret file empty',
    `${VALID}ops: { token: { file: empty } }\n`,
    9,
    'ops.token',
    'the file "empty", which is empty',
    'secret',
  ),
];

const FILES = {
  'proxy.pem': PROXY_CERTIFICATE,
  'proxy.key': PROXY_KEY,
  'other.pem': OTHER_CERTIFICATE,
  'other.key': OTHER_KEY,
  'encrypted.key': ENCRYPTED_KEY,
  'broken.pem': PROXY_CERTIFICATE.replace(/\n.{20}/, '\nAAAA'),
  empty: '\n',
};

describe('each rule says where, what was found and what is allowed', () => {
  test.each(rules)('$title', async ({ text, line, key, found, allowed }) => {
    const problems = await problemsOf(text, FILES, { env: {} });
    const match = problems.find((problem) => problem.key === key && problem.found === found);
    expect(match ?? problems).toMatchObject({ line, key, found });
    expect(match?.allowed).toContain(allowed);
    expect(match?.message).toBe(`found ${match?.found}; allowed: ${match?.allowed}`);
  });
});

test('a valid configuration and each test of a rule differ in that rule only', async () => {
  expect(await load(VALID)).toMatchObject({ ok: true, warnings: [] });
});

test('two front doors', async () => {
  const second = '  - { id: two, frontDoor: true, services: [{ id: c, name: C, url: "https://c.example.com" }] }\n';
  const text = change('  - id: main\n', '  - id: main\n    frontDoor: true\n') + second;
  expect(await problemsOf(text)).toMatchObject([{ line: 10, key: 'clusters[1].frontDoor' }]);
});

test('the same name in two clusters is fine', async () => {
  const second = '  - { id: two, services: [{ id: c, name: Finesse A, url: "https://c.example.com" }] }\n';
  expect(await load(VALID + second)).toMatchObject({ ok: true });
});

test('all errors at once, in the order of the file, whatever kind they are', async () => {
  const text = `phones:
  listners: []
  listeners:
    - { host: 0.0.0.0, port: 8082 }
  answerWithin: 1m
ops: { host: 0.0.0.0, port: x }
clusters:
  - id: fippa
    services:
      - { id: a, name: A, url: "https://x/y", tls: { ca: none.pem } }
      - { id: a, name: A, url: 5 }
reconnect: 5s
`;
  const problems = await problemsOf(text);
  expect(problems.map(({ line, key }) => `${line} ${key}`)).toEqual([
    '2 phones.listners',
    '4 phones.listeners[0].publicUrl',
    '5 phones.answerWithin',
    '6 ops.token',
    '6 ops.port',
    '8 clusters[0].id',
    '10 clusters[0].services[0].url',
    '10 clusters[0].services[0].tls.ca',
    '11 clusters[0].services[1].id',
    '11 clusters[0].services[1].name',
    '11 clusters[0].services[1].url',
    '12 reconnect',
  ]);
});
