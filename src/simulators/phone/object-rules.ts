/**
 * The phone XML objects as data: what may stand where, how often and how long (reference/phone-xml.md §1.1, from
 * Cisco's schema 3.3.4 with the current text's corrections). Order is not a rule: phones do not enforce it (§1.2).
 */

import type { ObjectKind } from './models.ts';

export interface ElementRule {
  /** What its absence is to a phone: an error of its parser, or merely wrong. */
  readonly required?: 'error' | 'warning';
  /** How often within its parent; 1 unless told. */
  readonly max?: number;
  /** More than `max` is a parser error; otherwise a phone drops what it has no room for. */
  readonly maxIsStrict?: true;
  readonly length?: readonly [min: number, max: number];
  /** Whole number within; anything else is a parser error. */
  readonly number?: readonly [min: number, max: number];
  readonly oneOf?: readonly string[];
  readonly lineBreaks?: number;
  readonly attributes?: Readonly<Record<string, ElementRule>>;
  /** Absent: text only. */
  readonly children?: Readonly<Record<string, ElementRule>>;
}

const url: ElementRule = { length: [0, 256] };
const requiredUrl: ElementRule = { length: [1, 256], required: 'error' };
const short: ElementRule = { length: [0, 32] };

const keys =
  'KeyPad0 KeyPad1 KeyPad2 KeyPad3 KeyPad4 KeyPad5 KeyPad6 KeyPad7 KeyPad8 KeyPad9 KeyPadStar KeyPadPound NavUp NavDown NavLeft NavRight NavSelect NavBack PushToTalk'.split(
    ' ',
  );
const inputFlags = [...'ATNEUL'].flatMap((flag) => [flag, `${flag}P`, `P${flag}`]);

const handlers: Readonly<Record<string, ElementRule>> = {
  keypadTarget: { oneOf: ['application', 'applicationCall', 'activeCall'] },
  appId: { length: [1, 64] },
  onAppFocusLost: { length: [1, 256] },
  onAppFocusGained: { length: [1, 256] },
  onAppMinimized: { length: [1, 256] },
  onAppClosed: { length: [1, 256] },
  WindowMode: { oneOf: ['Normal', 'Wide'] },
};

const displayable: Readonly<Record<string, ElementRule>> = {
  Title: short,
  Prompt: short,
  SoftKeyItem: {
    // Positions go to 16 on desk phones although the schema stops at eight keys (§1.1).
    max: 16,
    children: { Name: short, Position: { required: 'error', number: [-1, 16] }, URL: url, URLDown: url },
  },
  KeyItem: { max: 32, children: { Key: { required: 'error', oneOf: keys }, URL: url, URLDown: url } },
};

const menuName: ElementRule = { length: [0, 64], lineBreaks: 2 };
const menuItem = (max: number): ElementRule => ({ max, children: { Name: menuName, URL: url } });
const iconMenuItem: ElementRule = {
  max: 32,
  children: { Name: menuName, URL: url, IconIndex: { number: [0, 9] } },
};
const touchItem: ElementRule = {
  max: 32,
  children: {
    Name: short,
    URL: url,
    TouchArea: {
      attributes: {
        X1: { required: 'error', number: [0, 65535] },
        Y1: { required: 'error', number: [0, 65535] },
        X2: { required: 'error', number: [0, 65535] },
        Y2: { required: 'error', number: [0, 65535] },
      },
    },
  },
};
const icon: ElementRule = {
  max: 10,
  children: {
    Index: { required: 'error', number: [0, 9] },
    Width: { required: 'error', number: [1, 16] },
    Height: { required: 'error', number: [1, 10] },
    Depth: { required: 'error', number: [1, 2] },
    Data: { length: [0, 80] },
  },
};
const iconFile: ElementRule = {
  max: 10,
  children: { Index: { required: 'error', number: [0, 9] }, URL: requiredUrl },
};
// Wider than the schema's 297x167: the panes of current phones are (§1.1).
const location: Readonly<Record<string, ElementRule>> = {
  LocationX: { number: [-1, 1023] },
  LocationY: { number: [-1, 767] },
};
const bitmap = (width: number, height: number, hexDigits: number): Readonly<Record<string, ElementRule>> => ({
  ...location,
  Width: { required: 'error', number: [1, width] },
  Height: { required: 'error', number: [1, height] },
  Depth: { required: 'error', number: [1, 2] },
  Data: { length: [0, hexDigits] },
});
const statusText: Readonly<Record<string, ElementRule>> = { Text: short, Timer: { number: [0, 65535] } };
const inputItem: ElementRule = {
  max: 5,
  children: {
    DisplayName: short,
    QueryStringParam: { required: 'error', length: [1, 32] },
    InputFlags: { required: 'warning', oneOf: inputFlags },
    DefaultValue: short,
  },
};

const shown = (children: Readonly<Record<string, ElementRule>>): ElementRule => ({
  attributes: handlers,
  children: { ...displayable, ...children },
});

export const objectRules: Readonly<Record<ObjectKind, ElementRule>> = {
  CiscoIPPhoneText: shown({ Text: { length: [0, 4000] } }),
  CiscoIPPhoneMenu: shown({ MenuItem: menuItem(100) }),
  CiscoIPPhoneInput: shown({
    URL: { ...requiredUrl, attributes: { method: { oneOf: ['get', 'post'] } } },
    InputItem: inputItem,
  }),
  CiscoIPPhoneDirectory: shown({ DirectoryEntry: { max: 32, children: { Name: short, Telephone: short } } }),
  CiscoIPPhoneImage: shown(bitmap(133, 65, 4324)),
  CiscoIPPhoneImageFile: shown({ ...location, URL: requiredUrl }),
  CiscoIPPhoneIconMenu: shown({ MenuItem: iconMenuItem, IconItem: icon }),
  CiscoIPPhoneIconFileMenu: {
    ...shown({ MenuItem: iconMenuItem, IconItem: iconFile }),
    attributes: { ...handlers, IconIndex: { number: [0, 9] } },
  },
  CiscoIPPhoneGraphicMenu: shown({ ...bitmap(133, 65, 4324), MenuItem: menuItem(12) }),
  CiscoIPPhoneGraphicFileMenu: shown({ ...location, URL: requiredUrl, MenuItem: touchItem }),
  CiscoIPPhoneStatus: { children: { ...statusText, ...bitmap(106, 21, 1114) } },
  CiscoIPPhoneStatusFile: { children: { ...statusText, ...location, URL: requiredUrl } },
  CiscoIPPhoneExecute: {
    children: {
      ExecuteItem: {
        required: 'error',
        max: 3,
        maxIsStrict: true,
        attributes: { URL: requiredUrl, Priority: { number: [0, 2] } },
      },
    },
  },
  CiscoIPPhoneResponse: {
    children: {
      ResponseItem: {
        required: 'error',
        max: 3,
        attributes: { Status: { number: [-32768, 32767] }, Data: short, URL: url },
      },
    },
  },
  CiscoIPPhoneError: { attributes: { Number: { required: 'error', number: [0, 65535] } } },
};
