/**
 * fippa may be dead while SystemInfo is fine. Failed phone requests of two or more devices, three within 15 s and no relayed
 * page between them, say so; the next relayed page takes it back (contract.md, "The timeline").
 */

import type { RequestFailures } from './state.ts';

const WINDOW_MS = 15_000;
const REQUESTS = 3;
const DEVICES = 2;

export function reduceRequestFailed(state: RequestFailures, device: string, at: number): RequestFailures {
  // Three are enough to judge by, but they must not all be one device's: keep one more of another device.
  const recent = [...state.recent.filter((failure) => at - failure.at <= WINDOW_MS), { at, device }];
  const failing = recent.length >= REQUESTS && new Set(recent.map((failure) => failure.device)).size >= DEVICES;
  const other = recent.findLast((failure) => failure.device !== device);
  const kept = recent.slice(-REQUESTS);
  return {
    recent: other === undefined || kept.includes(other) ? kept : [other, ...kept],
    failing: state.failing || failing,
  };
}
