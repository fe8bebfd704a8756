/** Changes as data: recognised as done or not, taken back, kept in a file. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CmPhone, CmService, CmSubscription } from '../../src/unified-cm/records.ts';
import {
  changedSubscriptions,
  inverseOf,
  positionOfPhone,
  positionOfService,
  type Step,
  type SubscriptionChange,
} from '../../src/unified-cm/step.ts';
import { parseUndoRecord } from '../../src/unified-cm/undo-file.ts';

const SERVICE: CmService = {
  serviceName: 'S',
  asciiServiceName: 'S',
  serviceDescription: '',
  serviceUrl: 'http://old/',
  secureServiceUrl: '',
  serviceCategory: 'XML Service',
  serviceType: 'Standard IP Phone Service',
  enabled: 'true',
  enterpriseSubscription: 'false',
  parameters: [],
};
const ID = { name: 'id', displayName: 'Agent ID', default: '', description: '', required: false, password: false };

test('how far a change of a service is', () => {
  const update: Step = {
    kind: 'update-service',
    name: 'S',
    before: { serviceUrl: 'http://old/' },
    after: { serviceUrl: 'http://new/' },
  };
  const at = (step: Step, found: CmService | null) =>
    step.kind === 'subscriptions'
      ? null
      : [positionOfService(step, found), positionOfService(inverseOf(step) as never, found)];
  expect(at(update, SERVICE)).toEqual(['before', 'after']);
  expect(at(update, { ...SERVICE, serviceUrl: 'http://new/' })).toEqual(['after', 'before']);
  expect(at(update, { ...SERVICE, serviceUrl: 'http://else/' })).toEqual(['other', 'other']);
  expect(at(update, null)).toEqual(['other', 'other']);
  const add: Step = { kind: 'add-service', service: SERVICE };
  expect(at(add, null)).toEqual(['before', 'after']);
  expect(at(add, { ...SERVICE })).toEqual(['after', 'before']);
  expect(at(add, { ...SERVICE, enabled: 'false' })).toEqual(['other', 'other']);
  const parameters: Step = { kind: 'add-parameters', name: 'S', parameters: [ID] };
  expect(at(parameters, SERVICE)).toEqual(['before', 'after']);
  expect(at(parameters, { ...SERVICE, parameters: [ID] })).toEqual(['after', 'before']);
  expect(at(parameters, { ...SERVICE, parameters: [{ ...ID, required: true }] })).toEqual(['other', 'other']);
});

const url = fc.constantFrom('http://old/#DEVICENAME#', 'http://new/#DEVICENAME#', 'http://else/');
const subscription: fc.Arbitrary<CmSubscription> = fc.record({
  service: fc.constantFrom('S', 'T'),
  name: fc.constantFrom('a', 'b', 'c'),
  url: fc.tuple(url, fc.constantFrom('', '?id=1&password=x')).map(([base, values]) => base + values),
  urlButtonIndex: fc.constantFrom('0', '1'),
  urlLabel: fc.constant(''),
  serviceNameAscii: fc.constant(''),
});

test('what is changed on a phone is recognised, and taken back exactly, whatever else it is subscribed to', () => {
  fc.assert(
    fc.property(fc.array(subscription, { maxLength: 6 }), (subscriptions) => {
      const ours = subscriptions.filter(({ service }) => service === 'S');
      const changes: SubscriptionChange[] = ours.flatMap(({ url: found }, ordinal) => {
        const before = found.split('?')[0]!;
        const after = 'http://new/#DEVICENAME#';
        return before === after ? [] : [{ kind: 'url', service: 'S', ordinal, before, after }];
      });
      const added = {
        service: 'U',
        name: 'U',
        url: 'http://u/',
        urlButtonIndex: '0',
        urlLabel: '',
        serviceNameAscii: '',
      };
      changes.push({ kind: 'add', subscription: added });
      const step: Extract<Step, { kind: 'subscriptions' }> = { kind: 'subscriptions', phone: 'SEP1', changes };
      const phone = (all: readonly CmSubscription[]): CmPhone => ({
        name: 'SEP1',
        profile: '',
        phoneServiceDisplay: '',
        web: { webAccess: '', webProtocol: '' },
        subscriptions: all,
      });
      expect(positionOfPhone(step, phone(subscriptions))).toBe('before');
      const after = changedSubscriptions(step.changes, subscriptions);
      expect(positionOfPhone(step, phone(after))).toBe('after');
      expect(changedSubscriptions(step.changes, after)).toEqual(after);
      const back = inverseOf(step) as typeof step;
      expect(positionOfPhone(back, phone(after))).toBe('before');
      expect(changedSubscriptions(back.changes, after)).toEqual(subscriptions);
      // Nothing of a phone's values is in what is kept.
      expect(JSON.stringify(step)).not.toContain('password');
    }),
  );
});

test('a file that is not one of ours is not taken for one', () => {
  const good = {
    format: 1,
    axl: 'https://c/axl/',
    release: '15',
    createdAt: 'x',
    steps: [{ step: { kind: 'add-service', service: SERVICE }, state: 'done' }],
  };
  expect(parseUndoRecord(JSON.stringify(good))).toEqual(good);
  for (const bad of ['', '{}', '[]', JSON.stringify({ ...good, format: 2 }), JSON.stringify({ ...good, more: 1 })]) {
    expect(parseUndoRecord(bad)).toBeNull();
  }
  const step = { kind: 'update-service', name: 'S', before: { password: 'x' }, after: {} };
  expect(parseUndoRecord(JSON.stringify({ ...good, steps: [{ step, state: 'done' }] }))).toBeNull();
});
