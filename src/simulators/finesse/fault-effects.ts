/** What a fault makes of an answer, and how answers go out. */

import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Answer, htmlAnswer, unauthorizedAnswer, xmlAnswer } from './answer.ts';
import type { Area, Fault, FaultName } from './faults.ts';
import { textPage } from './phone-page.ts';
import { apiErrors } from './system-info.ts';

export interface FaultContext {
  readonly area: Area;
  /** The request target. */
  readonly target: string;
  /** Origin of this server's own URLs, '' when they are path-absolute. */
  readonly origin: string;
}

/** `fippa-only` is another fault, for phones alone. */
export function effective(fault: Fault): { readonly name: FaultName; readonly args: Fault['args'] } {
  if (fault.name !== 'fippa-only') return fault;
  const variant =
    (fault.args.variant as '500' | '503' | 'html' | 'silent' | 'truncated' | 'empty' | 'reset' | undefined) ?? '500';
  return { name: variant, args: variant === 'reset' ? { when: 'request' } : {} };
}

/** What a fault answers in place of the real answer; null: the real one, perhaps mangled on its way out. */
export function faultAnswer(fault: Fault, context: FaultContext): Answer | null {
  const { name, args } = effective(fault);
  switch (name) {
    case '503':
      return unavailable(args.body, context.area);
    case '500':
      return htmlAnswer(500, 'HTTP Status 500 - Internal Server Error');
    case 'unauthorized':
      return unauthorizedAnswer(Number(args.status ?? 401));
    case 'html': {
      const page = htmlAnswer(200, 'Cisco Finesse');
      return args.type === 'xml' ? { ...page, headers: { 'Content-Type': 'text/xml; charset=utf-8' } } : page;
    }
    case 'json':
      return {
        status: 200,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from('{"status":"IN_SERVICE"}'),
      };
    case 'empty':
      return { status: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body: Buffer.alloc(0) };
    case 'large':
      return xmlAnswer(
        200,
        textPage({ title: 'Large', prompt: '', keys: [] }, '').replace('<Text>', `<Text>${'x'.repeat(300 * 1024)}`),
        'text/xml; charset=utf-8',
      );
    case 'redirect':
      return redirect(args, context);
    default:
      return null;
  }
}

function unavailable(body: unknown, area: Area): Answer {
  switch (body ?? (area === 'fippa' || area === 'other' ? 'html' : 'api-errors')) {
    case 'api-errors':
      return xmlAnswer(503, apiErrors('Service Unavailable', 'SERVER_OUT_OF_SERVICE'));
    case 'phone-xml': {
      const page = textPage({ title: 'Finesse', prompt: 'Unavailable', keys: [] }, 'The server is busy.');
      return xmlAnswer(503, page, 'text/xml; charset=utf-8');
    }
    case 'empty':
      return { status: 503, headers: {}, body: Buffer.alloc(0) };
    default:
      return htmlAnswer(503, 'HTTP Status 503 - Service Unavailable');
  }
}

/** Each hop within the server names itself by a parameter of its own, so that the last one is known. */
function redirect(args: Fault['args'], context: FaultContext): Answer | null {
  const [path = '', query = ''] = context.target.split('?', 2);
  const params = new URLSearchParams(query);
  let location: string;
  if (args.hops === undefined)
    location = String(args.to ?? 'http://elsewhere.invalid{path}').replace('{path}', context.target);
  else {
    const hop = Number(params.get('hop') ?? 0) + 1;
    if (hop > Number(args.hops)) return null;
    params.set('hop', String(hop));
    location = `${context.origin}${path}?${params}`;
  }
  return { status: 302, headers: { Location: location }, body: Buffer.alloc(0) };
}

/** Sends the answer as the fault would have it. `after` arms a timer that ends with the server. */
export function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  fault: Fault,
  after: (ms: number, action: () => void) => void,
): void {
  const { name, args } = effective(fault);
  switch (name) {
    case 'slow':
      after(Number(args.ms ?? 3000), () => send(response, answer));
      return;
    case 'gzip':
      send(response, {
        ...answer,
        headers: { ...answer.headers, 'Content-Encoding': 'gzip' },
        body: gzipSync(answer.body),
      });
      return;
    case 'chunked':
      response.writeHead(answer.status, { ...answer.headers });
      response.write(answer.body.subarray(0, answer.body.length / 2));
      response.end(answer.body.subarray(answer.body.length / 2));
      return;
    case 'truncated':
      if (args.variant === 'cut') send(response, { ...answer, body: half(answer.body) });
      else breakOff(response, answer);
      return;
    case 'trickle':
      trickle(response, answer, Number(args.ms ?? 200), after);
      return;
    default:
      send(response, answer);
  }
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.body.length });
  response.end(answer.body);
}

function half(body: Buffer): Buffer {
  return body.subarray(0, Math.floor(body.length / 2));
}

/** Promises the whole length, sends half of it and closes. */
function breakOff(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': Math.max(answer.body.length, 2) });
  response.write(half(answer.body), () => response.socket?.end());
}

function trickle(
  response: ServerResponse,
  answer: Answer,
  ms: number,
  after: (ms: number, action: () => void) => void,
): void {
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.body.length });
  const step = (at: number) => {
    if (response.destroyed) return;
    if (at >= answer.body.length) {
      response.end();
      return;
    }
    response.write(answer.body.subarray(at, at + 1));
    after(ms, () => step(at + 1));
  };
  step(0);
}
