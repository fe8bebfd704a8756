/** Everything about reports put together: the nodes that are watched, and the listeners that lead browsers to one of them. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config, ReportsConfig } from '../config/config.ts';
import { certificateEvent } from '../domain/certificate-event.ts';
import type { Report } from '../domain/events.ts';
import type { ReportNodeStatus } from '../domain/report-node.ts';
import type { CertificateStatus } from '../http/server/listener-certificate.ts';
import type { Clock } from '../time/clock.ts';
import { type CutOffSite, decideReply } from './answer.ts';
import { createReportListener, type ReportListener } from './listener.ts';
import { createReportNodes } from './nodes.ts';

export interface ReportsOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly report: Report;
  /** Sites that are cut off at this moment. */
  readonly islands: () => readonly CutOffSite[];
  /** `listener`: its key in the configuration. */
}

export interface Reports {
  /** Rejects with a ListenerError. */
  start(): Promise<void>;
  stop(withinMs: number): Promise<void>;
  /** Another configuration. Listeners, and whether there are reports at all, need a restart. */
  reconfigure(config: Config): void;
  /** In the order of the configuration. */
  nodes(): readonly ReportNodeStatus[];
  certificates(): readonly (CertificateStatus & { readonly listener: string })[];
  /** Where browsers connect, in the order of the configuration; after start. */
  addresses(): readonly AddressInfo[];
}

export function createReports(options: ReportsOptions): Reports {
  const { reports } = options.config;
  return reports === null ? NO_REPORTS : createConfigured(options, reports);
}

const NO_REPORTS: Reports = {
  start: async () => {},
  stop: async () => {},
  reconfigure: () => {},
  nodes: () => [],
  certificates: () => [],
  addresses: () => [],
};

function createConfigured(options: ReportsOptions, initial: ReportsConfig): Reports {
  const { config, clock, report, islands } = options;
  const nodes = createReportNodes(clock, report);
  nodes.reconfigure(initial.services, config.site);
  let { home } = initial;

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: target = '', headers } = request;
    const asked = { method, target, accept: headers.accept, acceptLanguage: headers['accept-language'] };
    const reply = decideReply(asked, { nodes: nodes.all(), home, islands: islands() });
    report({ kind: 'report-asked', at: clock.now(), answer: reply.answer });
    const length = Buffer.byteLength(reply.body);
    response.writeHead(reply.status, { ...reply.headers, 'Content-Length': length, Connection: 'close' });
    response.end(reply.body);
    // Unread, a body would make the kernel reset the connection before the answer has arrived.
    request.resume();
  };
  const listeners = initial.listeners.map((listener, index): ReportListener => {
    const key = `reports.listeners[${index}]`;
    return createReportListener(listener, {
      key,
      onRequest: answer,
      onRefused: () => report({ kind: 'report-asked', at: clock.now(), answer: 'refused' }),
      onFault: (error) => report({ kind: 'internal-fault', at: clock.now(), where: 'reports', error }),
      certificate: { clock, report: (seen) => report(certificateEvent(clock.now(), key, seen)) },
    });
  });

  return {
    async start() {
      for (const listener of listeners) await listener.start();
      nodes.start();
    },
    async stop(withinMs) {
      nodes.stop();
      await Promise.all(listeners.map((listener) => listener.stop(withinMs)));
    },
    reconfigure({ reports, site }) {
      if (reports === null) return;
      home = reports.home;
      nodes.reconfigure(reports.services, site);
      for (const listener of listeners) listener.lookAtCertificate();
    },
    nodes: nodes.all,
    certificates: () =>
      listeners.flatMap((listener, index) => {
        const status = listener.certificate();
        return status === null ? [] : [{ ...status, listener: `reports.listeners[${index}]` }];
      }),
    addresses: () => listeners.map((listener) => listener.address()),
  };
}
