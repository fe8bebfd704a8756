/** Every metric of `/metrics` as data; docs/metrics.md is generated from it. No label may grow with the number of phones. */

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

export const metricDefinitions = {
  ippa_phone_requests_total: {
    type: 'counter',
    help: 'Requests of phones by what became of them: relayed, page (one of the proxy), action, refused, failed, or gone (the phone broke its connection before it had the page). Service none: the request named no service.',
    labels: ['service', 'outcome'],
  },
  ippa_phone_answer_duration_seconds: {
    type: 'histogram',
    help: 'Time from the end of a request of a phone to the end of its answer.',
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4.5, 10],
  },
  ippa_pages_served_total: {
    type: 'counter',
    help: 'Pages of the proxy that phones got instead of a page of Finesse.',
    labels: ['service', 'page'],
  },
  ippa_requests_refused_total: {
    type: 'counter',
    help: 'Requests of phones refused before anything was sent to Finesse, by error code.',
    labels: ['code'],
  },
  ippa_relay_failures_total: {
    type: 'counter',
    help: 'Requests of phones that a Finesse server did not answer with phone XML, by error code.',
    labels: ['service', 'code'],
  },
  ippa_overlong_urls_total: {
    type: 'counter',
    help: 'Rewritten URLs longer than 256 characters, which some phones cut or refuse.',
    labels: ['service'],
  },
  ippa_steered_total: {
    type: 'counter',
    help: 'Alternates that agents chose: confirmed, or gone meanwhile.',
    labels: ['from', 'to', 'result'],
  },
  ippa_push_relays_total: {
    type: 'counter',
    help: 'Pushes of Finesse by what became of them: delivered, or an error code. Service none: it did not get so far.',
    labels: ['service', 'outcome'],
  },
  ippa_pushes_total: {
    type: 'counter',
    help: 'Phones to be told by a push of the proxy (first-failure, verdict, recovery): delivered, left-alone since its page refreshes itself, or an error code.',
    labels: ['service', 'event', 'outcome'],
  },
  ippa_phones_told_total: {
    type: 'counter',
    help: 'Phones to be told of a change of a service by a push of the proxy: delivered, left-alone since its page refreshes itself, or failed. ippa_pushes_total tells why, but knows a failure only once it has happened.',
    labels: ['service', 'result'],
  },
  ippa_phone_address_changes_total: {
    type: 'counter',
    help: 'Devices whose address changed: by a sign-in from the new one, or because the old one took no connections (old-gone).',
    labels: ['reason'],
  },
  ippa_phone_address_refusals_total: {
    type: 'counter',
    help: 'Requests from addresses that pushes never go to: outside phones.networks (network), loopback, own, or of a Finesse server.',
    labels: ['reason'],
  },
  ippa_reconnect_attempts_total: {
    type: 'counter',
    help: 'Attempts to reach a service after a failed probe.',
    labels: ['service'],
  },
  ippa_verdicts_total: { type: 'counter', help: 'Times a service was found out of service.', labels: ['service'] },
  ippa_recoveries_total: {
    type: 'counter',
    help: 'Times a service came back into service, during its attempts or after the verdict.',
    labels: ['service'],
  },
  ippa_probe_duration_seconds: {
    type: 'histogram',
    help: 'Time a SystemInfo probe took, by outcome: confirmed, failed, or fault (of the configuration).',
    labels: ['service', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8],
  },
  ippa_notifications_total: {
    type: 'counter',
    help: 'What the Notification Service said: SystemInfo in-service or out-of-service, finesse available or unavailable.',
    labels: ['service', 'says'],
  },
  ippa_notifications_ignored_total: {
    type: 'counter',
    help: 'Messages of the Notification Service that were passed over, by reason.',
    labels: ['service', 'reason'],
  },
  ippa_notification_disconnects_total: {
    type: 'counter',
    help: 'Connections to the Notification Service that ended or failed, by error code.',
    labels: ['service', 'code'],
  },
  ippa_notification_connected: {
    type: 'gauge',
    help: '1 while the connection to the Notification Service is up, else 0; only for services that use it.',
    labels: ['service'],
  },
  ippa_service_info: {
    type: 'gauge',
    help: 'Always 1; the cluster and name of each service, to join with.',
    labels: ['service', 'cluster', 'name'],
  },
  ippa_service_state: {
    type: 'gauge',
    help: '1 for the state the service is in, 0 for the others.',
    labels: ['service', 'state'],
  },
  ippa_service_admin: {
    type: 'gauge',
    help: '1 for what the operator set (ready, drain, maint), 0 for the others.',
    labels: ['service', 'admin'],
  },
  ippa_service_fippa_failing: {
    type: 'gauge',
    help: '1 while requests of phones fail although SystemInfo is fine.',
    labels: ['service'],
  },
  ippa_service_confirmation_age_seconds: {
    type: 'gauge',
    help: 'Time since a probe last confirmed the service in service; absent until one has.',
    labels: ['service'],
  },
  ippa_sign_in_again_seconds: {
    type: 'histogram',
    help: 'Time from the beginning of an outage until a device that was signed in then is signed in again, on another service (elsewhere) or on the one that had failed (returned).',
    labels: ['service', 'outcome'],
    buckets: [15, 30, 45, 60, 90, 120, 180, 240, 300, 600, 1800, 3600],
  },
  ippa_outages_total: { type: 'counter', help: 'Outages that began, with a verdict or without.', labels: ['service'] },
  ippa_outage_missing_devices: {
    type: 'gauge',
    help: 'Devices that were signed in on the service when its last outage began and are signed in nowhere now; 0 twelve hours after it.',
    labels: ['service'],
  },
  ippa_service_devices: { type: 'gauge', help: 'Devices signed in on the service.', labels: ['service'] },
  ippa_devices: { type: 'gauge', help: 'Devices known, signed in or not.', labels: [] },
  ippa_certificate_end_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate of a listener ends, as seconds since 1970.',
    labels: ['listener'],
  },
  ippa_island_seconds: {
    type: 'gauge',
    help: 'How long nothing of another site could be reached, while that is suspected to be an island; else 0.',
    labels: ['site'],
  },
  ippa_store_up: {
    type: 'gauge',
    help: '1 while the store of what proxies know together takes reads and writes, else 0; absent without one.',
    labels: ['server'],
  },
  ippa_store_readable: {
    type: 'gauge',
    help: '1 while what the others say is heard, though the store may take no writes, else 0; absent without a store.',
    labels: ['server'],
  },
  ippa_store_lag_seconds: {
    type: 'gauge',
    help: 'How old what was heard last from the store is; absent before anything was.',
    labels: ['server'],
  },
  ippa_store_waiting: {
    type: 'gauge',
    help: 'Facts and audit entries that the store does not have yet.',
    labels: ['server'],
  },
  ippa_store_facts: { type: 'gauge', help: 'Facts known here.', labels: ['server'] },
  ippa_store_written_total: { type: 'counter', help: 'Facts written to the store.', labels: ['server'] },
  ippa_store_refused_total: {
    type: 'counter',
    help: 'What stands in the store and was not taken, because no proxy that works writes such a thing.',
    labels: ['server'],
  },
  ippa_store_heard_total: {
    type: 'counter',
    help: 'Facts that were news here, by the id of the proxy that set them. At most 64 are told apart.',
    labels: ['proxy'],
  },
  ippa_proxies: {
    type: 'gauge',
    help: 'Proxies that share the store and have been heard of within five seconds, this one included; 0 without a store.',
    labels: [],
  },
  ippa_proxies_disagree: {
    type: 'gauge',
    help: '1 while another proxy sees the opposite of what this one sees of the service, else 0.',
    labels: ['service'],
  },
  ippa_report_node_up: {
    type: 'gauge',
    help: '1 while the node of Unified Intelligence Center is up, else 0; absent before its first probe.',
    labels: ['node'],
  },
  ippa_report_probes_total: {
    type: 'counter',
    help: 'Probes of nodes of Unified Intelligence Center by outcome: up or down.',
    labels: ['node', 'outcome'],
  },
  ippa_report_requests_total: {
    type: 'counter',
    help: 'Requests of browsers for reports: redirected to a node, answered by a page (none-up, island), or refused.',
    labels: ['answer'],
  },
  ippa_service_certificate_end_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate that Finesse showed to the last probe ends, as seconds since 1970; absent for one trusted by its fingerprint.',
    labels: ['service'],
  },
  ippa_webhook_deliveries_total: {
    type: 'counter',
    help: 'Attempts to deliver an event to a receiver of webhooks: delivered or failed.',
    labels: ['webhook', 'outcome'],
  },
  ippa_webhook_lost_total: {
    type: 'counter',
    help: 'Events for a receiver that were given up: refused by it, too-old, too-many of them waited, or stopped (it answered 410).',
    labels: ['webhook', 'reason'],
  },
  ippa_webhook_waiting: {
    type: 'gauge',
    help: 'Events that wait to be delivered to a receiver.',
    labels: ['webhook'],
  },
  ippa_webhook_up: {
    type: 'gauge',
    help: '1 while the last attempt to deliver to a receiver went well, or there was none yet; else 0.',
    labels: ['webhook'],
  },
  ippa_syslog_lines_total: {
    type: 'counter',
    help: 'Lines of the log for the syslog receiver: sent, or lost because it could not be reached or did not read.',
    labels: ['outcome'],
  },
  ippa_syslog_connected: {
    type: 'gauge',
    help: '1 while there is a connection to the syslog receiver, else 0; with UDP 1 once its name is known.',
    labels: [],
  },
  ippa_service_drill: {
    type: 'gauge',
    help: '1 while a drill of the service is on: phones are told that it has failed, and it has not.',
    labels: ['service'],
  },
  ippa_reloads_total: {
    type: 'counter',
    help: 'Reloads of the configuration: loaded, or refused.',
    labels: ['outcome'],
  },
  ippa_reload_refused: {
    type: 'gauge',
    help: '1 while the last reload was refused, so that a restart would be refused too; else 0.',
    labels: [],
  },
  ippa_state_not_kept: {
    type: 'gauge',
    help: 'How many files of state.folder cannot be written: a restart would forget what changed since.',
    labels: [],
  },
  ippa_status: {
    type: 'gauge',
    help: 'The status of /health: 1 for the one of ok, degraded and down that holds.',
    labels: ['status'],
  },
  ippa_cluster_status: {
    type: 'gauge',
    help: 'The status of each cluster in /health: 1 for the one of ok, degraded and down that holds.',
    labels: ['cluster', 'status'],
  },
  ippa_build_info: {
    type: 'gauge',
    help: 'Always 1; versions of the proxy and of Node.js.',
    labels: ['version', 'node'],
  },
  ippa_phone_processes: {
    type: 'gauge',
    help: 'Processes that serve phones, by state: starting, serving, ended. None where there is one process for everything.',
    labels: ['state'],
  },
  ippa_phone_process_ends_total: {
    type: 'counter',
    help: 'Processes that served phones and ended, or were ended since they hung, by their place.',
    labels: ['process'],
  },
  ippa_phone_process_cpu_seconds: {
    type: 'gauge',
    help: 'User and system CPU time of each process that serves phones, since its start.',
    labels: ['process'],
  },
  ippa_phone_process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of each process that serves phones.',
    labels: ['process'],
  },
  process_cpu_seconds_total: { type: 'counter', help: 'User and system CPU time of the process.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'When the process started, in Unix time.', labels: [] },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricDefinitions;
