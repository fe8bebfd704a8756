/** What Unified CM has, as far as it matters here, read from the answers of AXL. Pure. */

import { child, childrenOf, descendant, type Element, textOf } from './soap.ts';

export interface CmParameter {
  readonly name: string;
  readonly displayName: string;
  readonly default: string;
  readonly description: string;
  readonly required: boolean;
  readonly password: boolean;
}

/** A phone service. Fields are named as in AXL. */
export interface CmService {
  readonly serviceName: string;
  readonly asciiServiceName: string;
  readonly serviceDescription: string;
  readonly serviceUrl: string;
  readonly secureServiceUrl: string;
  readonly serviceCategory: string;
  readonly serviceType: string;
  readonly enabled: string;
  readonly enterpriseSubscription: string;
  readonly parameters: readonly CmParameter[];
}

/** One subscription of one phone, as updatePhone takes it. The URL ends in the values of its parameters: a secret. */
export interface CmSubscription {
  /** Name of the phone service. */
  readonly service: string;
  readonly name: string;
  readonly url: string;
  readonly urlButtonIndex: string;
  readonly urlLabel: string;
  readonly serviceNameAscii: string;
}

/** Codes as in vendorConfig; '' where nothing is set at that level. */
export interface WebSettings {
  /** 0 enabled, 1 disabled. */
  readonly webAccess: string;
  /** 0 HTTP and HTTPS, 1 HTTPS only. */
  readonly webProtocol: string;
}

export interface CmPhone {
  readonly name: string;
  readonly profile: string;
  readonly phoneServiceDisplay: string;
  readonly web: WebSettings;
  readonly subscriptions: readonly CmSubscription[];
}

/** A subscription as the database has it: the only place where its secure URL can be read. */
export interface CmCopy {
  readonly device: string;
  readonly isProfile: boolean;
  readonly service: string;
  readonly url: string;
  readonly secureUrl: string;
}

export interface CmUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly devices: readonly string[];
  /** Device profiles of Extension Mobility. */
  readonly profiles: readonly string[];
}

export interface CmCertificate {
  readonly uuid: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
}

export function parseService(element: Element | null): CmService {
  const text = (name: string) => textOf(element, name);
  return {
    serviceName: text('serviceName'),
    asciiServiceName: text('asciiServiceName'),
    serviceDescription: text('serviceDescription'),
    serviceUrl: text('serviceUrl'),
    secureServiceUrl: text('secureServiceUrl'),
    serviceCategory: text('serviceCategory'),
    serviceType: text('serviceType'),
    enabled: flag(text('enabled')),
    enterpriseSubscription: flag(text('enterpriseSubscription')),
    parameters: childrenOf(child(element, 'parameters'), 'parameter').map((parameter) => ({
      name: textOf(parameter, 'name'),
      displayName: textOf(parameter, 'displayName'),
      default: textOf(parameter, 'default'),
      description: textOf(parameter, 'description'),
      required: flag(textOf(parameter, 'paramRequired')) === 'true',
      password: flag(textOf(parameter, 'paramPassword')) === 'true',
    })),
  };
}

/** AXL writes truth in six ways. */
function flag(text: string): string {
  return ['true', 't', '1'].includes(text.trim().toLowerCase()) ? 'true' : 'false';
}

export function parsePhone(element: Element | null): CmPhone {
  return {
    name: textOf(element, 'name'),
    profile: textOf(element, 'commonPhoneConfigName'),
    phoneServiceDisplay: textOf(element, 'phoneServiceDisplay'),
    web: parseWebSettings(child(element, 'vendorConfig')),
    subscriptions: childrenOf(child(element, 'services'), 'service').map((service) => ({
      service: textOf(service, 'telecasterServiceName'),
      name: textOf(service, 'name'),
      url: textOf(service, 'url'),
      urlButtonIndex: textOf(service, 'urlButtonIndex'),
      urlLabel: textOf(service, 'urlLabel'),
      serviceNameAscii: textOf(service, 'serviceNameAscii'),
    })),
  };
}

/** Models nest vendorConfig differently. */
export function parseWebSettings(vendorConfig: Element | null): WebSettings {
  const value = (name: string) => descendant(vendorConfig, name)?.text.trim() ?? '';
  return { webAccess: value('webAccess'), webProtocol: value('webProtocol') };
}

/** `tkclass` of a device profile (Extension Mobility); AXL's getPhone does not know those. */
const DEVICE_PROFILE = '254';

export function parseCopy(row: Element): CmCopy {
  return {
    device: textOf(row, 'device'),
    isProfile: textOf(row, 'tkclass').trim() === DEVICE_PROFILE,
    service: textOf(row, 'service'),
    url: textOf(row, 'serviceurl'),
    secureUrl: textOf(row, 'secureserviceurl'),
  };
}

export function parseUser(element: Element | null): CmUser {
  return {
    name: textOf(element, 'userid'),
    groups: childrenOf(child(element, 'associatedGroups'), 'userGroup').map((group) => textOf(group, 'name')),
    devices: childrenOf(child(element, 'associatedDevices'), 'device').map(({ text }) => text),
    profiles: childrenOf(child(element, 'ctiControlledDeviceProfiles'), 'deviceProfile').map(({ text }) => text),
  };
}

export function parseCertificate(element: Element): CmCertificate {
  return {
    uuid: element.attributes.uuid ?? '',
    subject: textOf(element, 'subjectName'),
    issuer: textOf(element, 'issuerName'),
    serialNumber: textOf(element, 'serialNumber'),
  };
}

/** What stands before the values of the parameters. */
export function baseOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? url : url.slice(0, at);
}

/** Another base, the same values. */
export function withBase(url: string, base: string): string {
  return base + url.slice(baseOf(url).length);
}
