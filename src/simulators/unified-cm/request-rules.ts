/**
 * Which elements each operation takes, in which order (reference/unified-cm-axl.md §1: a strict sequence). Written down by
 * hand, of the operations that matter here: the whole schema is Cisco's, and is asked beside this where it is at hand.
 */

import type { XmlElement } from '../finesse/xml.ts';

/** Elements in this order; a text of at most so many characters that looks like this; or anything. */
type Content = readonly Child[] | { readonly max?: number; readonly like?: RegExp } | 'any';

interface Child {
  /** Several names: one of them. */
  readonly names: readonly string[];
  readonly required: boolean;
  readonly many: boolean;
  readonly content: Content;
}

const TEXT: Content = {};
const BOOLEAN: Content = { like: /^(?:t|f|true|false|0|1)$/ };
const NUMBER: Content = { like: /^\d+$/ };
const UUID: Content = { like: /^\{.{8}-.{4}-.{4}-.{4}-.{12}\}$/ };
const max = (length: number): Content => ({ max: length });
const CATEGORY: Content = { like: /^(?:XML Service|Java MIDlet|Web Widget|Web Link|Android APK)$/ };
const TYPE: Content = { like: /^(?:Standard IP Phone Service|Directories|Messages)$/ };
const DISPLAY: Content = { like: /^(?:Internal|External URL|Both|Default)$/ };

/** `name` may be there, `name!` must be, `name*` may be there often; `one|other` is one of them. */
function child(spec: string, content: Content = TEXT): Child {
  const names = spec.replace(/[!*]$/, '').split('|');
  return { names, required: spec.endsWith('!'), many: spec.endsWith('*'), content };
}

const PARAMETERS: Content = [
  child('parameter*', [
    child('name!', max(50)),
    child('displayName!', max(128)),
    child('default', max(255)),
    child('description!', max(255)),
    child('paramRequired', BOOLEAN),
    child('paramPassword', BOOLEAN),
  ]),
];

const SERVICE_NAMES = (need: '!' | '') => [
  child(`asciiServiceName${need}`, max(128)),
  child('serviceDescription', max(128)),
  child(`serviceUrl${need}`),
  child('secureServiceUrl'),
  child(`serviceCategory${need}`, CATEGORY),
  child(`serviceType${need}`, TYPE),
  child('serviceVendor'),
  child('serviceVersion'),
  child('enabled', BOOLEAN),
];

const SERVICE_TAGS: Content = [
  child('serviceName', max(128)),
  ...SERVICE_NAMES(''),
  child('enterpriseSubscription', BOOLEAN),
];

const SUBSCRIPTION = (need: '!' | '') => [
  child(`telecasterServiceName${need}`),
  child(`name${need}`, max(100)),
  child('url'),
  child('urlButtonIndex', { like: /^-?\d*$/ }),
  child('urlLabel', max(50)),
  child('serviceNameAscii', max(50)),
];

const PAGE = [child('skip', NUMBER), child('first', NUMBER)];
const BY_SERVICE = child('serviceName|uuid!', max(128));

const OPERATIONS: Readonly<Record<string, readonly Child[]>> = {
  getCCMVersion: [child('processNodeName', max(255))],
  listIpPhoneServices: [
    child('searchCriteria!', [child('serviceName'), child('serviceDescription')]),
    child('returnedTags!', SERVICE_TAGS),
    ...PAGE,
  ],
  getIpPhoneServices: [BY_SERVICE, child('returnedTags', [...SERVICE_TAGS, child('parameters', PARAMETERS)])],
  addIpPhoneServices: [
    child('ipPhoneServices!', [
      child('serviceName!', max(128)),
      ...SERVICE_NAMES('!'),
      child('enterpriseSubscription', BOOLEAN),
      child('parameters', PARAMETERS),
    ]),
  ],
  updateIpPhoneServices: [
    BY_SERVICE,
    child('newServiceName', max(128)),
    ...SERVICE_NAMES(''),
    child('removeParameters', PARAMETERS),
    child('addParameters', PARAMETERS),
    child('parameters', PARAMETERS),
  ],
  removeIpPhoneServices: [BY_SERVICE],
  listPhone: [
    child('searchCriteria!', [child('name'), child('description'), child('protocol')]),
    child('returnedTags!', [child('name'), child('description'), child('product'), child('model')]),
    ...PAGE,
  ],
  getPhone: [
    child('name|uuid!', max(100)),
    child('returnedTags', [
      child('name'),
      child('description'),
      child('commonPhoneConfigName'),
      child('vendorConfig', 'any'),
      child('services', [child('service*', SUBSCRIPTION(''))]),
      child('phoneServiceDisplay', DISPLAY),
    ]),
  ],
  updatePhone: [
    child('name|uuid!', max(100)),
    child('description', max(128)),
    child('services', [child('service*', SUBSCRIPTION('!'))]),
  ],
  getCommonPhoneConfig: [
    child('name|uuid!', max(100)),
    child('returnedTags', [child('name'), child('vendorConfig', 'any')]),
  ],
  getEnterprisePhoneConfig: [],
  getAppUser: [
    child('userid|uuid!'),
    child('returnedTags', [
      child('userid'),
      child('associatedDevices', 'any'),
      child('associatedGroups', 'any'),
      child('ctiControlledDeviceProfiles', 'any'),
    ]),
  ],
  listTvsCertificate: [
    child('searchCriteria!', [child('subjectName'), child('issuerName'), child('serialNumber')]),
    child('returnedTags!', [child('subjectName'), child('issuerName'), child('serialNumber')]),
    ...PAGE,
  ],
  getTvsCertificate: [child('uuid!', UUID), child('returnedTags', 'any')],
  executeSQLQuery: [child('sql!')],
};

export function isOperation(name: string): boolean {
  return Object.hasOwn(OPERATIONS, name);
}

/** What is wrong with the content of an operation; null: nothing. */
export function checkRequest(operation: string, element: XmlElement): string | null {
  const rules = OPERATIONS[operation];
  return rules === undefined ? `no such operation: ${operation}` : checkContent(operation, element, rules);
}

function checkContent(path: string, element: XmlElement, content: Content): string | null {
  if (content === 'any') return null;
  if (!('length' in content)) return checkText(path, element, content);
  if (element.text.trim() !== '') return `text in ${path}`;
  // A composite tag may stand empty, for all that is in it.
  if (element.children.length === 0 && path.includes('returnedTags/')) return null;
  let at = 0;
  for (const rule of content) {
    let count = 0;
    for (;;) {
      const next = element.children[at];
      if (next === undefined || !rule.names.includes(next.name) || (count > 0 && !rule.many)) break;
      const problem = checkContent(`${path}/${next.name}`, next, rule.content);
      if (problem !== null) return problem;
      count += 1;
      at += 1;
    }
    if (rule.required && count === 0) return `${path}: ${rule.names.join(' or ')} is missing, or not in its place`;
  }
  const rest = element.children[at];
  return rest === undefined ? null : `${path}: ${rest.name} is not expected there`;
}

function checkText(
  path: string,
  { text, children }: XmlElement,
  { max: most, like }: Exclude<Content, 'any' | readonly Child[]>,
) {
  if (children.length > 0) return `${path} holds elements`;
  if (most !== undefined && [...text].length > most) return `${path} is longer than ${most} characters`;
  if (like !== undefined && !like.test(text)) return `${path} has a value that is not allowed`;
  return null;
}
