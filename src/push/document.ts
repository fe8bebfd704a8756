/** A pushed document: which phone it is for, and the same with URLs that lead to the proxy. Pure. */

import type { Buffer } from 'node:buffer';
import { isDeviceName } from '../domain/phone-url.ts';
import type { ServerNames } from '../domain/server-names.ts';
import { rewriteBody } from '../relay/rewrite.ts';

export type PushedDocument =
  | {
      readonly kind: 'for-device';
      readonly device: string;
      /** The service that its first URL names. */
      readonly service: string;
      /** For a phone that reaches the proxy by `origin`; `overlong` URLs have more than 256 characters. */
      readonly rewrite: (origin: string) => { readonly xml: Buffer; readonly overlong: number };
    }
  | { readonly kind: 'not-phone-xml'; readonly reason: string }
  /** No URL of it names a server of the cluster and a device, or they name several devices. */
  | { readonly kind: 'no-device'; readonly devices: number };

/** Stands for the listener while it is not known whose phone it is; `.invalid` is nobody's (RFC 6761). */
const SOME_ORIGIN = 'http://device.invalid';
const TARGET = /http:\/\/device\.invalid\/([A-Za-z0-9_-]{1,16})\/fippa\/([A-Za-z0-9._-]{1,64})(?=[/?;"'<\s\]]|$)/g;

/**
 * Reads a document pushed by `service`. The rules for its URLs are those of a relayed page: in `ExecuteItem URL=` and every
 * other place of any phone object. A path without a host says nothing here, as a pushed document stands on no page.
 */
export function readPushed(xml: Buffer, names: ServerNames, service: string): PushedDocument {
  const rewrite = (origin: string) => rewriteBody(xml, undefined, { names, service, publicOrigin: origin });
  const marked = rewrite(SOME_ORIGIN);
  if (marked.kind !== 'phone-xml') return { kind: 'not-phone-xml', reason: marked.reason };
  // Without zero bytes UTF-16 reads as ASCII where it matters.
  const text = marked.body.toString('latin1').replaceAll('\0', '');
  const targets = [...text.matchAll(TARGET)].filter(([, , device]) => isDeviceName(device ?? ''));
  const devices = new Set(targets.map(([, , device]) => device));
  const [, found, device] = targets[0] ?? [];
  if (found === undefined || device === undefined || devices.size > 1) {
    return { kind: 'no-device', devices: devices.size };
  }
  return {
    kind: 'for-device',
    device,
    service: found,
    rewrite: (origin) => {
      const rewritten = rewrite(origin);
      return rewritten.kind === 'phone-xml'
        ? { xml: rewritten.body, overlong: rewritten.overlong }
        : { xml, overlong: 0 };
    },
  };
}
