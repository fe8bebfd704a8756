/** The certificate of a running proxy: /health, the log, and what a new pair of files does. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { fetchRaw } from '../rig.ts';
import { type Serve, startServe, testFolder, writeConfig } from './serve-process.ts';

const DAY_MS = 86_400_000;
let finesse: Finesse;
afterEach(() => finesse.stop());

/** The files are new.pem and new.key; made `daysAgo`, and good for a year from then. */
function pair(name: string, daysAgo = 0): { cert: string; key: string } {
  return selfSigned([name], Date.now() - daysAgo * DAY_MS);
}

async function start(folder: string, files: { cert: string; key: string }): Promise<Serve> {
  writeFileSync(join(folder, 'p.pem'), files.cert);
  writeFileSync(join(folder, 'p.key'), files.key);
  finesse = createFinesse({ name: 'finesse-a.example.com', peer: 'finesse-z.example.com' });
  await finesse.start();
  const listeners = '  listeners: [{ host: 127.0.0.1, port: 0, tls: { cert: p.pem, key: p.key } }]\n';
  const serve = startServe(writeConfig(folder, { a: finesse.url }, '', listeners));
  await serve.saw('ready');
  return serve;
}

async function subjectOf(serve: Serve): Promise<string | undefined> {
  const port = Number(new URL(await serve.phones()).port);
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const subject = socket.getPeerX509Certificate()?.subject;
  socket.destroy();
  return subject;
}

const health = async (serve: Serve) => JSON.parse((await fetchRaw(`${await serve.ops()}/health`)).body);

describe('the certificate', () => {
  it('B222 B223 is in /health, and renewed by itself when its files change', async () => {
    const folder = testFolder();
    const serve = await start(folder, pair('old.example.com'));
    expect((await health(serve)).certificates).toEqual([
      {
        listener: 'phones.listeners[0]',
        subject: 'CN=old.example.com',
        validTo: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        days: expect.toSatisfy((days) => days === 364 || days === 365),
        problem: null,
      },
    ]);
    const next = pair('new.example.com');
    writeFileSync(join(folder, 'p.pem'), next.cert);
    writeFileSync(join(folder, 'p.key'), next.key);
    await serve.saw('certificate-renewed', { listener: 'phones.listeners[0]', subject: 'CN=new.example.com' });
    expect(await subjectOf(serve)).toContain('new.example.com');
  });

  it('B222 stays when the new pair does not fit; that is told once and stands in /health until it does', async () => {
    const folder = testFolder();
    const serve = await start(folder, pair('old.example.com'));
    const next = pair('new.example.com');
    writeFileSync(join(folder, 'p.pem'), next.cert);
    await serve.saw('certificate-refused');
    expect(await subjectOf(serve)).toContain('old.example.com');
    const { problems, status } = await health(serve);
    expect(problems).toEqual([expect.stringMatching(/^phones\.listeners\[0\]\.tls: .*the key of another certificate/)]);
    expect(status).toBe('ok');
    // A reload finds the same: the file of the configuration is refused for it, and nothing else changes.
    serve.child.kill('SIGHUP');
    await serve.saw('reload-refused', { key: 'phones.listeners[0].tls.key' });
    writeFileSync(join(folder, 'p.key'), next.key);
    await serve.saw('certificate-renewed');
    expect(serve.lines.filter(({ event }) => event === 'certificate-refused')).toHaveLength(1);
    // What was asked for by the reload is still not done.
    expect((await health(serve)).problems).toEqual([expect.stringMatching(/^the last reload was refused/)]);
    serve.child.kill('SIGHUP');
    await serve.saw('reloaded');
    expect((await health(serve)).problems).toEqual([]);
    expect(JSON.stringify(serve.lines)).not.toContain('PRIVATE');
  });

  it('B223 that ends within 30 days is told at the start, in the log and in /health', async () => {
    const serve = await start(testFolder(), pair('old.example.com', 340));
    expect(await serve.saw('certificate-ends')).toMatchObject({ subject: 'CN=old.example.com', level: 'warn' });
    const { problems, certificates } = await health(serve);
    expect(problems).toEqual([expect.stringMatching(/the certificate expires on \d{4}-\d\d-\d\d; renew it$/)]);
    expect(certificates[0].days).toBeLessThan(30);
  });
});
