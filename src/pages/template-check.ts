/** Checks templates and languages against each other: known values, texts that exist, words that fit. */

import { compilePage, countWordings, expandParts } from './compiled-page.ts';
import type { PageValues } from './filled-field.ts';
import { countCodePoints, LIMITS, MAX_PAGE_BYTES } from './limits.ts';
import type { ModelFamily } from './models.ts';
import { barePage, buildPage } from './page-fill.ts';
import type { PageLink } from './page-view.ts';
import type { Condition, Field, Language, PageTemplate, Said, SlotName, TemplateProblem, Variant } from './template.ts';
import {
  CALL_WORDS,
  callKey,
  isSaid,
  OUTAGE_CAUSES,
  PAGE_NAMES,
  PHONE_MESSAGES,
  saidKey,
  selectByCondition,
  UNNAMED_SERVICE,
} from './template.ts';

/** A field of a template and what is known around it. */
interface FieldPlace {
  readonly template: PageTemplate;
  readonly variant: Variant;
  readonly field: Field;
  /** The conditions of the field and of what holds it. */
  readonly when: readonly Condition[];
  readonly each: boolean;
}

/** What came with this version, whose own tests have looked at it. */
export interface BuiltIn {
  /** The texts that a language file may hold although no template uses them, since the administrator may have replaced the one that does. */
  readonly keys: ReadonlySet<string>;
  /** Whether a template or a language is wholly built in. Of two that are nothing is checked again: phones wait meanwhile. */
  isBuiltIn(file: string): boolean;
}

/** Every problem that no single file shows. */
export function checkPages(
  templates: readonly PageTemplate[],
  languages: readonly Language[],
  { keys: builtInKeys, isBuiltIn }: BuiltIn,
): readonly TemplateProblem[] {
  const places = templates.flatMap(listPlaces);
  const isKnown = ({ file }: PageTemplate, language: Language) => isBuiltIn(file) && isBuiltIn(language.file);
  const problems = [
    ...places.flatMap(checkSlots),
    ...checkKeys(places, languages, builtInKeys),
    ...languages.flatMap((language) => [
      ...checkUnnamed(language),
      ...places
        .filter(({ template }) => !isKnown(template, language))
        .flatMap((place) => [...checkTextSlots(place, language), ...checkLength(place, language)]),
    ]),
  ];
  // The size of a page says nothing while its words are wrong.
  const all =
    problems.length > 0
      ? problems
      : templates.flatMap((template) => {
          return checkSize(
            template,
            languages.filter((language) => !isKnown(template, language)),
          );
        });
  return [...new Map(all.map((found) => [`${found.file}:${found.line}: ${found.message}`, found])).values()];
}

function listPlaces(template: PageTemplate): readonly FieldPlace[] {
  return template.variants.flatMap((variant) => {
    const { titles, prompts, softKeys, content } = variant;
    const items = 'items' in content ? content.items : [];
    const texts = 'texts' in content ? content.texts : [];
    const fields = [...titles, ...prompts, ...softKeys.map((softKey) => softKey.name), ...texts];
    return [
      ...fields.map((field) => ({ template, variant, field, when: field.when, each: false })),
      ...items.flatMap(({ names, when, each }) =>
        names.map((field) => ({ template, variant, field, when: [...when, ...field.when], each })),
      ),
    ];
  });
}

/** Why a value is not known at a place, or null. */
function validateSlot(slot: SlotName, { template, variant, field, when, each }: FieldPlace): string | null {
  const { page } = template;
  if ((slot === 'attempt' || slot === 'attempts') && page !== 'reconnecting')
    return 'is known only in reconnecting.xml';
  const known = [...variant.when, ...when];
  if (slot === 'gone' && !known.includes('gone')) return 'is known only where when="gone" is set';
  if (slot === 'time' && !known.includes('notice')) return 'is known only where when="notice" is set';
  if (slot === 'alternate' && !each) return 'is known only in <MenuItem each="alternate">';
  if (slot === 'cause' && !known.includes('cause')) return 'is known only where when="cause" is set';
  if (slot !== 'message') return null;
  if (page !== 'error' && !known.includes('message'))
    return 'is known only in error.xml and where when="message" is set';
  return field.kind === 'softKeyName' ? 'is too long for a soft key' : null;
}

