/** What is left to do once the files are there. Pure. */

import { printable } from '../../config/values.ts';
import type { Account } from '../accounts.ts';
import type { InitAnswers } from './answers.ts';
import { certificateNames } from './answers.ts';
import { KEY_WORDS } from './certificate.ts';
import type { Identity, Written } from './files.ts';
import { type FinesseServer, hindranceOf } from './finesse-server.ts';
import { missingPeers } from './plan.ts';

export interface Made {
  readonly file: string;
  readonly answers: InitAnswers;
  readonly servers: readonly FinesseServer[];
  readonly identity: Identity;
  readonly token: Written;
  readonly service: Account | null;
}

export function renderNextSteps(made: Made): string {
  const { file, identity, token } = made;
  const row = ({ file: path, kept }: Written, words: string) =>
    `  ${path}: ${kept ? 'was there, and is kept as it is' : words}`;
  const lines = [
    '',
    'Written:',
    `  ${file}: the configuration`,
    row(identity.key, `the private key (${KEY_WORDS[made.answers.keyType]})`),
    row(identity.certificate, 'a certificate that vouches for itself'),
    row(identity.request, `a signing request for ${certificateNames(made.answers).join(', ')}`),
    row(token, 'the token of the ops port, for drain, ready and maint'),
    '',
    'Left to do:',
    ...steps(made).map((step, index) => `  ${index + 1}. ${step}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function steps({ file, answers, servers, identity, service }: Made): string[] {
  const peers = missingPeers(servers);
  const ports = [answers.port, ...(answers.plainPort === null ? [] : [answers.plainPort])].join(' and ');
  return [
    ...servers
      .filter((server) => hindranceOf(server) !== null)
      .map(({ url }) => `${url}: it was not confirmed; see ippa-proxy check ${file} --probe`),
    ...servers
      .filter(({ outcome }) => outcome.kind === 'fault')
      .map(
        ({ url }) => `${url}: SystemInfo asks for credentials; set probe.username and probe.password of that service`,
      ),
    ...(peers.length === 0
      ? []
      : [
          `Finesse also names ${peers.map((peer) => printable(peer)).join(', ')}, which is not in the configuration (if that is another name of one of these, enter it as an alias)`,
        ]),
    `Have your CA sign ${identity.request.file}, and put its certificate (with the intermediate ones below it) in place of ${identity.certificate.file}`,
    'Upload the CA (or, for a trial, that certificate) to Unified CM as Phone-trust: docs/unified-cm.md, step 2',
    `Let phones reach ${answers.name} port ${ports}, and this machine Finesse`,
    `Look whether anything is wrong here: ippa-proxy doctor --config ${file}`,
    service === null ? `Start it: ippa-proxy serve --config ${file}` : 'Start it: systemctl enable --now ippa-proxy',
    `Enter the phone services in Unified CM: ippa-proxy unified-cm --config ${file} prints every field`,
  ];
}
