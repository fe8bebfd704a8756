/** Heap of one known phone: fills the registry the way requests do, from request targets, and sends the figure. Needs --expose-gc. */

import { parsePrefill } from '../src/domain/device.ts';
import { parsePhoneRequest } from '../src/phones/gate.ts';
import { createDeviceRegistry } from '../src/store/devices.ts';
import { deviceName } from './fixture.ts';

const PHONES = 100_000;
/** A sign-in whose cookie-like rest is long: a name must not keep the whole target alive. */
const REST = `?id=1001&extension=2001&password=${'x'.repeat(64)}&locale=English_United_States&name=`;

const devices = createDeviceRegistry();
const before = heap();
for (let index = 0; index < PHONES; index++) {
  // Through bytes, as a request's target comes.
  const url = Buffer.from(`/a/fippa/${deviceName(index)}/login${REST}${deviceName(index)}`).toString('latin1');
  const parsed = parsePhoneRequest({ method: 'GET', url, httpVersion: '1.1', rawHeaders: ['Host', 'proxy'] });
  if (!parsed.ok) throw new Error(parsed.failure.detail);
  const { device, query } = parsed.request;
  const prefill = parsePrefill(query);
  const address = Buffer.from(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`).toString('latin1');
  if (prefill !== null) devices.prefilled(device, prefill, address, index);
  devices.relayed(device, 'a', 'other', false, index);
}
const bytes = (heap() - before) / PHONES;
if (devices.size() !== PHONES) throw new Error('not all phones are known');
process.send?.({ id: 0, result: bytes });

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
