/** A view and a phone to the bytes of a page. Pure but for caches of what was computed before. */

import { selectLanguage } from '../text/accept.ts';
import { type Charset, type CharsetChoice, encodeText, foldText, isReadable, selectCharset } from './charset.ts';
import type { CompiledPage } from './compiled-page.ts';
import { CLOSE_SERVICES, compilePage } from './compiled-page.ts';
import type { PageValues } from './filled-field.ts';
import { cleanLine, isPageUrl, MAX_ALTERNATES } from './limits.ts';
import { type ModelFamily, selectFamily } from './models.ts';
import { fitPage } from './page-fill.ts';
import type { PageName, PageView, PhoneHeaders, RenderedPage } from './page-view.ts';
import { CONDITIONS, type Language, type PageTemplate, selectByCondition } from './template.ts';

/** What a phone's headers mean for its pages. */
export interface PhoneProfile extends CharsetChoice {
  readonly family: ModelFamily;
  readonly language: Language;
  /** One for all profiles of this family and language. */
  readonly compiled: CompiledPages;
}

/** By everything else that decides how a page is compiled. */
export type CompiledPages = Map<string, CompiledPage>;

/** Loaded and checked templates: what `loadPages` returns and `renderPage` takes. */
export interface PageTemplates {
  readonly pages: ReadonlyMap<PageName, PageTemplate>;
  /** The first is the fallback. */
  readonly languages: readonly [Language, ...Language[]];
  /** By header values. */
  readonly profiles: Map<string, PhoneProfile>;
  /** By family and language. */
  readonly compiled: Map<string, CompiledPages>;
  /** How many pages there are in all of `compiled`. */
  readonly counts: { compiled: number };
}

/** Phones of one site send a handful of different headers; whoever sends others is not remembered for long. */
const MAX_PROFILES = 1000;
const MAX_PROFILE_KEY = 512;
/**
 * An outage shows a few dozen different pages to each family of phones in each language. Whoever asks for all there are, in every
 * language and charset, is not remembered for long either: at about 3 KiB each these are some 12 MiB.
 */
const MAX_COMPILED = 4000;

/**
 * The page as the phone can show it: in its language, in a charset it accepts, with the soft keys of its model, within all
 * limits of Cisco's schema and 4 KiB. A link whose URL is longer than 256 characters or not ASCII is left out.
 */
export function renderPage(templates: PageTemplates, view: PageView, phone: PhoneHeaders): RenderedPage {
  const profile = profileOf(templates, phone);
  const page = renderIn(profile.charset, templates, view, profile);
  const useUtf8 = page.lossy && profile.acceptsUtf8 && profile.charset !== 'utf-8';
  return useUtf8 ? renderIn('utf-8', templates, view, profile).rendered : page.rendered;
}

/** The answer of the proxy's Exit action: closes the Services application. */
export function renderExit(phone: PhoneHeaders): RenderedPage {
  const { charset } = selectCharset(phone.acceptCharset);
  const item = `<ExecuteItem Priority="0" URL="${CLOSE_SERVICES}"/>`;
  const xml = `<?xml version="1.0" encoding="${charset}"?>\n<CiscoIPPhoneExecute>${item}</CiscoIPPhoneExecute>\n`;
  return rendered(encodeText(xml, charset), charset);
}

function rendered(body: string, charset: Charset): RenderedPage {
  return { body, contentType: `text/xml; charset=${charset}` };
}

function profileOf(templates: PageTemplates, phone: PhoneHeaders): PhoneProfile {
  const { modelName, userAgent, acceptLanguage, acceptCharset } = phone;
  const key = `${modelName ?? ''}\n${userAgent ?? ''}\n${acceptLanguage ?? ''}\n${acceptCharset ?? ''}`;
  const known = templates.profiles.get(key);
  if (known !== undefined) return known;
  const choice = selectCharset(acceptCharset);
  const languages = readableLanguages(templates, choice);
  const codes = languages.map((language) => language.code);
  const code = selectLanguage(acceptLanguage, codes);
  const language = languages.find((each) => each.code === code) ?? languages[0];
  const family = selectFamily(modelName, userAgent);
  const compiled = compiledPages(templates, `${family} ${language.code}`);
  const profile: PhoneProfile = { family, language, compiled, ...choice };
  if (key.length > MAX_PROFILE_KEY) return profile;
  if (templates.profiles.size >= MAX_PROFILES) templates.profiles.clear();
  templates.profiles.set(key, profile);
  return profile;
}

/** Those that can be read as the phone's charset has them; if there is none, what is configured is what there is. */
function readableLanguages(
  { languages }: PageTemplates,
  { charset, acceptsUtf8 }: CharsetChoice,
): PageTemplates['languages'] {
  if (acceptsUtf8) return languages;
  const [first, ...others] = languages.filter((language) => isReadableIn(language, charset));
  return first === undefined ? languages : [first, ...others];
}

