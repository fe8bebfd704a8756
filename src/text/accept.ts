/** Reads the Accept-… headers of phones and browsers, which are not always well-formed: `utf-8,;q=0.8` was seen on a 7970. */

export interface Preference {
  /** Lower case. */
  readonly name: string;
  /** 0 to 1; 0 means: not this one. */
  readonly weight: number;
}

/**
 * The entries of an Accept-… header (RFC 9110 §12.4.2), best first, equals in the order of the header. Entries without a
 * name are skipped; a weight that cannot be read counts as 1, since the client did name the entry.
 */
export function parsePreferences(header: string | undefined): readonly Preference[] {
  const preferences = (header ?? '').split(',').map(parseEntry);
  return preferences.filter((entry) => entry.name !== '').sort((a, b) => b.weight - a.weight);
}

function parseEntry(entry: string): Preference {
  const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.map((parameter) => /^q\s*=\s*(\d*\.?\d+)$/.exec(parameter)?.[1]).find(Boolean);
  return { name, weight: weight === undefined ? 1 : Math.min(1, Number(weight)) };
}

/**
 * The first of `languages` that the client asks for, or the first of all when it asks for none of them. `de-AT` is served by
 * `de`, and `pt` by `pt-BR` (RFC 4647 §3.3.1 and §3.4).
 */
export function selectLanguage(header: string | undefined, languages: readonly string[]): string {
  for (const { name, weight } of parsePreferences(header)) {
    if (weight === 0) continue;
    const found = name === '*' ? languages[0] : findLanguage(name.replaceAll('_', '-'), languages);
    if (found !== undefined) return found;
  }
  return languages[0] ?? 'en';
}

function findLanguage(wanted: string, languages: readonly string[]): string | undefined {
  const exact = languages.find((language) => language.toLowerCase() === wanted);
  const found = exact ?? languages.find((language) => language.toLowerCase().startsWith(`${wanted}-`));
  if (found !== undefined) return found;
  const parent = wanted.slice(0, Math.max(0, wanted.lastIndexOf('-')));
  return parent === '' ? undefined : findLanguage(parent, languages);
}
