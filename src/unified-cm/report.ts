/** Differences and plans as an operator reads them. Pure. */

import { printable } from '../config/values.ts';
import type { Comparison, Difference, Remedy } from './difference.ts';
import { describeStep } from './plan.ts';
import type { Step } from './step.ts';

const REMEDIES: Readonly<Record<Exclude<Remedy, 'by-hand'>, string>> = {
  apply: '--apply',
  'apply-parameters': '--apply --parameters …',
  'update-subscriptions': 'press Update Subscriptions in the phone service',
  subscribe: '--apply --subscribe',
};

/** A row for each difference; names of phones beyond the first few are counted (JSON has them all). */
export function renderComparison({ differences, notes }: Comparison): string {
  const rows = differences.map((each) => [namesOf(each), each.field, each.found, each.expected, remedyOf(each)]);
  const lines = [
    ...(rows.length === 0
      ? ['No differences.']
      : renderTable([['Of', 'What', 'Found', 'Expected', 'Put right by'], ...rows])),
    '',
    ...notes.map((note) => `Note: ${note}`),
  ];
  return lines.map((line) => `${printable(line, 1_000)}\n`).join('');
}

function remedyOf({ remedy, advice }: Difference): string {
  return remedy === 'by-hand' ? `by hand: ${advice ?? 'in Unified CM'}` : REMEDIES[remedy];
}

const SHOWN = 3;

function namesOf({ names }: Difference): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Columns as wide as their widest cell; the last one ends where it ends. */
function renderTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const render = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  const [head = [], ...body] = rows;
  return [render(head), render(head.map((_, column) => '-'.repeat(widths[column] ?? 0))), ...body.map(render)];
}

export function renderPlan(heading: string, steps: readonly Step[]): string {
  const lines = steps.flatMap((step, index) => {
    const [first = '', ...rest] = describeStep(step);
    return [`${index + 1}. ${first}`, ...rest];
  });
  return [heading, ...lines].map((line) => `${printable(line, 1_000)}\n`).join('');
}
