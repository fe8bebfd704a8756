/** Who may do what at the ops port: tokens, sessions of browsers, TLS, the audit trail. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runStatus } from '../../src/commands/status.ts';
import type { OperatorConfig } from '../../src/config/config.ts';
import { createSessions } from '../../src/ops/sessions.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { createFakeClock } from '../fake-clock.ts';
import { request } from './checked-answers.ts';
import { OPERATORS, type OpsRig, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';

let rig: OpsRig;
const running: OpsRig[] = [];
const start = async (...over: Parameters<typeof startOps>) => {
  const started = await startOps(...over);
  running.push(started);
  return started;
};
beforeEach(async () => {
  rig = await start();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

const signIn = (token: string, to = rig) => request(to.origin).post('/session').send({ token });
/** The cookie of a new session, as a browser sends it back. */
const cookieOf = async (token: string, to = rig) => {
  const { headers } = await signIn(token, to).expect(204);
  return String(headers['set-cookie']).split(';')[0] ?? '';
};
const DRAIN = { admin: 'drain', reason: 'patching' };

describe('tokens', () => {
  it('B490 an operator who may read sees agents and the audit trail, and changes nothing', async () => {
    const bearer = `Bearer ${READ_TOKEN}`;
    await request(rig.origin).get('/devices').set('Authorization', bearer).expect(200);
    await request(rig.origin).get('/audit').set('Authorization', bearer).expect(200);
    const { body } = await request(rig.origin).post('/services/a').set('Authorization', bearer).send(DRAIN).expect(403);
    expect(body.error).toMatchObject({ code: 'may-only-read', message: expect.stringContaining('wall') });
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
  });
});

