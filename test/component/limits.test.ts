/** Bad clients beside phones that behave: real sockets, each phone and each offender with a loopback address of its own. */

import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { DEFAULT_LIMITS, type PhoneLimits } from '../../src/config/limits.ts';
import { type Rig, startRig } from '../rig.ts';
import { openRaw, type RawClient } from './raw-sockets.ts';

let rig: Rig;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig.stop();
});

type Limits = Partial<Omit<PhoneLimits, 'perAddress'>> & { perAddress?: Partial<PhoneLimits['perAddress']> };

const withLimits =
  ({ perAddress, ...limits }: Limits, phones: Partial<Config['phones']> = {}) =>
  (config: Config): Config => ({
    ...config,
    phones: {
      ...config.phones,
      limits: { ...DEFAULT_LIMITS, ...limits, perAddress: { ...DEFAULT_LIMITS.perAddress, ...perAddress } },
      ...phones,
    },
  });

async function start(limits: Limits = {}, phones: Partial<Config['phones']> = {}): Promise<Rig> {
  rig = await startRig({ config: withLimits(limits, phones) });
  return rig;
}

const port = () => Number(new URL(rig.phones).port);
const BAD = '127.0.66.6';

function open(from: string): RawClient {
  const socket = connect({ port: port(), host: '127.0.0.1', localAddress: from });
  sockets.push(socket);
  return openRaw(port(), '127.0.0.1', socket);
}

interface Reply {
  readonly body: string;
  readonly connection: string | undefined;
}

/** One request from an address; null: no answer. */
function ask(from: string, headers: Record<string, string> = {}): Promise<Reply | null> {
  return new Promise((resolve) => {
    const request = get(
      `${rig.phones}/a/fippa/SEP001122334455`,
      { localAddress: from, agent: false, headers },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () => resolve({ body, connection: answer.headers.connection }));
        answer.on('error', () => resolve(null));
      },
    );
    request.on('error', () => resolve(null));
  });
}

const isServed = (reply: Reply | null) => reply?.body.includes('<CiscoIPPhoneInput>') === true;
const refusals = (address: string) =>
  rig.lines.filter((line) => line.event === 'request-refused' && line.address === address);
const GET = 'GET /a/fippa/SEP001122334455 HTTP/1.1\r\nHost: proxy\r\n\r\n';

describe('requests of one address', () => {
  it('B231 are served up to the burst, then told so, then not answered; a phone beside it notices nothing', async () => {
    await start({ perAddress: { burst: 5, requestsPerSecond: 1 } });
    const replies: (Reply | null)[] = [];
    for (let n = 0; n < 30; n++) {
      replies.push(await ask(BAD));
      expect(isServed(await ask('127.0.0.1'))).toBe(true);
    }
    const served = replies.filter(isServed).length;
    const busy = replies.filter((reply) => reply !== null && !isServed(reply));
    expect(served).toBeGreaterThanOrEqual(5);
    expect(busy.length).toBeGreaterThan(0);
    for (const reply of busy) expect(reply?.body).toMatch(/^<\?xml[\s\S]*busy/i);
    expect(new Set(busy.map((reply) => reply?.connection))).toEqual(new Set(['close']));
    expect(replies.some((reply) => reply === null)).toBe(true);
  });

  it('B231 reach no server once they are refused', async () => {
    const { finesse } = await start({ perAddress: { burst: 5, requestsPerSecond: 1 } });
    const replies = await Promise.all(Array.from({ length: 50 }, () => ask(BAD)));
    const reached = finesse[0]?.requests.filter(({ target }) => target.startsWith('/fippa/')).length;
    expect(reached).toBe(replies.filter(isServed).length);
  });

  it('B235 make one line in the log, however many; metrics count them all', async () => {
    await start({ perAddress: { burst: 1, requestsPerSecond: 1 } });
    for (let n = 0; n < 40; n++) await ask(BAD);
    expect(refusals(BAD)).toHaveLength(1);
    expect(refusals(BAD)[0]).toMatchObject({ code: 'request-flood', level: 'warn' });
    const metrics = (await rig.get(`${rig.ops}/metrics`)).body;
    const count = Number(/ippa_requests_refused_total\{code="request-flood"\} (\d+)/.exec(metrics)?.[1]);
    expect(count).toBeGreaterThan(20);
  });

  it('B235 refused for another reason make one line too', async () => {
    await start();
    for (let n = 0; n < 20; n++) await rig.get('/nothing');
    expect(refusals('127.0.0.1')).toHaveLength(1);
  });

  it('B234 count for the phone that a trusted front forwards', async () => {
    await start({ perAddress: { burst: 3, requestsPerSecond: 1 } }, { trustedFronts: ['127.0.5.5'] });
    const through = (phone: string) => ask('127.0.5.5', { 'x-forwarded-for': phone });
    const replies: (Reply | null)[] = [];
    for (let n = 0; n < 20; n++) replies.push(await through('10.1.1.1'));
    // Not all of them, and not the last one in any case: on a busy machine a second passes meanwhile, and one more is served.
    expect(replies.every(isServed)).toBe(false);
    for (let phone = 2; phone < 20; phone++) expect(isServed(await through(`10.1.1.${phone}`))).toBe(true);
    expect(refusals('10.1.1.1')).toHaveLength(1);
  });

  it('B233 by default are never refused when 2,000 phones, each with its own, come back within a second', async () => {
    await start();
    const phones = Array.from({ length: 2000 }, (_, n) => `127.2.${n >> 8}.${n & 255}`);
    const replies = await Promise.all(phones.map((address) => ask(address)));
    expect(replies.filter((reply) => reply === null)).toHaveLength(0);
    expect(rig.lines.filter(({ event }) => event === 'request-refused')).toEqual([]);
  }, 120_000);

  it('have other limits after a reload, at once', async () => {
    await start();
    for (let n = 0; n < 20; n++) expect(isServed(await ask(BAD))).toBe(true);
    rig.app.apply(withLimits({ perAddress: { burst: 1, requestsPerSecond: 1 } })(rig.config));
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(BAD)));
    expect(replies.every(isServed)).toBe(false);
  });
});

