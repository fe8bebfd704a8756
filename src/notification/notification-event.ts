/** What the Notification Service of a service says, as events of the proxy. */

import type { ProxyEvent } from '../domain/events.ts';
import type { NotificationSeen } from './notification.ts';

export function notificationEvent(at: number, service: string, seen: NotificationSeen): ProxyEvent {
  switch (seen.kind) {
    case 'connected':
      return { kind: 'notification-connected', at, service };
    case 'disconnected':
      return { kind: 'notification-disconnected', at, service, wasUp: seen.wasUp, failure: seen.failure };
    case 'presence':
      return { kind: 'notification-presence', at, service, available: seen.available };
    case 'notified':
      return { kind: 'notification-status', at, service, status: seen.status };
    case 'ignored':
      return { kind: 'notification-ignored', at, service, because: seen.because };
    case 'not-subscribed':
      return { kind: 'notification-not-subscribed', at, service, condition: seen.condition };
  }
}
