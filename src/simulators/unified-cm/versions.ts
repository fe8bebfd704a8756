/** Which versions of AXL a release takes: its own and two majors back (reference/unified-cm-axl.md §1). */

interface Served {
  /** What it says it is. */
  readonly full: string;
  /** As its page names them. */
  readonly names: readonly string[];
  readonly takes: (version: string) => boolean;
}

function serves(full: string, names: readonly string[], newest: string): Served {
  const takes = (version: string) =>
    Number(version) <= Number(newest) &&
    names.some((name) => name === version || name === `${version.split('.')[0]}.x`);
  return { full, names, takes };
}

export const RELEASES = {
  '15.0': serves('15.0.1.12900-234', ['12.x', '14.0', '15.0'], '15.0'),
  '14.0': serves('14.0.1.13900-155', ['11.x', '12.x', '14.0'], '14.0'),
  '12.5': serves('12.5.1.18900-40', ['10.x', '11.x', '12.x'], '12.5'),
  '12.0': serves('12.0.1.24900-19', ['10.x', '11.x', '12.x'], '12.0'),
  '11.5': serves('11.5.1.23900-30', ['9.x', '10.x', '11.x'], '11.5'),
} as const;

export type Release = keyof typeof RELEASES;

export function describeVersions(release: Release): string {
  const { names } = RELEASES[release];
  return `Incorrect axl version. Supported axl versions are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
