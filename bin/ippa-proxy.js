#!/usr/bin/env node
// Starts the command: from the sources in a checkout, from the build in an installed package. Nothing that an older
// Node cannot parse may stand here, so that the version is refused in one clear line instead of a stack trace.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  const launcher = fileURLToPath(new URL('ippa-proxy', import.meta.url));
  process.stderr.write(
    `ippa-proxy needs Node.js 22.18 or newer; this is ${process.versions.node}. Started as ${launcher} it uses the one that it brought; in a checkout, "npm start" does.\n`,
  );
  process.exit(1);
}
const source = new URL('../src/cli.ts', import.meta.url);
const isCheckout = existsSync(source);
// Types are stripped at each start of a checkout. The folder is its own: in the usual one below /tmp, others could put code.
if (isCheckout)
  module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/ippa-proxy', import.meta.url)));
const { run } = await import(isCheckout ? source.href : new URL('../dist/cli.js', import.meta.url).href);
await run(process.argv.slice(2));
