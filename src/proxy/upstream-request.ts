/** A request as it is written to a server. */

export interface RequestParts {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  /** Name, value, name, value …, without Host and Content-Length. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
}

const NOT_IN_TARGET = /[^!-~\x80-\xff]/;
const NOT_A_NAME = /[^!#$%&'*+.^_`|~\w-]/;
const NOT_IN_VALUE = /[^\t -~\x80-\xff]/;

/**
 * The whole request in Latin-1, one string so that it leaves in one write; null if a part holds what would end it early. The
 * gate and Node's parser let nothing like that through: this is the last line.
 */
export function renderRequest({ method, target, headers, body }: RequestParts, host: string): string | null {
  if (NOT_IN_TARGET.test(target)) return null;
  let bytes = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === '' || NOT_A_NAME.test(name) || NOT_IN_VALUE.test(value)) return null;
    bytes += `${name}: ${value}\r\n`;
  }
  return body === null ? `${bytes}\r\n` : `${bytes}content-length: ${body.length}\r\n\r\n${body.toString('latin1')}`;
}
