#!/usr/bin/env node
// Starts the command: from the sources in a checkout, from the build in an installed package. Nothing that an older
// Node cannot parse may stand here, so that the version is refused in one clear line instead of a stack trace.
import { existsSync } from 'node:fs';
import module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `ippa-proxy needs Node.js 22.18 or newer; this is ${process.versions.node}. In a checkout, "npm start" brings its own.\n`,
  );
  process.exit(1);
}
module.enableCompileCache?.();
const source = new URL('../src/cli.ts', import.meta.url);
const { run } = await import(existsSync(source) ? source.href : new URL('../dist/cli.js', import.meta.url).href);
await run(process.argv.slice(2));
