/** What the Notification Service says, as lines of the log. What comes often is counted in metrics only. */

import { renderFailure } from '../domain/failure.ts';
import type { Log } from '../ops/log.ts';
import type { NotificationSeen } from './notification.ts';

export function logNotification(log: Log, service: string, seen: NotificationSeen): void {
  if (seen.kind === 'connected') log.info('notification-connected', { service });
  else if (seen.kind === 'disconnected') {
    log.warn(seen.wasUp ? 'notification-lost' : 'notification-not-connected', {
      service,
      code: seen.failure.code,
      reason: renderFailure(seen.failure),
    });
  } else if (seen.kind === 'not-subscribed') {
    log.warn('notification-not-subscribed', { service, condition: seen.condition });
  } else if (seen.kind === 'presence') log.debug('notification-presence', { service, available: seen.available });
  else if (seen.kind === 'notified') log.debug('notification-status', { service, status: seen.status });
  // A flood is no reason for another one in the log.
  else if (seen.because !== 'flood') log.debug('notification-ignored', { service, because: seen.because });
}