describe('connections', () => {
  it('B232 of one address are bounded, and those of the others are not', async () => {
    await start({ perAddress: { connections: 3 } });
    const held = [open(BAD), open(BAD), open(BAD)];
    for (const client of held) {
      client.write(GET);
      await client.received('</CiscoIPPhoneInput>');
    }
    const fourth = open(BAD);
    fourth.write(GET);
    expect((await fourth.closed).text).toBe('');
    expect(isServed(await ask('127.0.0.1'))).toBe(true);
    expect(refusals(BAD)[0]).toMatchObject({ code: 'request-flood', detail: 'too many connections from this address' });
    held[0]?.socket.destroy();
    await held[0]?.closed;
    for (;;) {
      const again = open(BAD);
      again.write(GET);
      if (
        await again.received('</CiscoIPPhoneInput>').then(
          () => true,
          () => false,
        )
      )
        break;
    }
  });

  it('B230 that only sit there, thousands of them, are closed in time while phones are served', async () => {
    await start({ headersMs: 1500, requestMs: 2000 });
    const idle = Array.from({ length: 2000 }, (_, n) => open(`127.3.${n >> 8}.${n & 255}`));
    await Promise.all(idle.map(({ socket }) => once(socket, 'connect')));
    expect(isServed(await ask('127.0.0.1'))).toBe(true);
    await Promise.all(idle.map(({ closed }) => closed));
    expect(isServed(await ask('127.0.0.1'))).toBe(true);
  }, 120_000);

  it('serve so many requests and no more', async () => {
    await start({ requestsPerConnection: 3 });
    const client = open('127.0.0.1');
    for (let n = 1; n <= 3; n++) {
      client.write(GET);
      await client.received(new RegExp(`(?:</CiscoIPPhoneInput>[\\s\\S]*){${n}}`));
    }
    const { text } = await client.closed;
    expect(text.match(/Connection: \S+/g)).toEqual(
      ['keep-alive', 'keep-alive', 'close'].map((how) => `Connection: ${how}`),
    );
  });
});

describe('slow clients', () => {
  it.each([
    ['headers', 'GET /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nX: '],
    ['bodies', 'POST /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nContent-Length: 5000\r\n\r\n'],
  ])('B230 with %s that drip are answered with a page and closed', async (_name, head) => {
    await start({ headersMs: 500, requestMs: 1000 });
    const client = open(BAD);
    client.write(head);
    const drip = setInterval(() => client.write('x'), 50);
    const { text } = await client.closed;
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close[\s\S]*<CiscoIPPhoneText>/);
    expect(refusals(BAD)).toHaveLength(1);
  });
});
