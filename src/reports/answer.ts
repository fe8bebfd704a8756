/** What a browser that asks for reports gets: where they are (302), or a page. Pure; nothing is ever fetched for it. */

import type { ReportAnswer } from '../domain/events.ts';
import { type ReportNodeStatus, selectReportNode } from '../domain/report-node.ts';
import { selectReportTarget } from '../domain/report-target.ts';
import { CONTENT_SECURITY_POLICY, type ReportPage, renderReportPage } from './page.ts';

/** A site that is cut off, as far as it can be seen from here. */
export interface CutOffSite {
  readonly site: string;
  /** Epoch ms. */
  readonly since: number;
}

export interface ReportRequest {
  readonly method: string;
  readonly target: string;
  readonly accept: string | undefined;
  readonly acceptLanguage: string | undefined;
}

export interface ReportsNow {
  readonly nodes: readonly ReportNodeStatus[];
  readonly home: string;
  readonly islands: readonly CutOffSite[];
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly answer: ReportAnswer;
}

/** Seconds until the page that there are no reports looks again. */
const LOOK_AGAIN_S = 10;

export function decideReply(request: ReportRequest, { nodes, home, islands }: ReportsNow): HttpReply {
  const page = (status: number, answer: ReportAnswer, what: ReportPage, headers: Record<string, string> = {}) => ({
    status,
    headers: { ...PAGE_HEADERS, ...headers },
    body: renderReportPage(what, nodes, request.acceptLanguage),
    answer,
  });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return page(405, 'refused', { kind: 'wrong-method' }, { Allow: 'GET, HEAD' });
  }
  const path = selectReportTarget(request.target, home);
  if (path === null) return page(404, 'refused', { kind: 'not-found' });
  const node = selectReportNode(nodes);
  if (node === null) {
    const again = { Refresh: String(LOOK_AGAIN_S), 'Retry-After': String(LOOK_AGAIN_S) };
    return page(503, 'none-up', { kind: 'none-up', path }, again);
  }
  if (islands.length > 0 && takesPages(request.accept)) {
    const since = Math.min(...islands.map((island) => island.since));
    return page(200, 'island', { kind: 'island', path, since, sites: islands.map(({ site }) => site), node });
  }
  return {
    status: 302,
    headers: { ...COMMON_HEADERS, Location: `${node.url}${path}` },
    body: '',
    answer: 'redirected',
  };
}

/** Where reports are changes from one moment to the next. */
const COMMON_HEADERS = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };
const PAGE_HEADERS = {
  ...COMMON_HEADERS,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
};

/** A wallboard that asks for XML, or a desktop for a gadget, has no use for a page to read. */
function takesPages(accept: string | undefined): boolean {
  return accept === undefined || /(?:text\/html|\*\/\*)/i.test(accept);
}
