/** The list of what is inside, in CycloneDX 1.5. */

import { createHash } from 'node:crypto';
import type { LockedPackage } from './lock-file.ts';
import type { NodeBinary } from './node-binary.ts';
import type { Release } from './source.ts';

export interface Component {
  readonly type: 'application' | 'library' | 'platform';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly components?: readonly Component[];
}

export function renderSbom(release: Release, components: readonly Component[]): string {
  const { name, version, description, license, epoch } = release;
  const purl = `pkg:npm/${name}@${version}`;
  const content = {
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': purl,
        name,
        version,
        description,
        purl,
        licenses: licenses(license),
      },
    },
    components,
    dependencies: [{ ref: purl, dependsOn: components.map((each) => each['bom-ref']) }],
  };
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

export function describePackages(packages: readonly LockedPackage[]): Component[] {
  const described = packages.map(({ name, version, license, integrity }): Component => {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      purl,
      licenses: licenses(license),
      hashes: hashes(integrity),
    };
  });
  // The same version may be installed in two folders.
  return [...new Map(described.map((each) => [each['bom-ref'], each])).values()];
}

export function describeNode({ version, sha256, parts }: NodeBinary, { arch }: Release): Component {
  const purl = `pkg:generic/node@${version}?arch=${arch}`;
  const components = Object.entries(parts).map(([name, each]): Component => {
    return { type: 'library', 'bom-ref': `${purl}#${name}`, name, version: each };
  });
  const hash = { alg: 'SHA-256', content: sha256 };
  return {
    type: 'platform',
    'bom-ref': purl,
    name: 'node',
    version,
    purl,
    licenses: licenses('MIT'),
    hashes: [hash],
    components,
  };
}

/** An SPDX id, or an expression of several. */
function licenses(text: string): readonly unknown[] {
  return /[ ()]/.test(text) ? [{ expression: text }] : [{ license: { id: text } }];
}

function hashes(integrity: string) {
  return integrity.split(' ').map((each) => {
    const [algorithm = '', base64 = ''] = each.split('-');
    return {
      alg: algorithm.toUpperCase().replace('SHA', 'SHA-'),
      content: Buffer.from(base64, 'base64').toString('hex'),
    };
  });
}

/** A serial number that the same content always has (RFC 9562, version 8). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
