/** `ippa-proxy init`: a first configuration, made of what the Finesse servers say of themselves. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { renderProblems } from '../config/load.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { Account } from './accounts.ts';
import { findAccount, SERVICE_USER } from './accounts.ts';
import { AnswersEnded, type Asking, askAtTerminal, confirm } from './asking.ts';
import { loadConfiguration } from './configuration.ts';
import { certificateNames, gatherAnswers, type InitAnswers, type InitOptions, InitUsage } from './init/answers.ts';
import { CONFIG_MODE, configOwner, writeIdentity, writeToken } from './init/files.ts';
import {
  describeServer,
  FINESSE_PORTS,
  type FinessePorts,
  type FinesseServer,
  hindranceOf,
  lookAtFinesse,
} from './init/finesse-server.ts';
import { renderNextSteps } from './init/next-steps.ts';
import { planClusters } from './init/plan.ts';
import { renderConfiguration } from './init/render.ts';
import type { Output } from './output.ts';

export type { InitOptions } from './init/answers.ts';

const INSTALLED_FOLDER = '/etc/ippa-proxy';
const INSTALLED_STATE = '/var/lib/ippa-proxy';

export interface InitSurroundings {
  readonly asking: Asking | null;
  readonly ports: FinessePorts;
  readonly now: number;
  readonly isRoot: boolean;
}

/** 0: written · 1: a server did not answer, or a file could not be written · 2: an option is missing or wrong. */
export async function runInit(
  options: InitOptions,
  version: string,
  output: Output,
  given: Partial<InitSurroundings> = {},
): Promise<0 | 1 | 2> {
  const asking = given.asking !== undefined ? given.asking : options.input === false ? null : askAtTerminal();
  const surroundings: InitSurroundings = {
    asking,
    ports: given.ports ?? FINESSE_PORTS,
    now: given.now ?? Date.now(),
    isRoot: given.isRoot ?? process.getuid?.() === 0,
  };
  try {
    return await makeConfiguration(options, version, output, surroundings);
  } catch (error) {
    const words = wordsOf(error);
    if (words === null) throw error;
    output.stderr(`${words}\n`);
    return error instanceof InitUsage ? 2 : 1;
  } finally {
    asking?.end();
  }
}

/** What stopped it, if that is no fault of the program. */
function wordsOf(error: unknown): string | null {
  if (error instanceof InitUsage) return error.message;
  if (error instanceof AnswersEnded) return '\nNothing was written.';
  const { code, path, message } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && error instanceof Error ? `${path ?? ''}: ${message.split(',')[0]}` : null;
}

async function makeConfiguration(
  options: InitOptions,
  version: string,
  output: Output,
  { asking, ports, now, isRoot }: InitSurroundings,
): Promise<0 | 1 | 2> {
  const file = resolve(
    options.config ?? join(existsSync(INSTALLED_FOLDER) ? INSTALLED_FOLDER : '.', 'ippa-proxy.yaml'),
  );
  const replace = options.force === true;
  if (existsSync(file) && !replace) throw new InitUsage(`${file} is there already: --force replaces it`);
  const service = findService(options, isRoot);
  const answers = await gatherAnswers(options, asking);
  output.stdout('Asking each Finesse server what it is:\n');
  const servers = await lookAtAll(answers, { asking, ports, now, output });
  if (!(await mayGoOn(servers, options, asking, output))) return 1;

  const folder = dirname(file);
  const files = { cert: 'proxy.pem', key: 'proxy.key', request: 'proxy.csr', token: 'ops-token' };
  const clusters = planClusters(servers);
  const stateFolder = folder === INSTALLED_FOLDER && existsSync(INSTALLED_STATE) ? INSTALLED_STATE : 'state';
  const text = renderConfiguration({ answers, clusters, files, stateFolder, version });
  const paths = { key: join(folder, files.key), cert: join(folder, files.cert), request: join(folder, files.request) };
  const identity = await writeIdentity(paths, certificateNames(answers), answers.keyType, { now, service });
  const token = await writeToken(join(folder, files.token), service);
  const problems = await writeChecked(file, text, { service, replace });
  output.stderr(problems.text);
  if (!problems.ok) return 1;
  output.stdout(renderNextSteps({ file, answers, servers, identity, token, service }));
  return 0;
}

