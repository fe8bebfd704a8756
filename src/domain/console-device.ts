/** The names of phones in the browser. The proxy chooses them, so that none is ever that of an agent's phone. Pure. */

const PREFIX = 'CONSOLE-';

/** `random`: 12 hexadecimal digits. */
export function consoleDevice(random: string): string {
  return `${PREFIX}${random.toUpperCase()}`;
}

export function isConsoleDevice(name: string): boolean {
  return /^CONSOLE-[0-9A-F]{12}$/.test(name);
}
