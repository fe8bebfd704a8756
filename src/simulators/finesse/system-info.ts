/** The SystemInfo document, every element of reference/finesse-health.md §2, and the error document of the REST API. */

import type { Settings } from './options.ts';
import { group, leaf } from './xml.ts';

export interface Condition {
  readonly inService: boolean;
  readonly statusReason: string;
  readonly heartbeat: 'success' | 'failure';
  /** Epoch ms of the last heartbeat that succeeded. */
  readonly lastHeartbeat: number;
  readonly maintenance: boolean;
  /** How long maintenance has lasted, ms. */
  readonly maintenanceMs: number;
  readonly startedAt: number;
}

export interface Ports {
  readonly https: number;
}

export function systemInfo(settings: Settings, condition: Condition, ports: Ports): string {
  const now = settings.now();
  const newer = settings.release !== '12.5';
  const node = (host: string | null) =>
    host === null
      ? [leaf('host', '')]
      : [
          leaf('host', host),
          ...(newer ? [leaf('httpsPort', ports.https), leaf('xmppPort', 5222), leaf('xmppSecurePort', 5223)] : []),
        ];
  const primary = settings.role === 'primary' ? settings.name : settings.peer;
  const secondary = settings.role === 'primary' ? settings.peer : settings.name;
  return group('SystemInfo', [
    leaf('currentTimestamp', new Date(now).toISOString()),
    ...(newer ? [ctiServers(settings, condition, now)] : []),
    leaf('ctiHeartbeatInterval', 5),
    ...(newer ? [leaf('ctiMMode', ''), leaf('ctiTimeInMMode', -1)] : []),
    leaf('ctiVersion', newer ? 24 : 23),
    leaf('deploymentType', 'UCCE'),
    ...(newer
      ? [
          leaf('finesseMMode', condition.maintenance ? 'IN_PROGRESS' : ''),
          leaf('finesseTimeInMMode', condition.maintenance ? Math.round(condition.maintenanceMs / 1000) : -1),
        ]
      : []),
    leaf('lastCTIHeartbeatStatus', condition.heartbeat),
    leaf('lastSuccessCTIHeartbeatTime', condition.heartbeat === 'success' ? now : condition.lastHeartbeat),
    leaf('license', 'PREMIUM'),
    leaf('peripheralId', 5000),
    group('primaryNode', node(primary)),
    group('secondaryNode', node(secondary)),
    leaf('status', condition.inService ? 'IN_SERVICE' : 'OUT_OF_SERVICE'),
    leaf('statusReason', condition.statusReason),
    leaf('systemAuthMode', 'NON_SSO'),
    leaf('timezoneOffset', 0),
    leaf('uri', '/finesse/api/SystemInfo'),
    leaf('xmppDomain', settings.name),
    leaf('xmppPubSubDomain', `pubsub.${settings.name}`),
  ]);
}

function ctiServers(settings: Settings, condition: Condition, now: number): string {
  const domain = /\.(?=[a-z])(.+)$/i.exec(settings.name)?.[1] ?? 'example.com';
  const connected = condition.inService && condition.heartbeat === 'success';
  const seconds = Math.max(0, Math.round((now - condition.startedAt) / 1000));
  const server = (host: string, active: boolean) =>
    group('ctiServer', [
      leaf('host', host),
      leaf('connectedDuration', active ? seconds : 0),
      leaf('active', String(active)),
    ]);
  return group('ctiServers', [server(`pg-a.${domain}`, connected), server(`pg-b.${domain}`, false)]);
}

export function apiErrors(type: string, message: string, data = ''): string {
  return group('ApiErrors', [
    group('ApiError', [leaf('ErrorType', type), leaf('ErrorData', data), leaf('ErrorMessage', message)]),
  ]);
}
