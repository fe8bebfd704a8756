/** `ippa-proxy demo` as a process: what it prints is there, and every agent that it names can sign in on both servers. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { demoConfiguration } from '../../src/commands/demo.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { Phone } from '../../src/simulators/phone/phone.ts';
import { freePort } from '../free-port.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

it('names its agents, and each of them can sign in on both servers', async () => {
  const [port, opsPort] = [await freePort(), await freePort()];
  const demo = spawn(process.execPath, [BIN, 'demo', '--port', String(port), '--ops-port', String(opsPort)]);
  onTestFinished(() => void demo.kill('SIGKILL'));
  const ended = once(demo, 'close');
  let text = '';
  demo.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await expect.poll(() => text).toContain('Ctrl-C stops everything');
  // Until every service has been probed once their names are not known.
  const readyz = () => fetch(`http://127.0.0.1:${opsPort}/readyz`).then(({ status }) => status);
  await expect.poll(readyz).toBe(200);
  expect(text).toContain('agents 1001 to 1005, password cisco, extensions 2001 to 2005');
  for (const service of ['a', 'b']) {
    for (const n of [1, 2, 3, 4, 5]) {
      const phone = new Phone({ device: `SEP00000000${service === 'a' ? 0 : 1}00${n}` });
      await phone.open(`http://127.0.0.1:${port}/${service}/fippa/#DEVICENAME#`);
      phone.fill({ id: `100${n}`, password: 'cisco', extension: `200${n}` });
      expect((await phone.submit()).prompt).toBe(`100${n} Not Ready`);
    }
  }
  demo.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});

it('its configuration is one that the loader takes', async () => {
  const servers = ['a', 'b'].map((id, index) => {
    const at = { url: `http://127.0.0.1:${9001 + index}`, notificationPort: 5001 + index };
    return { id, name: `Finesse ${id.toUpperCase()}`, ...at };
  });
  const ports = { port: 8082, opsPort: 8090, pushPort: 8083, phonePort: 8084 };
  const result = await parseConfiguration(demoConfiguration(servers, ports), { file: 'demo', folder: '.' });
  expect(result).toMatchObject({
    ok: true,
    config: {
      ops: { port: 8090, operators: [{ name: 'token', token: 'demo', may: 'set' }] },
      clusters: [
        { id: 'main', services: [{ url: 'http://127.0.0.1:9001', notification: { port: 5001 } }, { id: 'b' }] },
      ],
      push: { phonePorts: { http: 8084 }, own: { username: 'demo', scheme: 'http' } },
    },
  });
});
