/** The phone commands as processes: driven by lines, in a pseudo terminal where the machine has one, and many at once. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  expired,
  menuPage,
  sendXml,
  signInPage,
  softKey,
  startServer,
  textPage,
} from '../component/simulated-phone-servers.ts';

const runner = fileURLToPath(new URL('phone-runner.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  readonly child: ChildProcess;
  output(): string;
  send(text: string): void;
  /** Until the output since the last call holds the text. */
  sees(text: string): Promise<void>;
  readonly ended: Promise<number | null>;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(command, args, {
    env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TERM: 'xterm', ...env },
  });
  children.push(child);
  let output = '';
  let seenTo = 0;
  let wake = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (data: string) => {
      output += data;
      wake();
    });
  }
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      resolve(code);
      wake();
    }),
  );
  return {
    child,
    output: () => output,
    send: (text) => void child.stdin.write(text),
    sees: async (text) => {
      while (!output.includes(text, seenTo)) {
        if (child.exitCode !== null) throw new Error(`ended without "${text}":\n${output.slice(seenTo)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      seenTo = output.indexOf(text, seenTo) + text.length;
    },
    ended,
  };
}

const runPhone = (...args: string[]) => run(process.execPath, [runner, 'phone', ...args]);

/** A service with a sign-in, a state page with keys, a menu of reasons and a page that refreshes itself. */
const startFinesse = () => {
  let ticks = 0;
  return startServer(({ url }, response, origin) => {
    const base = `${origin}/a/fippa/SEP1`;
    if (url.includes('password=')) {
      const keys = softKey('Ready', 1, `${base}/ready`) + softKey('NotReady', 2, `${base}/reasons`);
      return sendXml(response, textPage('Agent', 'Not Ready', keys));
    }
    if (url.endsWith('/reasons'))
      return sendXml(response, menuPage('Reasons', { Lunch: `${base}/lunch`, Tea: `${base}/tea` }));
    if (url.endsWith('/ready')) {
      ticks += 1;
      return sendXml(response, textPage('Ready', `Tick ${ticks}`), { Refresh: '1', ...expired });
    }
    if (url.endsWith('/tea')) return sendXml(response, textPage('Tea time'));
    sendXml(response, signInPage(base));
  });
};

describe('driven by lines', () => {
  it('signs in, presses keys, chooses, follows Refresh and exits', async () => {
    const { origin } = await startFinesse();
    const phone = runPhone(`${origin}/a/fippa/`, '--device', 'SEP1', '--json');
    phone.send('type id=1001\ntype password=sesame\ntype extension=2001\nsubmit\nkey NotReady\nitem 2\nexit\nexit\n');
    phone.send('press 1\nwait page\nwait for Tick 3 within 20s\nkey Nonsense\nquit\n');
    expect(await phone.ended).toBe(1);
    const lines = phone.output().trim().split('\n');
    const screens = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    expect(screens.map((screen) => screen.title)).toEqual([
      ...['Sign in', 'Agent', 'Reasons', 'Tea time', 'Reasons', 'Agent'],
      ...['Ready', 'Ready', 'Ready'],
    ]);
    expect(screens[1].url).toContain('id=1001&password=***&extension=2001');
    expect(screens[1].softKeys[0]).toEqual({ name: 'Ready', position: 1, url: `${origin}/a/fippa/SEP1/ready` });
    expect(screens.flatMap((screen) => screen.violations)).toEqual([]);
    expect(phone.output()).not.toContain('sesame');
    expect(phone.output()).toContain('key: no key Nonsense');
  });

  it('prints text, and follows Refreshes after the last command with --for', async () => {
    const { origin } = await startFinesse();
    const phone = runPhone(`${origin}/a/fippa/SEP1/ready`, '--for', '30s', '--headless');
    phone.child.stdin?.end();
    await phone.sees('Tick 2');
    expect(phone.output()).toContain('keys: 1 Update · 3 Exit');
    phone.child.kill('SIGTERM');
    expect(await phone.ended).toBe(0);
  });

  it('says "type help" at its start, and what is wrong with objects that are pushed to it', async () => {
    const { origin } = await startFinesse();
    for (const json of [false, true]) {
      const phone = runPhone(`${origin}/a/fippa/SEP1/reasons`, json ? '--json' : '--headless', '--web-port', '0');
      await phone.sees('type help');
      const at = /accepts pushes at (\S+)/.exec(phone.output())?.[1] ?? '';
      const push = (xml: string) =>
        fetch(at, {
          method: 'POST',
          headers: { Authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
          body: new URLSearchParams({ XML: xml }),
        });
      await push('<CiscoIPPhoneExecute><ExecuteItem URL="SoftKey:Exit"/></CiscoIPPhoneExecute>');
      await phone.sees(json ? '"violations":["SoftKey: inside Execute"]' : '! SoftKey: inside Execute');
      await push('<CiscoIPPhoneText><Titel/></CiscoIPPhoneText>');
      await phone.sees(json ? '"error":1' : 'refused with CiscoIPPhoneError 1');
      phone.send('help\nquit\n');
      await phone.sees('wait for TEXT');
      expect(await phone.ended).toBe(0);
    }
  });

  // Other systems have no loopback address but 127.0.0.1.
  it.runIf(process.platform === 'linux')('has an address of its own, where it accepts pushes too', async () => {
    const { origin, asked } = await startFinesse();
    const args = ['--headless', '--address', '127.0.0.2', '--web-port', '0'];
    const phone = runPhone(`${origin}/a/fippa/SEP1/reasons`, ...args);
    await phone.sees('accepts pushes at http://127.0.0.2:');
    await phone.sees('1 Lunch');
    expect(asked.map(({ address }) => address)).toEqual(['127.0.0.2']);
    phone.send('quit\n');
    expect(await phone.ended).toBe(0);
  });

  it('answers with --once whether it was a phone page', async () => {
    const { origin } = await startServer(({ url }, response) =>
      url === '/good' ? sendXml(response, textPage('Good')) : response.writeHead(503).end(),
    );
    expect(await runPhone(`${origin}/good`, '--once').ended).toBe(0);
    const bad = runPhone(`${origin}/bad`, '--once', '--json');
    expect(await bad.ended).toBe(1);
    expect(JSON.parse(bad.output())).toMatchObject({ status: 503, object: null, error: 'HTTP Error (503)' });
    expect(await runPhone('ftp://x/', '--once').ended).toBe(2);
  });
});

describe('in a terminal', () => {
  // script(1) gives a process a terminal.
  const runTerminal = (url: string, env: NodeJS.ProcessEnv = {}) => {
    const command = `stty rows 24 cols 80; exec ${process.execPath} ${runner} phone ${url} --device SEP1`;
    return run('script', ['-qfec', command, '/dev/null'], env);
  };

  it('types into a form with a masked password, presses keys by digit and F key, and hangs up by q', async () => {
    const { origin } = await startFinesse();
    const phone = runTerminal(`${origin}/a/fippa/`);
    await phone.sees('> ID: _');
    phone.send('1001\t');
    await phone.sees('> Password: _');
    phone.send('queen');
    await phone.sees('Password: *****_');
    phone.send('\t2001\r');
    await phone.sees('F2 NotReady');
    phone.send('2');
    await phone.sees('2 Tea');
    phone.send('2');
    await phone.sees('Tea time');
    phone.send('\u007f');
    await phone.sees('> 1 Lunch');
    phone.send('\u001bOR');
    await phone.sees('F1 Ready');
    phone.send('a');
    await phone.sees('Tick 2');
    phone.send('q');
    expect(await phone.ended).toBe(0);
    expect(phone.output()).not.toContain('queen');
    expect(phone.output()).toContain('CP-8845 SEP1');
    expect(phone.output()).toContain('┌');
  });

  it('works in a dumb terminal without moving the cursor', async () => {
    const { origin } = await startFinesse();
    const phone = runTerminal(`${origin}/a/fippa/SEP1/reasons`, { TERM: 'dumb', LANG: 'C', LC_ALL: 'C' });
    await phone.sees('> 1 Lunch');
    phone.send('q');
    expect(await phone.ended).toBe(0);
    expect(phone.output()).not.toContain('\u001b');
    expect(phone.output()).toContain('+- CP-8845 SEP1 -');
  });
});

describe('many phones', () => {
  it('sign in, choose an alternate and add up what they saw', async () => {
    const { origin, asked } = await startServer(({ url }, response, here) => {
      const device = /SEP[0-9A-F]+/.exec(url)?.[0] ?? '';
      if (url.startsWith('/a/') && url.includes('/~')) {
        return sendXml(
          response,
          `<CiscoIPPhoneExecute><ExecuteItem URL="${here}/b/fippa/${device}"/></CiscoIPPhoneExecute>`,
        );
      }
      if (url.startsWith('/a/') && asked.length > 20) {
        const items = { 'Finesse B': `${here}/a/fippa/${device}/~choose/b` };
        return sendXml(response, menuPage('Finesse A is down', items), { Refresh: '10', ...expired });
      }
      if (url.includes('password=')) return sendXml(response, textPage(url.startsWith('/a/') ? 'On A' : 'On B'));
      sendXml(response, signInPage(`${here}${url.split('?')[0]}`));
    });
    const phones = run(process.execPath, [
      ...[runner, 'phones', `${origin}/a/fippa/`, '--count', '10', '--for', '5s', '--every', '500ms'],
      ...['--sign-in', 'id=10{nn},password=sesame,extension=2{n}', '--choose', 'first', '--json', '--model', '8845'],
    ]);
    expect(await phones.ended).toBe(0);
    const summary = JSON.parse(phones.output().trim().split('\n').at(-1) ?? '');
    expect(summary).toMatchObject({ phones: 10, errors: {}, violations: {}, notInTime: 0 });
    expect(summary.moved).toEqual({ [`${origin}/a → ${origin}/b`]: 10 });
    expect(summary.answers).toHaveProperty(['CiscoIPPhoneText On B']);
    expect(Object.keys(summary.statuses)).toEqual(['200']);
    expect(asked.some((one) => one.url.includes('id=1007&password=sesame&extension=27'))).toBe(true);
    expect(phones.output()).not.toContain('sesame');
  });

  it('end with 1 when anything was wrong', async () => {
    const { origin } = await startServer((_, response) => sendXml(response, textPage('x'.repeat(40))));
    const phones = run(process.execPath, [
      ...[runner, 'phones', `${origin}/a/fippa/`, '--count', '3', '--for', '300ms', '--every', '100ms'],
    ]);
    expect(await phones.ended).toBe(1);
    expect(phones.output()).toContain('CiscoIPPhoneText/Title has 40 characters, at most 32');
  });
});
