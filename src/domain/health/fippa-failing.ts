/**
 * fippa may be dead while SystemInfo is fine. Failed phone requests of two or more devices, three within 15 s and no relayed
 * page between them, say so; the next relayed page takes it back (contract.md, "The timeline"), and so does time: device names
 * can be invented, and a service that nobody is led to has no traffic that could show it to be well.
 */

import { type Failure, failures } from '../failure.ts';
import { NO_FAILURES, type RequestFailures } from './state.ts';

const WINDOW_MS = 15_000;
const REQUESTS = 3;
const DEVICES = 2;
const FAILING_FOR_MS = 60_000;

export function reduceRequestFailed(
  before: RequestFailures,
  device: string,
  at: number,
  forMs = FAILING_FOR_MS,
): RequestFailures {
  const state = reducePassed(before, at);
  // Three are enough to judge by, but they must not all be one device's: keep one more of another device.
  const recent = [...state.recent.filter((failure) => at - failure.at <= WINDOW_MS), { at, device }];
  const failing = recent.length >= REQUESTS && new Set(recent.map((failure) => failure.device)).size >= DEVICES;
  const other = recent.findLast((failure) => failure.device !== device);
  const kept = recent.slice(-REQUESTS);
  return {
    recent: other === undefined || kept.includes(other) ? kept : [other, ...kept],
    failing: state.failing || failing,
    // Failures meanwhile do not put it off: whoever invents devices could go on for ever.
    until: state.failing ? state.until : failing ? at + forMs : null,
  };
}

/** Once its time is over the next failures count again, from the first. */
export function reducePassed(state: RequestFailures, at: number): RequestFailures {
  return state.until !== null && at >= state.until ? NO_FAILURES : state;
}

/**
 * Whether a failed request says something about fippa: not one that was refused here, nor one that the server refused with a
 * 4xx `status`, which whoever asks for what there is not can bring about.
 */
export function isServersFault({ code }: Failure, status: number | null): boolean {
  const isRefusal = status !== null && status >= 400 && status < 500;
  return failures[code].cause === 'server' && code !== 'busy' && code !== 'internal' && !isRefusal;
}
