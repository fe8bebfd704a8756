/** What differs between phone models on the proxy's own pages (reference/phone-xml.md §2 and §3), as data. */

export type KeyName = 'select' | 'retry' | 'exit';

export type ModelFamily = '79xx' | '78xx' | 'wireless' | '8875' | '98xx' | 'desk';

export interface FamilyTraits {
  /** Number of the models, as it begins in x-CiscoIPPhoneModelName after `CP-` or `DP-`. */
  readonly models: RegExp;
  /** Position of each soft key; a key that a page lacks leaves its place empty. */
  readonly menuKeys: KeyPositions;
  readonly textKeys: KeyPositions;
  /** Whether `SoftKey:Select` and `SoftKey:Exit` work. */
  readonly softKeyUris: boolean;
  readonly item: ItemRoom;
}

export type KeyPositions = Readonly<Partial<Record<KeyName, number>>>;

/** What a menu item shows of its name. */
export interface ItemRoom {
  /** Characters of a line, beside the item's number. */
  readonly columns: number;
  /** Lines of an item: line breaks are allowed in it (reference/phone-xml.md §1.1), but not known to work on a 79xx. */
  readonly lines: number;
}

/**
 * Where Exit is on every page. Ready is among the first two keys of Finesse's pages: one who presses it just when a page of
 * the proxy's own comes must not leave the service by that.
 */
const EXIT = 3;
const TEXT_KEYS: KeyPositions = { retry: 1, exit: EXIT };
/** The habit of 79xx menus; on wireless phones position 1 is the right key, and all the others are under the left one. */
const SELECT_FIRST: KeyPositions = { select: 1, retry: 2, exit: EXIT };
/** Select where these models have it in their own menus. */
const SELECT_SECOND: KeyPositions = { retry: 1, select: 2, exit: EXIT };

const desk = { menuKeys: SELECT_SECOND, textKeys: TEXT_KEYS, softKeyUris: true } as const;

export const FAMILIES: Readonly<Record<ModelFamily, FamilyTraits>> = {
  '79xx': {
    models: /^79\d\d/,
    menuKeys: SELECT_FIRST,
    textKeys: TEXT_KEYS,
    softKeyUris: true,
    item: { columns: 36, lines: 1 },
  },
  '78xx': { ...desk, models: /^78\d\d/, item: { columns: 40, lines: 3 } },
  wireless: {
    models: /^(8821|9821)/,
    menuKeys: SELECT_FIRST,
    textKeys: TEXT_KEYS,
    softKeyUris: true,
    item: { columns: 26, lines: 3 },
  },
  // No SoftKey: URI at all; an item is chosen with the centre key or a touch.
  '8875': {
    models: /^8875/,
    menuKeys: TEXT_KEYS,
    textKeys: TEXT_KEYS,
    softKeyUris: false,
    item: { columns: 62, lines: 3 },
  },
  '98xx': { ...desk, models: /^98\d\d/, item: { columns: 30, lines: 3 } },
  // 88xx, and every model not named here. (840 and 860 show menus and texts like these, if only by push.)
  desk: { ...desk, models: /^/, item: { columns: 52, lines: 3 } },
};

/** The places that the soft keys of the proxy take on some model. */
export function takenPositions(keys: readonly KeyName[], isMenu: boolean): ReadonlySet<number> {
  const layouts = Object.values(FAMILIES).map(({ menuKeys, textKeys }) => (isMenu ? menuKeys : textKeys));
  return new Set(layouts.flatMap((layout) => keys.flatMap((key) => layout[key] ?? [])));
}

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
