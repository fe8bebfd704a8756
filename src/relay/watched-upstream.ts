/** The way to a server, told to a capture: each request of it, redirects included. */

import type { Passed, Watched } from '../domain/tap.ts';
import type { Upstream, UpstreamRequest, UpstreamResult } from '../http/client/upstream.ts';

export function watchUpstream(
  upstream: Upstream,
  watched: Watched,
  { service, address }: { readonly service: string; readonly address: string },
  { url }: { readonly url: string },
): Upstream {
  return {
    ...upstream,
    async request(asked) {
      const startedAt = watched.now();
      const result = await upstream.request(asked);
      watched.passed({ ...render(asked, result, url), leg: 'finesse', service, startedAt, client: address });
      return result;
    },
  };
}

function render(asked: UpstreamRequest, result: UpstreamResult, url: string) {
  const origin = asked.origin ?? url;
  const { body } = asked;
  // As they are written (http/client/request.ts).
  const own = ['host', new URL(origin).host, 'connection', 'keep-alive'];
  const length = body === null ? [] : ['content-length', String(body.length)];
  const answer: Passed['answer'] = result.ok
    ? { status: result.status, headers: readRawHeaders(result.head), body: result.body }
    : null;
  const error = result.ok ? null : `${result.failure.code}${result.sent ? '' : ', not sent'}`;
  return {
    ...{ method: asked.method, url: `${origin}${asked.target}`, headers: [...own, ...asked.headers, ...length] },
    ...{ body, answer, error },
  };
}

/** Name, value, name, value … of a head that has been found sound. */
export function readRawHeaders(head: string): string[] {
  return head
    .split('\r\n')
    .slice(1)
    .flatMap((line) => {
      const colon = line.indexOf(':');
      return colon === -1 ? [] : [line.slice(0, colon), line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')];
    });
}
