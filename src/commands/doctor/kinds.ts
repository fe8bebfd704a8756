/** Everything that `doctor` can find: the single source of its words and of docs/doctor.md. Codes are stable. */

export type Area =
  | 'configuration'
  | 'files'
  | 'ports'
  | 'certificates'
  | 'names'
  | 'finesse'
  | 'store'
  | 'receivers'
  | 'machine'
  | 'running proxy';

/** A hint is no reason to act now: it leaves the exit code 0. */
export type Severity = 'error' | 'warning' | 'hint';

export interface FindingKind {
  readonly area: Area;
  readonly severity: Severity;
  readonly means: string;
  readonly todo: string;
  /** A page of docs/, perhaps with its section. */
  readonly docs: string;
}

export const FINDINGS = {
  'configuration-error': {
    area: 'configuration',
    severity: 'error',
    means: 'The configuration is refused: the proxy does not start with it, and a reload changes nothing.',
    todo: 'Correct the key that is named.',
    docs: 'configuration.md',
  },
  'configuration-warning': {
    area: 'configuration',
    severity: 'warning',
    means: 'The configuration is accepted, and something in it is probably not meant.',
    todo: 'Look at the key that is named.',
    docs: 'configuration.md',
  },
  'secret-exposed': {
    area: 'files',
    severity: 'error',
    means:
      'A private key, a password or a token is in a file that every user of the machine can read, or any file of the configuration in one that every user can change.',
    todo: 'Take the rights of others away (chmod o-rwx), and replace what may have been read.',
    docs: 'operations.md#running-it-as-a-service',
  },
  'file-unreadable': {
    area: 'files',
    severity: 'error',
    means: 'A file of the configuration cannot be read by the user that the service runs as.',
    todo: 'Give it to that user or its group (chown, chmod g+r), and let the folders above be entered. Access lists are not looked at.',
    docs: 'operations.md#running-it-as-a-service',
  },
  'file-in-home': {
    area: 'files',
    severity: 'hint',
    means: 'A file of the configuration is below /home or /root, which a systemd unit with ProtectHome does not see.',
    todo: 'Move it beside the configuration in /etc/ippa-proxy.',
    docs: 'operations.md#running-it-as-a-service',
  },
  'state-unwritable': {
    area: 'files',
    severity: 'error',
    means: 'state.folder cannot be written to by the user that the service runs as: the proxy does not start.',
    todo: 'Give the folder to that user (chown).',
    docs: 'configuration.md#state',
  },
  'state-not-kept': {
    area: 'files',
    severity: 'hint',
    means: 'There is no state.folder: drain, maint, sign-ins and the records of outages end with the process.',
    todo: 'Set state.folder.',
    docs: 'configuration.md#state',
  },
  'disk-low': {
    area: 'files',
    severity: 'warning',
    means: 'Less than 64 MiB are free where state.folder is: soon nothing can be kept.',
    todo: 'Make room.',
    docs: 'configuration.md#state',
  },
  'port-taken': {
    area: 'ports',
    severity: 'error',
    means: 'Another program has a port of the configuration, and the proxy does not run.',
    todo: 'Stop that program (ss -ltnp names it), or choose another port.',
    docs: 'configuration.md#phones',
  },
  'port-forbidden': {
    area: 'ports',
    severity: 'error',
    means: 'This user may not listen on a port of the configuration.',
    todo: 'Ports below 1024 need CAP_NET_BIND_SERVICE (AmbientCapabilities in the unit), or choose another port.',
    docs: 'operations.md#running-it-as-a-service',
  },
  'port-privileged': {
    area: 'ports',
    severity: 'hint',
    means:
      'A port below the limit for ordinary users: root may listen there, the user of the service only with a capability.',
    todo: 'See that the unit has AmbientCapabilities=CAP_NET_BIND_SERVICE.',
    docs: 'operations.md#running-it-as-a-service',
  },
  'port-silent': {
    area: 'ports',
    severity: 'error',
    means: 'The proxy runs, and does not answer on a port of the configuration.',
    todo: 'Look into its log; a listener that was changed needs a restart.',
    docs: 'operations.md',
  },
  'address-missing': {
    area: 'ports',
    severity: 'error',
    means: 'The host of a listener is no address of this machine.',
    todo: 'Correct host, or bring the address up before the proxy starts.',
    docs: 'configuration.md#phones',
  },
  'certificate-warning': {
    area: 'certificates',
    severity: 'warning',
    means: 'A certificate does not name the host of publicUrl, ends soon or has ended, or does not suit its listener.',
    todo: 'Replace it; the proxy takes a new one without a restart.',
    docs: 'unified-cm.md#2-the-certificate',
  },
  'certificate-weak': {
    area: 'certificates',
    severity: 'warning',
    means:
      'A certificate has an RSA key of less than 2048 bits, or no Subject Alternative Name: newer phones refuse it.',
    todo: 'Have one made from the signing request of ippa-proxy init.',
    docs: 'unified-cm.md#2-the-certificate',
  },
  'certificate-incomplete': {
    area: 'certificates',
    severity: 'hint',
    means:
      'The file of a certificate does not hold that of the CA that signed it. That is right if Phone-trust has this very CA, as with one made as install.md says.',
    todo: 'Nothing if it has. For an intermediate CA put its certificate below, in the same file.',
    docs: 'unified-cm.md#2-the-certificate',
  },
  'certificate-self-signed': {
    area: 'certificates',
    severity: 'hint',
    means: 'The certificate of a listener vouches for itself.',
    todo: 'For more than a trial let your CA sign the request (proxy.csr).',
    docs: 'unified-cm.md#2-the-certificate',
  },
  'name-unknown': {
    area: 'names',
    severity: 'error',
    means: 'A host name of the configuration has no address here.',
    todo: 'Correct the name or DNS.',
    docs: 'configuration.md',
  },
  'name-several': {
    area: 'names',
    severity: 'hint',
    means: 'A host name has several addresses: which one is used may change from one connection to the next.',
    todo: 'Give each server one address, unless it is meant.',
    docs: 'configuration.md',
  },
  'name-reverse': {
    area: 'names',
    severity: 'hint',
    means: 'The address of a host leads back to another name.',
    todo: 'Correct the PTR record, if other programs rely on it; the proxy does not.',
    docs: 'configuration.md',
  },
  'name-elsewhere': {
    area: 'names',
    severity: 'hint',
    means:
      'The host of publicUrl is no address of this machine. That is right behind a load balancer or a forwarded port.',
    todo: 'See that phones arrive here by that name.',
    docs: 'unified-cm.md',
  },
  'finesse-unconfirmed': {
    area: 'finesse',
    severity: 'error',
    means: 'A Finesse server did not confirm that it is in service.',
    todo: 'What was found says what to do; errors.md has every code.',
    docs: 'errors.md',
  },
  'finesse-untrusted': {
    area: 'finesse',
    severity: 'error',
    means: 'The certificate of a Finesse server is not trusted: nothing is sent there.',
    todo: 'ippa-proxy check FILE --probe shows it and how to trust it.',
    docs: 'configuration.md#clusters',
  },
  'finesse-caution': {
    area: 'finesse',
    severity: 'warning',
    means: 'A Finesse server is in service, and something keeps agents from it or soon will.',
    todo: 'Put it right on that server, or in the configuration.',
    docs: 'operations.md#health',
  },
  'clock-offset': {
    area: 'finesse',
    severity: 'warning',
    means:
      'The clocks of this machine and of a Finesse server are more than 5 s apart: records of outages and logs cannot be laid side by side, and certificates may seem not valid yet.',
    todo: 'Give both the same NTP servers.',
    docs: 'operations.md',
  },
  'notification-closed': {
    area: 'finesse',
    severity: 'error',
    means:
      'The Notification Service of a Finesse server takes no connection from here. (Whether it takes the account is not tried: wrong passwords lock it.)',
    todo: 'Open the port in the firewall, or correct notification.port and notification.tls.',
    docs: 'notification-service.md',
  },
  'reports-down': {
    area: 'finesse',
    severity: 'warning',
    means: 'A node of Unified Intelligence Center does not answer as it should.',
    todo: 'What was found says what to do.',
    docs: 'configuration.md#reports',
  },
  'store-refused': {
    area: 'store',
    severity: 'error',
    means:
      'The store of what proxies know together cannot be had, or refuses a command that the proxy needs. Phones are answered all the same; this proxy is alone.',
    todo: 'Do what the words say: the server, the password, or the ACL rule.',
    docs: 'shared-memory.md#setting-it-up',
  },
  'store-caution': {
    area: 'store',
    severity: 'warning',
    means: 'The store works and is not kept as it should be: it may lose what it holds, or its clock is wrong.',
    todo: 'Do what the words say.',
    docs: 'shared-memory.md#setting-it-up',
  },
  'store-without-state': {
    area: 'store',
    severity: 'warning',
    means:
      'There is a store, but no state.folder: after a restart this proxy counts as another one, and with the store away it knows nothing.',
    todo: 'Set state.folder too.',
    docs: 'configuration.md#state',
  },
  'open-files': {
    area: 'machine',
    severity: 'warning',
    means: 'The process may open fewer files than the connections that the configuration admits.',
    todo: 'Raise LimitNOFILE in the unit (ulimit -n), or lower phones.limits.connections: about four for each phone.',
    docs: 'configuration.md#phones',
  },
  'receiver-unreachable': {
    area: 'receivers',
    severity: 'warning',
    means:
      'A receiver of webhooks, or of the log by syslog, cannot be reached from here, or its certificate is not trusted.',
    todo: 'Look at its address, the firewall and its tls keys; `ippa-proxy webhooks test NAME` sends it an event.',
    docs: 'events-out.md',
  },
  'node-version': {
    area: 'machine',
    severity: 'error',
    means: 'This Node.js is older than the proxy needs.',
    todo: 'Install the version that is named.',
    docs: 'operations.md#running-it-as-a-service',
  },
  'not-running': {
    area: 'running proxy',
    severity: 'warning',
    means: 'The proxy does not answer on its ops port.',
    todo: 'Start it, or look why it ended: journalctl -u ippa-proxy.',
    docs: 'operations.md#the-ops-port',
  },
  'ops-foreign': {
    area: 'running proxy',
    severity: 'error',
    means: 'Something that is not this proxy answers on the ops port.',
    todo: 'Stop it, or choose another ops.port.',
    docs: 'operations.md#the-ops-port',
  },
  'running-older': {
    area: 'running proxy',
    severity: 'warning',
    means: 'The proxy that runs is older than the one that is installed, or otherwise of another version.',
    todo: 'Restart it.',
    docs: 'operations.md',
  },
  'running-newer': {
    area: 'running proxy',
    severity: 'warning',
    means: 'The proxy that runs is newer than this command, which knows less than it does.',
    todo: 'Use the command of the installation that runs. If that was taken back to the older version on purpose, restart the proxy.',
    docs: 'install.md#upgrade',
  },
  'running-down': {
    area: 'running proxy',
    severity: 'error',
    means: 'The running proxy says that a cluster has no service for agents.',
    todo: 'ippa-proxy status says why, for each service.',
    docs: 'operations.md#health',
  },
  'running-problem': {
    area: 'running proxy',
    severity: 'warning',
    means: 'The running proxy names a problem in /health.',
    todo: 'What was found says what to do.',
    docs: 'operations.md#health',
  },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly area: Area;
  readonly found: string;
  readonly todo: string;
  /** Below docs/. */
  readonly docs: string;
}

export function finding(code: FindingCode, found: string): Finding {
  const { severity, area, todo, docs } = FINDINGS[code];
  return { code, severity, area, found, todo, docs };
}
