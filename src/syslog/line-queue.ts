/** Lines that wait to be sent, within bounds: beyond them the oldest go. */

export interface LineQueue {
  /** How many had to go for it. */
  add(line: Buffer): number;
  take(): Buffer | undefined;
  /** Those that were taken and not sent, in order; they come first again. */
  putBack(lines: readonly Buffer[]): void;
  size(): number;
}

export function createLineQueue(maxLines: number, maxBytes: number): LineQueue {
  let lines: Buffer[] = [];
  /** Those before it are taken. */
  let next = 0;
  let bytes = 0;
  const take = () => {
    const line = lines[next];
    if (line === undefined) return undefined;
    next += 1;
    bytes -= line.length;
    // Now and then, so that taking one costs nothing that grows.
    if (next >= 1024) {
      lines = lines.slice(next);
      next = 0;
    }
    return line;
  };
  const size = () => lines.length - next;
  return {
    add(line) {
      lines.push(line);
      bytes += line.length;
      let gone = 0;
      while (size() > 1 && (size() > maxLines || bytes > maxBytes)) {
        take();
        gone += 1;
      }
      return gone;
    },
    take,
    putBack(before) {
      lines = [...before, ...lines.slice(next)];
      next = 0;
      for (const line of before) bytes += line.length;
    },
    size,
  };
}
