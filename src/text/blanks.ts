/**
 * A part of `text` without the spaces and tabs around it: all that HTTP takes for white space around a value (RFC 9110
 * §5.6.3). String.trim would take U+00A0 too, which in a header read as Latin-1 is a byte of its value.
 */
export function trimBlanks(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
