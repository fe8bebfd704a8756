/** What the simulated Unified CM holds: plain data that can be read from a file and written down again. */

export interface Parameter {
  name: string;
  displayName: string;
  default: string;
  description: string;
  paramRequired: string;
  paramPassword: string;
}

export interface Service {
  uuid: string;
  serviceName: string;
  asciiServiceName: string;
  serviceDescription: string;
  serviceUrl: string;
  secureServiceUrl: string;
  serviceCategory: string;
  serviceType: string;
  serviceVendor: string;
  serviceVersion: string;
  enabled: string;
  enterpriseSubscription: string;
  parameters: Parameter[];
}

/** Its own copy of both URLs, with the values of the parameters behind them. */
export interface Subscription {
  service: string;
  name: string;
  url: string;
  secureUrl: string;
  urlButtonIndex: string;
  urlLabel: string;
  serviceNameAscii: string;
}

export interface Device {
  name: string;
  /** A device profile of Extension Mobility is no phone. */
  isProfile: boolean;
  model: string;
  commonPhoneConfigName: string;
  phoneServiceDisplay: string;
  vendorConfig: Record<string, string>;
  services: Subscription[];
}

export interface AppUser {
  userid: string;
  groups: string[];
  devices: string[];
  profiles: string[];
}

export interface Certificate {
  uuid: string;
  subjectName: string;
  issuerName: string;
  serialNumber: string;
  purposes: string[];
}

export interface Database {
  services: Service[];
  devices: Device[];
  profiles: { name: string; vendorConfig: Record<string, string> }[];
  enterprise: Record<string, string>;
  users: AppUser[];
  certificates: Certificate[];
}

/** A UUID as AXL writes it: braces, upper case. */
export function uuidOf(number: number): string {
  return `{5EED0000-0000-4000-8000-${number.toString(16).toUpperCase().padStart(12, '0')}}`;
}

export function newSubscription(service: Service, values = ''): Subscription {
  return {
    service: service.serviceName,
    name: service.serviceName,
    url: service.serviceUrl + values,
    secureUrl: service.secureServiceUrl === '' ? '' : service.secureServiceUrl + values,
    urlButtonIndex: '0',
    urlLabel: '',
    serviceNameAscii: service.asciiServiceName,
  };
}

/** What the button Update Subscriptions does: the copies follow the service, the values stay. */
export function updateSubscriptions(database: Database, name: string): number {
  const service = database.services.find(({ serviceName }) => serviceName === name);
  if (service === undefined) return 0;
  const values = (url: string) => (url.includes('?') ? url.slice(url.indexOf('?')) : '');
  const all = database.devices.flatMap(({ services }) => services).filter((each) => each.service === name);
  for (const each of all) {
    each.secureUrl = service.secureServiceUrl === '' ? '' : service.secureServiceUrl + values(each.url);
    each.url = service.serviceUrl + values(each.url);
  }
  return all.length;
}

/** A site with Finesse's own two services, and agents who are subscribed to them. */
export function demoDatabase(phones: number): Database {
  const services = ['a', 'b'].map((id, index) => directService(`Finesse ${id.toUpperCase()} direct`, id, index + 1));
  const names = Array.from(
    { length: phones },
    (_, index) => `SEP${(0x1122334400 + index).toString(16).toUpperCase().padStart(12, '0')}`,
  );
  const device = (name: string, index: number): Device => ({
    name,
    isProfile: false,
    model: 'Cisco 8845',
    commonPhoneConfigName: 'Standard Common Phone Profile',
    phoneServiceDisplay: 'Default',
    vendorConfig: index === 0 ? { webAccess: '0', webProtocol: '1' } : {},
    services: services.map((service) => newSubscription(service, `?id=${1001 + index}&extension=${2001 + index}`)),
  });
  return {
    services,
    devices: names.map(device),
    profiles: [{ name: 'Standard Common Phone Profile', vendorConfig: { webAccess: '0' } }],
    enterprise: { webAccess: '1', webProtocol: '0' },
    users: [
      {
        userid: 'finesse-push',
        groups: ['Standard CTI Enabled', 'Standard CTI Allow Control Of All Devices'],
        devices: [...names],
        profiles: [],
      },
    ],
    certificates: [],
  };
}

function directService(serviceName: string, id: string, number: number): Service {
  return {
    uuid: uuidOf(number),
    serviceName,
    asciiServiceName: serviceName,
    serviceDescription: 'Finesse IP Phone Agent',
    serviceUrl: `http://finesse-${id}.example.com:8082/fippa/#DEVICENAME#`,
    secureServiceUrl: `https://finesse-${id}.example.com:8445/fippa/#DEVICENAME#`,
    serviceCategory: 'XML Service',
    serviceType: 'Standard IP Phone Service',
    serviceVendor: '',
    serviceVersion: '',
    enabled: 'true',
    enterpriseSubscription: 'false',
    parameters: [],
  };
}
