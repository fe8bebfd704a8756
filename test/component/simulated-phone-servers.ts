/** Small servers of phone XML for the tests of the simulated phone. */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Where it came from. */
  readonly address: string | undefined;
}

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Answer = (asked: Asked, response: http.ServerResponse, origin: string) => void;

/** A server on loopback until the test's end; `asked` are its requests so far. */
export async function startServer(answer: Answer): Promise<{ origin: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  let origin = '';
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body, address: request.socket.remoteAddress };
    asked.push(one);
    answer(one, response, origin);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, asked };
}

/** Sends phone XML as a phone wants it. */
export function sendXml(response: http.ServerResponse, xml: string, headers: http.OutgoingHttpHeaders = {}): void {
  const body = `<?xml version="1.0" encoding="utf-8"?>\n${xml}`;
  response.writeHead(200, {
    'Content-Type': 'text/xml; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export const textPage = (title: string, text = '', inner = '') =>
  `<CiscoIPPhoneText><Title>${title}</Title><Prompt>Prompt</Prompt>${inner}<Text>${text}</Text></CiscoIPPhoneText>`;

export const menuPage = (title: string, items: Readonly<Record<string, string>>, inner = '') =>
  `<CiscoIPPhoneMenu><Title>${title}</Title><Prompt>Choose</Prompt>${inner}${Object.entries(items)
    .map(([name, url]) => `<MenuItem><Name>${name}</Name><URL>${url}</URL></MenuItem>`)
    .join('')}</CiscoIPPhoneMenu>`;

export const signInPage = (url: string, attributes = '') =>
  `<CiscoIPPhoneInput><Title>Sign in</Title><Prompt>Finesse A</Prompt><URL${attributes}>${url}</URL>${(
    [
      ['ID', 'id', 'A'],
      ['Password', 'password', 'AP'],
      ['Extension', 'extension', 'N'],
    ] as const
  )
    .map(
      ([label, parameter, flags]) =>
        `<InputItem><DisplayName>${label}</DisplayName><QueryStringParam>${parameter}</QueryStringParam><InputFlags>${flags}</InputFlags></InputItem>`,
    )
    .join('')}</CiscoIPPhoneInput>`;

export const softKey = (name: string, position: number, url: string) =>
  `<SoftKeyItem><Name>${name}</Name><Position>${position}</Position><URL>${url}</URL></SoftKeyItem>`;

export const expired = { Expires: 'Thu, 01 Jan 2015 00:00:00 GMT' };
