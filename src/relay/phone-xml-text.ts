/** Looking at a document without cutting strings out of it. */

/** Where the XML white space that begins at `from` ends; `from` itself where there is none. */
export function spaceEnd(text: string, from: number): number {
  for (let at = from; ; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return at;
  }
}

/** text.indexOf, with the end of the text for "nowhere". */
export function indexOrEnd(text: string, wanted: string, from: number): number {
  const found = text.indexOf(wanted, from);
  return found === -1 ? text.length : found;
}
