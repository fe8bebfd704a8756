/** The report as a page: static, without scripts, and with a policy that allows none. Pure. */

import { escapeXml } from '../text/xml-escape.ts';
import type { CaptureReport, ReportRow } from './report.ts';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.5rem;text-align:left;vertical-align:top}
th{white-space:nowrap}code{font-size:.9em;overflow-wrap:anywhere}.no{color:#a30000;font-weight:bold}.yes{color:#1b6b1b}.unseen{color:#5a5a5a}
.do{margin:.25rem 0 0}
@media screen and (max-width:48rem){h1{font-size:1.5rem}table,tbody,tr,td,th{display:block}thead{display:none}td,th{border:0;padding:.1rem 0}
tr{border-bottom:1px solid #ccc;padding:.5rem 0}td[data-is]::before{content:attr(data-is) ": ";color:#5a5a5a}td[data-is]:empty{display:none}}
@media print{body{font-size:9.5pt;margin:0;padding:0;max-width:none}td,th{padding:.2rem .4rem}tr{break-inside:avoid}h2{break-after:avoid}a{color:inherit;text-decoration:none}}`;

const CLASSES = { 'does not hold': 'no', holds: 'yes', 'not seen': 'unseen' } as const;
const ORDER = ['does not hold', 'holds', 'not seen'] as const;

export function renderHtml(report: CaptureReport): string {
  const { reading, rows, shown, warnings } = report;
  const link = (number: number) => `<a href="#e${number}">${number}</a>`;
  const row = ({ id, verdict, what, found, shownBy, ifNot, look }: ReportRow) => {
    const todo =
      verdict === 'does not hold'
        ? `<p class="do">→ ${words(ifNot)}</p>`
        : verdict === 'not seen'
          ? `<p class="do">To see it: ${words(look)}</p>`
          : '';
    return `<tr id="${id}"><th scope="row">${id}</th><td class="${CLASSES[verdict]}">${verdict}</td><td data-is="Assumed">${words(what)}</td><td data-is="Found">${words(found)}${todo}</td><td data-is="Entries">${shownBy.map(link).join(', ')}</td></tr>`;
  };
  const sorted = ORDER.flatMap((verdict) => rows.filter((one) => one.verdict === verdict));
  const entries = [...shown].sort(([one], [other]) => one - other);
  const title = `What ${report.file} shows`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<p>By ${escapeXml(report.source)}${report.from === null ? '' : `, ${report.from} to ${report.until}`}. ${escapeXml(report.counts)}.</p>
${warnings.map((warning) => `<p class="no">${escapeXml(warning)}</p>`).join('\n')}
<h2>Pushes: ${reading.reading === 'unknown' ? 'not seen' : `reading (${reading.reading})`}</h2>
<p>${words(reading.found)} ${reading.shownBy.map(link).join(', ')}</p>
<p>→ ${words(reading.configure)}</p>
<h2>Assumptions</h2>
<table>
<thead><tr><th scope="col">No.</th><th scope="col">Verdict</th><th scope="col">Assumption</th><th scope="col">Found</th><th scope="col">Entries</th></tr></thead>
<tbody>
${sorted.map(row).join('\n')}
</tbody>
</table>
<h2>Entries</h2>
<table>
<tbody>
${entries.map(([number, text]) => `<tr id="e${number}"><th scope="row">${number}</th><td><code>${escapeXml(text)}</code></td></tr>`).join('\n')}
</tbody>
</table>
</body>
</html>
`;
}

/** What stands between backquotes is code. */
function words(text: string): string {
  return escapeXml(text).replace(/`([^`]*)`/g, '<code>$1</code>');
}
