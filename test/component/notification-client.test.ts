/** The client against servers that do everything a server should not. */

import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { PassedElement } from '../../src/domain/tap.ts';
import { createFakeClock } from '../fake-clock.ts';
import { systemInfoUpdate } from '../xmpp-user.ts';
import {
  BIND,
  type ClientRig,
  createClientRig,
  DOMAIN,
  HEADER,
  MECHANISMS,
  PASSWORD,
  ScriptedXmpp,
  SUCCESS,
  welcome,
} from './notification-rig.ts';

let server: ScriptedXmpp;
let rig: ClientRig;

afterEach(async () => {
  await rig.client.stop();
  await server.stop();
});

async function start(
  ...[answer, but, clock, tap]: [
    ConstructorParameters<typeof ScriptedXmpp>[0],
    ...(Parameters<typeof createClientRig> extends [number, ...infer Rest] ? Partial<Rest> : never),
  ]
) {
  server = new ScriptedXmpp(answer);
  rig = createClientRig(await server.start(), but, clock, tap);
  rig.confirmed();
  return rig;
}

const disconnected = async () => {
  const event = await rig.until(({ kind }) => kind === 'disconnected');
  if (event.kind !== 'disconnected') throw new Error('not disconnected');
  return event;
};
const connected = () => rig.until(({ kind }) => kind === 'connected');

