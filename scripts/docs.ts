/** Writes the pages of docs/ that are generated from the sources: `npm run docs`. A test compares them. */

import { writeFileSync } from 'node:fs';
import { describeConfig, type KeyDescription, renderDefault } from '../src/config/key-description.ts';

/** docs/configuration.md. */
export function renderConfigurationDocs(): string {
  const root = describeConfig();
  const sections = Object.entries(root.properties ?? {}).flatMap(([name, key]) => renderSection(name, key));
  return `${[...INTRODUCTION, ...sections].join('\n')}\n`;
}

const INTRODUCTION = [
  '# Configuration',
  '',
  '<!-- Generated from src/config/schema.ts by "npm run docs". -->',
  '',
  'One YAML file in UTF-8. `ippa-proxy check FILE` says what is wrong with it, all errors at once, each with its line;',
  '`ippa-proxy check FILE --probe` also asks every Finesse server once. Start from',
  '[ippa-proxy.example.yaml](../ippa-proxy.example.yaml).',
  '',
  '- Unknown keys are errors. A key with nothing after it counts as absent; `check` and the log warn of it, unless an empty mapping or list',
  '  would mean the same.',
  '- Durations are a whole number and a unit: `500ms`, `5s`, `2m`, `12h`, `400d`.',
  '- Text that looks like a number needs quotes: `name: "007"`.',
  '- Secrets (`ops.token`, every `password`, `url`, `secret`, `routingKey` and header of `webhooks`) are text, `{ env: NAME }` (an environment variable) or `{ file: PATH }` (a',
  '  file; a final newline is not part of the secret). They are never printed.',
  "- Relative paths are relative to the configuration file's folder.",
  '- `[]` below stands for each item of a list.',
  '',
];

function renderSection(name: string, key: KeyDescription): string[] {
  const rows = renderRows(name, key, true);
  return [
    `## ${name}`,
    '',
    key.description ?? '',
    '',
    '| Key | Default | Allowed | Meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

/** A row for the key unless it is the section itself, then rows for what is inside it. */
function renderRows(path: string, key: KeyDescription, isSection: boolean, required = false): string[] {
  const { properties = {}, items } = key;
  const inside = Object.entries(properties).flatMap(([name, inner]) => {
    return renderRows(`${path}.${name}`, inner, false, key.required?.includes(name) === true);
  });
  const ofItems = items?.properties === undefined ? [] : renderRows(`${path}[]`, items, true);
  const isRow = !isSection || Object.keys(properties).length === 0;
  return [...(isRow ? [renderRow(path, key, required || isSection)] : []), ...inside, ...ofItems];
}

function renderRow(path: string, key: KeyDescription, required: boolean): string {
  const allowed =
    key.allowed ?? (key.items?.allowed ? `a list, each ${key.items.allowed}` : 'a mapping of the keys below');
  const cells = [
    `\`${path}\``,
    required && key.defaultText === undefined ? '**required**' : renderDefault(key),
    allowed,
    key.description ?? '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderConfigurationDocs());
}