function checkSlots(place: FieldPlace): readonly TemplateProblem[] {
  return place.field.parts.flatMap((part) => {
    const found = typeof part === 'object' && 'slot' in part ? validateSlot(part.slot, place) : null;
    if (found === null || typeof part === 'string' || !('slot' in part)) return [];
    return [{ file: place.template.file, line: place.field.line, message: `{{${part.slot}}} ${found}` }];
  });
}

/** Keys of the texts that a field shows, in every case. */
function textKeys({ field }: FieldPlace): readonly string[] {
  return field.parts.flatMap((part) => {
    if (typeof part === 'string') return [];
    if ('text' in part) return [part.text];
    const { slot } = part;
    return isSaid(slot) ? saidIn(field).map((said) => saidKey(slot, said, field.kind)) : [];
  });
}

function checkKeys(
  places: readonly FieldPlace[],
  languages: readonly Language[],
  builtInKeys: ReadonlySet<string>,
): readonly TemplateProblem[] {
  const used = new Map(places.flatMap((place) => textKeys(place).map((key) => [key, place] as const)));
  const missing = [...used].flatMap(([key, { template, field }]) => {
    const lacking = languages.filter((language) => !language.texts.has(key));
    if (lacking.length === languages.length && !builtInKeys.has(key)) {
      return [{ file: template.file, line: field.line, message: `no language has the text "${key}"` }];
    }
    return lacking.map(({ file }) => ({
      file,
      line: 1,
      message: `the text "${key}" is missing (${usedIn(template, field)})`,
    }));
  });
  // What a broken template would have used is not known.
  const isComplete = new Set(places.map(({ template }) => template.page)).size === PAGE_NAMES.length;
  const unknown = (isComplete ? languages : []).flatMap(({ texts }) =>
    [...texts]
      .filter(([key]) => !used.has(key) && !builtInKeys.has(key))
      .map(([key, { file, line }]) => ({ file, line, message: `no template uses the text "${key}"` })),
  );
  return [...missing, ...unknown];
}

function usedIn(template: PageTemplate, field: Field): string {
  return `used in ${template.file}:${field.line}`;
}

function checkUnnamed({ texts, file }: Language): readonly TemplateProblem[] {
  const text = texts.get(UNNAMED_SERVICE);
  const needed = [UNNAMED_SERVICE, ...CALL_WORDS.map(callKey)].filter((key) => !texts.has(key));
  if (text === undefined || needed.length > 0)
    return needed.map((key) => ({ file, line: 1, message: `the text "${key}" is missing` }));
  const [wording = [], ...more] = text.wordings;
  if (more.length === 0 && wording.length === 1 && typeof wording[0] === 'string') return [];
  return [{ file: text.file, line: text.line, message: `"${UNNAMED_SERVICE}" is a name, without placeholders` }];
}

/** A text is checked where it is shown: the same words may be right on one page and name something unknown on another. */
function checkTextSlots(place: FieldPlace, { texts }: Language): readonly TemplateProblem[] {
  return textKeys(place).flatMap((key) => {
    const text = texts.get(key);
    return (text?.wordings.flat() ?? []).flatMap((part) => {
      const found = typeof part === 'object' && 'slot' in part ? validateSlot(part.slot, place) : null;
      if (text === undefined || found === null || typeof part === 'string' || !('slot' in part)) return [];
      const where = usedIn(place.template, place.field);
      return [{ file: text.file, line: text.line, message: `{{${part.slot}}} ${found}; "${key}" is ${where}` }];
    });
  });
}

