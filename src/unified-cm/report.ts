/** Differences and plans as an operator reads them. Pure. */

import { printable } from '../config/values.ts';
import type { Comparison, Difference, Remedy } from './difference.ts';
import { describeStep } from './plan.ts';
import type { Step } from './step.ts';

const REMEDIES: Readonly<Record<Exclude<Remedy, 'by-hand'>, string>> = {
  apply: '--apply',
  'apply-entry': '--apply with --entry for it',
  'apply-parameters': '--apply --parameters …',
  'update-subscriptions': 'the button Update Subscriptions in the phone service',
  subscribe: '--apply --subscribe',
};

/** A row for each difference; of many phones the first is named and the others are counted (JSON has them all). */
export function renderComparison({ differences, notes }: Comparison): string {
  const lines = [
    ...(differences.length === 0 ? ['No differences.'] : renderTable(differences)),
    '',
    ...notes.map((note) => `Note: ${note}`),
  ];
  return lines.map((line) => `${printable(line, 1_000)}\n`).join('');
}

/** URLs are long: what was found and what was expected stand below each other. */
function renderTable(differences: readonly Difference[]): string[] {
  const rows = differences.flatMap((each): (readonly [string, string, string])[] => [
    [namesOf(each), each.field, `found     ${each.found}`],
    ['', '', `expected  ${each.expected}`],
    ['', '', `put right ${remedyOf(each)}`],
  ]);
  const [names, fields] = [widest(rows.map(([name]) => name)), widest(rows.map(([, field]) => field))];
  return rows.map(([name, field, rest]) => `${name.padEnd(names)}  ${field.padEnd(fields)}  ${rest}`);
}

function widest(cells: readonly string[]): number {
  return Math.max(...cells.map(({ length }) => length));
}

function remedyOf({ remedy, advice }: Difference): string {
  return remedy === 'by-hand' ? `by hand: ${advice ?? 'in Unified CM'}` : `by ${REMEDIES[remedy]}`;
}

function namesOf({ names: [first = '', ...others] }: Difference): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

export function renderPlan(heading: string, steps: readonly Step[]): string {
  const lines = steps.flatMap((step, index) => {
    const [first = '', ...rest] = describeStep(step);
    return [`${index + 1}. ${first}`, ...rest];
  });
  return [heading, ...lines].map((line) => `${printable(line, 1_000)}\n`).join('');
}
