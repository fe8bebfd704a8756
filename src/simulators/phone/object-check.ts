/** Holds a tree of elements against the rules of the phone objects. */

import type { ElementRule } from './object-rules.ts';
import type { XmlElement } from './xml-tree.ts';

export interface Finding {
  /** true: the phone's parser gives up on it; false: real phones cut, ignore or bear it. */
  readonly fatal: boolean;
  readonly message: string;
}

/** Everything in which `element` and what is in it departs from `rule`, top to bottom. */
export function checkElement(element: XmlElement, rule: ElementRule, path = element.name): Finding[] {
  return [
    ...checkAttributes(element, rule, path),
    ...(rule.children ? checkChildren(element, rule.children, path) : checkLeaf(element, rule, path)),
  ];
}

function checkLeaf(element: XmlElement, rule: ElementRule, path: string): Finding[] {
  const unknownTags = element.children.map((child) => error(`unknown tag ${path}/${child.name}`));
  return [...unknownTags, ...checkValue(element.text, rule, path)];
}

function checkChildren(element: XmlElement, rules: Readonly<Record<string, ElementRule>>, path: string): Finding[] {
  const findings: Finding[] = [];
  if (element.text.trim() !== '') findings.push(error(`text between the tags of ${path}`));
  const seen = new Map<string, number>();
  for (const child of element.children) {
    const rule = Object.hasOwn(rules, child.name) ? rules[child.name] : undefined;
    if (rule === undefined) {
      findings.push(error(`unknown tag ${path}/${child.name}`));
      continue;
    }
    seen.set(child.name, (seen.get(child.name) ?? 0) + 1);
    findings.push(...checkElement(child, rule, `${path}/${child.name}`));
  }
  for (const [name, rule] of Object.entries(rules)) {
    const count = seen.get(name) ?? 0;
    const max = rule.max ?? 1;
    const excess = `${count} ${path}/${name}, at most ${max}`;
    if (count > max) findings.push({ fatal: rule.maxIsStrict === true, message: excess });
    if (count === 0 && rule.required)
      findings.push({ fatal: rule.required === 'error', message: `no ${path}/${name}` });
  }
  return findings;
}

function checkAttributes(element: XmlElement, rule: ElementRule, path: string): Finding[] {
  const rules = rule.attributes ?? {};
  const findings: Finding[] = [];
  for (const [name, value] of Object.entries(element.attributes)) {
    const known = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (known) findings.push(...checkValue(value, known, `${path} ${name}`));
    else findings.push(warning(`unknown attribute ${path} ${name}`));
  }
  for (const [name, known] of Object.entries(rules)) {
    if (known.required && !Object.hasOwn(element.attributes, name)) {
      findings.push({ fatal: known.required === 'error', message: `no attribute ${path} ${name}` });
    }
  }
  return findings;
}

function checkValue(raw: string, rule: ElementRule, path: string): Finding[] {
  const value = raw.trim();
  const findings: Finding[] = [];
  if (rule.length) {
    const [min, max] = rule.length;
    const count = [...raw].length;
    if ([...value].length < min) findings.push(error(`${path} is empty`));
    if (count > max) findings.push(warning(`${path} has ${count} characters, at most ${max}`));
  }
  if (rule.number) {
    const [min, max] = rule.number;
    const valid = /^[+-]?\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
    if (!valid) findings.push(error(`${path} is not a number from ${min} to ${max}`));
  }
  if (rule.oneOf && !rule.oneOf.includes(value)) findings.push(warning(`${path} has an unknown value`));
  if (rule.lineBreaks !== undefined && value.split(/\r\n|\r|\n/).length - 1 > rule.lineBreaks) {
    findings.push(warning(`${path} has more than ${rule.lineBreaks} line breaks`));
  }
  return findings;
}

function error(message: string): Finding {
  return { fatal: true, message };
}

function warning(message: string): Finding {
  return { fatal: false, message };
}
