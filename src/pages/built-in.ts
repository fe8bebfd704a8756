/**
 * The templates and languages that came with this version, read once. An upgrade puts the next version's files in their place
 * while this process runs on, and a reload then must not mix the two.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The same from src/pages and from dist/pages. */
export const BUILT_IN = fileURLToPath(new URL('../../phone-xml', import.meta.url));
export const BUILT_IN_LANGUAGES = join(BUILT_IN, 'languages');

/** By absolute path. */
export const builtInFiles: ReadonlyMap<string, Buffer> = new Map(
  [BUILT_IN, BUILT_IN_LANGUAGES].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [join(folder, name), readFileSync(join(folder, name))] as const),
  ),
);
