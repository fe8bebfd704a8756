/** `unified-cm --verify`, `--apply` and `--undo`: puts the parts together, asks, prints, and decides the exit code. */

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { loadConfig, renderProblems } from '../config/load.ts';
import { parseCertificates } from '../files/certificates.ts';
import { applySteps, stepsToUndo, undoSteps } from '../unified-cm/apply.ts';
import { type AxlClient, AxlError, connectAxl } from '../unified-cm/axl-client.ts';
import { type AxlTarget, createAxlTransport } from '../unified-cm/axl-transport.ts';
import { compareUnifiedCm } from '../unified-cm/compare.ts';
import { vouchesFor } from '../unified-cm/compare-trust.ts';
import type { StepOutcome } from '../unified-cm/execute.ts';
import { describeStep, planSteps } from '../unified-cm/plan.ts';
import { type CmState, readUnifiedCm } from '../unified-cm/reader.ts';
import { renderComparison, renderPlan } from '../unified-cm/report.ts';
import type { Step } from '../unified-cm/step.ts';
import { readUndoFile, UndoFile, type UndoRecord } from '../unified-cm/undo-file.ts';
import { decideWanted, isOurs, type Wanted, type WantedCertificate } from '../unified-cm/wanted.ts';
import { ask, readPassword } from './axl-password.ts';
import type { Output } from './output.ts';
import { lookAtCertificate } from './peer-certificate.ts';
import { type AxlOptions, decideAxlOptions, parsePhoneNames, type UnifiedCmOptions } from './unified-cm-options.ts';

/** Wrong options or a wrong file: exit code 2. */
class UsageError extends Error {}

interface Run {
  readonly options: UnifiedCmOptions;
  readonly axl: AxlOptions;
  readonly target: AxlTarget;
  readonly output: Output;
  readonly patterns: readonly string[] | null;
}

/** 0: as it is to be. 1: differences are left, or Unified CM could not be asked. 2: wrong options or configuration. */
export async function runUnifiedCmAxl(options: UnifiedCmOptions, output: Output): Promise<0 | 1 | 2> {
  try {
    const loaded = await loadConfig(options.config);
    if (!loaded.ok) throw new UsageError(renderProblems(loaded.problems).trimEnd());
    const axl = decideAxlOptions(options);
    if (typeof axl === 'string') throw new UsageError(axl);
    const patterns = await readPatterns(axl.phones);
    const wanted = await readWanted(loaded.config, options, axl);
    const record = options.undo === undefined ? null : await readUndoRecord(options.undo, axl.url);
    const run = { options, axl, target: await readTarget(options, axl), output, patterns };
    if (record !== null && options.undo !== undefined) return await undo(run, record, options.undo);
    return axl.mode === 'apply' ? await apply(run, wanted) : await verify(run, wanted);
  } catch (error) {
    if (error instanceof UsageError) {
      output.stderr(`${error.message}\n`);
      return 2;
    }
    if (!(error instanceof AxlError)) throw error;
    await reportAxlError(error, options, output);
    return 1;
  }
}

async function readTarget(options: UnifiedCmOptions, { url, user, fingerprints }: AxlOptions): Promise<AxlTarget> {
  const ca = options.axlCa === undefined ? null : await readText('--axl-ca', options.axlCa);
  if (ca !== null && parseCertificates(ca) === null) throw new UsageError(`--axl-ca ${options.axlCa}: no certificate`);
  const password = await readPassword(options.passwordFile, user);
  if (!password.ok) throw new UsageError(password.words);
  const timeoutMs = options.timeout * 1000;
  return { url, username: user, password: password.password, ca, fingerprints, timeoutMs };
}

