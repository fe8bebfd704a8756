/** The options of `unified-cm` that go to Unified CM, checked before anything is sent. Pure. */

import { parseFingerprint } from '../config/values.ts';

/** As the command line has them. */
export interface UnifiedCmOptions {
  readonly config: string;
  readonly csv?: boolean;
  readonly verify?: true;
  readonly apply?: true;
  readonly undo?: string;
  readonly axl?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly axlCa?: string;
  readonly axlFingerprint?: readonly string[];
  readonly timeout: number;
  readonly entry?: readonly string[];
  readonly parameters?: string;
  readonly phones?: string;
  readonly updateSubscriptions?: true;
  readonly subscribe?: true;
  readonly pushUser?: readonly string[];
  /** --no-sql makes it false. */
  readonly sql: boolean;
  readonly undoFile?: string;
  readonly yes?: true;
  readonly json?: true;
}

export interface AxlOptions {
  readonly mode: 'verify' | 'apply' | 'undo';
  readonly url: string;
  readonly user: string;
  readonly fingerprints: readonly string[];
  readonly parameters: readonly string[] | null;
  /** Patterns of device names with %, or a file with one a line; null: those that are subscribed. */
  readonly phones: readonly string[] | { readonly file: string } | null;
}

/** Whether Unified CM is to be asked at all. */
export function asksUnifiedCm({ verify, apply, undo }: UnifiedCmOptions): boolean {
  return verify === true || apply === true || undo !== undefined;
}

/** A text says what is wrong. */
export function decideAxlOptions(options: UnifiedCmOptions): AxlOptions | string {
  const modes = [options.verify && 'verify', options.apply && 'apply', options.undo !== undefined && 'undo'] as const;
  const [mode, second] = modes.filter((each) => typeof each === 'string');
  if (mode === undefined || second !== undefined) return 'Choose one of --verify, --apply and --undo.';
  if (options.axl === undefined) return `--${mode} needs --axl, for example --axl https://cucm.example.com:8443/axl/`;
  if (options.user === undefined) return `--${mode} needs --user, the name of a user who may use AXL`;
  const url = parseAxlUrl(options.axl);
  if (url === null) return '--axl: it is not an https URL such as https://cucm.example.com:8443/axl/';
  const fingerprints = (options.axlFingerprint ?? []).map(parseFingerprint);
  if (fingerprints.includes(null)) return '--axl-fingerprint: it is not a SHA-256 fingerprint, 64 hexadecimal digits';
  const changesPhones = options.updateSubscriptions === true || options.subscribe === true;
  if (changesPhones && options.phones === undefined) {
    return '--update-subscriptions and --subscribe need --phones: which phones they are for';
  }
  if (mode !== 'verify' && options.json === true && options.yes !== true) return `--${mode} --json needs --yes`;
  const phones = parsePhones(options.phones);
  if (typeof phones === 'string') return phones;
  const parameters = options.parameters?.split(',').map((name) => name.trim()) ?? null;
  return {
    mode,
    url,
    user: options.user,
    fingerprints: fingerprints.filter((each) => each !== null),
    parameters,
    phones,
  };
}

/** What is left out is filled in; credentials in a URL could be seen by others. */
function parseAxlUrl(text: string): string | null {
  const withScheme = text.includes('://') ? text : `https://${text}`;
  if (!URL.canParse(withScheme)) return null;
  const url = new URL(withScheme);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.search !== '') return null;
  if (url.port === '' && !/:443(?:\/|$)/.test(withScheme)) url.port = '8443';
  if (url.pathname === '/' || url.pathname === '/axl') url.pathname = '/axl/';
  return url.href;
}

const DEVICES = /^[A-Za-z0-9._%*-]{1,128}$/;

function parsePhones(text: string | undefined): AxlOptions['phones'] | string {
  if (text === undefined) return null;
  if (text.startsWith('@')) return { file: text.slice(1) };
  return parsePhoneNames(text.split(','));
}

/** Names and patterns, with * or % for any characters. */
export function parsePhoneNames(words: readonly string[]): readonly string[] | string {
  const names = words.map((word) => word.trim()).filter((word) => word !== '' && !word.startsWith('#'));
  const wrong = names.find((name) => !DEVICES.test(name));
  if (wrong !== undefined)
    return `--phones: ${JSON.stringify(wrong.slice(0, 60))} is no device name, nor a pattern with *`;
  return names.length === 0 ? '--phones: there is no name in it' : names.map((name) => name.replaceAll('*', '%'));
}
