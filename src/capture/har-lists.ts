/**
 * The lists that HAR 1.2 has beside URLs, forms and cookies. They are made of what is masked already, so that the same markers and
 * pseudonyms stand in both. Pure.
 */

import { decode } from './mask-url.ts';

type MaskedHeaders = readonly { readonly name: string; readonly value: string }[];

export function headerIn(headers: MaskedHeaders, wanted: string): string | undefined {
  return headers.find(({ name }) => name.toLowerCase() === wanted)?.value;
}

function valuesIn(headers: MaskedHeaders, wanted: string): readonly string[] {
  return headers.flatMap(({ name, value }) => (name.toLowerCase() === wanted ? [value] : []));
}

export function queryOf(url: string) {
  const question = url.indexOf('?');
  return question === -1 ? [] : pairsOf(url.slice(question + 1).replace(/#.*$/, ''));
}

export function pairsOf(form: string) {
  const pairs = form.split('&').filter((each) => each !== '');
  return pairs.map((each) => {
    const [name, value] = splitPair(each);
    return { name: decode(name, true), value: decode(value, true) };
  });
}

export function cookiesOf(headers: MaskedHeaders) {
  const pairs = valuesIn(headers, 'cookie').flatMap((value) => value.split(';').map((each) => each.trim()));
  return pairs.filter((each) => each !== '').map(cookieOf);
}

function cookieOf(pair: string) {
  const [name, value] = splitPair(pair);
  return { name, value };
}

export function setCookiesOf(headers: MaskedHeaders) {
  return valuesIn(headers, 'set-cookie').map((text) => {
    const [pair = '', ...rest] = text.split(';').map((each) => each.trim());
    const attributes = new Map(rest.map(splitPair).map(([name, value]) => [name.toLowerCase(), value]));
    const [path, domain, expires] = ['path', 'domain', 'expires'].map((name) => attributes.get(name));
    const at = new Date(expires ?? '');
    return {
      ...cookieOf(pair),
      ...(path === undefined ? {} : { path }),
      ...(domain === undefined ? {} : { domain }),
      ...(Number.isNaN(at.getTime()) ? {} : { expires: at.toISOString() }),
      ...{ httpOnly: attributes.has('httponly'), secure: attributes.has('secure') },
    };
  });
}

function splitPair(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=');
  return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}
