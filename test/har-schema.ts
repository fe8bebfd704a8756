/** The published JSON Schema of HAR 1.2. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);
const names = [
  ...[
    'afterRequest',
    'beforeRequest',
    'browser',
    'cache',
    'content',
    'cookie',
    'creator',
    'entry',
    'har',
    'header',
    'log',
  ],
  ...['page', 'pageTimings', 'postData', 'query', 'request', 'response', 'timings'],
];
// It is of draft 6 and says `optional`, `min`, which are no words of it.
const ajv = new Ajv({ strict: false, validateSchema: false, meta: false });
addFormats.default(ajv);
for (const name of names) {
  const { $schema: _, ...schema } = JSON.parse(readFileSync(require.resolve(`har-schema/lib/${name}.json`), 'utf8'));
  ajv.addSchema(schema);
}
const validate = ajv.getSchema('har.json');

/** Throws when it is no HAR. */
export function validateHar(har: unknown): void {
  if (validate === undefined) throw new Error('the schema is missing');
  if (!validate(har)) throw new Error(ajv.errorsText(validate.errors));
}
