/** Reads a SystemInfo document (reference/finesse-health.md §2): every element but `status` is optional. */

import { parseStringPromise } from 'xml2js';
import type { SystemInfo } from '../domain/model.ts';

/** Larger than any real answer (about 2 KiB); xml2js blocks for half a second on 1.6 MB (reference/http-hardening.md). */
export const MAX_SYSTEM_INFO_BYTES = 64 * 1024;

/** White space and comments; a comment can match in one way only, or a row of them would take exponential time. */
const MISC = '(?:\\s|<!--(?:(?!-->)[\\s\\S])*-->)*';
const BEGIN = new RegExp(`^\\uFEFF?${MISC}(?:<\\?[^>]*\\?>)?${MISC}<SystemInfo[\\s/>]`);
const END = new RegExp(`</SystemInfo\\s*>${MISC}$`);

/** Parses the text, or returns null when it is not exactly one well-formed SystemInfo document. */
export async function parseSystemInfo(text: string): Promise<SystemInfo | null> {
  // xml2js accepts what no XML parser should: anything after the root, entities of a DOCTYPE, control characters.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (text.length > MAX_SYSTEM_INFO_BYTES || /<!DOCTYPE|[\0-\x08\x0b\x0c\x0e-\x1f]/i.test(text)) return null;
  if (!BEGIN.test(text) || !END.test(text)) return null;
  if ((text.match(/<\/?SystemInfo[\s/>]/g) ?? []).length !== 2) return null;
  try {
    const document: unknown = await parseStringPromise(text, { explicitArray: false, ignoreAttrs: true });
    return isRecord(document) && 'SystemInfo' in document ? readSystemInfo(document.SystemInfo) : null;
  } catch {
    return null;
  }
}

function readSystemInfo(root: unknown): SystemInfo | null {
  if (!isRecord(root)) return null;
  const value = (name: string) => text(root[name]);
  const host = (name: string) => {
    const found = root[name];
    return isRecord(found) ? text(found.host) : null;
  };
  const status = root.status;
  return {
    // Compared exactly, so not trimmed.
    status: typeof status === 'string' ? status : '',
    statusReason: value('statusReason'),
    deploymentType: value('deploymentType'),
    lastCtiHeartbeatStatus: value('lastCTIHeartbeatStatus'),
    finesseMMode: value('finesseMMode'),
    ctiMMode: value('ctiMMode'),
    peripheralId: value('peripheralId'),
    primaryHost: host('primaryNode'),
    secondaryHost: host('secondaryNode'),
    xmppDomain: value('xmppDomain'),
    xmppPubSubDomain: value('xmppPubSubDomain'),
  };
}

function text(found: unknown): string | null {
  const trimmed = typeof found === 'string' ? found.trim() : '';
  return trimmed === '' ? null : trimmed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
