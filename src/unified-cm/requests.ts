/**
 * The operations of AXL that are used, each with its elements in the order of the schema
 * (reference/unified-cm-axl.md §2 to §5). Empty elements of `returnedTags` would not be valid where the schema wants a
 * number or one of several words: those carry a value, which Unified CM does not look at. Pure.
 */

import type { CmParameter, CmService, CmSubscription } from './records.ts';
import { type Tag, tag } from './soap.ts';

const SERVICE_TAGS = [
  'serviceName',
  'asciiServiceName',
  'serviceDescription',
  'serviceUrl',
  'secureServiceUrl',
] as const;

const SUBSCRIPTION_TAGS = ['telecasterServiceName', 'name', 'url', 'urlButtonIndex', 'urlLabel', 'serviceNameAscii'];

/** Fields of a service that `update` can set, in its order. */
export const UPDATABLE = [
  'serviceDescription',
  'serviceUrl',
  'secureServiceUrl',
  'serviceCategory',
  'serviceType',
  'enabled',
] as const;
export type UpdatableField = (typeof UPDATABLE)[number];

/** An operation and its content. */
export type AxlRequest = readonly [operation: string, content: readonly Tag[]];

const tags = (names: readonly string[]) => names.map((name) => tag(name));

export interface ListOf {
  readonly operation: string;
  /** Name of the elements listed. */
  readonly item: string;
  readonly content: readonly Tag[];
}

export const listServices: ListOf = {
  operation: 'listIpPhoneServices',
  item: 'ipPhoneServices',
  content: [tag('searchCriteria', [tag('serviceName', '%')]), tag('returnedTags', tags(SERVICE_TAGS))],
};

/** `pattern` with % for any characters. */
export function listPhones(pattern: string): ListOf {
  return {
    operation: 'listPhone',
    item: 'phone',
    content: [tag('searchCriteria', [tag('name', pattern)]), tag('returnedTags', [tag('name')])],
  };
}

export const listCertificates: ListOf = {
  operation: 'listTvsCertificate',
  item: 'tvsCertificate',
  content: [
    tag('searchCriteria', [tag('subjectName', '%')]),
    tag('returnedTags', tags(['subjectName', 'issuerName', 'serialNumber'])),
  ],
};

export const getService = (name: string): AxlRequest => ['getIpPhoneServices', [tag('serviceName', name)]];

export function getPhone(name: string): AxlRequest {
  const services = SUBSCRIPTION_TAGS.map((each) => tag(each));
  return [
    'getPhone',
    [
      tag('name', name),
      tag('returnedTags', [
        tag('name'),
        tag('commonPhoneConfigName'),
        tag('vendorConfig'),
        tag('services', [tag('service', services)]),
        tag('phoneServiceDisplay', 'Default'),
      ]),
    ],
  ];
}

export const getProfile = (name: string): AxlRequest => [
  'getCommonPhoneConfig',
  [tag('name', name), tag('returnedTags', [tag('name'), tag('vendorConfig')])],
];

export const getEnterprise: AxlRequest = ['getEnterprisePhoneConfig', []];

export const getUser = (name: string): AxlRequest => [
  'getAppUser',
  [
    tag('userid', name),
    tag('returnedTags', tags(['userid', 'associatedDevices', 'associatedGroups', 'ctiControlledDeviceProfiles'])),
  ],
];

export const getCertificate = (uuid: string): AxlRequest => ['getTvsCertificate', [tag('uuid', uuid)]];

/** Subscriptions to these services, a page of them. Quotes are doubled as SQL has it. */
export function selectCopies(services: readonly string[], skip: number, first: number): AxlRequest {
  const names = services.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ');
  const sql =
    `select skip ${skip} first ${first} d.name as device, d.tkclass as tkclass, t.name as service, s.serviceurl as serviceurl, ` +
    's.secureserviceurl as secureserviceurl from telecastersubscribedservice s inner join device d on s.fkdevice = d.pkid ' +
    `inner join telecasterservice t on s.fktelecasterservice = t.pkid where t.name in (${names}) order by d.name, s.pkid`;
  return ['executeSQLQuery', [tag('sql', sql)]];
}

export function addService(service: CmService): AxlRequest {
  const fields = [
    ...SERVICE_TAGS.map((name) => tag(name, service[name])),
    tag('serviceCategory', service.serviceCategory),
    tag('serviceType', service.serviceType),
    tag('enabled', service.enabled),
    // By add alone: update knows no such element.
    tag('enterpriseSubscription', service.enterpriseSubscription),
    ...(service.parameters.length === 0 ? [] : [tag('parameters', service.parameters.map(parameterTag))]),
  ];
  return ['addIpPhoneServices', [tag('ipPhoneServices', fields)]];
}

export function updateService(name: string, fields: Readonly<Partial<Record<UpdatableField, string>>>): AxlRequest {
  const changed = UPDATABLE.flatMap((field) => {
    const value = fields[field];
    return value === undefined ? [] : [tag(field, value)];
  });
  return ['updateIpPhoneServices', [tag('serviceName', name), ...changed]];
}

export function changeParameters(name: string, how: 'add' | 'remove', parameters: readonly CmParameter[]): AxlRequest {
  return ['updateIpPhoneServices', [tag('serviceName', name), tag(`${how}Parameters`, parameters.map(parameterTag))]];
}

function parameterTag(parameter: CmParameter): Tag {
  return tag('parameter', [
    tag('name', parameter.name),
    tag('displayName', parameter.displayName),
    tag('default', parameter.default),
    tag('description', parameter.description),
    tag('paramRequired', String(parameter.required)),
    tag('paramPassword', String(parameter.password)),
  ]);
}

export const removeService = (name: string): AxlRequest => ['removeIpPhoneServices', [tag('serviceName', name)]];

/** The list given replaces the one that was there (reference/unified-cm-axl.md §3). */
export function updateSubscriptions(phone: string, subscriptions: readonly CmSubscription[]): AxlRequest {
  const services = subscriptions.map((each) =>
    tag('service', [
      tag('telecasterServiceName', each.service),
      tag('name', each.name),
      tag('url', each.url),
      ...(each.urlButtonIndex === '' ? [] : [tag('urlButtonIndex', each.urlButtonIndex)]),
      tag('urlLabel', each.urlLabel),
      tag('serviceNameAscii', each.serviceNameAscii),
    ]),
  );
  return ['updatePhone', [tag('name', phone), tag('services', services)]];
}
