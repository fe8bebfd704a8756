/** What distinguishes one phone model from another, as data (reference/phone-xml.md §3, §4, §9). */

export type ObjectKind =
  | 'CiscoIPPhoneText'
  | 'CiscoIPPhoneMenu'
  | 'CiscoIPPhoneInput'
  | 'CiscoIPPhoneDirectory'
  | 'CiscoIPPhoneExecute'
  | 'CiscoIPPhoneImage'
  | 'CiscoIPPhoneImageFile'
  | 'CiscoIPPhoneIconMenu'
  | 'CiscoIPPhoneIconFileMenu'
  | 'CiscoIPPhoneGraphicMenu'
  | 'CiscoIPPhoneGraphicFileMenu'
  | 'CiscoIPPhoneStatus'
  | 'CiscoIPPhoneStatusFile'
  | 'CiscoIPPhoneResponse'
  | 'CiscoIPPhoneError';

export type Charset = 'utf-8' | 'iso-8859-1';

export type ModelFamily = '69xx' | '79xx' | '78xx' | '88xx' | '8821' | '8875' | '98xx';

export interface PhoneModel {
  /** Value of x-CiscoIPPhoneModelName. */
  readonly name: string;
  readonly family: ModelFamily;
  /** x-CiscoIPPhoneDisplay: width, height, depth, colour or grey. */
  readonly display: string;
  readonly sdkVersion: string;
  readonly acceptCharset: string;
  /** What it takes bytes for when nobody names a charset: its locale's, not UTF-8 (§5). */
  readonly defaultCharset: Charset;
  /** Characters and lines of the pane between prompt line and soft keys. */
  readonly columns: number;
  readonly lines: number;
  readonly unsupportedObjects: readonly ObjectKind[];
  /** Prefixes of URIs that do nothing on this model, for example `SoftKey`. */
  readonly unsupportedUris: readonly string[];
  /** `<URL method="post">` of a form is heeded; other models send GET (§1.4). */
  readonly postsForms: boolean;
  readonly softKeyPositions: number;
  /** SoftKey: URIs are taken inside Execute: the 8821 alone (§2). */
  readonly softKeyInExecute: boolean;
  /** Highest TLS version it can speak; the 7900 series stops at 1.0 and sends no SNI (§9). */
  readonly maxTls: 'TLSv1' | 'TLSv1.2' | 'TLSv1.3';
  /** The 7940 leaves the port out of Host (§4). */
  readonly hostHasPort: boolean;
  /** HTTP/1.0 answers do not work with it (§5). */
  readonly refusesHttp10: boolean;
  /** Bytes of XML it takes by /CGI/Execute (§8). */
  readonly pushLimitBytes: number;
}

const graphics: readonly ObjectKind[] = [
  'CiscoIPPhoneImage',
  'CiscoIPPhoneImageFile',
  'CiscoIPPhoneGraphicMenu',
  'CiscoIPPhoneGraphicFileMenu',
];
const status: readonly ObjectKind[] = ['CiscoIPPhoneStatus', 'CiscoIPPhoneStatusFile'];

const newPhone = {
  sdkVersion: '8.5.1',
  acceptCharset: 'utf-8,iso-8859-1;q=0.8',
  defaultCharset: 'iso-8859-1',
  unsupportedObjects: [],
  unsupportedUris: [],
  postsForms: false,
  softKeyPositions: 16,
  softKeyInExecute: false,
  maxTls: 'TLSv1.2',
  hostHasPort: true,
  refusesHttp10: false,
  pushLimitBytes: 40 * 1024,
} as const;

const series7900 = {
  ...newPhone,
  family: '79xx',
  maxTls: 'TLSv1',
  refusesHttp10: true,
  pushLimitBytes: 512,
} as const;

const series7800 = {
  ...newPhone,
  family: '78xx',
  display: '396,162,1,G',
  columns: 44,
  lines: 7,
  unsupportedObjects: [...graphics, ...status],
  unsupportedUris: ['App', 'Notify', 'SendDigits', 'Device', 'Display'],
  postsForms: true,
} as const;

const series8800 = {
  ...newPhone,
  family: '88xx',
  display: '559,265,24,C',
  columns: 56,
  lines: 10,
  postsForms: true,
} as const;

