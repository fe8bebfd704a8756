/** `ippa-proxy doctor`: what is wrong on this installation, and what to do about it. */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { renderProblems } from '../config/load.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { tarGz } from '../files/tar.ts';
import { writeWhole } from '../files/write-whole.ts';
import { type Account, findAccount, SERVICE_USER } from './accounts.ts';
import { type Configuration, loadConfiguration } from './configuration.ts';
import { type BundleInput, bundleEntries, renderMasked } from './doctor/bundle.ts';
import { lookAtCertificates } from './doctor/certificates-look.ts';
import { decideExposure, lookAtFiles, lookAtState } from './doctor/files-look.ts';
import { lookAtServers } from './doctor/finesse-look.ts';
import { type Finding, finding } from './doctor/kinds.ts';
import { decideNode, decideOpenFiles, describeSystem, openFileLimit } from './doctor/machine-look.ts';
import { createMask } from './doctor/mask.ts';
import { lookAtNames, type Names, systemNames } from './doctor/names-look.ts';
import { lookAtPorts } from './doctor/ports-look.ts';
import { type DoctorReport, renderReport } from './doctor/report.ts';
import { lookAtRunning, type RunningProxy } from './doctor/running-look.ts';
import { ENVIRONMENT_FILE, type Environment, serviceEnvironment } from './doctor/service-environment.ts';
import { type ConfigSource, readSource } from './doctor/source.ts';
import { lookAtStore } from './doctor/store-look.ts';
import type { Output } from './output.ts';
import { checkOutward } from './outward-check.ts';

export interface DoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
  /** File to write the archive to. */
  readonly bundle?: string;
  /** File whose last lines go into the archive. */
  readonly log?: string;
  /** Who the service runs as; root only can look with the eyes of another. */
  readonly user?: string;
}

export interface DoctorSurroundings {
  readonly now: () => number;
  readonly names: Names;
  /** How many files the process may open; null: not known. */
  readonly openFiles: number | null;
  /** With the secrets of the service. */
  readonly environmentFile: string;
  readonly isRoot: boolean;
}

const INSTALLED = '/etc/ippa-proxy/ippa-proxy.yaml';

function systemSurroundings(): DoctorSurroundings {
  const isRoot = process.getuid?.() === 0;
  return { now: Date.now, names: systemNames(), openFiles: openFileLimit(), environmentFile: ENVIRONMENT_FILE, isRoot };
}

/** 0: nothing, or hints alone · 1: warnings or errors, or the archive could not be written · 2: bad usage. */
export async function runDoctor(
  options: DoctorOptions,
  version: string,
  output: Output,
  given: Partial<DoctorSurroundings> = {},
): Promise<0 | 1 | 2> {
  const file = options.config ?? (existsSync(INSTALLED) ? INSTALLED : null);
  const surroundings = { ...systemSurroundings(), ...given };
  const fault = validateUsage(options, file, surroundings.isRoot);
  if (file === null || fault !== null) {
    output.stderr(`${fault}\n`);
    return 2;
  }
  const account = surroundings.isRoot ? findAccount(options.user ?? SERVICE_USER) : null;
  const env = serviceEnvironment(surroundings.environmentFile, process.env);
  const [source, running] = await Promise.all([readSource(file, env), lookAtRunning(file, version)]);
  const findings = await lookAround(file, { source, running, env, account, surroundings });
  const report = makeReport(resolve(file), version, { findings, running, account, now: surroundings.now() });
  // Messages of the configuration never quote a secret; whatever else does is caught here.
  const mask = createMask(source.secrets);
  const text = renderReport(report);
  output.stdout(options.json === true ? renderMasked(report, mask) : mask(text));
  const parts = { report, text, source, running, log: options.log ?? null, mask };
  const isWritten = options.bundle === undefined || (await writeBundle(options.bundle, parts, output));
  return report.ok && isWritten ? 0 : 1;
}

