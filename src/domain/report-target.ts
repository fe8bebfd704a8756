/** What of the URL that a browser asked for goes on to the node that it is led to. Pure. */

const REPORTS = /^\/(?:cuicui|cuic)(?:[/?]|$)/;
/** In any spelling that a browser would follow out of the folder. */
const LEAVES = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\?;]|$)/i;
const MAX_LENGTH = 4096;

/**
 * Path and query on the node: those below /cuicui/ and /cuic/ stay as they are, permalinks say; `/` alone is `home`. null:
 * nothing of the reports, the administration of the platform least of all.
 */
export function selectReportTarget(target: string, home: string): string | null {
  if (/^\/(?:\?|$)/.test(target)) return home;
  const [path = ''] = target.split('?', 1);
  const isFit = target.length <= MAX_LENGTH && /^[!-~]+$/.test(target) && !target.includes('\\') && !LEAVES.test(path);
  return isFit && REPORTS.test(target) ? target : null;
}
