/** Phone services: listed, read, added, changed, removed. */

import { group, leaf, type XmlElement } from '../finesse/xml.ts';
import { AxlFault, notFound } from './axl-fault.ts';
import { type Database, type Parameter, type Service, uuidOf } from './database.ts';
import { type Context, first, matches, paged, text, truth } from './values.ts';

export function listServices(request: XmlElement, context: Context): string {
  const pattern = text(request, 'searchCriteria', 'serviceName');
  const tags = first(request, 'returnedTags').children.map(({ name }) => name);
  const rows = context.database.services
    .filter(({ serviceName }) => matches(pattern, serviceName))
    .map((service) => {
      const fields = FIELDS.filter((field) => tags.includes(field)).map((field) => leaf(field, service[field]));
      return `<ipPhoneServices uuid="${service.uuid}">${fields.join('')}</ipPhoneServices>`;
    });
  return paged(request, context, rows).join('');
}

const FIELDS = [
  'serviceName',
  'asciiServiceName',
  'serviceDescription',
  'serviceUrl',
  'secureServiceUrl',
  'serviceCategory',
  'serviceType',
  'serviceVendor',
  'serviceVersion',
  'enabled',
  'enterpriseSubscription',
] as const;

export function renderService(service: Service, withParameters: boolean): string {
  const fields = FIELDS.map((field) => leaf(field, service[field]));
  const parameters = service.parameters.map((each) =>
    group(
      'parameter',
      PARAMETER.map((name) => leaf(name, each[name])),
    ),
  );
  if (withParameters) fields.push(group('parameters', parameters));
  return `<ipPhoneServices uuid="${service.uuid}">${fields.join('')}</ipPhoneServices>`;
}

const PARAMETER = ['name', 'displayName', 'default', 'description', 'paramRequired', 'paramPassword'] as const;

export function findService({ services }: Database, request: XmlElement): Service {
  const [name, uuid] = [text(request, 'serviceName'), text(request, 'uuid').toUpperCase()];
  const found = services.find((each) => (uuid === '' ? each.serviceName === name : each.uuid === uuid));
  if (found === undefined) throw notFound('IpPhoneServices');
  return found;
}

export function addService(database: Database, request: XmlElement): string {
  const name = text(request, 'serviceName');
  if (database.services.some(({ serviceName }) => serviceName.toLowerCase() === name.toLowerCase())) {
    throw new AxlFault(
      '-239',
      'Could not insert new row - duplicate value in a UNIQUE INDEX column (telecasterservice).',
    );
  }
  const value = (field: string, otherwise: string) => text(request, field) || otherwise;
  const highest = database.services.reduce(
    (most, { uuid }) => Math.max(most, Number.parseInt(uuid.slice(-13, -1), 16)),
    0,
  );
  const service: Service = {
    uuid: uuidOf(highest + 1),
    serviceName: name,
    asciiServiceName: text(request, 'asciiServiceName'),
    serviceDescription: text(request, 'serviceDescription'),
    serviceUrl: text(request, 'serviceUrl'),
    secureServiceUrl: text(request, 'secureServiceUrl'),
    serviceCategory: value('serviceCategory', 'XML Service'),
    serviceType: value('serviceType', 'Standard IP Phone Service'),
    serviceVendor: text(request, 'serviceVendor'),
    serviceVersion: text(request, 'serviceVersion'),
    enabled: truth(value('enabled', 'true')),
    enterpriseSubscription: truth(value('enterpriseSubscription', 'false')),
    parameters: readParameters(request, 'parameters') ?? [],
  };
  database.services.push(service);
  return service.uuid;
}

/** Partial: what is absent stays. Subscriptions keep their copies until somebody presses the button (reference §2). */
export function updateService(database: Database, request: XmlElement): string {
  const service = findService(database, request);
  const [added, removed] = [
    readParameters(request, 'addParameters') ?? [],
    readParameters(request, 'removeParameters') ?? [],
  ];
  const whole = readParameters(request, 'parameters');
  const kept = (whole ?? service.parameters).filter(({ name }) => !removed.some((each) => each.name === name));
  const twice = added.find(({ name }) => kept.some((each) => each.name === name));
  if (twice !== undefined)
    throw new AxlFault('-239', 'Could not insert new row - duplicate value in a UNIQUE INDEX column.');
  for (const field of FIELDS) {
    const given = request.children.find(({ name }) => name === field);
    if (given === undefined || field === 'serviceName') continue;
    service[field] = field === 'enabled' ? truth(given.text) : given.text;
  }
  service.parameters = [...kept, ...added];
  return service.uuid;
}

export function removeService(database: Database, request: XmlElement): string {
  const service = findService(database, request);
  database.services = database.services.filter((each) => each !== service);
  for (const device of database.devices) {
    device.services = device.services.filter((each) => each.service !== service.serviceName);
  }
  return service.uuid;
}

function readParameters(request: XmlElement, name: string): Parameter[] | null {
  const list = request.children.find((each) => each.name === name);
  if (list === undefined) return null;
  return list.children.map((each) => ({
    name: text(each, 'name'),
    displayName: text(each, 'displayName'),
    default: text(each, 'default'),
    description: text(each, 'description'),
    paramRequired: truth(text(each, 'paramRequired') || 'true'),
    paramPassword: truth(text(each, 'paramPassword') || 'false'),
  }));
}
