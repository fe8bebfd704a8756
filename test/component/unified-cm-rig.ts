/** A simulated Unified CM over TLS, the client that is tested, and Cisco's schema. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Database, demoDatabase, newSubscription, uuidOf } from '../../src/simulators/unified-cm/database.ts';
import { type SeenAxl, UnifiedCm, type UnifiedCmOptions } from '../../src/simulators/unified-cm/server.ts';
import { type AxlClient, connectAxl } from '../../src/unified-cm/axl-client.ts';
import { type AxlTarget, createAxlTransport } from '../../src/unified-cm/axl-transport.ts';

/** The package brings the schema; what else it would bring is not installed (package.json, overrides). */
export const SCHEMA = fileURLToPath(new URL('../../node_modules/cisco-axl/schema', import.meta.url));

export const PASSWORD = 'CANARYaxl&<"';
export const SECRET_OF_AN_AGENT = 'CANARYagent';

/** A site that came by the proxy half way: its service still leads to Finesse, and so do the subscriptions. */
export function siteBefore(phones = 3): Database {
  const database = demoDatabase(phones);
  const [a] = database.services;
  const service = { ...a!, uuid: uuidOf(99), serviceName: 'Cisco Finesse', asciiServiceName: 'Cisco Finesse' };
  database.services.push(service);
  for (const [index, device] of database.devices.entries()) {
    device.services.push(newSubscription(service, `?id=${1001 + index}&password=${SECRET_OF_AN_AGENT}${index}`));
  }
  return database;
}

export async function startUnifiedCm(options: Partial<UnifiedCmOptions> = {}): Promise<UnifiedCm> {
  const unifiedCm = new UnifiedCm({
    host: '127.0.0.1',
    port: 0,
    release: '15.0',
    user: { username: 'axl-writer', password: PASSWORD },
    reader: { username: 'axl-reader', password: PASSWORD },
    database: siteBefore(),
    schema: null,
    now: Date.now,
    ...options,
  });
  await unifiedCm.start();
  onTestFinished(() => unifiedCm.stop());
  return unifiedCm;
}

export function targetOf(unifiedCm: UnifiedCm, more: Partial<AxlTarget> = {}): AxlTarget {
  return {
    url: unifiedCm.url,
    username: 'axl-writer',
    password: PASSWORD,
    ca: unifiedCm.certificate,
    fingerprints: [],
    timeoutMs: 10_000,
    ...more,
  };
}

/** `pauses` holds what it would have waited. */
export async function connectTo(
  unifiedCm: UnifiedCm,
  more: Partial<AxlTarget> = {},
): Promise<{ readonly client: AxlClient; readonly pauses: number[] }> {
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  return { client: await connectAxl(createAxlTransport(targetOf(unifiedCm, more)), pause), pauses };
}

export function operationsOf(unifiedCm: UnifiedCm, from = 0): string[] {
  return unifiedCm.requests.slice(from).map(({ operation }) => operation);
}

/** Each request, and each answer, by Cisco's own schema. Throws with xmllint's words. */
export function validateAll(requests: readonly SeenAxl[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'axl-schema-'));
  try {
    const versions = Map.groupBy(requests, ({ version }) => version);
    let count = 0;
    for (const [version, seen] of versions) {
      const documents = new Set(
        seen.flatMap(({ document, answer, status }) => [document, status === 200 ? answer : null]),
      );
      const files = [...documents].flatMap((document, index) => {
        if (document === null) return [];
        const file = join(folder, `${version}-${index}.xml`);
        writeFileSync(file, document);
        return [file];
      });
      count += files.length;
      execFileSync('xmllint', ['--noout', '--nonet', '--schema', join(SCHEMA, version, 'AXLSoap.xsd'), ...files], {
        stdio: ['ignore', 'ignore', 'pipe'],
        maxBuffer: 64 * 1024 * 1024,
      });
    }
    return count;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
