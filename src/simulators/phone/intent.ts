/** What a URL of a page means to a phone: a request, a key of its own, or something outside the browser. Pure. */

import type { PhoneModel } from './models.ts';
import type { ExecuteItem, PhonePage, SoftKey } from './page.ts';
import { appendQuery, hasDefaultKeys } from './soft-keys.ts';

export type Intent =
  | { readonly do: 'nothing' | 'exit' | 'refresh' | 'select' | 'submit' | 'erase' | 'dial' | 'close' }
  | { readonly do: 'load'; readonly url: string }
  /** Dials, plays, displays: nothing that changes the page. */
  | { readonly do: 'outside'; readonly uri: string };

const internalUri =
  /^(SoftKey|Init|App|Key|Notify|QueryStringParam|Dial|EditDial|SendDigits|Play|Display|Device|Vibrate|RTP\w*):/;

const softKeys: Readonly<Record<string, Intent>> = {
  Exit: { do: 'exit' },
  Back: { do: 'exit' },
  Cancel: { do: 'exit' },
  Update: { do: 'refresh' },
  Next: { do: 'refresh' },
  Select: { do: 'select' },
  Submit: { do: 'submit' },
  '<<': { do: 'erase' },
  Dial: { do: 'dial' },
  EditDial: { do: 'dial' },
};

/** Whether this is one of the phone's own URIs and so not a request (reference/phone-xml.md §2). */
export function isInternal(url: string): boolean {
  return internalUri.test(url);
}

/** What following a URL means on this model; URIs that it does not know do nothing (§3). */
export function decideUrl(url: string, model: PhoneModel): Intent {
  const scheme = internalUri.exec(url)?.[1];
  if (url === '' || (scheme !== undefined && model.unsupportedUris.includes(scheme))) return { do: 'nothing' };
  if (scheme === undefined) return { do: 'load', url };
  if (scheme === 'SoftKey') return softKeys[url.slice('SoftKey:'.length)] ?? { do: 'nothing' };
  if (url === 'Init:Services' || url.startsWith('App:Close')) return { do: 'close' };
  return { do: 'outside', uri: url };
}

/**
 * What a soft key means. Default keys are the model's own and work where SoftKey: URIs do not; QueryStringParam: joins
 * the key's URL with that of the highlighted item, whichever of the two has it (§2).
 */
export function decideSoftKey(key: SoftKey, page: PhonePage | null, selected: number, model: PhoneModel): Intent {
  const native = /^SoftKey:(.*)$/.exec(key.url)?.[1];
  if (native !== undefined && (page === null || hasDefaultKeys(page))) return softKeys[native] ?? { do: 'nothing' };
  const item = page?.items[selected]?.url ?? '';
  const parameter = /^QueryStringParam:(.*)$/s;
  const fromKey = parameter.exec(key.url)?.[1];
  const fromItem = parameter.exec(item)?.[1];
  if (fromKey !== undefined) return decideUrl(appendQuery(item, fromKey), model);
  if (fromItem !== undefined && !isInternal(key.url)) return decideUrl(appendQuery(key.url, fromItem), model);
  return decideUrl(key.url, model);
}

/**
 * The items of an Execute that run. SoftKey: and Notify: are not allowed there; priority 2 is for a phone that is idle,
 * which one that shows an application is not (§1.4).
 */
export function selectExecuteItems(
  items: readonly ExecuteItem[],
  model: PhoneModel,
  idle: boolean,
): readonly ExecuteItem[] {
  return items.filter(({ url, priority }) => {
    if (/^Notify:/.test(url) || (/^SoftKey:/.test(url) && !model.softKeyInExecute)) return false;
    return idle || priority !== 2 || isInternal(url);
  });
}