async function writeBundle(archive: string, parts: BundleInput, output: Output): Promise<boolean> {
  const say = (words: string) => output.stderr(`${archive}: ${words}\n`);
  try {
    const archived = tarGz(await bundleEntries(parts), Date.parse(parts.report.at));
    await writeWhole(archive, archived, { mode: 0o600, owner: null, replace: false });
    if (parts.log !== null && parts.source.masked === null) {
      say('without the log, since nobody knows the secrets of a configuration that cannot be read.');
    }
    say('written. It holds no secrets, but names of hosts, devices and agents: look before you send it.');
    return true;
  } catch (error) {
    say(`not written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
    return false;
  }
}

function validateUsage({ log, bundle, user }: DoctorOptions, file: string | null, isRoot: boolean): string | null {
  if (file === null) return `--config FILE is needed: there is no ${INSTALLED}`;
  if (log !== undefined && bundle === undefined) return '--log goes with --bundle';
  if (log !== undefined && !existsSync(log)) return `--log: there is no ${log}`;
  if (bundle !== undefined && existsSync(bundle)) return `--bundle: ${bundle} is there already`;
  if (user === undefined) return null;
  if (!isRoot) return '--user: only root can look with the rights of another user';
  return findAccount(user) === null ? `--user: there is no user ${user} in /etc/passwd` : null;
}

interface Looking {
  readonly source: ConfigSource;
  readonly running: RunningProxy;
  readonly env: Environment;
  readonly account: Account | null;
  readonly surroundings: DoctorSurroundings;
}

async function lookAround(file: string, { source, running, env, account, surroundings }: Looking): Promise<Finding[]> {
  const loaded = await loadConfiguration(file, env);
  const known = [
    ...validateConfiguration(loaded),
    ...lookAtFiles([{ path: resolve(file), secret: source.holdsSecrets }, ...source.files], account),
    // systemd reads it as root.
    ...decideExposure({ path: surroundings.environmentFile, secret: true }),
    ...decideNode(process.versions.node, engines()),
    ...running.findings,
  ];
  if (!loaded.ok) return known;
  const { config } = loaded;
  const isRunning = running.health !== null;
  const looks = await Promise.all([
    lookAtState(config.state.folder, account),
    lookAtPorts(config, { isRunning, account }),
    lookAtCertificates(config),
    lookAtNames(config, surroundings.names),
    lookAtServers(config, surroundings.now),
    lookAtStore(config, surroundings.now),
    decideOpenFiles(config, surroundings.openFiles),
    lookAtReceivers(config),
  ]);
  return [...known, ...looks.flat()];
}

/** They are asked for a connection and sent nothing. */
async function lookAtReceivers(config: Config): Promise<Finding[]> {
  const checks = await checkOutward(config);
  return checks.flatMap(({ kind, name, reached, result }) =>
    reached ? [] : [finding('receiver-unreachable', `${kind} ${name}: ${result}`)],
  );
}

function validateConfiguration(loaded: Configuration): Finding[] {
  const words = (problem: ConfigProblem) => renderProblems([problem]).trimEnd();
  if (!loaded.ok) return loaded.problems.map((problem) => finding('configuration-error', words(problem)));
  return loaded.warnings.map((problem) => {
    const isCertificate = /\.tls\.cert$/.test(problem.key);
    return finding(isCertificate ? 'certificate-warning' : 'configuration-warning', words(problem));
  });
}

function engines(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).engines.node;
}

function makeReport(
  file: string,
  version: string,
  {
    findings,
    running,
    account,
    now,
  }: { findings: readonly Finding[]; running: RunningProxy; account: Account | null; now: number },
): DoctorReport {
  return {
    at: new Date(now).toISOString(),
    ok: findings.every(({ severity }) => severity === 'hint'),
    facts: {
      configuration: file,
      proxy: version,
      running: running.health === null ? null : `${running.health.version}, ${running.health.status}`,
      node: process.versions.node,
      system: describeSystem(),
      user: account?.name ?? null,
    },
    findings,
  };
}
