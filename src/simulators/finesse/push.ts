/** Pushes to phones: POST /CGI/Execute with one absolute URL of the server's own (finesse-ippa.md §6). */

import { request } from 'node:http';
import type { PushOption } from './options.ts';
import { executePage } from './phone-page.ts';

export interface Push {
  readonly device: string;
  readonly url: string;
  /** Where it went, `host:port`; null: no address is known. */
  readonly address: string | null;
  /** HTTP status of the phone's answer; null: none came. */
  readonly status: number | null;
}

const ANSWER_WITHIN_MS = 10_000;

/** Never rejects: a phone that cannot be reached is a result. `lastSeen` is the address of the device's last request. */
export async function pushPage(
  option: PushOption,
  device: string,
  url: string,
  lastSeen: string | null,
): Promise<Push> {
  const address =
    option.addresses?.[device] ?? (lastSeen === null ? null : `${bracket(lastSeen)}:${option.port ?? 80}`);
  if (address === null) return { device, url, address, status: null };
  return {
    device,
    url,
    address,
    status: await postToPhone(address, option, `XML=${encodeURIComponent(executePage(url))}`),
  };
}

/** HTTP status of the phone's answer; null: none came. */
export function postToPhone(
  address: string,
  { username, password }: Pick<PushOption, 'username' | 'password'>,
  body: string,
): Promise<number | null> {
  return new Promise((resolve) => {
    const target = new URL(`http://${address}/CGI/Execute`);
    const call = request(target, {
      method: 'POST',
      agent: false,
      auth: `${username}:${password}`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) },
      timeout: ANSWER_WITHIN_MS,
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(null));
    call.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    call.end(body);
  });
}

function bracket(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}
