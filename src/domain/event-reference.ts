/** When each event is reported and what its fields hold: docs/events.md is generated from it. */

import type { EventFields, EventKind } from './events.ts';

interface EventReference<K extends EventKind> {
  /** When it is reported, for the reference page. */
  readonly when: string;
  readonly fields: { readonly [F in keyof EventFields[K]]: string };
}

const SERVICE = 'id of the service';
const DEVICE = 'name of the device';
const SITE = 'the other site';
const PROXY = 'id of the other proxy';
const PROXY_NAME = 'the name of its machine';
const STATE_HERE = 'how this proxy sees the service';
const CUT_SINCE = 'since when nothing there could be reached, epoch ms';
const NODE = 'id of the node';
const OUTAGE = 'id of its record';
const DRILL = 'whether it is a drill';
const DEVICES = 'names of the devices that it is for; null: all';
const FILE = 'path of the file';
const PROCESS = 'its place, from 1';
const STORE_STATE = 'connecting, connected, reading-only, gone or refused';
const FAILURE = 'code of the registry and what was found';

/** The reference of all events; the types see to it that none is missing, and no field. */
export const eventReference: { readonly [K in EventKind]: EventReference<K> } = {
  'page-relayed': {
    when: 'An answer of Finesse was written to the phone.',
    fields: {
      service: SERVICE,
      device: DEVICE,
      page: 'sign-in (a sign-in form), input (another one), other (any other page), null (an image)',
      durationMs: 'from the end of the request to the answer',
    },
  },
  'page-served': {
    when: "A page of the proxy's own was written to the phone.",
    fields: {
      service: SERVICE,
      device: DEVICE,
      page: 'which page',
      after: 'a plain request, a request that failed at Finesse, or the choice of an alternate that had gone',
      durationMs: 'from the end of the request to the answer',
    },
  },
  'phone-gone': {
    when: 'A phone had broken its connection before its answer was written.',
    fields: { service: SERVICE, device: DEVICE },
  },
  'request-failed': {
    when: "A phone's request got no usable answer from Finesse.",
    fields: { service: SERVICE, device: DEVICE, failure: FAILURE },
  },
  'request-refused': {
    when: "A phone's request was refused and sent to no server.",
    fields: {
      service: 'id of the service, where the request named one',
      device: 'name of the device, where the request named one',
      address: 'where it came from; null when the peer had gone',
      failure: FAILURE,
    },
  },
  'action-taken': {
    when: "A phone asked for one of the proxy's own actions.",
    fields: {
      service: SERVICE,
      device: DEVICE,
      action: 'leaving, choosing an alternate, returning to a service that was left, or signing out',
    },
  },
  'agent-steered': {
    when: 'The alternate that an agent chose was confirmed, or found to have gone.',
    fields: { device: DEVICE, from: 'the service that was left', to: 'the alternate', result: 'confirmed or gone' },
  },
  'url-overlong': {
    when: 'A relayed page has URLs that phones may cut, since the proxy made them longer.',
    fields: { service: SERVICE, urls: 'how many' },
  },
  'fippa-failing': {
    when: 'Phone requests fail although SystemInfo is fine.',
    fields: { service: SERVICE },
  },
  'fippa-failing-over': {
    when: 'That lasted for its time without a relayed page; the next failures count again.',
    fields: { service: SERVICE },
  },
  'fippa-works-again': { when: 'A page was relayed after that.', fields: { service: SERVICE } },
  'device-signed-in': {
    when: 'A page showed that the device is signed in there.',
    fields: {
      device: DEVICE,
      service: SERVICE,
      from: 'the service where it was signed in until then, or null',
      address: 'where the request came from',
    },
  },
  'device-signed-out': {
    when: 'A sign-in form or a sign-out showed that the device is no longer signed in there.',
    fields: { device: DEVICE, service: SERVICE },
  },
  'phone-address': {
    when: 'The address that pushes for a device go to is known for the first time, or is another one.',
    fields: { device: DEVICE, from: 'the address until then, or null', to: 'the address', reason: 'what spoke for it' },
  },
  'phone-address-refused': {
    when: 'A request came from an address that is never pushed to.',
    fields: { device: DEVICE, address: 'the address', reason: 'why' },
  },
  'push-relayed': {
    when: 'A push of Finesse was delivered to the phone.',
    fields: { service: SERVICE, device: DEVICE, address: 'of the phone' },
  },
  'push-not-relayed': {
    when: 'A push of Finesse was not delivered.',
    fields: {
      service: 'id of the service, if known',
      device: 'name of the device, if known',
      failure: FAILURE,
      from: 'the address it came from, where no phone was asked',
      address: 'of the phone, where one was asked',
    },
  },
  'own-push-ended': {
    when: "A push of the proxy's own was delivered, left out or failed.",
    fields: {
      service: SERVICE,
      device: DEVICE,
      reason: 'what the phone was told of',
      outcome: 'delivered, left-alone (its page refreshes itself) or the code of what failed',
      detail: 'what was found, where it failed',
      address: 'of the phone, if known',
    },
  },
  'phones-told': {
    when: 'All phones of a service have been told of a change, or left alone.',
    fields: {
      service: SERVICE,
      reason: 'what they were told of',
      delivered: 'how many pushes were delivered',
      leftAlone: 'how many were not needed',
      failed: 'how many failed',
    },
  },
  'service-changed': {
    when: 'The state of a service changed, or its next attempt began.',
    fields: {
      service: SERVICE,
      from: 'the state until then',
      to: 'the state from then on',
      attempt: '1… while reconnecting, else null',
      since: 'when the state began (t0 while reconnecting), epoch ms',
      failure: 'what failed, or null',
      decidedBy: 'which signal decided the state; null: none yet',
    },
  },
  'probe-ended': {
    when: 'A probe, its repeat included, has ended.',
    fields: {
      service: SERVICE,
      latencyMs: 'how long it took',
      outcome: 'confirmed, failed or a fault of configuration',
      certificate: 'what the server last showed in a full TLS handshake, or null',
    },
  },
  'probe-fault': {
    when: 'A probe ended by a fault of the proxy itself.',
    fields: { service: SERVICE, error: 'what was thrown' },
  },
  'credentials-refused': {
    when: 'SystemInfo began to answer 401 or 403.',
    fields: { service: SERVICE, failure: FAILURE },
  },
  'name-conflict': {
    when: 'Services began or ceased to claim the same host name.',
    fields: { conflicts: 'each name with the services that claim it' },
  },
  'outage-began': {
    when: 'A service began to fail (t0), and the record of that outage begins.',
    fields: { service: SERVICE, outage: OUTAGE, drill: DRILL, signedIn: 'devices signed in there' },
  },
  'outage-ended': {
    when: 'The service is back in service, or is no longer configured.',
    fields: { service: SERVICE, outage: OUTAGE, drill: DRILL, afterMs: 'time since t0' },
  },
  'agent-back': {
    when: 'A device that was signed in at t0 is signed in again for the first time since.',
    fields: {
      service: 'id of the service that failed',
      outage: OUTAGE,
      drill: DRILL,
      device: DEVICE,
      outcome: 'elsewhere or returned',
      to: 'where it is signed in',
      afterMs: 'time since t0',
    },
  },
  'outage-summary': {
    when: 'It is time for the summary of an outage (`outages.summaryAfter`).',
    fields: {
      service: SERVICE,
      outage: OUTAGE,
      drill: DRILL,
      startedAt: 't0, epoch ms',
      verdictAt: 'epoch ms, or null',
      endedAt: 'epoch ms, or null',
      failure: 'what had failed at t0, or null',
      counts: 'how many were signed in at t0, were told, are elsewhere, returned, missing',
    },
  },
  'drill-began': {
    when: 'From now on a service is treated as failed for phones, on request.',
    fields: {
      service: SERVICE,
      until: 'when it ends by itself, epoch ms',
      devices: DEVICES,
      reason: 'why, or null',
      who: 'name of the operator',
      address: 'where the operator was',
    },
  },
  'drill-verdict': {
    when: 'For phones of a drill the service is out of service from now on.',
    fields: { service: SERVICE, devices: DEVICES },
  },
  'drill-ended': {
    when: 'A drill is over.',
    fields: {
      service: SERVICE,
      because:
        'time, operator, real-failure (of a service of the cluster), removed (from the configuration) or stopping',
      devices: DEVICES,
      who: 'name of the operator who ended it, or null',
      address: 'where that operator was',
    },
  },
  'capture-began': {
    when: 'An operator began to capture what passes for some devices.',
    fields: {
      capture: 'its id',
      until: 'when it ends by itself, epoch ms',
      devices: 'names of the devices',
      who: 'name of the operator',
      address: 'where it was asked from',
    },
  },
  'capture-ended': {
    when: 'A capture is over.',
    fields: {
      capture: 'its id',
      because:
        'time, size, exchanges (it is full), operator, gone (the command that waited for it), stopping (the proxy)',
      entries: 'requests that it holds',
      bytes: 'how long they are',
      dropped: 'what there was no room for',
      who: 'name of the operator who ended it; null: nobody did',
      address: 'where that was asked from',
    },
  },
  'notification-connected': {
    when: 'The proxy is logged in to the Notification Service.',
    fields: { service: SERVICE },
  },
  'notification-disconnected': {
    when: 'A connection to the Notification Service was lost, or none came to be.',
    fields: { service: SERVICE, wasUp: 'whether it had been up', failure: FAILURE },
  },
  'notification-presence': {
    when: 'Finesse told the presence of its own user.',
    fields: { service: SERVICE, available: 'whether it is available' },
  },
  'notification-status': {
    when: 'Finesse notified a status of SystemInfo.',
    fields: { service: SERVICE, status: 'IN_SERVICE or OUT_OF_SERVICE' },
  },
  'notification-ignored': {
    when: 'Something came from the Notification Service that says nothing, or may not be believed.',
    fields: { service: SERVICE, because: 'why it was passed over' },
  },
  'notification-not-subscribed': {
    when: 'The Notification Service refused the subscription to SystemInfo.',
    fields: { service: SERVICE, condition: 'the XMPP condition it gave' },
  },
  'store-changed': {
    when: 'The state of the store of what proxies know together is another one.',
    fields: { from: STORE_STATE, to: STORE_STATE, fault: 'code and what was found; null: nothing is wrong' },
  },
  'store-replaced': {
    when: 'The store is another one than before: what this proxy knows is written to it anew.',
    fields: {
      flushed:
        'true: this proxy found it empty; false: another one had found it so before and begun it anew, or it is another store',
    },
  },
  'store-fact-refused': {
    when: 'Something in the store is not taken, because no proxy that works writes such a thing. Said once an hour for each `why`.',
    fields: {
      why: '`form` (no register, or one too long or too deep), `ahead` (a time that is still to come), `fault` (reading it failed)',
      hash: 'the key, without the prefix',
      field: 'its field; the first 100 characters',
    },
  },
  'device-heard': {
    when: 'Another proxy says where a device is signed in, and that was not known here.',
    fields: {
      device: DEVICE,
      from: 'where it was signed in as far as was known here; null: nowhere',
      to: 'where it is; null: nowhere',
      proxy: 'id of the other proxy',
    },
  },
  'setting-heard': {
    when: 'An operator set a service at another proxy.',
    fields: {
      service: SERVICE,
      from: 'the setting before',
      to: 'the setting now, with who set it',
      proxy: 'id of the other proxy',
    },
  },
  'island-suspected': {
    when: 'Everything of another site has been unreachable for a while, and the own site is in service.',
    fields: { site: SITE, since: CUT_SINCE },
  },
  'island-long': {
    when: 'Such an island has lasted so long that replication between the sites may break.',
    fields: { site: SITE, since: CUT_SINCE },
  },
  'island-ended': {
    when: 'Something of that site was reached, or the own site is out of service too.',
    fields: { site: SITE, since: CUT_SINCE, because: 'reached, own-site-out, or configuration' },
  },
  'site-reached': {
    when: 'A time in which nothing of another site could be reached is over, and what it was is known, or never will be.',
    fields: {
      site: SITE,
      since: CUT_SINCE,
      until: 'when something there was reached again, epoch ms',
      nature:
        'island (the proxies there saw services in service all along), outage (they saw none), unknown (no proxy there has told)',
    },
  },
  'proxy-heard': {
    when: 'Another proxy that shares the store was heard of for the first time, or again.',
    fields: { proxy: PROXY, name: PROXY_NAME, site: 'where it is; null: not stated', version: 'its version' },
  },
  'proxy-gone': {
    when: 'Another proxy has stopped, or nothing was heard of it for five seconds.',
    fields: {
      proxy: PROXY,
      name: PROXY_NAME,
      site: 'where it is; null: not stated',
      heardAt: 'when it was last heard, epoch ms',
    },
  },
  'proxy-said': {
    when: 'Another proxy sees some service in another state than before.',
    fields: { proxy: PROXY, site: 'where it is; null: not stated' },
  },
  'proxies-disagree': {
    when: 'For ten seconds other proxies have seen a service in service that this one sees out, or the other way round.',
    fields: { service: SERVICE, state: STATE_HERE, others: 'names and ids of the proxies that see it otherwise' },
  },
  'proxies-agree': {
    when: 'Such a disagreement has ended.',
    fields: { service: SERVICE, state: STATE_HERE },
  },
  'outage-changed': {
    when: 'Another proxy has told something about an outage that changes its record.',
    fields: { service: SERVICE, outage: OUTAGE },
  },
  'report-node-probed': {
    when: 'A probe of a node of Unified Intelligence Center has ended.',
    fields: { node: NODE, latencyMs: 'how long it took', outcome: 'up, or down and why' },
  },
  'report-node-changed': {
    when: 'Such a node was found up or down.',
    fields: { node: NODE, from: 'the state until then', to: 'the state from then on', failure: 'what failed, or null' },
  },
  'report-node-fault': {
    when: 'A probe of such a node ended by a fault of the proxy itself.',
    fields: { node: NODE, error: 'what was thrown' },
  },
  'report-asked': {
    when: 'A browser asked for reports.',
    fields: { answer: 'redirected to a node, a page (none-up or island), or refused' },
  },
  'service-set': {
    when: 'An operator set a service ready, drain or maint, or such a setting reached its end.',
    fields: {
      service: SERVICE,
      from: 'the setting until then',
      to: 'the setting',
      who: 'name of the operator; null: time alone (its end, or the beginning of the maintenance)',
      address: 'where the operator was; null: not known, or time alone',
    },
  },
  'operator-session': {
    when: 'An operator signed in at the ops port with a browser, or out.',
    fields: { who: 'name of the operator', address: 'where from', change: 'sign-in or sign-out' },
  },
  'console-phone-began': {
    when: 'An operator opened a phone in the browser.',
    fields: {
      device: DEVICE,
      model: 'the model that it is',
      who: 'name of the operator',
      address: 'where the operator asked from',
    },
  },
  'console-phone-ended': {
    when: 'A phone in the browser is over.',
    fields: {
      device: DEVICE,
      who: 'name of the operator whose it was',
      because:
        'operator (closed), session (signed out, or no longer allowed), idle, stopped (the proxy), off (`ops.phone`)',
    },
  },
  'operator-refused': {
    when: 'A request at the ops port came without the right token.',
    fields: { address: 'where it came from', path: 'what it asked for' },
  },
  listening: {
    when: 'A port accepts connections.',
    fields: { for: 'phones, pushes, reports or operators', address: 'where it listens', port: 'which port' },
  },
  ready: {
    when: 'Every service has been probed once.',
    fields: { services: 'how many', pid: 'number of the process' },
  },
  stopping: { when: 'A signal asked the proxy to stop.', fields: { signal: 'which one' } },
  stopped: {
    when: 'Nothing is under way any more, or a second signal broke it off.',
    fields: { inTime: 'false: requests were broken off' },
  },
  crashed: { when: 'A fault that nothing caught ends the proxy.', fields: { error: 'what was thrown' } },
  'process-started': {
    when: 'One of several processes that serve phones has begun to (`processes`).',
    fields: { process: PROCESS, pid: 'id of the process' },
  },
  'process-ended': {
    when: 'One of them ended, or was ended since it hung; what it had not told yet is lost with it.',
    fields: { process: PROCESS, pid: 'id of the process', because: 'how', againInMs: 'until it is replaced' },
  },
  'systemd-not-told': {
    when: 'systemd could not be told that the proxy is ready, reloading, stopping or alive.',
    fields: { error: 'what was thrown' },
  },
  'configuration-warning': {
    when: 'The configuration that was read holds something that is allowed and hardly meant.',
    fields: { key: 'which key', problem: 'what is odd' },
  },
  reloading: {
    when: 'The configuration is read again.',
    fields: { file: FILE, why: 'SIGHUP, or file: it changed' },
  },
  reloaded: {
    when: 'The changed configuration is in use.',
    fields: { changes: 'how many changes hold', restartNeeded: 'how many wait for a restart' },
  },
  'configuration-changed': {
    when: 'A key of the configuration has another value from now on.',
    fields: { key: 'which key', change: 'in words, secrets left out' },
  },
  'restart-needed': {
    when: 'A changed key holds after a restart only.',
    fields: { key: 'which key', change: 'in words, secrets left out' },
  },
  'reload-problem': {
    when: 'The changed configuration is wrong: once for each problem.',
    fields: { file: FILE, line: 'where, or null', key: 'which key', problem: 'what is wrong' },
  },
  'reload-refused': { when: 'After all of them: nothing has changed.', fields: { file: FILE } },
  'reload-fault': { when: 'A reload ended by a fault of the proxy itself.', fields: { error: 'what was thrown' } },
  'certificate-renewed': {
    when: 'Other certificate files of a listener are in use.',
    fields: { listener: 'its key in the configuration', subject: 'of the certificate', validTo: 'its end, epoch ms' },
  },
  'certificate-refused': {
    when: 'Certificate files of a listener changed and cannot be used.',
    fields: { listener: 'its key in the configuration', problem: 'what is wrong' },
  },
  'certificate-expires': {
    when: 'A certificate expires soon, or has expired: on noticing, and each day.',
    fields: {
      listener: 'its key in the configuration',
      subject: 'of the certificate',
      validTo: 'its end, epoch ms',
      days: 'days until then',
    },
  },
  'state-not-read': { when: 'What operators had set could not be read.', fields: { error: 'what was thrown' } },
  'state-not-kept': { when: 'What an operator set could not be kept.', fields: { error: 'what was thrown' } },
  'state-kept': { when: 'It could be kept after all.', fields: {} },
  'records-set-aside': {
    when: 'A file of sign-ins or outages was damaged, or not written by the proxy, at the start.',
    fields: { file: FILE, aside: 'where it is now', because: 'what is wrong', usable: 'whether some of it was read' },
  },
  'records-not-kept': {
    when: 'Sign-ins or outages can no longer be written; once until they can.',
    fields: { file: FILE, error: 'what was thrown' },
  },
  'records-kept-again': { when: 'They can be written again.', fields: { file: FILE } },
  'configuration-applied': { when: 'All parts of the proxy have taken over another configuration.', fields: {} },
  draining: { when: 'The proxy begins to stop: what is under way is finished.', fields: {} },
  'webhook-delivered': {
    when: 'A receiver has taken an event.',
    fields: {
      webhook: 'its name in the configuration',
      type: 'what was told',
      id: 'of the event, as the receiver sees it',
      afterMs: 'how old the event was',
      failures: 'attempts at this receiver that had failed since the last success',
    },
  },
  'webhook-failed': {
    when: 'An attempt to deliver an event has failed.',
    fields: {
      webhook: 'its name in the configuration',
      type: 'what was to be told',
      id: 'of the event, as the receiver sees it',
      because: 'why, without its URL',
      retryInMs: 'when the next attempt is, or null: there is none',
    },
  },
  'webhook-lost': {
    when: 'Events for a receiver are given up.',
    fields: {
      webhook: 'its name in the configuration',
      events: 'how many',
      because:
        'refused (by the receiver), too-old (a day of attempts), too-many (of them waited), stopped (410), ended (the process, and no state.folder) or removed (from the configuration)',
    },
  },
  'webhook-stopped': {
    when: 'A receiver answered 410: it is sent nothing more until its configuration changes or the proxy restarts.',
    fields: { webhook: 'its name in the configuration' },
  },
  'syslog-connected': {
    when: 'There is a connection to the syslog receiver; with UDP, its name is known.',
    fields: { target: 'protocol, host and port' },
  },
  'syslog-disconnected': {
    when: 'There is none any more, or none came to be; once until there is.',
    fields: { target: 'protocol, host and port', because: 'what failed' },
  },
  'syslog-lost': {
    when: 'There is one again, and lines were lost meanwhile.',
    fields: { target: 'protocol, host and port', lines: 'how many' },
  },
  'internal-fault': {
    when: 'A request ended by a fault of the proxy itself, or what another proxy said did.',
    fields: { where: 'at which port; proxies: in what was heard of another proxy', error: 'what was thrown' },
  },
};
