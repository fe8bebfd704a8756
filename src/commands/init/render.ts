/** The configuration as text, with the comments that whoever opens it next will want. Pure. */

import { printable } from '../../config/values.ts';
import type { InitAnswers } from './answers.ts';
import type { PlannedCluster, PlannedService } from './plan.ts';

export interface Draft {
  readonly answers: InitAnswers;
  readonly clusters: readonly PlannedCluster[];
  /** Names of the files beside it. */
  readonly files: { readonly cert: string; readonly key: string; readonly request: string; readonly token: string };
  readonly stateFolder: string;
  /** What the file was made by. */
  readonly version: string;
}

/** Text in double quotes is the same in YAML and JSON. */
const quoted = (text: string) => JSON.stringify(text);

export function renderConfiguration(draft: Draft): string {
  const { clusters, files, stateFolder, version } = draft;
  const lines = [
    `# Written by ippa-proxy init ${version}. docs/configuration.md explains every key; after each change:`,
    '#   ippa-proxy check FILE --probe      is it right, and do the Finesse servers answer?',
    '# SIGHUP (systemctl reload ippa-proxy) takes a change over.',
    '',
    ...renderPhones(draft),
    '',
    'ops: # health, metrics and control, for operators; keep it on loopback or a management network',
    '  host: 127.0.0.1',
    `  port: ${draft.answers.opsPort}`,
    `  token: { file: ${quoted(files.token)} } # whoever can read it may drain and close services`,
    '',
    'clusters: # one for each Finesse cluster; the alternates of an agent are the other services of the same cluster',
    ...clusters.flatMap((cluster, index) => renderCluster(cluster, clusters.length > 1 && index === 0)),
    '',
    'reconnect: # as Finesse IP Phone Agent does it: after 3 x 5 s without an answer alternates are offered',
    '  interval: 5s',
    '  attempts: 3',
    '',
    `state: { folder: ${quoted(stateFolder)} } # keeps drain, maint, sign-ins and the records of outages over a restart`,
    '',
    '# pages:',
    '#   languages: auto          # each phone its own; without this line en and de',
    '#   help: "Help desk: 4711"  # one line for every page of the proxy itself',
    "# push:                      # Finesse's pushes to phones: docs/pushes.md; needs phones.networks",
    '#   listeners: [{ port: 80 }]',
    '# log: { level: info, format: auto }',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function renderPhones({ answers, files }: Draft): string[] {
  const { name, listen, port, plainPort, networks } = answers;
  const host = name.includes(':') ? `[${name}]` : name;
  const plain = [
    '    # Service URL of Unified CM: for phones that cannot use TLS, and because it wants both URLs.',
    `    - host: ${quoted(listen)}`,
    `      port: ${plainPort}`,
    `      publicUrl: ${quoted(`http://${host}:${plainPort}`)}`,
  ];
  return [
    'phones:',
    '  listeners: # publicUrl begins every URL that phones get, so it is short and stays',
    `    - host: ${quoted(listen)}`,
    `      port: ${port}`,
    `      publicUrl: ${quoted(`https://${host}:${port}`)}`,
    `      # The certificate vouches for itself until one that a CA made of ${files.request} takes its place; same name, no restart.`,
    `      tls: { cert: ${quoted(files.cert)}, key: ${quoted(files.key)} }`,
    ...(plainPort === null ? [] : plain),
    '',
    networks.length === 0
      ? '  # networks: [10.20.0.0/16] # where phones are; pushes need it'
      : `  networks: [${networks.map(quoted).join(', ')}] # where phones are`,
    '  answerWithin: 4500ms # a phone has some answer within this time; at most 10s',
  ];
}

function renderCluster({ id, services }: PlannedCluster, isFrontDoor: boolean): string[] {
  return [
    `  - id: ${id}`,
    ...(isFrontDoor ? ['    frontDoor: true # /fippa/DEVICE without an id leads here'] : []),
    '    services: # the preferred one first',
    ...services.flatMap(renderService),
  ];
}

function renderService({ id, name, server }: PlannedService): string[] {
  const { url, info, fingerprint, certificate, notification, outcome } = server;
  const said = [
    info?.deploymentType ? `deployment ${printable(info.deploymentType)}` : null,
    info?.xmppDomain ? `it calls itself ${printable(info.xmppDomain)}` : null,
  ].filter((words) => words !== null);
  const trust = [
    `        # Of ${printable(certificate?.subject ?? '', 100)}; a CA in place of it (tls: { ca: ${id}-ca.pem }) outlives a renewal.`,
    `        tls: { fingerprints: [${quoted(fingerprint ?? '')}] }`,
  ];
  return [
    `      - id: ${id} # part of every phone URL: short, and not changed later`,
    `        name: ${quoted(name)} # what agents read`,
    `        url: ${quoted(url)}${said.length === 0 ? '' : ` # ${said.join(', ')}`}`,
    ...(fingerprint === null ? [] : trust),
    ...(outcome.kind === 'fault'
      ? [
          '        # SystemInfo asks for credentials there:',
          '        # probe: { username: "1001", password: { file: probe-password } }',
        ]
      : []),
    ...(notification === null
      ? []
      : [
          '        # Failures are noticed at once: docs/notification-service.md; an account of the proxy alone.',
          `        # notification: { tls: ${notification}, username: ippa-proxy, password: { file: finesse-notification-password } }`,
        ]),
  ];
}
