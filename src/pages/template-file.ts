/** One page template: XML text to a PageTemplate, every problem with its line. docs/pages.md describes the syntax. */

import type { FieldKind } from './limits.ts';
import { cleanLine, cleanLines, isPageUrl, MAX_FIXED_ITEMS, MAX_SOFT_KEYS } from './limits.ts';
import { type KeyName, takenPositions } from './models.ts';
import type { PageName } from './page-view.ts';
import type {
  Condition,
  Field,
  MenuItem,
  PageTemplate,
  SoftKey,
  TemplateProblem,
  UrlSource,
  Variant,
} from './template.ts';
import { CONDITIONS, parseParts } from './template.ts';
import { parseXmlTree, type XmlElement } from './xml-tree.ts';

const OBJECTS = ['CiscoIPPhoneText', 'CiscoIPPhoneMenu'];
const KEY_NAMES: readonly KeyName[] = ['select', 'retry', 'exit'];
type Report = (line: number, message: string) => void;

/** The template, or null when `problems` got what is wrong with it. */
export function parseTemplate(
  page: PageName,
  file: string,
  source: string,
  problems: TemplateProblem[],
): PageTemplate | null {
  const before = problems.length;
  const report: Report = (line, message) => problems.push({ file, line, message });
  const root = parseXmlTree(source);
  if ('message' in root) {
    report(root.line, `not well-formed XML: ${root.message}`);
    return null;
  }
  const variants = readVariants(root, report);
  reportUnreachable('Variant', variants, report);
  reportMissingDefault('Variant', variants, report);
  return problems.length > before ? null : { page, file, variants };
}

function readVariants(root: XmlElement, report: Report): readonly Variant[] {
  if (OBJECTS.includes(root.name)) return [readObject(root, [], report)];
  if (root.name !== 'Page') {
    report(root.line, `found <${root.name}>; allowed as the root: <Page>, ${tags(OBJECTS)}`);
    return [];
  }
  expectShape(root, { attributes: [], children: ['Variant'] }, report);
  if (root.children.length === 0) report(root.line, '<Page> needs at least one <Variant>');
  return root.children
    .filter((child) => child.name === 'Variant')
    .flatMap((variant) => {
      expectShape(variant, { attributes: ['when'], children: OBJECTS }, report);
      const objects = variant.children.filter((child) => OBJECTS.includes(child.name));
      const [object] = objects;
      if (object === undefined || objects.length > 1) {
        report(variant.line, `<Variant> has ${objects.length} objects; it needs exactly one of ${tags(OBJECTS)}`);
        return [];
      }
      return [readObject(object, readConditions(variant, report), report)];
    });
}

function readConditions(element: XmlElement, report: Report): readonly Condition[] {
  const words = (element.attributes.when ?? '').split(/\s+/).filter((word) => word !== '');
  return words.flatMap((word) => {
    const condition = CONDITIONS.find((known) => known === word);
    if (condition !== undefined) return [condition];
    report(element.line, `unknown condition "${word}" in when; allowed: ${CONDITIONS.join(', ')}, or several of them`);
    return [];
  });
}

interface Choice {
  readonly when: readonly Condition[];
  readonly line: number;
}

function reportUnreachable(name: string, choices: readonly Choice[], report: Report): void {
  choices.forEach((choice, index) => {
    const earlier = choices.slice(0, index).find((other) => other.when.every((word) => choice.when.includes(word)));
    if (earlier)
      report(choice.line, `this <${name}> is never shown: the one at line ${earlier.line} always comes first`);
  });
}

function reportMissingDefault(name: string, choices: readonly Choice[], report: Report): void {
  const last = choices.at(-1);
  if (last === undefined || last.when.length === 0) return;
  report(last.line, `the last <${name}> must have no when: it stands for all other cases`);
}

