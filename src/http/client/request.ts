/** A request as it is written to a server. */

export interface RequestParts {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  /** Name, value, name, value …, without Host and Content-Length. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
}

/** What may leave, provided that no part holds a line feed. */
const HEAD = /^(?:GET|POST) [!-~\x80-\xff]+ HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~\w-]+: [\t -~\x80-\xff]*\r\n)+\r\n$/;

/**
 * The whole request in Latin-1, one string so that it leaves in one write; null if a part holds what would end it early. Whoever
 * asks has judged the parts: this is the last line.
 */
export function renderRequest({ method, target, headers, body }: RequestParts, host: string): string | null {
  if (target.includes('\n')) return null;
  let head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name.includes('\n') || value.includes('\n')) return null;
    head += `${name}: ${value}\r\n`;
  }
  head += body === null ? '\r\n' : `content-length: ${body.length}\r\n\r\n`;
  // One look at the whole: a look at each part takes three times as long.
  if (!HEAD.test(head)) return null;
  return body === null ? head : head + body.toString('latin1');
}
