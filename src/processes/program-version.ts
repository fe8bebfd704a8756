/** The version of the files that this process was started from. An upgrade may have replaced them since another one was. */

import { readFileSync } from 'node:fs';

export const programVersion: string = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version;