function readObject(object: XmlElement, when: readonly Condition[], report: Report): Variant {
  const isMenu = object.name === 'CiscoIPPhoneMenu';
  const own = isMenu ? 'MenuItem' : 'Text';
  expectShape(object, { attributes: [], children: ['Title', 'Prompt', 'SoftKeyItem', own] }, report);
  const softKeys = object.children.filter((child) => child.name === 'SoftKeyItem');
  const common = {
    when,
    titles: readFields(object, 'Title', 'title', report),
    prompts: readFields(object, 'Prompt', 'prompt', report),
    softKeys: readSoftKeys(object, softKeys, isMenu, report),
    line: object.line,
  };
  if (!isMenu) {
    const texts = readFields(object, 'Text', 'text', report);
    if (texts.length === 0) report(object.line, '<CiscoIPPhoneText> has no <Text>: it is required');
    reportMissingDefault('Text', texts, report);
    return { ...common, content: { texts } };
  }
  const items = object.children.filter((child) => child.name === 'MenuItem').map((item) => readMenuItem(item, report));
  if (items.length === 0) report(object.line, '<CiscoIPPhoneMenu> needs at least one <MenuItem>');
  if (items.length > MAX_FIXED_ITEMS) {
    report(object.line, `<CiscoIPPhoneMenu> has ${items.length} <MenuItem>; at most ${MAX_FIXED_ITEMS} are allowed`);
  }
  if (items.filter((item) => item.each).length > 1) {
    report(object.line, 'more than one <MenuItem each="alternate">; one is allowed');
  }
  return { ...common, content: { items } };
}

function readMenuItem(item: XmlElement, report: Report): MenuItem {
  expectShape(item, { attributes: ['each'], children: ['Name', 'URL'] }, report);
  const each = item.attributes.each;
  if (each !== undefined && each !== 'alternate') report(item.line, `found each="${each}"; allowed: each="alternate"`);
  const repeated = each !== undefined;
  const names = readFields(item, 'Name', 'itemName', report);
  if (names.length === 0) report(item.line, '<MenuItem> has no <Name>: it is required');
  reportMissingDefault('Name', names, report);
  return { each: repeated, names, url: readUrl(item, repeated, report) };
}

function readUrl(item: XmlElement, repeated: boolean, report: Report): UrlSource {
  const element = child(item, 'URL', report);
  const url = element?.text.trim() ?? '';
  const line = element?.line ?? item.line;
  const slot = /^\{\{\s*(alternateUrl|retryUrl)\s*\}\}$/.exec(url)?.[1];
  if (slot === 'alternateUrl' && !repeated)
    report(line, '{{alternateUrl}} is known only in <MenuItem each="alternate">');
  if (slot === 'alternateUrl' || slot === 'retryUrl') return { slot };
  const found = url.includes('{{') ? `unknown placeholder in the URL "${url}"` : validateUrl(url);
  if (found !== null) report(line, `${found}; allowed: {{alternateUrl}}, {{retryUrl}}, or a URL of its own`);
  return { literal: url };
}

/** What is wrong with a URL in a template, or null. */
function validateUrl(url: string): string | null {
  if (url === '') return 'no <URL>';
  if (!isPageUrl(url)) return `the URL "${url}" has more than 256 characters, or others than printable ASCII`;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(url)) return `the URL "${url}" has no scheme such as https:`;
  // They differ by model and an 8875 has none; and SoftKey:Update would repeat the very request that has failed.
  return /^SoftKey:/i.test(url) ? `the URL "${url}" is a SoftKey: URI, which not every phone has` : null;
}

function readSoftKeys(
  object: XmlElement,
  elements: readonly XmlElement[],
  isMenu: boolean,
  report: Report,
): readonly SoftKey[] {
  const softKeys = elements.map((element) => readSoftKey(element, report));
  const keyed = softKeys.flatMap(({ key }) => (key === null ? [] : [key]));
  if (new Set(keyed).size < keyed.length) report(object.line, 'a soft key is there twice; each key is allowed once');
  if (keyed.includes('select') && !isMenu) report(object.line, 'key="select" is for <CiscoIPPhoneMenu> only');
  if (!keyed.includes('exit')) {
    // Without soft keys of its own a page gets Update from the phone, which repeats the failed request (§2).
    report(object.line, `<${object.name}> needs <SoftKeyItem key="exit">`);
  }
  const positions = softKeys.flatMap((softKey) =>
    softKey.key === null && !Number.isNaN(softKey.position) ? [softKey.position] : [],
  );
  const taken = takenPositions(keyed, isMenu);
  const free = Array.from({ length: MAX_SOFT_KEYS }, (_, index) => index + 1).filter((place) => !taken.has(place));
  if (new Set(positions).size < positions.length || positions.some((position) => !free.includes(position))) {
    const allowed = free.length === 0 ? 'none, all four are taken' : free.join(', ');
    report(object.line, `Position ${positions.join(', ')} of own soft keys; allowed, each once: ${allowed}`);
  }
  return softKeys;
}

