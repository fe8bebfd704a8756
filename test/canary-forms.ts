/** A secret in every way in which it can be written, and the search that undoes them all. It shares nothing with src/capture/scrub.ts. */

/** By the name of the form. */
export function canaryForms(text: string): Readonly<Record<string, string>> {
  const bytes = Buffer.from(text);
  const all = (write: (byte: string) => string) => Array.from(bytes, (byte) => write(hex(byte))).join('');
  const url = encodeURIComponent(text);
  return {
    plain: text,
    upper: text.toUpperCase(),
    lower: text.toLowerCase(),
    url,
    urlLower: url.replace(/%../g, (code) => code.toLowerCase()),
    urlAll: all((byte) => `%${byte}`),
    urlTwice: encodeURIComponent(url),
    plus: url.replaceAll('%20', '+'),
    xml: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
    decimal: Array.from(text, (character) => `&#${character.codePointAt(0)};`).join(''),
    references: Array.from(text, (character) => `&#x${character.codePointAt(0)?.toString(16)};`).join(''),
    json: Array.from(text, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    base64: bytes.toString('base64'),
    base64Within: Buffer.from(`1001:${text}`).toString('base64'),
    base64Behind: Buffer.from(`10012:${text}:x`).toString('base64'),
    base64url: bytes.toString('base64url'),
    hex: bytes.toString('hex'),
    hexUpper: bytes.toString('hex').toUpperCase(),
  };
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** The text and whatever it may be an encoding of, and so on. */
export function unfold(text: string, depth = 4): ReadonlySet<string> {
  const found = new Set([text]);
  let last: readonly string[] = [text];
  for (let n = 0; n < depth; n++) {
    const next = new Set(last.flatMap(decodings).filter((each) => each.length >= 4 && !found.has(each)));
    for (const each of next) found.add(each);
    last = [...next];
  }
  return found;
}

function decodings(text: string): string[] {
  const runs = (pattern: RegExp, read: (run: string) => string) => (text.match(pattern) ?? []).map(read);
  return [
    text.replaceAll('\0', ''),
    text.replaceAll('+', ' '),
    text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16))),
    text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code) % 0x110000)),
    text.replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(Number.parseInt(code, 16) % 0x110000)),
    text.replace(/&(?:amp|lt|gt|quot|apos);/g, ''),
    text.replace(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16))),
    ...runs(/[0-9a-f]{8,}/gi, (run) => Buffer.from(run, 'hex').toString('latin1')),
    // Wherever it may begin.
    ...[0, 1, 2, 3].flatMap((from) =>
      runs(/[A-Za-z0-9+/_-]{8,}/g, (run) => Buffer.from(run.slice(from), 'base64').toString('latin1')),
    ),
  ];
}
