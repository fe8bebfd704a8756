/** The pages that browsers get instead of reports: plain HTML in English and German, without scripts. Pure. */

import { createHash } from 'node:crypto';
import type { FailureCode } from '../domain/failure.ts';
import type { ReportNodeStatus } from '../domain/report-node.ts';
import { selectLanguage } from '../text/accept.ts';

export type ReportPage =
  /** No node is up; `path` is where the browser wanted to go. */
  | { readonly kind: 'none-up'; readonly path: string }
  /** The sites are cut off from each other; `node` is the one to go on with, of this side if one is up there. */
  | {
      readonly kind: 'island';
      readonly path: string;
      /** Since when, epoch ms. */
      readonly since: number;
      readonly sites: readonly string[];
      readonly node: ReportNodeStatus;
    }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'wrong-method' };

interface Words {
  readonly noneUp: readonly [title: string, text: string];
  readonly island: readonly [title: string, text: (sites: string, since: string) => string];
  readonly openNear: (node: string) => string;
  readonly openFar: (node: string, site: string) => string;
  readonly notFound: readonly [title: string, text: string];
  readonly wrongMethod: readonly [title: string, text: string];
  readonly columns: readonly [node: string, site: string, state: string];
  readonly since: (at: string) => string;
  readonly unknown: string;
  readonly up: string;
  readonly noConnection: string;
  readonly notRunning: string;
  readonly notTrusted: string;
}

const LANGUAGES = ['en', 'de'] as const;

const WORDS: Readonly<Record<(typeof LANGUAGES)[number], Words>> = {
  en: {
    noneUp: [
      'No reports at the moment',
      'No server for reports answers. This page looks again every 10 seconds and goes on by itself as soon as one does. Phones and calls are not concerned.',
    ],
    island: [
      'The sites seem to be cut off from each other',
      (sites, since) =>
        `There has been no connection to ${sites} since ${since}. Until it is back each side counts for itself: reports show what happened on one side only, and figures of the two sides differ. Do not add them up or compare them.`,
    ],
    openNear: (node) => `Open the reports of this side: ${node}`,
    openFar: (node, site) => `On this side no server for reports answers. Open those of ${site}: ${node}`,
    notFound: ['No such page', 'Only reports are to be had here.'],
    wrongMethod: ['Not possible here', 'This address only leads to the reports. Open them first, then try again.'],
    columns: ['Server', 'Site', 'State'],
    since: (at) => `since ${at}`,
    unknown: 'not asked yet',
    up: 'answers',
    noConnection: 'no connection',
    notRunning: 'answers, but the reports do not run there',
    notTrusted: 'answers with a certificate that is not trusted here',
  },
  de: {
    noneUp: [
      'Im Moment keine Berichte',
      'Kein Server für Berichte antwortet. Diese Seite sieht alle 10 Sekunden wieder nach und geht von selbst weiter, sobald einer antwortet. Telefone und Gespräche sind nicht betroffen.',
    ],
    island: [
      'Die Standorte sind offenbar voneinander getrennt',
      (sites, since) =>
        `Seit ${since} gibt es keine Verbindung zu ${sites}. Bis sie wieder da ist, zählt jede Seite für sich: Berichte zeigen nur, was auf einer Seite geschehen ist, und die Zahlen der beiden Seiten weichen voneinander ab. Sie lassen sich weder addieren noch vergleichen.`,
    ],
    openNear: (node) => `Berichte dieser Seite öffnen: ${node}`,
    openFar: (node, site) => `Auf dieser Seite antwortet kein Server für Berichte. Die von ${site} öffnen: ${node}`,
    notFound: ['Keine solche Seite', 'Hier gibt es nur Berichte.'],
    wrongMethod: ['Hier nicht möglich', 'Diese Adresse führt nur zu den Berichten. Öffnen Sie diese zuerst.'],
    columns: ['Server', 'Standort', 'Zustand'],
    since: (at) => `seit ${at}`,
    unknown: 'noch nicht gefragt',
    up: 'antwortet',
    noConnection: 'keine Verbindung',
    notRunning: 'antwortet, aber die Berichte laufen dort nicht',
    notTrusted: 'antwortet mit einem Zertifikat, dem hier nicht vertraut wird',
  },
};

const STYLE =
  'body{font:1em/1.5 sans-serif;max-width:42em;margin:3em auto;padding:0 1em}table{border-collapse:collapse}th,td{text-align:left;padding:.2em 1.5em .2em 0}';

/** Nothing but this one style sheet: no scripts, no frames, no forms. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function renderReportPage(
  page: ReportPage,
  nodes: readonly ReportNodeStatus[],
  acceptLanguage: string | undefined,
): string {
  const language = selectLanguage(acceptLanguage, LANGUAGES) as (typeof LANGUAGES)[number];
  const words = WORDS[language];
  const [title, content] = renderContent(page, nodes, words);
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${content}
</body></html>
`;
}

function renderContent(page: ReportPage, nodes: readonly ReportNodeStatus[], words: Words): readonly [string, string] {
  switch (page.kind) {
    case 'none-up': {
      const [title, text] = words.noneUp;
      return [title, `${paragraph(text)}\n${renderTable(nodes, page.path, words)}`];
    }
    case 'island': {
      const [title, text] = words.island;
      const { name, site, isNear, url } = page.node;
      const link = isNear ? words.openNear(name) : words.openFar(name, site ?? '');
      const warning = paragraph(text(page.sites.join(', '), renderMinute(page.since)));
      return [title, `${warning}\n<p>${renderLink(url + page.path, link)}</p>`];
    }
    case 'not-found':
      return [words.notFound[0], paragraph(words.notFound[1])];
    case 'wrong-method':
      return [words.wrongMethod[0], paragraph(words.wrongMethod[1])];
  }
}

/** Each with its link: a browser may reach what the proxy does not. */
function renderTable(nodes: readonly ReportNodeStatus[], path: string, words: Words): string {
  const rows = nodes.map((node) => {
    const since = node.since === null ? '' : `, ${words.since(renderMinute(node.since))}`;
    const state = escapeHtml(`${describeState(node, words)}${since}`);
    return `<tr><td>${renderLink(node.url + path, node.name)}</td><td>${escapeHtml(node.site ?? '')}</td><td>${state}</td></tr>`;
  });
  const head = words.columns.map((column) => `<th>${escapeHtml(column)}</th>`).join('');
  return `<table><tr>${head}</tr>\n${rows.join('\n')}\n</table>`;
}

/** No more than anybody may know: addresses and what exactly failed are for operators. */
const TOLD: Partial<Record<FailureCode, 'notRunning' | 'notTrusted'>> = {
  'report-status': 'notRunning',
  'report-certificate': 'notTrusted',
};

function describeState({ state, failure }: ReportNodeStatus, words: Words): string {
  if (state === 'unknown') return words.unknown;
  return failure === null ? words.up : words[TOLD[failure.code] ?? 'noConnection'];
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

function renderLink(url: string, text: string): string {
  return `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`;
}

function renderMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