/** Displays, versions and pane sizes not in reference/phone-xml.md §4 are plausible values, not observed ones. */
export const phoneModels: readonly PhoneModel[] = [
  { ...series7900, name: 'CP-7970G', display: '298,168,12,C', acceptCharset: 'utf-8,;q=0.8', columns: 40, lines: 9 },
  { ...series7900, name: 'CP-7941G', display: '298,144,3,G', columns: 40, lines: 8 },
  { ...series7900, name: 'CP-7942G', display: '298,144,3,G', columns: 40, lines: 8 },
  {
    ...series7900,
    name: 'CP-7940G',
    display: '133,65,2,G',
    sdkVersion: '4.1.3',
    acceptCharset: 'iso-8859-1, utf-8;q=0.8',
    columns: 26,
    lines: 5,
    hostHasPort: false,
  },
  {
    ...series7900,
    name: 'CP-6941',
    family: '69xx',
    display: '396,162,1,G',
    columns: 40,
    lines: 6,
    unsupportedObjects: [...graphics, ...status],
    maxTls: 'TLSv1.2',
  },
  { ...series7800, name: 'CP-7821' },
  { ...series7800, name: 'CP-7841' },
  { ...series7800, name: 'CP-7861' },
  { ...series7800, name: 'CP-7832', display: '384,128,1,G', lines: 5 },
  { ...series8800, name: 'CP-8811' },
  { ...series8800, name: 'CP-8841' },
  { ...series8800, name: 'CP-8845' },
  { ...series8800, name: 'CP-8851' },
  { ...series8800, name: 'CP-8861' },
  { ...series8800, name: 'CP-8865' },
  {
    ...newPhone,
    name: 'CP-8821',
    family: '8821',
    display: '240,255,16,C',
    columns: 30,
    lines: 11,
    unsupportedObjects: [...status, 'CiscoIPPhoneGraphicFileMenu'],
    unsupportedUris: ['App', 'Notify', 'SendDigits'],
    softKeyPositions: 8,
    softKeyInExecute: true,
  },
  {
    ...newPhone,
    name: 'CP-8875',
    family: '8875',
    display: '800,480,24,C',
    columns: 66,
    lines: 12,
    unsupportedObjects: ['CiscoIPPhoneGraphicMenu', 'CiscoIPPhoneGraphicFileMenu'],
    unsupportedUris: ['SoftKey'],
    maxTls: 'TLSv1.3',
  },
  {
    ...newPhone,
    name: 'DP-9841',
    family: '98xx',
    display: '240,60,16,C',
    columns: 34,
    lines: 5,
    maxTls: 'TLSv1.3',
  },
];

/** Finds a model by its name with or without prefix and ending: `CP-8845`, `8845`, `7970`. undefined: no such model. */
export function findModel(name: string): PhoneModel | undefined {
  const number = name
    .toUpperCase()
    .replace(/^[A-Z]+-/, '')
    .replace(/G$/, '');
  return phoneModels.find((model) => model.name.replace(/^[A-Z]+-/, '').replace(/G$/, '') === number);
}

/**
 * Headers of every request of a phone (§4). Host, Cookie and Content-Type are the request's own business.
 * `language` and `charset` replace the model's own values.
 */
export function phoneHeaders(model: PhoneModel, language: string, charset?: string): Record<string, string> {
  return {
    Accept:
      model.name === 'CP-7940G' ? 'x-CiscoIPPhone/*;version=2.0, text/*' : 'x-CiscoIPPhone/*, text/*,image/png,*/*',
    'Accept-Language': language,
    'Accept-Charset': charset ?? model.acceptCharset,
    'User-Agent': 'Allegro-Software-WebClient/4.34',
    'x-CiscoIPPhoneModelName': model.name,
    'x-CiscoIPPhoneDisplay': model.display,
    'x-CiscoIPPhoneSDKVersion': model.sdkVersion,
    Connection: 'close',
  };
}

/** The charsets a phone says it can show, from its Accept-Charset; the 7970's malformed list is read as far as it goes. */
export function acceptedCharsets(acceptCharset: string): readonly Charset[] {
  const names = acceptCharset
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';')[0]?.trim());
  return (['utf-8', 'iso-8859-1'] as const).filter((charset) => names.includes(charset));
}
