/** What each operation of AXL does with the database, and its answer. */

import { group, leaf, type XmlElement } from '../finesse/xml.ts';
import { AxlFault, notFound } from './axl-fault.ts';
import type { Database } from './database.ts';
import { answerDevice, listDevices, replaceSubscriptions } from './device-operations.ts';
import {
  addService,
  findService,
  listServices,
  removeService,
  renderService,
  updateService,
} from './service-operations.ts';
import { query } from './sql.ts';
import { type Context, first, limited, paged, renderVendorConfig, text } from './values.ts';

export const WRITES: ReadonlySet<string> = new Set([
  'addIpPhoneServices',
  'updateIpPhoneServices',
  'removeIpPhoneServices',
  'updatePhone',
]);

/** What stands inside `return`. Throws AxlFault, and then has changed nothing. */
export function perform(operation: string, request: XmlElement, context: Context): string {
  const { database } = context;
  switch (operation) {
    case 'getCCMVersion':
      return group('componentVersion', [leaf('version', context.release)]);
    case 'listIpPhoneServices':
      return listServices(request, context);
    case 'getIpPhoneServices':
      return renderService(findService(database, request), true);
    case 'addIpPhoneServices':
      return addService(database, first(request, 'ipPhoneServices'));
    case 'updateIpPhoneServices':
      return updateService(database, request);
    case 'removeIpPhoneServices':
      return removeService(database, request);
    case 'listPhone':
      return paged(request, context, listDevices(database, text(request, 'searchCriteria', 'name'))).join('');
    case 'getPhone':
      return answerDevice(database, text(request, 'name'));
    case 'updatePhone':
      return replaceSubscriptions(database, request);
    case 'getCommonPhoneConfig': {
      const found = database.profiles.find(({ name }) => name === text(request, 'name'));
      if (found === undefined) throw notFound('Common Phone Configuration');
      const { name, vendorConfig } = found;
      return group('commonPhoneConfig', [leaf('name', name), renderVendorConfig(vendorConfig)]);
    }
    case 'getEnterprisePhoneConfig':
      return group('enterprisePhoneConfig', [renderVendorConfig(database.enterprise)]);
    case 'getAppUser':
      return renderUser(database, text(request, 'userid'));
    case 'listTvsCertificate':
      return paged(request, context, database.certificates.map(renderListedCertificate)).join('');
    case 'getTvsCertificate':
      return renderCertificate(database, text(request, 'uuid'));
    case 'executeSQLQuery':
      return limited(context, query(database, text(request, 'sql'))).join('');
    default:
      throw new AxlFault('-1', `Unknown operation ${operation}`);
  }
}

/** Never a password, as in the real one. */
function renderUser({ users }: Database, userid: string): string {
  const user = users.find((each) => each.userid === userid);
  if (user === undefined) throw notFound('AppUser');
  const groups = user.groups.map((name) => group('userGroup', [leaf('name', name)]));
  return group('appUser', [
    leaf('userid', userid),
    group(
      'associatedDevices',
      user.devices.map((device) => leaf('device', device)),
    ),
    group('associatedGroups', groups),
    group(
      'ctiControlledDeviceProfiles',
      user.profiles.map((name) => leaf('deviceProfile', name)),
    ),
  ]);
}

function renderListedCertificate({
  uuid,
  subjectName,
  issuerName,
  serialNumber,
}: Database['certificates'][number]): string {
  const fields = [leaf('subjectName', subjectName), leaf('issuerName', issuerName), leaf('serialNumber', serialNumber)];
  return `<tvsCertificate uuid="${uuid}">${fields.join('')}</tvsCertificate>`;
}

function renderCertificate({ certificates }: Database, uuid: string): string {
  const found = certificates.find((each) => each.uuid === uuid.toUpperCase());
  if (found === undefined) throw notFound('TvsCertificate');
  const services = found.purposes.map((purpose) => group('service', [leaf('serviceName', purpose)]));
  return renderListedCertificate(found).replace('</tvsCertificate>', `${group('services', services)}</tvsCertificate>`);
}
