/** What differs between phone models on the proxy's own pages (reference/phone-xml.md §2 and §3), as data. */

export type KeyName = 'select' | 'retry' | 'exit';

export type ModelFamily = '79xx' | 'wireless' | '8875' | 'desk';

export interface FamilyTraits {
  /** Number of the models, as it begins in x-CiscoIPPhoneModelName after `CP-` or `DP-`. */
  readonly models: RegExp;
  /** Soft keys from position 1 on; the habit of the model's own menus. Keys that a page lacks leave no gap. */
  readonly keys: readonly KeyName[];
  /** Whether `SoftKey:Select` and `SoftKey:Exit` work. */
  readonly softKeyUris: boolean;
}

export const FAMILIES: Readonly<Record<ModelFamily, FamilyTraits>> = {
  '79xx': { models: /^79\d\d/, keys: ['select', 'retry', 'exit'], softKeyUris: true },
  // Position 1 is the right key; all the others are under the left one.
  wireless: { models: /^(8821|9821)/, keys: ['select', 'retry', 'exit'], softKeyUris: true },
  // No SoftKey: URI at all; an item is chosen with the centre key or a touch.
  '8875': { models: /^8875/, keys: ['exit', 'retry'], softKeyUris: false },
  // 78xx, 88xx and 98xx, and every model not named here. (840 and 860 show menus and texts like these, if only by push.)
  desk: { models: /^/, keys: ['exit', 'select', 'retry'], softKeyUris: true },
};

/**
 * The family of a phone: by its model name, else by a model in its User-Agent, else an Allegro web client is a 79xx, the only
 * phones known to call themselves so (reference/phone-xml.md §4). How an 8875 calls itself is not documented, so its number
 * alone will do: keys that do nothing are worse there than keys of another order elsewhere.
 */
export function selectFamily(modelName: string | undefined, userAgent: string | undefined): ModelFamily {
  const model = modelName?.trim() ?? '';
  const agent = userAgent ?? '';
  const number = model === '' ? modelNumberIn(agent) : model.replace(/^\D+/, '');
  if (number === null) return /^Allegro-Software-WebClient\b/i.test(agent) ? '79xx' : 'desk';
  const families = Object.keys(FAMILIES) as ModelFamily[];
  return families.find((family) => FAMILIES[family].models.test(number)) ?? 'desk';
}

function modelNumberIn(userAgent: string): string | null {
  return /\b(?:CP|DP)-?(\d{3,4})/i.exec(userAgent)?.[1] ?? /(?<!\d)8875(?!\d)/.exec(userAgent)?.[0] ?? null;
}
