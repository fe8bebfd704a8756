/** What the demonstration adds to the ops port, and whom it lets do it. */
import { afterEach, expect, it } from 'vitest';
import type { DemoControls } from '../../src/ops/demo-routes.ts';
import { checkedFetch } from './checked-answers.ts';
import { OPERATORS, type OpsRig, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';

const running: OpsRig[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

function controls() {
  const done: string[] = [];
  const demo: DemoControls = {
    faults: ['none', 'refuse'],
    agent: { id: '1001', password: 'cisco', extension: '2001' },
    servers: () => [{ id: 'a', name: 'Finesse A', fault: done.at(-1) ?? 'none', since: 0 }],
    async setFault(_, fault) {
      done.push(fault);
    },
    call: (_, device, change) => {
      done.push(`call ${change} ${device}`);
      return true;
    },
  };
  return { demo, done };
}

async function start(demo?: DemoControls) {
  const rig = await startOps(demo === undefined ? {} : { demo });
  running.push(rig);
  const ask = async (method: string, path: string, headers: Record<string, string>, body?: object) => {
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return checkedFetch(`${rig.origin}${path}`, init);
  };
  return { ...rig, ask };
}

it('B572 simulated servers are failed and brought back by operators who may set, in the demonstration only', async () => {
  const { demo, done } = controls();
  const rig = await start(demo);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const refuse = { fault: 'refuse' };
  expect((await rig.ask('POST', '/demo/servers/a', {}, refuse)).status).toBe(401);
  expect((await rig.ask('POST', '/demo/servers/a', bearer(READ_TOKEN), refuse)).status).toBe(403);
  expect(done).toEqual([]);
  const answer = await rig.ask('POST', '/demo/servers/a', bearer(TOKEN), refuse);
  expect(await answer.json()).toMatchObject({ servers: [{ id: 'a', fault: 'refuse' }] });
  await rig.ask('POST', '/demo/servers/a', bearer(TOKEN), { call: 'begins', device: 'CONSOLE-0' });
  expect(done).toEqual(['refuse', 'call begins CONSOLE-0']);
  expect((await rig.ask('GET', '/demo', bearer(READ_TOKEN))).status).toBe(200);
  const usual = await start();
  for (const path of ['/demo', '/demo/session']) expect((await usual.ask('GET', path, bearer(TOKEN))).status).toBe(404);
  expect((await usual.ask('POST', '/demo/servers/a', bearer(TOKEN), refuse)).status).toBe(404);
  expect((await usual.ask('POST', '/demo/session', { origin: usual.origin })).status).toBe(404);
});

it('B573 a browser on this machine signs in to the demonstration by a button, and only by a page of this port', async () => {
  const rig = await start(controls().demo);
  const refused = [
    {},
    { origin: 'http://evil.test' },
    { origin: rig.origin, 'sec-fetch-site': 'cross-site' },
    { origin: rig.origin.replace('127.0.0.1', 'localhost') },
    { origin: 'null' },
  ];
  for (const headers of refused) {
    const answer = await rig.ask('POST', '/demo/session', headers);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  }
  const answer = await rig.ask('POST', '/demo/session', { origin: rig.origin, 'sec-fetch-site': 'same-origin' });
  const cookie = String(answer.headers.get('set-cookie'));
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict$/);
  const session = await rig.ask('GET', '/session', { cookie: cookie.split(';')[0] ?? '' });
  expect(await session.json()).toEqual({ operator: OPERATORS[0]?.name, may: 'set' });
});
