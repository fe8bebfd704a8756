/**
 * What was changed, kept in a file from which it can be taken back. Each change is marked before it is sent, so that also
 * one whose answer was lost can be taken back. It holds names and URLs, no password and no values of parameters.
 */

import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import type { Step } from './step.ts';

/** `sent`: it may have been done. `left`: nothing was written. */
export type StepState = 'planned' | 'sent' | 'done' | 'left' | 'undone';

export interface UndoRecord {
  readonly format: 1;
  /** URL of AXL. */
  readonly axl: string;
  readonly release: string;
  readonly createdAt: string;
  readonly steps: readonly { readonly step: Step; readonly state: StepState }[];
}

const parameter = z.strictObject({
  name: z.string(),
  displayName: z.string(),
  default: z.string(),
  description: z.string(),
  required: z.boolean(),
  password: z.boolean(),
});
const service = z.strictObject({
  serviceName: z.string(),
  asciiServiceName: z.string(),
  serviceDescription: z.string(),
  serviceUrl: z.string(),
  secureServiceUrl: z.string(),
  serviceCategory: z.string(),
  serviceType: z.string(),
  enabled: z.string(),
  enterpriseSubscription: z.string(),
  parameters: z.array(parameter),
});
const fields = service.omit({ serviceName: true, parameters: true }).partial();
const subscription = z.strictObject({
  service: z.string(),
  name: z.string(),
  url: z.string(),
  urlButtonIndex: z.string(),
  urlLabel: z.string(),
  serviceNameAscii: z.string(),
});
const change = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('url'),
    service: z.string(),
    ordinal: z.number().int().nonnegative(),
    before: z.string(),
    after: z.string(),
  }),
  z.strictObject({ kind: z.enum(['add', 'remove']), subscription }),
]);
const step = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['add-service', 'remove-service']), service }),
  z.strictObject({ kind: z.literal('update-service'), name: z.string(), before: fields, after: fields }),
  z.strictObject({
    kind: z.enum(['add-parameters', 'remove-parameters']),
    name: z.string(),
    parameters: z.array(parameter),
  }),
  z.strictObject({ kind: z.literal('subscriptions'), phone: z.string(), changes: z.array(change) }),
]);
const record = z.strictObject({
  format: z.literal(1),
  axl: z.string(),
  release: z.string(),
  createdAt: z.string(),
  steps: z.array(z.strictObject({ step, state: z.enum(['planned', 'sent', 'done', 'left', 'undone']) })),
});

/** null: it is no such file. */
export function parseUndoRecord(text: string): UndoRecord | null {
  try {
    const result = record.safeParse(JSON.parse(text));
    return result.success ? (result.data as UndoRecord) : null;
  } catch {
    return null;
  }
}

/** Rejects with the error of the file system. */
export async function readUndoFile(path: string): Promise<UndoRecord | null> {
  return parseUndoRecord(await readFile(path, 'utf8'));
}

/** A file that is always whole: the next state of the record replaces the one before in one step. */
export class UndoFile {
  readonly #path: string;
  #record: UndoRecord;

  private constructor(path: string, record: UndoRecord) {
    this.#path = path;
    this.#record = record;
  }

  /** A new file; one that is there is not overwritten. Rejects with the error of the file system. */
  static async create(path: string, first: UndoRecord): Promise<UndoFile> {
    const file = new UndoFile(path, first);
    await writeSynced(path, 'wx', first);
    return file;
  }

  static reopen(path: string, found: UndoRecord): UndoFile {
    return new UndoFile(path, found);
  }

  /** Resolves once it is on the disk. */
  async mark(index: number, state: StepState): Promise<void> {
    const steps = this.#record.steps.map((each, at) => (at === index ? { ...each, state } : each));
    this.#record = { ...this.#record, steps };
    await writeSynced(`${this.#path}.new`, 'w', this.#record);
    await rename(`${this.#path}.new`, this.#path);
  }
}

async function writeSynced(path: string, flags: 'w' | 'wx', content: UndoRecord): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