async function readText(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${option} ${file}: it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function readPatterns(phones: AxlOptions['phones']): Promise<readonly string[] | null> {
  if (phones === null || !('file' in phones)) return phones;
  const names = parsePhoneNames((await readText('--phones', phones.file)).split(/\r?\n/));
  if (typeof names === 'string') throw new UsageError(names);
  return names;
}

async function readWanted(config: Config, options: UnifiedCmOptions, axl: AxlOptions): Promise<Wanted> {
  const certificates: WantedCertificate[] = [];
  for (const { tls, publicUrl } of config.phones.listeners) {
    if (tls === null || publicUrl === null) continue;
    const chain = parseCertificates(await readText('tls.cert', tls.cert));
    if (chain !== null) certificates.push({ listener: publicUrl, chain });
  }
  const wanted = decideWanted(config, {
    entries: options.entry ?? [],
    parameters: axl.parameters,
    subscribe: options.subscribe === true,
    users: options.pushUser ?? [],
    certificates,
  });
  if (typeof wanted === 'string') throw new UsageError(wanted);
  return wanted;
}

async function readUndoRecord(file: string, url: string): Promise<UndoRecord> {
  await readText('--undo', file);
  const record = await readUndoFile(file);
  if (record === null) throw new UsageError(`--undo ${file}: it is no file that --apply wrote`);
  if (record.axl !== url) throw new UsageError(`--undo ${file}: it is about ${record.axl}, not ${url}`);
  return record;
}

function connect({ target }: Run): Promise<AxlClient> {
  return connectAxl(createAxlTransport(target), sleep);
}

function readState(client: AxlClient, { options, patterns }: Run, wanted: Wanted): Promise<CmState> {
  const { certificates } = wanted;
  const scope = {
    isOurs: (service: Parameters<typeof isOurs>[1]) => isOurs(wanted, service),
    phones: patterns,
    sql: options.sql,
    users: wanted.users,
    isCertificate:
      certificates.length === 0
        ? null
        : (found: Parameters<typeof vouchesFor>[1]) => certificates.some((each) => vouchesFor(each, found)),
  };
  // Only a person who waits wants to know.
  const progress = (words: string) => void (process.stderr.isTTY && process.stderr.write(`Reading: ${words}\n`));
  return readUnifiedCm(client, scope, progress);
}

async function verify(run: Run, wanted: Wanted): Promise<0 | 1> {
  const state = await readState(await connect(run), run, wanted);
  return printComparison(run, wanted, state, {});
}

function printComparison({ options, output }: Run, wanted: Wanted, state: CmState, more: object): 0 | 1 {
  const comparison = compareUnifiedCm(wanted, state);
  const { release, version } = state;
  if (options.json) output.stdout(`${JSON.stringify({ release, version, ...more, ...comparison }, null, 2)}\n`);
  else output.stdout(`Unified CM ${release}, AXL ${version}\n\n${renderComparison(comparison)}`);
  return comparison.differences.length === 0 ? 0 : 1;
}

async function apply(run: Run, wanted: Wanted): Promise<0 | 1> {
  const { options, output, axl } = run;
  const client = await connect(run);
  const before = await readState(client, run, wanted);
  const steps = planSteps(wanted, before, { updateSubscriptions: options.updateSubscriptions === true });
  if (steps.length === 0) {
    if (!options.json) output.stdout('Nothing to change.\n\n');
    return printComparison(run, wanted, before, { plan: [], results: [] });
  }
  const path = options.undoFile ?? `unified-cm-undo-${new Date().toISOString().replace(/[:.]/g, '-')}.json`;
  if (!options.json) output.stdout(renderPlan(`To be changed in Unified CM at ${axl.url}:`, steps));
  if (!(await isAgreed(options))) {
    output.stdout('Nothing was changed.\n');
    return 1;
  }
  const file = await createUndoFile(path, {
    format: 1,
    axl: axl.url,
    release: client.release,
    createdAt: new Date().toISOString(),
    steps: steps.map((step) => ({ step, state: 'planned' })),
  });
  const { results, report } = reporter(run);
  const sleeping = { client, pause: (ms: number) => sleep(ms), sql: options.sql, file, report };
  const isDone = await applySteps(steps, sleeping);
  if (!options.json) output.stdout(`What was changed is kept in ${path}: --undo ${path} takes it back.\n\n`);
  const after = await readState(client, run, wanted);
  const code = printComparison(run, wanted, after, { plan: steps, results, undoFile: path });
  return isDone ? code : 1;
}

async function undo(run: Run, record: UndoRecord, path: string): Promise<0 | 1> {
  const { options, output, axl } = run;
  const steps = stepsToUndo(record);
  if (steps.length === 0) {
    output.stdout(options.json ? '{ "plan": [], "results": [] }\n' : 'Nothing to take back.\n');
    return 0;
  }
  const plan = steps.map(({ step }) => step);
  if (!options.json) output.stdout(renderPlan(`To be taken back in Unified CM at ${axl.url}:`, plan));
  if (!(await isAgreed(options))) {
    output.stdout('Nothing was changed.\n');
    return 1;
  }
  const client = await connect(run);
  const file = UndoFile.reopen(path, record);
  const { results, report } = reporter(run);
  const isDone = await undoSteps(steps, { client, pause: (ms) => sleep(ms), sql: options.sql, file, report });
  if (options.json) output.stdout(`${JSON.stringify({ release: client.release, plan, results }, null, 2)}\n`);
  else output.stdout(`${isDone ? 'All is as before.' : 'Not all is as before.'}\n${describeButton(plan)}`);
  return isDone ? 0 : 1;
}

/** What the button has copied into subscriptions, only the button takes back. */
function describeButton(plan: readonly Step[]): string {
  const names = plan.flatMap((step) => (step.kind === 'update-service' ? [step.name] : []));
  if (names.length === 0) return '';
  return `If Update Subscriptions was pressed after the change, press it again in: ${names.join(', ')}.\n`;
}

async function createUndoFile(path: string, record: UndoRecord): Promise<UndoFile> {
  try {
    return await UndoFile.create(path, record);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : `it cannot be written (${code})`;
    throw new UsageError(`--undo-file ${path}: ${why}. Nothing was changed.`);
  }
}

async function isAgreed({ yes }: UnifiedCmOptions): Promise<boolean> {
  if (yes === true) return true;
  if (!process.stdin.isTTY) throw new UsageError('Nothing was changed: without a terminal to ask, --yes is needed.');
  return /^(?:y|yes)$/i.test((await ask('Do it? [y/N] ', { hidden: false })).trim());
}

function reporter({ options, output }: Run) {
  const results: (StepOutcome & { readonly step: string })[] = [];
  const report = (step: Step, outcome: StepOutcome) => {
    const [name = ''] = describeStep(step);
    results.push({ step: name, ...outcome });
    const words = 'words' in outcome ? `: ${outcome.words}` : '';
    if (!options.json) output.stdout(`${WORDS[outcome.kind]}  ${name}${words}\n`);
  };
  return { results, report };
}

const WORDS: Readonly<Record<StepOutcome['kind'], string>> = {
  done: 'done   ',
  already: 'is so  ',
  failed: 'FAILED ',
  'done-but': 'DONE, BUT',
  unclear: 'UNCLEAR',
};

async function reportAxlError(error: AxlError, options: UnifiedCmOptions, output: Output): Promise<void> {
  const axl = decideAxlOptions(options);
  if (typeof axl === 'string') return;
  output.stderr(`Unified CM at ${axl.url}: ${error.message}\n`);
  if (error.code !== 'untrusted') return;
  const seen = await lookAtCertificate(axl.url, 5_000, Date.now());
  if (seen === null) return;
  output.stderr(
    `It shows  ${seen.subject}\n  issuer  ${seen.issuer}\n  names   ${seen.names ?? 'none'}\n  SHA-256 ${seen.fingerprint}\n` +
      'Compare the fingerprint with the one in Cisco Unified OS Administration > Security > Certificate Management (tomcat).\n' +
      'If it is the same: --axl-fingerprint with it, or --axl-ca with a PEM file of its CA.\n',
  );
}
