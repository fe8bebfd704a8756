/** Everything that masks, for one capture. */

import { type BodyMask, createBodyMask } from './mask-body.ts';
import { createHeaderMask, type HeaderMask } from './mask-headers.ts';
import { createUrlMask, type UrlMask } from './mask-url.ts';
import { createXmlMask, type XmlMask } from './mask-xml.ts';
import { createPseudonyms, type PseudonymOptions, type Pseudonyms } from './pseudonyms.ts';
import { createScrub, type Scrub } from './scrub.ts';

export interface Mask {
  readonly pseudonyms: Pseudonyms;
  readonly scrub: Scrub;
  readonly urls: UrlMask;
  readonly headers: HeaderMask;
  readonly xml: XmlMask;
  readonly body: BodyMask;
}

export function createMask(options: PseudonymOptions): Mask {
  const pseudonyms = createPseudonyms(options);
  const scrub = createScrub(pseudonyms);
  const urls = createUrlMask(pseudonyms, scrub);
  const xml = createXmlMask(pseudonyms, urls, scrub, options.keepNames);
  const headers = createHeaderMask(pseudonyms, urls, scrub);
  return { pseudonyms, scrub, urls, headers, xml, body: createBodyMask(pseudonyms, urls, xml) };
}