/** The words of a field must fit without any name in them. */
function checkLength({ template, field }: FieldPlace, language: Language): readonly TemplateProblem[] {
  const limit = LIMITS[field.kind];
  return saidIn(field).flatMap((said) => {
    const lengths = Array.from({ length: countWordings(field, language, said) }, (_, wording) => {
      const literals = expandParts(field, language, said, wording).filter((part) => typeof part === 'string');
      // In a charset without … three dots stand for it. Words of another script become longer there, and may be cut.
      return countCodePoints(literals.join('').replaceAll('…', '...'));
    });
    const length = Math.max(...lengths);
    if (length <= limit) return [];
    const words = `${length} characters, with at most ${limit} allowed`;
    const key = soleKey(field, said);
    const text = key === null ? undefined : language.texts.get(key);
    const { file, line } = text ?? { file: template.file, line: field.line };
    const where =
      text === undefined ? `In the language ${language.code} this` : `"${key}", ${usedIn(template, field)},`;
    return [{ file, line, message: `${where} has ${words}` }];
  });
}

/** The key of the text that is all a field shows, or null. */
function soleKey({ kind, parts }: Field, said: Said): string | null {
  const [part] = parts;
  if (parts.length !== 1 || part === undefined || typeof part === 'string') return null;
  if ('text' in part) return part.text;
  return isSaid(part.slot) ? saidKey(part.slot, said, kind) : null;
}

/** The messages and causes that make a difference to a field; any one stands for all when none does, as of what becomes of calls. */
function saidIn(field: Field): readonly Said[] {
  const messages = shows(field, 'message') ? PHONE_MESSAGES : [ANY.message];
  const causes = shows(field, 'cause') ? OUTAGE_CAUSES : [ANY.cause];
  return messages.flatMap((message) => causes.map((cause) => ({ ...ANY, message, cause })));
}

const ANY: Said = { message: 'internal', cause: 'noAnswer', call: 'stays' };

function shows({ parts }: Field, slot: keyof Said): boolean {
  return parts.some((part) => typeof part === 'object' && 'slot' in part && part.slot === slot);
}

const ORDINARY_URL = `https://ippa.example.com:8445/service/fippa/SEP${'0'.repeat(12)}?id=1001&extension=2001`;
const ORDINARY_NAME = 'Finesse server';
// The escaped quotation mark is the longest that a character can become: six bytes.
const LONGEST_NAME = '"'.repeat(LIMITS.itemName);
const LONGEST_URL = `http://${'"'.repeat(LIMITS.url - 'http://'.length)}`;

/** Of those that a template tells apart, every set of conditions that can hold. */
function subsets(conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  let sets: readonly (readonly Condition[])[] = [[]];
  for (const each of conditions) sets = sets.flatMap((set) => [set, [...set, each]]);
  return sets.filter(canHold);
}

/** Alternates are doubtful only where there are some, and before maintenance there is nothing else to tell. */
function canHold(set: readonly Condition[]): boolean {
  if (set.includes('doubtful') && !set.includes('alternates')) return false;
  return !set.includes('notice') || set.every((each) => each === 'notice' || each === 'drain');
}

/** The two whose soft keys take the most room, each in its way. */
const LONGEST_FAMILIES: readonly ModelFamily[] = ['desk', '8875'];

interface Situation extends Said {
  readonly holding: readonly Condition[];
}

