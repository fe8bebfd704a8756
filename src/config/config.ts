/** The configuration as the rest of the program sees it: validated, defaults filled in, durations in milliseconds. */

import type { PhoneLimits } from './limits.ts';
import type { Facility, SyslogTarget } from './syslog-url.ts';

export interface TlsServerFiles {
  /** PEM file with the certificate chain that phones see. */
  readonly cert: string;
  /** PEM file with its private key. */
  readonly key: string;
}

/** `legacy` takes TLS 1.0 too, for phones of the 7900 series (reference/phone-xml.md §9). */
export type TlsProfile = 'modern' | 'legacy';

export interface PhoneTls extends TlsServerFiles {
  /** Absent: modern. */
  readonly profile?: TlsProfile;
}

export interface ListenerConfig {
  readonly host: string;
  /** 0 means any free port (tests). */
  readonly port: number;
  /** Origin (scheme, host, port; no path) by which phones reach this listener; null only on loopback. */
  readonly publicUrl: string | null;
  readonly tls: PhoneTls | null;
  /** Id of the service that everything on this listener is for (split DNS), or null. */
  readonly service: string | null;
  /** Whether connections of `trustedFronts` begin with a header of the PROXY protocol. Absent: no. */
  readonly proxyProtocol?: boolean;
}

export interface ProbeConfig {
  /** Full URL of SystemInfo. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly intervalMs: number;
  /** Always less than reconnect.intervalMs. */
  readonly timeoutMs: number;
}

/** The Finesse Notification Service (XMPP) of a service, where its failures are noticed at once. */
export interface NotificationConfig {
  readonly host: string;
  readonly port: number;
  readonly tls: 'direct' | 'starttls' | 'unencrypted';
  readonly username: string;
  readonly password: string;
  /** As for the service itself. */
  readonly ca: string | null;
  readonly fingerprints: readonly string[];
  /** Signals are words for the operator only. */
  readonly advisory: boolean;
  /** XMPP domain; null: what SystemInfo says. */
  readonly domain: string | null;
  /** JID of the pubsub service; null: what SystemInfo says, else pubsub.DOMAIN. */
  readonly pubsub: string | null;
  /** A connection on which nothing was heard for so long, pings included, is lost. */
  readonly deadAfterMs: number;
}

export interface ServiceConfig {
  readonly id: string;
  readonly name: string;
  /** Origin of Finesse, for example https://finesse-a.example.com:8445, without a trailing slash. */
  readonly url: string;
  /** Other names of the same server: a host, host:port, or an origin. */
  readonly aliases: readonly string[];
  /** null: that of the proxy. */
  readonly site: string | null;
  /** PEM text of the CA (or self-signed certificate) that Finesse's certificate is checked against; null: the system's CAs. */
  readonly ca: string | null;
  /** SHA-256 fingerprints (hex pairs joined by colons, upper case) of certificates trusted although no CA vouches for them. */
  readonly fingerprints: readonly string[];
  /** Names of which the certificate must carry one, in place of the host of the URL; empty: that host. */
  readonly certificateNames: readonly string[];
  readonly probe: ProbeConfig;
  /** Addresses and CIDR blocks its pushes come from; null: those that `url` resolves to. */
  readonly pushFrom: readonly string[] | null;
  /** null: SystemInfo alone tells. */
  readonly notification: NotificationConfig | null;
}

/** Where Finesse pushes to. Phones do not connect here. */
export interface PushListenerConfig {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsServerFiles | null;
}

/** By which scheme and port a phone's own web server is reached. */
export interface PhonePorts {
  readonly http: number;
  readonly https: number;
}

export interface PushConfig {
  readonly listeners: readonly PushListenerConfig[];
  /** A phone's whole answer to one push must be there within this time. */
  readonly timeoutMs: number;
  readonly phonePorts: PhonePorts;
  /** The proxy's own pushes; null: none. */
  readonly own: OwnPushConfig | null;
}

export interface OwnPushConfig {
  /** The application user of Unified CM that the phones are associated with. */
  readonly username: string;
  readonly password: string;
  readonly onVerdict: boolean;
  readonly onRecovery: boolean;
  readonly atFirstFailure: boolean;
  /** 0 now, 1 when the phone is idle, 2 only if it is idle (reference/phone-xml.md §1.4). */
  readonly priority: 0 | 1 | 2;
  readonly scheme: 'http' | 'https';
  readonly concurrent: number;
  readonly perSecond: number;
}

/** Where browsers ask for the reports. */
export interface ReportListenerConfig {
  readonly host: string;
  readonly port: number;
  /** Origin by which browsers reach it; null: not stated. */
  readonly publicUrl: string | null;
  readonly tls: TlsServerFiles | null;
}

/** A question to a node of Unified Intelligence Center, and the statuses that mean: up. */
export interface ReportQuestion {
  readonly path: string;
  readonly statuses: readonly number[];
}

export interface ReportProbeConfig extends ReportQuestion {
  /** null: there is no second question. */
  readonly fallback: ReportQuestion | null;
  readonly intervalMs: number;
  /** Of each question; less than intervalMs. */
  readonly timeoutMs: number;
  /** Probes in a row that bring a node up, or down. */
  readonly rise: number;
  readonly fall: number;
}

/** A node of Unified Intelligence Center. */
export interface ReportNodeConfig {
  readonly id: string;
  readonly name: string;
  /** Origin, without a trailing slash. */
  readonly url: string;
  readonly site: string | null;
  /** As for a service. */
  readonly ca: string | null;
  readonly fingerprints: readonly string[];
  readonly certificateNames: readonly string[];
  readonly probe: ReportProbeConfig;
}

