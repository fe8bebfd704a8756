/**
 * A Finesse as nobody assumes it: the simulated one, whose URLs follow the Host header, behind a server that changes what passes.
 * For reports of captures, which must name each of the changes.
 */
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Deviations {
  /** Fields of forms are called so instead, on pages and in requests. */
  readonly rename?: Readonly<Record<string, string>>;
  /** A field more in every form. */
  readonly extraField?: string;
  /** On every page. */
  readonly refresh?: string;
  readonly cookies?: readonly string[];
  /** Paths that end so are answered by a redirect, once each time, to what it makes of the target. */
  readonly redirect?: { readonly path: string; readonly to: (target: string) => string };
}

export async function startDeviating(origin: string, deviations: Deviations) {
  const renamed = Object.entries(deviations.rename ?? {});
  const server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      let target = req.url ?? '';
      const { redirect } = deviations;
      if (redirect !== undefined && target.split('?')[0]?.endsWith(redirect.path)) {
        res.writeHead(302, { Location: redirect.to(target), 'Content-Length': 0 }).end();
        return;
      }
      for (const [from, to] of renamed) target = target.replace(new RegExp(`([?&])${to}=`), `$1${from}=`);
      const call = httpRequest(
        `${origin}${target}`,
        { method: req.method, headers: req.headers, agent: false },
        (answer) => {
          const body: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => body.push(chunk));
          answer.on('end', () => {
            const text = change(Buffer.concat(body).toString(), deviations);
            const kept = answer.rawHeaders.flatMap((name, at, all) =>
              at % 2 === 0 && !/^(?:content-length|connection|keep-alive|transfer-encoding)$/i.test(name)
                ? [name, all[at + 1] ?? '']
                : [],
            );
            const isPage = target.startsWith('/fippa/');
            for (const cookie of isPage ? (deviations.cookies ?? []) : []) kept.push('Set-Cookie', cookie);
            if (isPage && deviations.refresh !== undefined) kept.push('Refresh', deviations.refresh);
            kept.push('Content-Length', String(Buffer.byteLength(text)));
            res.writeHead(answer.statusCode ?? 500, kept);
            res.end(text);
          });
        },
      );
      call.on('error', () => res.destroy());
      call.end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function change(text: string, { rename = {}, extraField }: Deviations): string {
  let changed = text;
  for (const [from, to] of Object.entries(rename)) {
    changed = changed.replaceAll(`<QueryStringParam>${from}<`, `<QueryStringParam>${to}<`);
  }
  if (extraField === undefined) return changed;
  const field = `<InputItem><DisplayName>More</DisplayName><QueryStringParam>${extraField}</QueryStringParam><InputFlags>A</InputFlags></InputItem>`;
  return changed.replace('</CiscoIPPhoneInput>', `${field}</CiscoIPPhoneInput>`);
}