const readable = new WeakMap<Language, boolean>();

/** ISO-8859-1 and US-ASCII differ in accents, not in scripts: one answer for both. */
function isReadableIn(language: Language, charset: Charset): boolean {
  const known = readable.get(language);
  if (known !== undefined) return known;
  const parts = [...language.texts.values()].flatMap(({ wordings }) => wordings.flat());
  const found = isReadable(parts.filter((part) => typeof part === 'string').join(''), charset);
  readable.set(language, found);
  return found;
}

function compiledPages({ compiled }: PageTemplates, key: string): CompiledPages {
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const pages: CompiledPages = new Map();
  compiled.set(key, pages);
  return pages;
}

function renderIn(charset: Charset, templates: PageTemplates, view: PageView, profile: PhoneProfile) {
  const links = view.alternates.filter((link) => isPageUrl(link.url)).slice(0, MAX_ALTERNATES);
  const page = compiledFor(charset, templates, view, profile, links.length > 0);
  let lossy = page.lossy;
  const shown = (name: string | null): string => {
    const clean = cleanLine(name ?? '');
    const folded = foldText(clean, charset);
    if (folded === clean) return clean === '' ? page.unnamed : clean;
    lossy = true;
    // What was left out leaves the spaces around it.
    return cleanLine(folded) || page.unnamed;
  };
  const values: PageValues = {
    service: shown(view.service),
    attempt: String(view.attempt ?? 1),
    attempts: String(view.attempts),
    gone: shown(view.gone),
    alternate: '',
    alternateUrl: '',
    retryUrl: view.retryUrl ?? '',
    exitUrl: view.exitUrl ?? '',
    signOutUrl: view.signOutUrl ?? '',
    time: view.notice ?? '',
  };
  const alternates = links.map((link) => ({ name: shown(link.name), url: link.url }));
  return { rendered: rendered(fitPage(page, values, alternates), charset), lossy };
}

const BY_CONDITIONS = Array.from({ length: 1024 }, (_, bits) => `${bits} `);

function compiledFor(
  charset: Charset,
  templates: PageTemplates,
  view: PageView,
  profile: PhoneProfile,
  hasAlternates: boolean,
): CompiledPage {
  const { family, language } = profile;
  const hasRetry = view.retryUrl !== null && isPageUrl(view.retryUrl);
  const hasExit = view.exitUrl !== null && isPageUrl(view.exitUrl);
  const cause = view.cause ?? 'noAnswer';
  const message = view.message ?? (view.page === 'error' ? 'internal' : null);
  const hasGone = view.gone !== null;
  // Short, and a single addition: this is every page of an outage.
  const signOut = (view.signOutUrl ?? null) !== null && isPageUrl(view.signOutUrl ?? '');
  const notice = (view.notice ?? null) !== null;
  const doubtful = view.doubtful === true;
  const links = (hasAlternates ? 1 : 0) | (hasGone ? 2 : 0) | (hasRetry ? 4 : 0) | (hasExit ? 8 : 0);
  const outage = (view.drained ? 16 : 0) | (view.callStays ? 32 : 0) | (view.hurry ? 64 : 0);
  const bits = links | outage | (doubtful ? 128 : 0) | (signOut ? 256 : 0) | (notice ? 512 : 0);
  const key = BY_CONDITIONS[bits] + view.page + charset + message + view.cause;
  const known = profile.compiled.get(key);
  if (known !== undefined) return known;
  const holds = {
    alternates: hasAlternates,
    gone: hasGone,
    message: message !== null,
    drain: view.drained,
    ...{ cause: view.cause !== null, call: view.callStays, hurry: view.hurry },
    ...{ doubtful, signOut, notice },
  };
  const holding = CONDITIONS.filter((condition) => holds[condition]);
  const variant = selectByCondition(templates.pages.get(view.page)?.variants ?? [], holding);
  if (variant === undefined) throw new Error(`no template for the page ${view.page}`); // loadPages lets this never happen
  const call = view.callStays ? ('stays' as const) : ('mayEnd' as const);
  const kind = { call, family, charset, message: message ?? 'internal', cause, holding, hasRetry, hasExit };
  const page = compilePage(variant, language, kind);
  remember(templates, profile.compiled, key, page);
  return page;
}

function remember({ compiled, counts }: PageTemplates, pages: CompiledPages, key: string, page: CompiledPage): void {
  if (counts.compiled >= MAX_COMPILED) {
    // Profiles hold on to these maps.
    for (const each of compiled.values()) each.clear();
    counts.compiled = 0;
  }
  pages.set(key, page);
  counts.compiled += 1;
}