/** Only root can give files away. */
function findService({ user }: InitOptions, isRoot: boolean): Account | null {
  const account = isRoot ? findAccount(user ?? SERVICE_USER) : null;
  if (user !== undefined && account === null) {
    throw new InitUsage(
      isRoot ? `--user: there is no user ${user} in /etc/passwd` : '--user: only root can give files away',
    );
  }
  return account;
}

type Looking = Pick<InitSurroundings, 'asking' | 'ports' | 'now'> & { readonly output: Output };

/** Certificates that no CA vouches for are shown; whoever is asked compares the fingerprint and says yes. */
async function lookAtAll(answers: InitAnswers, looking: Looking): Promise<FinesseServer[]> {
  const { asking, ports, now, output } = looking;
  const first = await Promise.all(answers.finesse.map((url) => lookAtFinesse(url, answers.trust, ports, now)));
  const servers: FinesseServer[] = [];
  for (const server of first) {
    output.stdout(
      `\n${server.url}\n${describeServer(server)
        .map((line) => `  ${line}\n`)
        .join('')}`,
    );
    const { certificate } = server;
    if (hindranceOf(server) !== 'untrusted' || certificate === null) servers.push(server);
    else {
      output.stdout(renderFingerprint(certificate));
      const isSame = asking !== null && (await confirm(asking, '  Is it the same, and to be trusted?'));
      servers.push(isSame ? await lookAtFinesse(server.url, [certificate.fingerprint], ports, now) : server);
    }
  }
  return servers;
}

function renderFingerprint({
  issuer,
  names,
  fingerprint,
  selfSigned,
}: NonNullable<FinesseServer['certificate']>): string {
  return [
    `  issuer         ${issuer}${selfSigned ? ' (self-signed)' : ''}`,
    `  names          ${names ?? 'none'}`,
    `  SHA-256        ${fingerprint}`,
    '  Compare the fingerprint with the one that the server itself shows: Cisco Unified OS Administration > Security >',
    '  Certificate Management (tomcat).',
    '',
  ].join('\n');
}

async function mayGoOn(
  servers: readonly FinesseServer[],
  { anyway }: InitOptions,
  asking: Asking | null,
  output: Output,
): Promise<boolean> {
  const untrusted = servers.filter((server) => hindranceOf(server) === 'untrusted');
  if (untrusted.length > 0 && asking === null && anyway !== true) {
    const options = untrusted.map(
      ({ url, certificate }) => `--trust ${certificate?.fingerprint} is needed for ${url}, if that is its fingerprint`,
    );
    throw new InitUsage(options.join('\n'));
  }
  const open = servers.filter((server) => hindranceOf(server) !== null);
  if (open.length === 0 || anyway === true) return true;
  const names = open.map(({ url }) => url).join(', ');
  if (asking !== null && (await confirm(asking, `\n${names}: not confirmed. Write the configuration all the same?`)))
    return true;
  output.stderr(`\n${names}: not confirmed, so nothing was written; --anyway writes the configuration all the same.\n`);
  return false;
}

/** What `check` refuses is never left behind under the name of the configuration. */
async function writeChecked(
  file: string,
  text: string,
  { service, replace }: { service: Account | null; replace: boolean },
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const shared = { mode: CONFIG_MODE, owner: configOwner(service) };
  const draft = join(dirname(file), `.${basename(file)}.draft`);
  try {
    await writeWhole(draft, text, { ...shared, replace: true });
    const loaded = await loadConfiguration(draft);
    const found = loaded.ok ? loaded.warnings : loaded.problems;
    if (loaded.ok) await writeWhole(file, text, { ...shared, replace });
    return { ok: loaded.ok, text: renderProblems(found.map((problem) => ({ ...problem, file }))) };
  } finally {
    await rm(draft, { force: true });
  }
}