describe('sessions', () => {
  it('B491 begin with a token that is posted once, and are held by a cookie that no page can read', async () => {
    const { headers } = await signIn(READ_TOKEN).expect(204);
    const cookie = String(headers['set-cookie']);
    expect(cookie).toMatch(new RegExp(`^ippa-session-${rig.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`));
    const sent = cookie.split(';')[0] ?? '';
    const { body } = await request(rig.origin).get('/session').set('Cookie', sent).expect(200);
    expect(body).toEqual({ operator: 'wall', may: 'read' });
    await request(rig.origin).get('/devices').set('Cookie', `other=1; ${sent}`).expect(200);
    await request(rig.origin).get('/devices').expect(401);
    expect(JSON.stringify(rig.lines)).not.toContain(sent.split('=')[1]);
  });

  it('B491 end at sign-out, and an old cookie is no guess', async () => {
    const cookie = await cookieOf(TOKEN);
    await request(rig.origin).delete('/session').set('Cookie', cookie).expect(403);
    const { headers } = await request(rig.origin)
      .delete('/session')
      .set('Cookie', cookie)
      .set('Origin', rig.origin)
      .expect(204);
    expect(String(headers['set-cookie'])).toContain('Max-Age=0');
    const { body } = await request(rig.origin).get('/devices').set('Cookie', cookie).expect(401);
    expect(body.error.message).toContain('sign in again');
    expect(rig.lines.map(({ event }) => event)).toEqual(['operator-signed-in', 'operator-signed-out']);
  });

  it('B492 end half an hour after their last request, and twelve hours after they began', () => {
    const clock = createFakeClock();
    const sessions = createSessions(() => OPERATORS, clock);
    const operator = OPERATORS[0] as OperatorConfig;
    const idle = sessions.begin(operator);
    const used = sessions.begin(operator);
    void clock.suspend(29 * 60_000);
    expect(sessions.find(used, 'request')).not.toBeNull();
    // Looking is no request.
    expect(sessions.find(idle, 'look')).not.toBeNull();
    void clock.suspend(60_000);
    expect(sessions.find(idle, 'request')).toBeNull();
    for (let minutes = 30; minutes < 719; minutes += 20) {
      expect(sessions.find(used, 'request')).not.toBeNull();
      void clock.suspend(20 * 60_000);
    }
    expect(sessions.find(used, 'request')).toBeNull();
  });

  it('B492 end when the operator is gone, or has another token or right, and are bounded', () => {
    const clock = createFakeClock();
    let operators = OPERATORS;
    const sessions = createSessions(() => operators, clock, 2);
    const first = sessions.begin(OPERATORS[0] as OperatorConfig);
    const second = sessions.begin(OPERATORS[1] as OperatorConfig);
    for (let n = 0; n < 2; n++) sessions.begin(OPERATORS[0] as OperatorConfig);
    expect(sessions.find(first, 'request')).toBeNull();
    expect(sessions.find(second, 'request')).not.toBeNull();
    operators = OPERATORS.map((one) => ({ ...one, token: `${one.token}2` }));
    expect(sessions.find(second, 'request')).toBeNull();
  });

  it('B493 change something only for a page of this port', async () => {
    const cookie = await cookieOf(TOKEN);
    const post = (headers: Record<string, string>) =>
      request(rig.origin).post('/services/a').set('Cookie', cookie).set(headers).send(DRAIN);
    for (const headers of [
      {},
      { Origin: 'null' },
      { Origin: 'http://evil.example.com' },
      { Origin: `http://127.0.0.1:${rig.port + 1}` },
      { Origin: rig.origin, 'Sec-Fetch-Site': 'same-site' },
      { Origin: rig.origin, 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      const { body } = await post(headers).expect(403);
      expect(body.error.code).toBe('foreign-origin');
    }
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
    await post({ Origin: rig.origin, 'Sec-Fetch-Site': 'same-origin' }).expect(200);
    await post({ Origin: rig.origin }).expect(200);
  });

  it('B997 nothing is loaded here by a page from elsewhere: no image, script or stream, with whatever answer', async () => {
    const load = (path: string, site: string, mode: string) =>
      request(rig.origin).get(path).set({ 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode });
    for (const path of ['/health', '/console/icons/ok.svg', '/events']) {
      for (const site of ['cross-site', 'same-site']) {
        const { body } = await load(path, site, 'no-cors').expect(403);
        expect(body.error.code).toBe('foreign-origin');
      }
    }
    // A link may lead here, and what a page of this port loads is its own.
    await load('/', 'cross-site', 'navigate').expect(200);
    await load('/health', 'none', 'navigate').expect(503);
    const { headers } = await load('/health', 'same-origin', 'cors').expect(503);
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
  });

  it('B998 are none in a request with two different cookies: one of them somebody else has put there', async () => {
    const [mine, other] = [await cookieOf(TOKEN), await cookieOf(READ_TOKEN)];
    const ask = (cookie: string) => request(rig.origin).get('/session').set('Cookie', cookie);
    await ask(mine).expect(200);
    await ask(`${mine}; ${mine}`).expect(200);
    await ask(`${other}; ${mine}`).expect(401);
    await ask(`theme=dark; ${mine}`).expect(200);
  });

  it('B994 by a form, without JavaScript, begin and end for a page of this port only', async () => {
    const { text, headers } = await request(rig.origin).get('/console/sign-in').expect(200);
    expect(text).toContain('<form method="post" action="/console/sign-in">');
    // Else browsers would send `Origin: null` with the form.
    expect(headers['referrer-policy']).toBe('same-origin');
    const form = (token: string, more: Record<string, string>) =>
      request(rig.origin)
        .post('/console/sign-in')
        .set(more)
        .set('Content-Type', 'application/x-www-form-urlencoded')
        .send(`token=${encodeURIComponent(token)}`);
    for (const more of [{}, { Origin: 'null' }, { Origin: rig.origin, 'Sec-Fetch-Site': 'cross-site' }]) {
      const { headers: refused } = await form(READ_TOKEN, more).expect(403);
      expect(refused['set-cookie']).toBeUndefined();
    }
    const wrong = await form('not-a-token', { Origin: rig.origin }).expect(401);
    expect(wrong.headers['set-cookie']).toBeUndefined();
    expect(wrong.text).not.toContain('not-a-token');
    await form('x'.repeat(5000), { Origin: rig.origin }).expect(413);
    const former = await cookieOf(TOKEN);
    const began = await form(READ_TOKEN, { Origin: rig.origin, Cookie: former }).expect(303);
    expect(began.headers.location).toBe('/');
    const cookie = String(began.headers['set-cookie']).split(';')[0] ?? '';
    expect(cookie).not.toBe(former);
    // The id that there was before is worth nothing.
    await request(rig.origin).get('/session').set('Cookie', former).expect(401);
    const { body } = await request(rig.origin).get('/session').set('Cookie', cookie).expect(200);
    expect(body).toEqual({ operator: 'wall', may: 'read' });
    await request(rig.origin).post('/console/sign-out').set('Cookie', cookie).expect(403);
    await request(rig.origin).get('/session').set('Cookie', cookie).expect(200);
    await request(rig.origin).post('/console/sign-out').set('Cookie', cookie).set('Origin', rig.origin).expect(303);
    await request(rig.origin).get('/session').set('Cookie', cookie).expect(401);
    await request(rig.origin).get('/console/sign-out').expect(405);
  });

  it('B493 a page from elsewhere may not even read, whatever it sends along', async () => {
    const foreign = (path: string) => request(rig.origin).get(path).set('Origin', 'http://evil.example.com');
    await foreign('/health').expect(403);
    await foreign('/devices').set('Authorization', `Bearer ${TOKEN}`).expect(403);
    await request(rig.origin)
      .post('/session')
      .set('Origin', 'http://evil.example.com')
      .send({ token: TOKEN })
      .expect(403);
  });

  it('B494 an address that guesses is slowed down and told 429; the right token passes at once', async () => {
    const clock = createFakeClock();
    const other = await start({ clock });
    for (let n = 0; n < 10; n++) await signIn(`wrong-${n}`, other).expect(401);
    const slowed = signIn('wrong', other).expect(429);
    const ended = slowed.then(({ headers, body }) => [headers['retry-after'], body.error.code]);
    while (clock.armed() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await signIn(TOKEN, other).expect(204);
    await clock.advance(3000);
    expect(await ended).toEqual(['1', 'too-many-guesses']);
  });

  it.each([[{}], [[]], [{ token: 1 }], [{ token: TOKEN, more: 1 }]])('refuse %j', async (body) => {
    await request(rig.origin).post('/session').send(body).expect(400);
    await request(rig.origin).post('/session').send({ token: '' }).expect(401);
  });
});

describe('TLS', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ippa-ops-tls-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const writePair = async () => {
    const { cert, key } = selfSigned(['ops.example.com'], Date.now());
    const tls = { cert: join(folder, 'ops.pem'), key: join(folder, 'ops.key') };
    await Promise.all([writeFile(tls.cert, cert), writeFile(tls.key, key)]);
    return { tls, cert };
  };

  it('B495 the ops port speaks HTTPS, its cookie is Secure and bound to the host, and commands trust its certificate alone', async () => {
    const { tls, cert } = await writePair();
    const other = await start({ tls });
    const origin = `https://127.0.0.1:${other.port}`;
    const { headers } = await request(origin).post('/session').trustLocalhost().send({ token: TOKEN }).expect(204);
    const cookie = String(headers['set-cookie']);
    expect(cookie).toMatch(new RegExp(`^__Host-ippa-session-${other.port}=.*; Path=/; .*; Secure$`));
    const drain = request(origin)
      .post('/services/a')
      .trustLocalhost()
      .set('Cookie', cookie.split(';')[0] ?? '');
    await drain.set('Origin', origin).send(DRAIN).expect(200);
    expect(other.server.certificate()).toMatchObject({ listener: 'ops', subject: 'CN=ops.example.com' });

    const printed = { out: '', err: '' };
    const output = {
      stdout: (text: string) => {
        printed.out += text;
      },
      stderr: (text: string) => {
        printed.err += text;
      },
    };
    const config = join(folder, 'proxy.yaml');
    await writeFile(config, `ops: { port: ${other.port}, token: x, tls: { cert: ops.pem, key: ops.key } }\n`);
    await runStatus({ config, json: true }, output);
    expect(JSON.parse(printed.out)).toMatchObject({ services: [{ id: 'a', admin: 'drain' }, { id: 'b' }] });
    expect(await runStatus({ url: origin }, output)).toBe(1);
    expect(printed.err).toContain('its certificate is not trusted');
    await writeFile(join(folder, 'ca.pem'), cert);
    printed.err = '';
    await runStatus({ url: origin, ca: join(folder, 'ca.pem') }, output);
    // The CA is right, the name is not.
    expect(printed.err).toContain('ALTNAME');
  });

  it('B495 takes over certificates that are renewed', async () => {
    const { tls } = await writePair();
    const seen: string[] = [];
    const renewed = Promise.withResolvers<void>();
    const other = await start({
      tls,
      onCertificate: ({ kind }) => {
        seen.push(kind);
        renewed.resolve();
      },
    });
    await writePair();
    other.server.reconfigure(tls);
    await renewed.promise;
    expect(seen).toEqual(['renewed']);
    await request(`https://127.0.0.1:${other.port}`).get('/livez').trustLocalhost().expect(200);
  });
});

describe('the audit trail', () => {
  it('B496 says who did what, when, from where and why, newest first', async () => {
    const bearer = `Bearer ${TOKEN}`;
    await signIn(READ_TOKEN).expect(204);
    await request(rig.origin).post('/services/a').set('Authorization', bearer).send(DRAIN).expect(200);
    const audit = async (query = '') =>
      (await request(rig.origin).get(`/audit${query}`).set('Authorization', bearer).expect(200)).body.entries;
    const entries = await audit();
    const at = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(entries).toEqual([
      { at, who: 'token', from: '127.0.0.1', action: 'drain', service: 'a', reason: 'patching', proxy: null },
      { at, who: 'wall', from: '127.0.0.1', action: 'sign-in', service: null, reason: null, proxy: null },
    ]);
    expect(await audit(`?since=${new Date(Date.now() + 1000).toISOString()}`)).toEqual([]);
    await request(rig.origin).get('/audit?since=yesterday').set('Authorization', bearer).expect(400);
    await request(rig.origin).get('/audit').expect(401);
  });
});

describe('the audit trail in a folder', () => {
  it('B496 survives a restart, is added to only, and is bounded', async () => {
    const { createAuditTrail } = await import('../../src/records/audit.ts');
    const folder = await mkdtemp(join(tmpdir(), 'ippa-audit-'));
    try {
      const clock = createFakeClock();
      const write = async (names: readonly string[]) => {
        const trail = createAuditTrail({ clock, report: () => {}, maxEntries: { changes: 3, sessions: 3, phones: 3 } });
        trail.read(folder);
        trail.begin();
        for (const who of names) {
          trail.handlers['operator-session']?.({
            kind: 'operator-session',
            at: 1,
            who,
            address: null,
            change: 'sign-in',
          });
        }
        await trail.stop();
        return trail.since(0).map(({ who }) => who);
      };
      expect(await write(['one', 'two'])).toEqual(['one', 'two']);
      expect(await write(['three', 'four'])).toEqual(['two', 'three', 'four']);
      expect(await write([])).toEqual(['two', 'three', 'four']);
      expect(await readFile(join(folder, 'audit.jsonl'), 'utf8')).not.toContain('"one"');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
