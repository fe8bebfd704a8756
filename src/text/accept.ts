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
 * `de`, `pt` by `pt-BR` (RFC 4647 §3.3.1 and §3.4), Chinese by the script of the region: `zh-HK` by `zh-TW`. Phones write `de_DE`
 * as well as `de-DE`.
 */
export function selectLanguage(header: string | undefined, languages: readonly string[]): string {
  for (const { name, weight } of parsePreferences(header).slice(0, MAX_LOOKED_AT)) {
    if (weight === 0) continue;
    const found = name === '*' ? languages[0] : findLanguage(name.replaceAll('_', '-'), languages);
    if (found !== undefined) return found;
  }
  return languages[0] ?? 'en';
}

/** Phones ask for one or two languages; thousands in one header are no phone's. */
const MAX_LOOKED_AT = 20;

function findLanguage(asked: string, languages: readonly string[]): string | undefined {
  const exact = languages.find((language) => language.toLowerCase() === asked);
  if (exact !== undefined) return exact;
  const wanted = readTag(asked);
  if (wanted === null) return undefined;
  const related = languages.filter((language) => writingOf(language)?.language === wanted.language);
  const readable = related.filter((language) => writingOf(language)?.script === wanted.script);
  // The plain code before those of other regions; and rather one's language in the other script than another language.
  return readable.find((language) => !language.includes('-')) ?? readable[0] ?? related[0];
}

/** Both kinds of Norwegian, and Norwegian by itself, are one for phones. */
const SAME_LANGUAGE: ReadonlyMap<string, string> = new Map([
  ['no', 'nb'],
  ['nn', 'nb'],
]);

interface Writing {
  readonly language: string;
  readonly script: string | undefined;
}

/** Of the languages that are offered: a few, and asked for again and again. */
const writings = new Map<string, Writing | null>();

function writingOf(language: string): Writing | null {
  const known = writings.get(language);
  if (known !== undefined) return known;
  const read = readTag(language);
  writings.set(language, read);
  return read;
}

/** Language, script and region at the beginning of a tag; what follows them makes no difference here. */
const TAG = /^[a-z]{2,3}(?:-[a-z]{4}(?![a-z\d]))?(?:-(?:[a-z]{2}|\d{3})(?![a-z\d]))?(?![a-z\d])/i;

/** Language and script of a tag, the script as Unicode knows it where the tag does not say; null: no language tag. */
function readTag(tag: string): Writing | null {
  const [known] = TAG.exec(tag) ?? [];
  if (known === undefined) return null;
  const { language, script } = new Intl.Locale(known).maximize();
  return { language: SAME_LANGUAGE.get(language) ?? language, script };
}
