/** Carries out a plan, step by step, or takes one back; what is done is kept before it is sent. */

import type { AxlClient, Pause } from './axl-client.ts';
import { executeStep, type StepOutcome } from './execute.ts';
import { inverseOf, type Step } from './step.ts';
import type { StepState, UndoFile, UndoRecord } from './undo-file.ts';

export interface ApplyContext {
  readonly client: AxlClient;
  readonly pause: Pause;
  readonly sql: boolean;
  readonly file: UndoFile;
  readonly report: (step: Step, outcome: StepOutcome) => void;
}

/**
 * Stops at the first step that fails: what comes after may stand on it. Resolves to whether all is done. Rejects with
 * AxlError where Unified CM cannot be asked any more.
 */
export async function applySteps(steps: readonly Step[], context: ApplyContext): Promise<boolean> {
  for (const [index, step] of steps.entries()) {
    const outcome = await run(step, context, () => context.file.mark(index, 'sent'));
    await context.file.mark(index, STATE_AFTER[outcome.kind]);
    context.report(step, outcome);
    if (outcome.kind !== 'done' && outcome.kind !== 'already') return false;
  }
  return true;
}

/** One that changed nothing is not taken back: what is there was there before, or is somebody else's. */
const STATE_AFTER: Readonly<Record<StepOutcome['kind'], StepState>> = {
  done: 'done',
  'done-but': 'done',
  already: 'left',
  failed: 'left',
  unclear: 'sent',
};

/** What may have been done, the last one first. */
export function stepsToUndo(record: UndoRecord): { readonly index: number; readonly step: Step }[] {
  return record.steps
    .map(({ step, state }, index) => ({ index, step: inverseOf(step), state }))
    .filter(({ state }) => state === 'sent' || state === 'done')
    .map(({ index, step }) => ({ index, step }))
    .reverse();
}

/** Goes on after one that fails: each that is taken back is one less. Resolves to whether all are as before. */
export async function undoSteps(
  steps: readonly { readonly index: number; readonly step: Step }[],
  context: ApplyContext,
): Promise<boolean> {
  let allDone = true;
  for (const { index, step } of steps) {
    const outcome = await run(step, context, async () => {});
    const isBack = outcome.kind === 'done' || outcome.kind === 'already';
    if (isBack) await context.file.mark(index, 'undone');
    context.report(step, outcome);
    allDone &&= isBack;
  }
  return allDone;
}

function run(step: Step, { client, pause, sql }: ApplyContext, beforeWrite: () => Promise<void>) {
  return executeStep(step, { client, pause, sql, beforeWrite });
}
