/** The target of a request, path and query, looked at without decoding any of it. Pure and total. */

/**
 * Whether a path (without query) is free of everything that two programs could read differently: dot segments, encoded
 * slashes, backslashes, control characters. Redirects of the server are held to the same rule.
 */
export function isPlainPath(path: string): boolean {
  return !path.includes('?') && findTargetFault(path) === null;
}

/** Characters that need a second look; everything else is one table access a character. */
const special = new Uint8Array(256).fill(1);
for (let code = 0x21; code < 0x7f; code++) special[code] = 0;
for (const character of '#\\%/?') special[character.charCodeAt(0)] = 1;

/** What two programs could read differently in a request target, in words; null: nothing. */
export function findTargetFault(target: string): string | null {
  if (target.charCodeAt(0) !== SLASH) return 'a target that does not begin with a slash';
  let segment = 1;
  let inPath = true;
  for (let i = 1; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code < 256 && special[code] === 0) continue;
    if (code === PERCENT) {
      const fault = findEscapeFault(target, i, inPath);
      if (fault !== null) return fault;
    } else if (code === SLASH) {
      if (!inPath) continue;
      if (i === segment) return 'an empty path segment (//)';
      if (isDotSegment(target, segment, i)) return 'a dot segment in the path';
      segment = i + 1;
    } else if (code === QUESTION) {
      if (inPath && isDotSegment(target, segment, i)) return 'a dot segment in the path';
      inPath = false;
    } else {
      return code === HASH || code === BACKSLASH
        ? `the character ${target[i]} in the target`
        : 'a control or non-ASCII character in the target';
    }
  }
  return inPath && isDotSegment(target, segment, target.length) ? 'a dot segment in the path' : null;
}

const HASH = 0x23;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;

/** In a query an encoded slash or a bare % may be part of a password; a NUL is part of nothing. */
function findEscapeFault(target: string, at: number, inPath: boolean): string | null {
  const value = hexDigit(target.charCodeAt(at + 1)) * 16 + hexDigit(target.charCodeAt(at + 2));
  if (Number.isNaN(value)) return inPath ? 'a malformed percent escape in the path' : null;
  if (value === 0) return 'an encoded NUL';
  if (!inPath) return null;
  if (value === SLASH || value === BACKSLASH) return 'an encoded slash or backslash in the path';
  if (value < 0x20 || value === 0x7f) return 'an encoded control character in the path';
  // 0xC0 and 0xC1 begin only over-long UTF-8, an old way to hide a dot or a slash.
  return value === 0xc0 || value === 0xc1 ? 'over-long UTF-8 in the path' : null;
}

/** NaN for anything else, the end of the string included. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const upper = code & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x41 + 10 : Number.NaN;
}

/** `.` or `..`, plain or encoded; path parameters do not hide it, since Tomcat cuts them off first (`..;x`). */
function isDotSegment(target: string, start: number, end: number): boolean {
  let dots = 0;
  let i = start;
  while (i < end && target.charCodeAt(i) !== SEMICOLON) {
    if (target.charCodeAt(i) === DOT) i += 1;
    else if (isEncoded(target, i, DOT)) i += 3;
    else return false;
    dots += 1;
  }
  return dots === 1 || dots === 2;
}

/** Whether `target` has the percent escape of `code` at `at`. */
export function isEncoded(target: string, at: number, code: number): boolean {
  return (
    target.charCodeAt(at) === PERCENT &&
    hexDigit(target.charCodeAt(at + 1)) * 16 + hexDigit(target.charCodeAt(at + 2)) === code
  );
}
