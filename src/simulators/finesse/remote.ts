/** Sends an order to the control port of a running server. */

import { type RunIo, standardIo } from './run.ts';

/** Prints the answer. 0 done, 1 nobody answers there, 2 the order makes no sense. */
export async function sendOrder(
  url: string,
  method: string,
  path: string,
  body: object | undefined,
  io: RunIo = standardIo(),
): Promise<number> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    io.stderr(`${url} is not a URL; the server printed its control URL when it started.\n`);
    return 2;
  }
  let response: Response;
  try {
    const options = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    response = await fetch(new URL(path, url), { ...options, signal: AbortSignal.timeout(10_000) });
  } catch {
    io.stderr(`Nobody answers at ${url}. Is the simulated server running, with --control-port?\n`);
    return 1;
  }
  const text = await response.text();
  if (response.ok) {
    io.stdout(text);
    return 0;
  }
  io.stderr(`${errorOf(text)}\n`);
  return response.status === 400 ? 2 : 1;
}

function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // not the control port's JSON
  }
  return 'What answers there is not the control port of a simulated server.';
}