function readSoftKey(element: XmlElement, report: Report): SoftKey {
  const key = KEY_NAMES.find((name) => name === element.attributes.key);
  const keyed = element.attributes.key !== undefined;
  expectShape(element, { attributes: ['key'], children: keyed ? ['Name'] : ['Name', 'Position', 'URL'] }, report);
  const name = readRequired(element, 'Name', 'softKeyName', report);
  if (key !== undefined) return { key, name };
  if (keyed) {
    report(element.line, `found key="${element.attributes.key}"; allowed: ${KEY_NAMES.join(', ')}`);
    return { key: 'exit', name };
  }
  const position = child(element, 'Position', report, 'a soft key without key="…" needs one')?.text.trim() ?? '';
  if (position !== '' && !/^\d$/.test(position))
    report(element.line, `the Position "${position}" is not a number from 1`);
  const url = child(element, 'URL', report)?.text.trim() ?? '';
  const found = validateUrl(url);
  if (url !== '' && found !== null) report(element.line, `${found}; allowed: a URL of its own, or key="…"`);
  return { key: null, name, position: Number.parseInt(position, 10), url };
}

/** A choice of fields of one name, each with its conditions. */
function readFields(parent: XmlElement, name: string, kind: FieldKind, report: Report): readonly Field[] {
  const elements = parent.children.filter((element) => element.name === name);
  const fields = elements.map((element) => {
    expectShape(element, { attributes: ['when'], children: null }, report);
    return readField(element, kind, readConditions(element, report), report);
  });
  reportUnreachable(name, fields, report);
  return fields;
}

function readRequired(parent: XmlElement, name: string, kind: FieldKind, report: Report): Field {
  const element = child(parent, name, report);
  return element === undefined
    ? { kind, when: [], parts: [], line: parent.line }
    : readField(element, kind, [], report);
}

function readField({ text, line }: XmlElement, kind: FieldKind, when: readonly Condition[], report: Report): Field {
  const source = kind === 'text' ? cleanLines(text) : cleanLine(text.replace(/\s+/g, ' ')).trim();
  const parts = parseParts(source, (message) => report(line, message));
  const namesHelp = parts.some((part) => typeof part === 'object' && 'slot' in part && part.slot === 'help');
  // Anywhere else it could be too long.
  if (namesHelp && kind !== 'text' && kind !== 'itemName') report(line, '{{help}} is for a text or a menu item');
  return { kind, when, parts, line };
}

/** The one child of that name; none and several are reported. */
function child(parent: XmlElement, name: string, report: Report, why = 'it is required'): XmlElement | undefined {
  const found = parent.children.filter((element) => element.name === name);
  if (found.length === 0) report(parent.line, `<${parent.name}> has no <${name}>: ${why}`);
  if (found.length > 1) report(parent.line, `<${parent.name}> has ${found.length} <${name}>; one is allowed`);
  const [element] = found;
  if (element !== undefined) expectShape(element, { attributes: [], children: null }, report);
  return element;
}

/** Reports attributes, children and text that do not belong in an element. `children: null`: text only. */
function expectShape(
  element: XmlElement,
  shape: { readonly attributes: readonly string[]; readonly children: readonly string[] | null },
  report: Report,
): void {
  const { attributes, children } = shape;
  for (const name of Object.keys(element.attributes).filter((found) => !attributes.includes(found))) {
    const allowed = attributes.length === 0 ? 'none is allowed' : `allowed: ${attributes.join(', ')}`;
    report(element.line, `unknown attribute ${name} of <${element.name}>; ${allowed}`);
  }
  for (const inner of element.children.filter((found) => !children?.includes(found.name))) {
    const allowed = children === null ? 'only text is allowed' : `allowed: ${tags(children)}`;
    report(inner.line, `found <${inner.name}> in <${element.name}>; ${allowed}`);
  }
  if (children !== null && element.text.trim() !== '') {
    report(element.line, `text directly in <${element.name}>; allowed: ${tags(children)}`);
  }
}

function tags(names: readonly string[]): string {
  return names.map((name) => `<${name}>`).join(', ');
}
