/** A bare Debian in a folder, with neither Node.js nor npm, and a stand-in for systemd that starts what the unit says. */

import { type ExecFileOptions, execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface Ran {
  readonly code: number;
  /** Both outputs. */
  readonly output: string;
}

/** Never rejects. Background work, so that the tests beside it keep their pace. */
export function run(program: string, args: readonly string[], options: ExecFileOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const all = { maxBuffer: 1 << 26, ...options };
    execFile('nice', ['-n', '5', program, ...args], all, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** As `run`, but what fails is an error. */
export async function must(program: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`);
  return output;
}

export interface Machine {
  readonly root: string;
  /** In it, as root. */
  run(...command: readonly string[]): Promise<Ran>;
  must(...command: readonly string[]): Promise<string>;
  /** Copies a package into it and installs it. */
  install(deb: string): Promise<Ran>;
  write(file: string, text: string): void;
  read(file: string): string;
  has(file: string): boolean;
  /** Every path in it but for what dpkg writes down of its own. */
  list(): readonly string[];
  /** Of the service, or null. */
  pid(): number | null;
  remove(): void;
}

/** Where the stand-in keeps its own things. */
const STAND_IN = 'stand-in';

/** From Debian's archive, the release of this machine. */
export async function createMachine(): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-proxy-machine-'));
  const root = join(folder, 'root');
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const quick = ['--dpkgopt=force-unsafe-io', '--aptopt=Acquire::Languages "none"'];
  await must('mmdebstrap', ['--quiet', '--variant=essential', '--include=adduser,libstdc++6', ...quick, suite, root]);
  const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };
  const path = (file: string) => join(root, file);
  const machine: Machine = {
    root,
    run: (...command) => run('chroot', [root, ...command], { env }),
    must: (...command) => must('chroot', [root, ...command], { env }),
    async install(deb) {
      cpSync(deb, path(`tmp/${basename(deb)}`));
      const ran = await machine.run('dpkg', '-i', `/tmp/${basename(deb)}`);
      rmSync(path(`tmp/${basename(deb)}`));
      return ran;
    },
    write: (file, text) => writeFileSync(path(file), text),
    read: (file) => readFileSync(path(file), 'utf8'),
    has: (file) => existsSync(path(file)),
    list: () => listPaths(root),
    pid() {
      const file = path(`${STAND_IN}/pid`);
      return existsSync(file) ? Number(readFileSync(file, 'utf8')) : null;
    },
    remove() {
      const pid = machine.pid();
      if (pid !== null) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return machine;
}

const NOT_LISTED =
  /^(proc|sys|dev|run|stand-in|var\/lib\/dpkg|var\/log|var\/cache|etc\/(passwd|group|shadow|gshadow)-?$|etc\/\.pwd)/;

function listPaths(root: string): readonly string[] {
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (NOT_LISTED.test(path)) return [];
      return entry.isDirectory() ? [path, ...walk(path)] : [path];
    });
  return walk('').sort();
}

/** What systemctl does, with the unit's own lines; ports below 1024 by the ambient capability, as systemd gives it. */
const SYSTEMCTL = `#!/bin/sh
unit=/lib/systemd/system/ippa-proxy.service
here=/${STAND_IN}
wants=/etc/systemd/system/multi-user.target.wants
echo "$*" >>$here/calls
line() { sed -n "s/^$1=//p" $unit; }
pid() { cat $here/pid 2>/dev/null; }
active() { test -s $here/pid; }
environment() { test ! -e /etc/default/ippa-proxy || { set -a; . /etc/default/ippa-proxy; set +a; }; }
service() {
  sh -c 'echo $$ >/${STAND_IN}/pid; exec "$@"' sh setpriv --reuid="$(line User)" --regid="$(line Group)" --init-groups \
    --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service --bounding-set=-all,+net_bind_service \
    --no-new-privs $(line ExecStart)
  rm -f $here/pid
}
start() {
  active && return 0
  test -e "$(line ConditionPathExists)" || return 0
  environment
  : >$here/log
  # "exec" here: a redirected function would keep the caller's outputs open, and the caller waiting.
  { exec >>$here/log 2>&1 </dev/null; service; } &
  until grep -q '"ready"' $here/log; do kill -0 $! 2>/dev/null || return 1; sleep 0.1; done
}
stop() {
  active || return 0
  kill -TERM "$(pid)"
  while active; do sleep 0.1; done
}
while [ "\${1#-}" != "$1" ]; do shift; done
case $1 in
  start | stop) $1 ;;
  restart) stop && start ;;
  is-active) active ;;
  is-enabled) test -h $wants/ippa-proxy.service && echo enabled ;;
  preset) mkdir -p $wants && ln -sf $unit $wants/ ;;
  reload)
    environment
    MAINPID=$(pid)
    export MAINPID
    line ExecReload >$here/reload
    while read -r command; do sh -c "$command" || exit 1; done <$here/reload ;;
  *) : ;;
esac
`;

/** From now on it looks as if systemd were running. */
export function bootSystemd(machine: Machine): void {
  mkdirSync(join(machine.root, 'run/systemd/system'), { recursive: true });
  mkdirSync(join(machine.root, STAND_IN));
  machine.write('usr/bin/systemctl', SYSTEMCTL);
  chmodSync(join(machine.root, STAND_IN), 0o777);
  chmodSync(join(machine.root, 'usr/bin/systemctl'), 0o755);
}
