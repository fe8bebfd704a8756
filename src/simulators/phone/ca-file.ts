import { readFileSync } from 'node:fs';

/** The file of `--ca`. Throws an error for the command line, which names the option. */
export function readCa(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`--ca: ${error instanceof Error ? error.message : String(error)}`);
  }
}
