/** The environment that systemd gives the service: whoever runs `doctor` has another one. */

import { readFileSync } from 'node:fs';

/** EnvironmentFile of the unit (packaging/ippa-proxy.service). */
export const ENVIRONMENT_FILE = '/etc/default/ippa-proxy';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the file says beside what is set here; the latter wins, since it was meant for this command. */
export function serviceEnvironment(file: string, here: Environment): Environment {
  return { ...parseEnvironment(readText(file)), ...here };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No package, or not for this user.
    return '';
  }
}

function parseEnvironment(text: string): Record<string, string> {
  const lines = text.matchAll(/^[ \t]*([A-Za-z_]\w*)=(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*?))[ \t]*$/gm);
  return Object.fromEntries(
    [...lines].map(([, name, double, single, bare]) => [name ?? '', double ?? single ?? bare ?? '']),
  );
}