const FAILURE = (condition: string) => `<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><${condition}/></failure>`;
const STREAM_ERROR = (condition: string) =>
  `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;

/** What a server says to the stream header, to the login, and to the header after it. */
function script(first: string, login = '', second = '') {
  const logins = new WeakSet<Socket>();
  return (text: string, socket: Socket) => {
    if (text.includes('<auth')) {
      logins.add(socket);
      socket.write(login);
    } else if (text.includes('<stream:stream')) socket.write(logins.has(socket) ? second : first);
  };
}

describe('a clock that is set', () => {
  it.each([-7_200_000, 7_200_000])('by %d ms neither puts the next login off nor brings it forward', async (byMs) => {
    const clock = createFakeClock();
    await start(script(STREAM_ERROR('system-shutdown')), {}, clock);
    await disconnected();
    clock.set(byMs);
    rig.confirmed();
    expect(server.heard).toHaveLength(1);
    await clock.advance(900);
    rig.confirmed();
    await server.untilHeard('<stream:stream', 1);
    expect(server.heard).toHaveLength(2);
  });
});

describe('a server that', () => {
  it.each<[string, ReturnType<typeof script>, 'lost' | 'configuration', RegExp]>([
    ['is a web server', script('HTTP/1.1 400 Bad Request\r\n\r\n'), 'lost', /no XMPP stream/],
    ['says nonsense', script('\u0000\u0001\u0002garbage'), 'lost', /no XMPP stream/],
    [
      'does not know the domain',
      script(HEADER + STREAM_ERROR('host-unknown')),
      'configuration',
      /stream error host-unknown/,
    ],
    ['is shutting down', script(HEADER + STREAM_ERROR('system-shutdown')), 'lost', /system-shutdown/],
    ['is XMPP 0.9', script(`${HEADER}<message/>`), 'configuration', /no XMPP 1.0/],
    ['offers no login', script(`${HEADER}<stream:features/>`), 'configuration', /no login by SCRAM or PLAIN/],
    [
      'sends features without end',
      script(`${HEADER}<stream:features>${'<a/>'.repeat(400_000)}`),
      'lost',
      /1 MiB|too long/,
    ],
    [
      'sends stanzas without end',
      script(HEADER + MECHANISMS + '<message/>'.repeat(1000)),
      'lost',
      /flood during the login/,
    ],
    ['defines entities', script(`<!DOCTYPE a [<!ENTITY a "${'b'.repeat(99)}">]>`), 'lost', /document type/],
    [
      'refuses the password',
      script(HEADER + MECHANISMS, FAILURE('not-authorized')),
      'configuration',
      /^not-authorized$/,
    ],
    [
      'has locked the account',
      script(HEADER + MECHANISMS, FAILURE('account-disabled')),
      'configuration',
      /account-disabled/,
    ],
    ['refuses for nothing', script(HEADER + MECHANISMS, FAILURE('not-authorized onload')), 'lost', /no XMPP stream/],
    [
      'cannot look the password up',
      script(HEADER + MECHANISMS, FAILURE('temporary-auth-failure')),
      'lost',
      /temporary/,
    ],
    [
      'demands TLS before any login',
      script(
        `${HEADER}<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>`,
      ),
      'configuration',
      /set starttls/,
    ],
    ['wants TLS', script(HEADER + MECHANISMS, FAILURE('encryption-required')), 'configuration', /set starttls/],
    [
      'challenges PLAIN',
      script(HEADER + MECHANISMS, "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</challenge>"),
      'configuration',
      /challenge/,
    ],
    [
      'binds nothing',
      script(HEADER + MECHANISMS, SUCCESS, `${HEADER + BIND}<iq type='result' id='bind'/>`),
      'configuration',
      /binds no resource/,
    ],
    [
      'has the resource taken',
      script(
        HEADER + MECHANISMS,
        SUCCESS,
        `${HEADER + BIND}<iq type='error' id='bind'><error type='cancel'><conflict/></error></iq>`,
      ),
      'configuration',
      /bind is refused: conflict/,
    ],
  ])('%s', async (_, answer, cause, words) => {
    await start(answer);
    const event = await disconnected();
    expect(event.cause).toBe(cause);
    expect(event.failure.detail).toMatch(words);
    expect(JSON.stringify([rig.reports, rig.seen])).not.toContain(PASSWORD);
    expect(rig.reports.some(({ kind }) => kind === 'connected')).toBe(false);
  });

  it('closes at once', async () => {
    await start((_, socket) => socket.destroy());
    expect(await disconnected()).toMatchObject({ cause: 'lost' });
    // The next one only after an attempt's length.
    rig.confirmed();
    rig.confirmed();
    expect(server.sockets).toHaveLength(1);
  });

  it('never answers', async () => {
    await start(() => {});
    expect((await disconnected()).failure).toEqual({ code: 'notification-timeout', detail: 'the login took too long' });
  });

  it('refuses the password: not asked again for 30 minutes', async () => {
    const clock = createFakeClock();
    await start(script(HEADER + MECHANISMS, FAILURE('not-authorized')), {}, clock);
    expect(await disconnected()).toMatchObject({ failure: { code: 'notification-login' } });
    for (let minutes = 1; minutes < 30; minutes++) {
      await clock.advance(60_000);
      rig.confirmed();
    }
    expect(server.sockets).toHaveLength(1);
    await clock.advance(60_000);
    rig.confirmed();
    await server.untilHeard('<auth', 1);
  });
});

describe('once connected', () => {
  it('nothing is asked for twice, and the resource is told', async () => {
    await start(welcome());
    await connected();
    rig.confirmed();
    await server.untilHeard("id='ping'");
    expect(server.sockets).toHaveLength(1);
    expect(server.heard[0]).toContain('<resource>ippa-proxy-u1</resource>');
    expect(server.heard[0]).toContain(`to='pubsub.${DOMAIN}'`);
  });

  it('a flood is passed over, and the connection stays', async () => {
    const update = systemInfoUpdate('IN_SERVICE').replaceAll('<', '&lt;');
    const message = `<message from='pubsub.${DOMAIN}'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='/finesse/api/SystemInfo'><item><notification xmlns='http://jabber.org/protocol/pubsub'>${update}</notification></item></items></event></message>`;
    const flood =
      message.repeat(1000) +
      '<message from="x"/>'.repeat(50_000) +
      `<message><body>${'x'.repeat(200_000)}</body></message>`;
    await start(welcome((socket) => socket.write(`${flood}<iq type='get' id='last'><query xmlns='x'/></iq>`)));
    const before = process.memoryUsage().rss;
    await server.untilHeard("<iq type='error' id='last'>");
    const counts = Map.groupBy(rig.seen, (seen) => (seen.kind === 'notification-ignored' ? seen.because : seen.kind));
    expect(counts.get('notification-status')?.length).toBeLessThanOrEqual(200);
    expect(counts.get('flood')?.length).toBeGreaterThan(40_000);
    expect(counts.get('oversized')).toHaveLength(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    expect(rig.reports.some(({ kind }) => kind === 'disconnected')).toBe(false);
  });

  it('leaves with the last word of the login is not taken for connected', async () => {
    const welcoming = welcome();
    await start((text, socket) => {
      if (!text.includes("id='bind'")) return welcoming(text, socket);
      const bound = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ippa-proxy@${DOMAIN}/r</jid></bind>`;
      socket.write(`<iq type='result' id='bind'>${bound}</iq>${STREAM_ERROR('system-shutdown')}`);
    });
    await disconnected();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(rig.reports.map(({ kind }) => kind)).toEqual(['disconnected']);
  });

  it('packs a flood into a few messages is heard no more often for it', async () => {
    const update = '<update><data><systemInfo><status>IN_SERVICE</status></systemInfo></data></update>';
    const items = `<item><notification>${update}</notification></item>`.repeat(400);
    const message = `<message from='pubsub.${DOMAIN}'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='/finesse/api/SystemInfo'>${items}</items></event></message>`;
    await start(
      welcome((socket) => socket.write(`${message.repeat(10)}<iq type='get' id='last'><query xmlns='x'/></iq>`)),
    );
    await server.untilHeard("<iq type='error' id='last'>");
    const counts = Map.groupBy(rig.seen, (seen) => (seen.kind === 'notification-ignored' ? seen.because : seen.kind));
    expect(counts.get('notification-status')?.length).toBeLessThanOrEqual(200);
    expect(counts.get('flood')?.length).toBeGreaterThan(300);
  });

  it('asks and asks and reads no answer is left, rather than remembered', async () => {
    // Each is answered by six times its length; what the system takes of that is some MiB.
    const flood = `<iq type='get' id='${'"'.repeat(1024)}'><query xmlns='x'/></iq>`.repeat(8000);
    await start(
      welcome((socket) => {
        socket.pause();
        socket.write(flood);
      }),
    );
    expect((await disconnected()).failure.detail).toBe('it asks, and does not read what it is answered');
  });

  it('a subscription that is refused is told', async () => {
    const error = `<iq type='error' id='subscribe' from='pubsub.${DOMAIN}'><error type='auth'><forbidden/></error></iq>`;
    await start(welcome((socket) => socket.write(error)));
    await server.untilHeard("id='ping'");
    await expect
      .poll(() => rig.seen)
      .toContainEqual(
        expect.objectContaining({ kind: 'notification-not-subscribed', service: 'a', condition: 'forbidden' }),
      );
  });

  it('pings of the server are answered', async () => {
    const ping = `<iq type='get' id='s1' from='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`;
    await start(welcome((socket) => socket.write(ping)));
    await server.untilHeard(`<iq type='result' id='s1' to='${DOMAIN}'/>`);
  });

  it('another client with its name: words, a new name, and not at once', async () => {
    await start(welcome((socket) => socket.write(STREAM_ERROR('conflict'))));
    expect(await disconnected()).toMatchObject({
      cause: 'configuration',
      failure: { detail: 'stream error conflict' },
    });
    rig.confirmed();
    expect(server.sockets).toHaveLength(1);
    const afterProbe = () => {
      rig.confirmed();
      return server.sockets.length;
    };
    await expect.poll(afterProbe).toBe(2);
    await server.untilHeard('<resource>ippa-proxy-u1-2</resource>', 1);
  });

  it('silence is a dead link, but not one that this process slept through', async () => {
    const clock = createFakeClock();
    let isMute = false;
    let answered = 0;
    const stanza = ({ attributes }: PassedElement) => {
      if (attributes.get('id') === 'ping') answered += 1;
    };
    const answer = welcome();
    await start(
      (text, socket) => {
        if (!isMute) answer(text, socket);
      },
      {},
      clock,
      { service: () => ({ now: clock.now, passed: () => {}, stanza }) },
    );
    // The real socket needs real time for what the fake clock does not move.
    const heardAnswers = (count: number) => expect.poll(() => answered).toBe(count);
    await heardAnswers(1);
    await clock.suspend(60_000);
    await heardAnswers(2);
    await clock.advance(1000);
    expect(rig.reports.some(({ kind }) => kind === 'disconnected')).toBe(false);
    await heardAnswers(3);
    isMute = true;
    await clock.advance(2000);
    expect((await disconnected()).failure.detail).toBe('nothing was heard for 2 s');
  });

  it('stopped, it unsubscribes even if the server does not answer any more', async () => {
    const answer = welcome();
    await start((text, socket) => answer(text.replace("id='unsubscribe'", ''), socket));
    await connected();
    const began = performance.now();
    await rig.client.stop();
    expect(performance.now() - began).toBeLessThan(5000);
    expect(server.heard[0]).toContain('<unsubscribe');
    expect(rig.reports.filter(({ kind }) => kind === 'disconnected')).toEqual([]);
  });
});

it('an address that cannot even be tried is words, and no fault of the probe that led there', async () => {
  await start(() => {}, { port: 70_000 });
  expect(await disconnected()).toMatchObject({ cause: 'configuration', failure: { code: 'notification-fault' } });
});
