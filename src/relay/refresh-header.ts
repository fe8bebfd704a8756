/** The `Refresh` header, which phones follow like a link (reference/phone-xml.md §5). */

import { rewriteUrl, type UrlRules } from './rewrite.ts';

/** Seconds, separator, `url=` and an opening quote: what may stand before the URL, each of it optional. */
const BEFORE_URL = /^[\s\d.]*[;,]?\s*(?:url\s*=\s*)?["']?\s*/i;

/** Rewrites the URL of a Refresh header (`5; url=http://…`) by the rules of the body; all else stays as it is. */
export function rewriteRefresh(value: string, rules: UrlRules): string {
  const before = BEFORE_URL.exec(value)?.[0] ?? '';
  return before + rewriteUrl(value.slice(before.length), rules);
}
