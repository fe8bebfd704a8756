/** Headers of then as they are now: in their order, case and number, with times as far ahead as they were. Pure. */

export type Headers = readonly (readonly [name: string, value: string])[];

export interface Now {
  /** Epoch ms: then, and now. */
  readonly at: number;
  readonly now: number;
  /** Of the body. */
  readonly length: number;
  readonly live: (text: string) => string;
}

export function liveHeaders(headers: Headers, { at, now, length, live }: Now): [name: string, value: string][] {
  const isChunked = headers.some(([name, value]) => /^transfer-encoding$/i.test(name) && /chunked/i.test(value));
  const later = (value: string) => {
    const then = Date.parse(value);
    // What was over then is over now.
    return then > at ? new Date(then - at + now).toUTCString() : value;
  };
  const made = headers.map(([name, value]): [string, string] => {
    switch (name.toLowerCase()) {
      case 'content-length':
        return [name, String(length)];
      case 'date':
        return [name, new Date(now).toUTCString()];
      case 'expires':
        return [name, later(value)];
      case 'set-cookie':
        return [name, live(value).replace(/(;\s*expires=)([^;]+)/i, (_, before, date) => before + later(date))];
      default:
        return [name, live(value)];
    }
  });
  const hasLength = made.some(([name]) => name.toLowerCase() === 'content-length');
  return isChunked || hasLength ? made : [...made, ['Content-Length', String(length)]];
}
