/** Answers of AXL and of the Tomcat around it, and how they go out. */

import type { ServerResponse } from 'node:http';
import { escapeXml, group, leaf } from '../finesse/xml.ts';
import type { Fault } from './faults.ts';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export function faultReply({ name, args }: Fault): Reply | null {
  switch (name) {
    case '503':
      return htmlReply(503, 'HTTP Status 503 - Service Unavailable');
    case 'unauthorized':
      return htmlReply(401, 'HTTP Status 401 - Unauthorized');
    case 'forbidden':
      return htmlReply(403, 'HTTP Status 403 - Forbidden');
    case 'html':
      return htmlReply(200, 'Cisco Unified Communications Manager');
    case 'memory':
      return soapFault('-1', 'Maximum AXL Memory Allocation Consumed. Please retry once requests have completed', '');
    case 'fault':
      return soapFault(args.code ?? '5003', args.message ?? 'The operation is not allowed', '');
    case 'reset':
      return htmlReply(500, 'not sent');
    default:
      return null;
  }
}

function envelope(content: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">' +
    `<soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`
  );
}

export function responseReply(operation: string, version: string, content: string): Reply {
  const name = `ns:${operation}Response`;
  const namespaces = `xmlns:ns="http://www.cisco.com/AXL/API/${version}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`;
  const body = envelope(`<${name} ${namespaces}>${group('return', [content])}</${name}>`);
  return { status: 200, type: 'text/xml;charset=UTF-8', body };
}

export function soapFault(code: string, message: string, request: string): Reply {
  const error = group('axlError', [leaf('axlcode', code), leaf('axlmessage', message), leaf('request', request)]);
  const parts = [
    leaf('faultcode', 'soapenv:Server'),
    `<faultstring>${escapeXml(message)}</faultstring>`,
    group('detail', [error]),
  ];
  return { status: 500, type: 'text/xml;charset=UTF-8', body: envelope(group('soapenv:Fault', parts)) };
}

export function htmlReply(status: number, words: string): Reply {
  const body = `<!doctype html><html lang="en"><head><title>${words}</title></head><body><h1>${words}</h1></body></html>`;
  return { status, type: 'text/html;charset=utf-8', body };
}

export function sendReply(
  response: ServerResponse,
  { status, type, body }: Reply,
  cookie: string | null,
  cut: boolean,
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': bytes.length,
    ...(cookie === null ? {} : { 'Set-Cookie': cookie }),
    ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="Cisco Unified CM"' } : {}),
  });
  if (!cut) response.end(bytes);
  else response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}
