/** The servers of the configuration: each Finesse is asked once for SystemInfo, as `check --probe` does. Nobody signs in. */

import type { Config, ServiceConfig } from '../../config/config.ts';
import { createProbe } from '../../health/probe.ts';
import { isOpen, lookAtClock } from '../finesse-look.ts';
import { checkReports, type ReportCheck } from '../report-check.ts';
import { checkServices, type ServiceCheck } from '../service-check.ts';
import { type Finding, finding } from './kinds.ts';

const OFFSET_MS = 5000;
const CONNECT_MS = 4000;

export async function lookAtServers(config: Config, now: () => number): Promise<Finding[]> {
  const checks = await checkServices(config, createProbe, now());
  const services = config.clusters.flatMap((cluster) => cluster.services);
  const more = services.map(async (service) => {
    const check = checks.find(({ id }) => id === service.id);
    return [
      ...(check === undefined ? [] : validateCheck(check)),
      ...(await lookAtTime(service, now)),
      ...(await lookAtNotification(service)),
    ];
  });
  const reports = checkReports(config, now()).then((nodes) => nodes.flatMap(decideNode));
  return (await Promise.all([...more, reports])).flat();
}

function decideNode({ id, up, result }: ReportCheck): Finding[] {
  return up ? [] : [finding('reports-down', `${id}: ${result}`)];
}

function validateCheck({ id, confirmed, certificate, result, cautions }: ServiceCheck): Finding[] {
  const failed = finding(certificate === null ? 'finesse-unconfirmed' : 'finesse-untrusted', `${id}: ${result}`);
  return [...(confirmed ? [] : [failed]), ...cautions.map((words) => finding('finesse-caution', `${id}: ${words}`))];
}

async function lookAtTime(service: ServiceConfig, now: () => number): Promise<Finding[]> {
  const clock = await lookAtClock(service, service.probe.timeoutMs, now);
  if (clock === null || Math.abs(clock.offsetMs) - clock.precisionMs < OFFSET_MS) return [];
  const seconds = Math.round(Math.abs(clock.offsetMs) / 1000);
  return [
    finding('clock-offset', `${service.id} is ${seconds} s ${clock.offsetMs > 0 ? 'ahead of' : 'behind'} this machine`),
  ];
}

async function lookAtNotification({ id, notification }: ServiceConfig): Promise<Finding[]> {
  if (notification === null) return [];
  const { host, port } = notification;
  return (await isOpen(host, port, CONNECT_MS)) ? [] : [finding('notification-closed', `${id}: ${host} port ${port}`)];
}
