/** Phones and what they are subscribed to. */

import { group, leaf, type XmlElement } from '../finesse/xml.ts';
import { notFound } from './axl-fault.ts';
import { type Database, type Device, newSubscription, type Subscription, uuidOf } from './database.ts';
import { matches, renderVendorConfig, text } from './values.ts';

const PHONES = 0x1000;

export function listDevices({ devices }: Database, pattern: string): string[] {
  return devices
    .filter(({ name, isProfile }) => !isProfile && matches(pattern, name))
    .map(({ name }, index) => `<phone uuid="${uuidOf(PHONES + index)}">${leaf('name', name)}</phone>`);
}

function findDevice({ devices }: Database, name: string): Device {
  const found = devices.find((each) => !each.isProfile && each.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw notFound('Phone');
  return found;
}

export function answerDevice(database: Database, name: string): string {
  const device = findDevice(database, name);
  const services = device.services.map((each) =>
    group('service', [
      leaf('telecasterServiceName', each.service),
      leaf('name', each.name),
      leaf('url', each.url),
      leaf('urlButtonIndex', each.urlButtonIndex),
      leaf('urlLabel', each.urlLabel),
      leaf('serviceNameAscii', each.serviceNameAscii),
    ]),
  );
  return group('phone', [
    leaf('name', device.name),
    leaf('commonPhoneConfigName', device.commonPhoneConfigName),
    renderVendorConfig(device.vendorConfig),
    group('services', services),
    leaf('phoneServiceDisplay', device.phoneServiceDisplay),
  ]);
}

/**
 * The list given replaces the old one. AXL has no element for the secure URL: one of the same service and name keeps its
 * own, any other gets that of the service (what the real one does is not documented).
 */
export function replaceSubscriptions(database: Database, request: XmlElement): string {
  const device = findDevice(database, text(request, 'name'));
  const list = request.children.find(({ name }) => name === 'services');
  if (list !== undefined) {
    const old = [...device.services];
    device.services = list.children.map((element) => {
      const given = subscriptionOf(database, element);
      const at = old.findIndex(({ service, name }) => service === given.service && name === given.name);
      const [before] = at === -1 ? [] : old.splice(at, 1);
      return before === undefined ? given : { ...given, secureUrl: before.secureUrl };
    });
  }
  return uuidOf(PHONES + database.devices.indexOf(device));
}

/** A subscription that a request names: the definition fills in what AXL has no element for. */
function subscriptionOf(database: Database, element: XmlElement): Subscription {
  const service = database.services.find(({ serviceName }) => serviceName === text(element, 'telecasterServiceName'));
  if (service === undefined) throw notFound('IpPhoneServices');
  return {
    ...newSubscription(service),
    name: text(element, 'name'),
    url: text(element, 'url'),
    urlButtonIndex: text(element, 'urlButtonIndex') || '0',
    urlLabel: text(element, 'urlLabel'),
    serviceNameAscii: text(element, 'serviceNameAscii'),
  };
}
