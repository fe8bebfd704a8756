/** Hands every event to those who subscribed to its kind. A subscriber that throws costs nobody else anything. */

import type { EventHandlers, EventKind, ProxyEvent, Report } from '../domain/events.ts';

export interface EventStream {
  readonly report: Report;
  /** `name` is what a fault of the subscriber is told under. Subscribers hear an event in the order they came. */
  subscribe(name: string, handlers: EventHandlers): void;
}

interface Subscriber {
  readonly name: string;
  readonly handle: (event: ProxyEvent) => void;
}

/** `onFault` is told what a subscriber threw. */
export function createEventStream(
  onFault: (subscriber: string, event: EventKind, error: unknown) => void,
): EventStream {
  const byKind = new Map<EventKind, Subscriber[]>();
  const waiting: ProxyEvent[] = [];
  let isBusy = false;

  const deliver = (event: ProxyEvent) => {
    for (const { name, handle } of byKind.get(event.kind) ?? []) {
      try {
        handle(event);
      } catch (error) {
        onFault(name, event.kind, error);
      }
    }
  };

  return {
    report(event) {
      // What a subscriber reports comes after what it was told of, for all of them.
      if (isBusy) {
        waiting.push(event);
        return;
      }
      isBusy = true;
      deliver(event);
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next);
      isBusy = false;
    },
    subscribe(name, handlers) {
      for (const [kind, handle] of Object.entries(handlers) as [EventKind, Subscriber['handle']][]) {
        const subscribers = byKind.get(kind) ?? [];
        byKind.set(kind, [...subscribers, { name, handle }]);
      }
    },
  };
}
