// Installs the Debian packages that the tests need when this is root on Debian; elsewhere names those that are missing.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Program (or file) looked for, and the Debian package that brings it. */
const packages = [
  ['xmllint', 'libxml2-utils'],
  ['prosody', 'prosody'],
  ['slowhttptest', 'slowhttptest'],
  ['openssl', 'openssl'],
  ['script', 'bsdutils'],
  ['perl', 'perl'],
  ['systemd-notify', 'systemd'],
  ['strip', 'binutils'],
  ['mmdebstrap', 'mmdebstrap'],
  ['lintian', 'lintian'],
  ['skopeo', 'skopeo'],
  ['man', 'man-db'],
  ['chromium', 'chromium'],
  ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', 'fonts-dejavu-core'],
  ['promtool', 'prometheus'],
  ['rsyslogd', 'rsyslog'],
  ['/usr/share/doc/rsyslog-openssl', 'rsyslog-openssl'],
  ['redis-server', 'redis-server'],
  ['redis-sentinel', 'redis-sentinel'],
  ['keepalived', 'keepalived'],
  ['haproxy', 'haproxy'],
  ['nginx', 'nginx-light'],
  ['ip', 'iproute2'],
  ['curl', 'curl'],
];

/** Tests that need these run where Debian has them: Debian 12 has no Valkey. */
const wished = [['valkey-server', 'valkey-server']].filter(([program, name]) => !isThere(program) && isInDebian(name));

const missing = packages.filter(([program]) => !isThere(program)).map(([, name]) => name);
if (missing.length + wished.length > 0) {
  const debianRoot = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!debianRoot && missing.length > 0) {
    console.error(`The tests need these Debian packages: ${missing.join(' ')}. Install them, then run npm test again.`);
    process.exit(1);
  }
  const names = [...missing, ...wished.map(([, name]) => name)];
  if (debianRoot)
    withoutServices(() => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
      execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { stdio: 'inherit', env });
    });
}

function isInDebian(name) {
  const { stdout, status } = spawnSync('apt-cache', ['policy', name], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return status === 0 && /Candidate: \d/.test(stdout);
}

function isThere(program) {
  // Servers are in folders that only root has in its path.
  const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
  return program.startsWith('/')
    ? existsSync(program)
    : spawnSync('which', [program], { env: { ...process.env, PATH } }).status === 0;
}

/** The tests run servers of their own; Debian would start the system's as it installs them, unless this file says no. */
function withoutServices(install) {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    if (isOurs) rmSync(policy);
  }
}
