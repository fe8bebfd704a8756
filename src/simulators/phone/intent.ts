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

/** Whether an item of an Execute can be done: SoftKey: and Notify: are not allowed there, and each model lacks some URIs (§2, §3). */
export function isExecutable({ url }: ExecuteItem, model: PhoneModel): boolean {
  const scheme = internalUri.exec(url)?.[1];
  if (scheme === undefined) return true;
  if (scheme === 'Notify' || (scheme === 'SoftKey' && !model.softKeyInExecute)) return false;
  return !model.unsupportedUris.includes(scheme);
}

/** What keeps a phone from being idle. */
export interface Activity {
  readonly inCall: boolean;
  /** An application is on the screen. */
  readonly inApplication: boolean;
}

/**
 * Which items of an Execute run now and which when the phone is idle. Priorities
 * count for requests only: 1 waits for the end of a call, 2 runs on an idle phone or not at all (§1.4). Whether an application
 * on the screen makes a phone busy for priority 1 is not documented; here it does not.
 */
export function selectExecuteItems(
  items: readonly ExecuteItem[],
  model: PhoneModel,
  { inCall, inApplication }: Activity,
): { readonly now: readonly ExecuteItem[]; readonly later: readonly ExecuteItem[] } {
  const allowed = items.filter((item) => isExecutable(item, model));
  const isNow = ({ url, priority }: ExecuteItem) =>
    isInternal(url) || priority === 0 || (!inCall && (priority === 1 || !inApplication));
  return { now: allowed.filter(isNow), later: allowed.filter((item) => item.priority === 1 && !isNow(item)) };
}
