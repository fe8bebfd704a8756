/** Asks xmllint whether a request is valid by Cisco's own schema, where that is at hand. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The schema of a version, in a folder as the AXL toolkit has it: FOLDER/15.0/AXLSoap.xsd. */
export function schemaFile(folder: string, version: string): string | null {
  const file = join(folder, version, 'AXLSoap.xsd');
  return existsSync(file) ? file : null;
}

/** `document`: the operation alone, without its envelope. null: it is valid. */
export function validate(file: string, document: string): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn('xmllint', ['--noout', '--nonet', '--schema', file, '-']);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    child.once('error', (error) => resolve(`xmllint cannot be run: ${error.message}`));
    child.once('close', (code) => resolve(code === 0 ? null : (errors.split('\n', 1)[0] ?? 'not valid')));
    child.stdin.on('error', () => {});
    child.stdin.end(document);
  });
}