export interface ReportsConfig {
  readonly listeners: readonly ReportListenerConfig[];
  /** Path on a node of a browser that asks for nothing more. */
  readonly home: string;
  readonly services: readonly ReportNodeConfig[];
}

export interface ClusterConfig {
  readonly id: string;
  /** Whether /fippa/DEVICE without a prefix is this cluster's; true for the only cluster. */
  readonly frontDoor: boolean;
  readonly services: readonly ServiceConfig[];
}

/** Somebody who may read or change more than everybody at the ops port. */
export interface OperatorConfig {
  readonly name: string;
  readonly token: string;
  readonly may: 'read' | 'set';
}

export interface OpsConfig {
  readonly host: string;
  readonly port: number;
  /** `ops.token` first, as the operator called `token`. */
  readonly operators: readonly OperatorConfig[];
  /** Whether operators who may set can open a phone in the browser. */
  readonly phone: boolean;
  readonly tls: TlsServerFiles | null;
}

/** Somebody who is told what happens (docs/events-out.md). */
export interface WebhookConfig {
  readonly name: string;
  /** Whole; as secret as a password. */
  readonly url: string;
  readonly format: 'cloudevents' | 'slack' | 'pagerduty';
  /** With their prefix `whsec_`, the newest first; empty: not signed. */
  readonly secrets: readonly string[];
  readonly routingKey: string | null;
  /** Names of events or groups of them; null: the usual ones. */
  readonly events: readonly string[] | null;
  /** As for a service. */
  readonly ca: string | null;
  readonly fingerprints: readonly string[];
  readonly certificateNames: readonly string[];
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export interface SyslogConfig extends SyslogTarget {
  /** Lines below are not sent; null: all that are written. */
  readonly level: LogConfig['level'] | null;
  readonly facility: Facility;
  /** null: that of the machine. */
  readonly hostname: string | null;
  /** Private enterprise number for structured data; null: none is sent. */
  readonly enterprise: number | null;
  /** As for a service. */
  readonly ca: string | null;
  readonly fingerprints: readonly string[];
  readonly certificateNames: readonly string[];
}

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'pretty' | 'journal' | 'auto';
  /** null: nowhere but to standard output. */
  readonly syslog: SyslogConfig | null;
}

/** Redis or Valkey, where several proxies meet. */
export interface RedisConfig {
  /** The servers to be asked, one of which is enough: the server itself, or Sentinels that know it. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** What Sentinels call the master; null: `servers` is the one server itself. */
  readonly name: string | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly sentinelUsername: string | null;
  readonly sentinelPassword: string | null;
  /** null: in the clear. `ca`: PEM text, null: the system's CAs. `servername`: null: the host. */
  readonly tls: { readonly ca: string | null; readonly servername: string | null } | null;
  readonly database: number;
  readonly prefix: string;
  readonly pollMs: number;
  readonly timeoutMs: number;
  readonly rereadMs: number;
}

export interface StoreConfig {
  readonly redis: RedisConfig;
}

export interface Config {
  readonly phones: {
    readonly listeners: readonly ListenerConfig[];
    readonly answerWithinMs: number;
    /** CIDR blocks where phones are; empty: not stated. */
    readonly networks: readonly string[];
    /** Addresses or CIDR blocks whose X-Forwarded-For, or PROXY protocol, is believed. */
    readonly trustedFronts: readonly string[];
    /** A signed-in device that sends nothing for this long is forgotten. Default 12 h. */
    readonly forgetAfterMs: number;
    readonly limits: PhoneLimits;
    /** Who reads the requests of phones; `auto`: Node's parser reads what is no plain GET. */
    readonly httpParser: 'auto' | 'node';
  };
  readonly ops: OpsConfig;
  readonly clusters: readonly ClusterConfig[];
  readonly reconnect: {
    readonly intervalMs: number;
    readonly attempts: number;
    /** How long "fippa failing" lasts without a relayed page. */
    readonly fippaFailingForMs?: number;
  };
  readonly pages: {
    /** Folder with the administrator's own templates, or null for the built-in ones. */
    readonly folder: string | null;
    /** Language codes offered, the first being the fallback; `auto`: every language that there is, English first. */
    readonly languages: readonly string[] | 'auto';
    /** One line for every page, or null. */
    readonly help: string | null;
  };
  /** How many serve phones; 1: the one process that does everything. */
  readonly processes: number;
  /** Of this proxy; null: not stated, so that every service counts as near. */
  readonly site: string | null;
  readonly island: { readonly suspectAfterMs: number; readonly warnAfterMs: number };
  /** null: the proxy has nothing to do with reports. */
  readonly reports: ReportsConfig | null;
  /** null: the proxy has nothing to do with pushes. */
  readonly push: PushConfig | null;
  /** null: this proxy is alone. */
  readonly store: StoreConfig | null;
  readonly state: { readonly folder: string | null };
  readonly outages: {
    /** After t0. */
    readonly summaryAfterMs: number;
    readonly keepForMs: number;
  };
  /** Whether a changed file is loaded by itself, beside SIGHUP. */
  readonly reload: { readonly watch: boolean };
  readonly stop: {
    /** Between the first sign of stopping and the moment when no new connection is accepted. */
    readonly pauseMs: number;
    /** All of it; less than this is left after the pause. */
    readonly withinMs: number;
  };
  readonly webhooks: readonly WebhookConfig[];
  readonly log: LogConfig;
}