/** What a variant can be shown for, as far as other words come of it: this is done at each reload, and phones wait meanwhile. */
function situationsOf(template: PageTemplate, variant: Variant, language: Language): readonly Situation[] {
  const places = listPlaces(template);
  const fields = places.map(({ field }) => field);
  const named = new Set([...template.variants, ...places].flatMap(({ when }) => when));
  const distinct = new Map<string, readonly Situation[]>();
  for (const holding of subsets([...named])) {
    if (selectByCondition(template.variants, holding) !== variant) continue;
    const shown = shownFields(variant, holding);
    const all = shown.flatMap(saidIn);
    const messages = longest('message', [...new Set(all.map(({ message }) => message))], shown, language);
    const causes = longest('cause', [...new Set(all.map(({ cause }) => cause))], shown, language);
    const said = messages.flatMap((message) => causes.map((cause) => ({ ...ANY, holding, message, cause })));
    distinct.set(shown.map((field) => fields.indexOf(field)).join(), said);
  }
  return [...distinct.values()].flat();
}

function shownFields({ titles, prompts, content }: Variant, holding: readonly Condition[]): readonly Field[] {
  const items = 'items' in content ? content.items : [];
  const shown = items.filter(({ when }) => when.every((condition) => holding.includes(condition)));
  const bodies = 'texts' in content ? [content.texts] : shown.map(({ names }) => names);
  return [titles, prompts, ...bodies].flatMap((choice) => selectByCondition(choice, holding) ?? []);
}

/** Of what can be said, the longest: no other makes the page larger. Three, since it is not known which wording is shown. */
function longest<Slot extends keyof Said>(
  slot: Slot,
  words: readonly Said[Slot][],
  shown: readonly Field[],
  { texts }: Language,
): readonly Said[Slot][] {
  const kinds = shown.filter((field) => shows(field, slot)).map(({ kind }) => kind);
  const lengthOf = (word: Said[Slot]) => {
    const keys = kinds.map((kind) => saidKey(slot, { ...ANY, [slot]: word }, kind));
    return JSON.stringify(keys.map((key) => texts.get(key)?.wordings)).length;
  };
  const lengths = new Map(words.map((word) => [word, lengthOf(word)]));
  return words.toSorted((one, other) => (lengths.get(other) ?? 0) - (lengths.get(one) ?? 0)).slice(0, 3);
}

/** Whether a page with ordinary names fits uncut, and one with the longest at least without its items and its text. */
function checkSize(template: PageTemplate, languages: readonly Language[]): readonly TemplateProblem[] {
  return template.variants.flatMap((variant) =>
    languages.flatMap((language) => {
      const situations = situationsOf(template, variant, language);
      const kinds = LONGEST_FAMILIES.flatMap((family) =>
        situations.map((situation) => {
          return { ...situation, family, charset: 'utf-8', hasRetry: true, hasExit: true } as const;
        }),
      );
      const pages = kinds.map((kind) => compilePage(variant, language, kind));
      const ordinary = pages.map((page) => buildPage(page, sampleValues(ORDINARY_NAME, ORDINARY_URL), SAMPLE_LINKS));
      const fullest = pages.map((page) => buildPage(barePage(page), sampleValues(LONGEST_NAME, LONGEST_URL), [], 0));
      const at = { file: template.file, line: variant.line };
      return [
        ...validateSize(ordinary, at, `with ordinary names in the language ${language.code}`),
        ...validateSize(fullest, at, 'with the longest names and URLs, even without its items and its text'),
      ];
    }),
  );
}

const SAMPLE_LINKS: readonly PageLink[] = [{ name: ORDINARY_NAME, url: ORDINARY_URL }];

function sampleValues(name: string, url: string): PageValues {
  return {
    service: name,
    gone: name,
    alternate: name,
    attempt: '1',
    attempts: '3',
    alternateUrl: url,
    retryUrl: url,
    exitUrl: url,
    signOutUrl: url,
    time: '00:00',
  };
}

function validateSize(
  pages: readonly string[],
  at: { readonly file: string; readonly line: number },
  when: string,
): readonly TemplateProblem[] {
  const bytes = Math.max(...pages.map(({ length }) => length));
  return bytes <= MAX_PAGE_BYTES
    ? []
    : [{ ...at, message: `the page has ${bytes} bytes ${when}; at most ${MAX_PAGE_BYTES} are allowed` }];
}
