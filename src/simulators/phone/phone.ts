/**
 * A Cisco IP phone's XML browser: one application window with a page, a URL history, cookies and a Refresh timer.
 * It shares no code with the proxy; reference/phone-xml.md is its specification. Nothing runs by itself: Refresh
 * happens in `tick`, `waitForRefresh` and `waitFor`, so that whoever drives it decides about time.
 */

import { renderCookies } from './cookies.ts';
import { type Clock, systemClock } from './duration.ts';
import { type Exchange, fetchPage, type Passage } from './exchange.ts';
import { encodeForm } from './form.ts';
import { type History, stepBack } from './history.ts';
import { decideSoftKey, decideUrl, type Intent, isInternal, selectExecuteItems } from './intent.ts';
import { findModel, type PhoneModel, phoneHeaders } from './models.ts';
import type { ExecuteItem, PhonePage, SoftKey } from './page.ts';
import { patienceMs, readAtMostBytes, type TlsTrust } from './request.ts';
import { describeScreen, type Screen } from './screen.ts';
import { appendQuery, decideSoftKeys } from './soft-keys.ts';
import { eraseLast, fillField, moveCursor, openWindow, type Shown, showPage, typeText } from './window.ts';

export interface PhoneOptions {
  /** Replaces #DEVICENAME# in service URLs. */
  readonly device?: string;
  /** Name of a model, CP-8845 unless told. */
  readonly model?: string;
  /** Accept-Language, `en` unless told. */
  readonly language?: string;
  /** Accept-Charset in place of the model's. */
  readonly charset?: string;
  readonly trust?: TlsTrust;
  /** Address of this machine that its requests come from. */
  readonly localAddress?: string | undefined;
  /** Asked before each request; unless told, a phone asks wherever its pages say. */
  readonly passage?: (url: URL) => Passage;
  /** Bytes of an answer that it reads; more than that is no answer. A MiB unless told. */
  readonly readAtMostBytes?: number;
  readonly clock?: Clock;
  /** How long it waits for an answer. */
  readonly timeoutMs?: number;
  /** Called whenever the screen has changed by an answer, an error or the window's closing. */
  readonly onScreen?: (screen: Screen) => void;
  /** Called once per request, after its answer or failure. */
  readonly onExchange?: (exchange: Exchange) => void;
}

interface Loading {
  readonly form?: string;
  /** The history that the loaded page is put on; the current one unless told. */
  readonly history?: History;
  /** How many Execute objects led here. */
  readonly executed?: number;
}

/** A phone that executes its way in circles is stopped after as many. */
const maxExecutes = 5;
/** Kept of what is wrong with one answer, and of all so far: a server that sends nothing else must not fill the memory. */
const maxViolations = 100;
const maxSeen = 1000;

export class Phone {
  readonly device: string;
  readonly model: PhoneModel;
  readonly #options: PhoneOptions;
  readonly #clock: Clock;
  readonly #headers: Record<string, string>;
  #service: { readonly name: string; readonly url: string } | null = null;
  #window = openWindow('');
  #changedAtMs: number;
  /** Parameters that forms have masked: their values are never printed. */
  readonly #masked = new Set<string>();
  #inFlight: AbortController | null = null;
  #inCall = false;
  /** Items of an Execute that wait for the end of the call. */
  readonly #waiting: ExecuteItem[] = [];
  readonly #performed: string[] = [];
  readonly #seen = new Set<string>();

  /** Throws when the model is unknown. */
  constructor(options: PhoneOptions = {}) {
    const model = findModel(options.model ?? 'CP-8845');
    if (!model) throw new Error(`no phone model ${options.model}`);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.device = options.device ?? 'SEP000000000001';
    this.model = model;
    this.#headers = phoneHeaders(model, options.language ?? 'en', options.charset);
    this.#changedAtMs = this.#clock.now();
  }

  /** The object on the screen with its true URLs; null: the Services menu. */
  get page(): PhonePage | null {
    return this.#window.page;
  }

  /** The current URL as it is, secrets included: not for printing. */
  get url(): string | null {
    return this.#window.url;
  }

  /** URLs that Exit can return to, the newest last; secrets included. */
  get history(): readonly string[] {
    return this.#window.history;
  }

  /** Internal URIs that have an effect outside the browser, in order: `Dial:4711`, `Play:…`. */
  get performed(): readonly string[] {
    return this.#performed;
  }

  /** Departures from the rules in all answers so far, each once, those of Execute objects included. */
  get violations(): readonly string[] {
    return [...this.#seen];
  }

  /** Epoch milliseconds of the next automatic Refresh; null: none is running. */
  get refreshAtMs(): number | null {
    return this.#window.refreshAtMs;
  }

  /** A request is under way. */
  get busy(): boolean {
    return this.#inFlight !== null;
  }

  /** The Cookie header that a request to `url` would carry now. */
  cookiesFor(url: string): string | undefined {
    return renderCookies(this.#window.jar, new URL(url), this.#clock.now());
  }

  get screen(): Screen {
    return describeScreen({
      ...this.#window,
      changedAtMs: this.#changedAtMs,
      nowMs: this.#clock.now(),
      service: this.#service,
      softKeys: this.#softKeys(),
      refreshSeconds: this.#window.refresh?.seconds ?? null,
      masked: this.#masked,
    });
  }

  /** Chooses a service in the Services menu: a new window, without history and cookies. */
  open(url: string, name = 'Service'): Promise<Screen> {
    const target = url.replaceAll('#DEVICENAME#', this.device);
    this.#service = { name, url: target };
    this.#reset();
    return this.#load(target);
  }

  /**
   * Presses a soft key by position or name (any letter case), a keypad key that the page has a URL for (`KeyPad1`), or
   * the hard key `Services`, which leaves the application. Throws when there is no such key.
   */
  async press(key: string | number): Promise<Screen> {
    const wanted = String(key).toLowerCase();
    const softKey = this.#softKeys().find((own) =>
      typeof key === 'number' || /^\d+$/.test(wanted)
        ? own.position === Number(key)
        : own.name.toLowerCase() === wanted,
    );
    if (softKey) return this.#perform(decideSoftKey(softKey, this.#window.page, this.#window.selected, this.model));
    const keypad = Object.entries(this.#window.page?.keypad ?? {}).find(([name]) => name.toLowerCase() === wanted);
    if (keypad) return this.#perform(decideUrl(keypad[1], this.model));
    if (wanted === 'services') return this.hangUp();
    throw new Error(
      `no key ${key}; there are: ${
        this.#softKeys()
          .map((own) => own.name)
          .join(', ') || 'none'
      }`,
    );
  }

  /** Chooses a menu item by its number from 1 on or by (the beginning of) its name. Throws when there is none. */
  async choose(item: number | string): Promise<Screen> {
    const items = this.#window.page?.items ?? (this.#service ? [this.#service] : []);
    const wanted = String(item).toLowerCase();
    const byName = items.findIndex((own) => own.name.toLowerCase().startsWith(wanted));
    const index = typeof item === 'number' ? item - 1 : byName;
    const chosen = items[index];
    if (!chosen) throw new Error(`no item ${item}; there are ${items.length}`);
    this.#window.selected = index;
    if (!this.#window.page) return this.open(chosen.url, chosen.name);
    this.#window.itemName = chosen.name;
    return this.#perform(decideUrl(chosen.url, this.model));
  }

  /** Follows a URL in this window, as an Execute pushed to the phone would make it. */
  follow(url: string): Promise<Screen> {
    return this.#perform(decideUrl(url, this.model));
  }

  /** Moves the highlight, or the cursor between fields, by so many places. */
  move(by: number): void {
    moveCursor(this.#window, by);
  }

  /** Adds to the field being typed in; false: it does not take this. */
  type(text: string): boolean {
    return typeText(this.#window, text);
  }

  /** What `<<` does: takes away the last character. */
  erase(): void {
    eraseLast(this.#window);
  }

  /** Sets fields by parameter or label. Throws for an unknown field and for characters that a field does not take. */
  fill(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) fillField(this.#window, name, value);
  }

  /** Sends the form: as a query string, or by POST where the page asks for it and the model can. */
  async submit(): Promise<Screen> {
    const submit = this.#window.page?.submit;
    if (!this.#window.page || !submit) throw new Error('no form on the screen');
    const form = encodeForm(this.#window.page, this.#window.values);
    if (submit.post && this.model.postsForms) return this.#load(this.#resolve(submit.url), { form });
    return this.#load(this.#resolve(appendQuery(submit.url, form)));
  }

  /** What Update and Next do: the Refresh URL if the page came with one, else the current URL again. */
  refresh(): Promise<Screen> {
    const target = this.#window.refresh?.url ?? this.#window.url;
    return target === null ? Promise.resolve(this.screen) : this.#load(this.#resolve(target));
  }

  /** Back to the last URL that had not expired when it was loaded; without one, out of the service. */
  exit(): Promise<Screen> {
    const history = stepBack(this.#window.history, this.#window.url);
    const target = history.at(-1);
    return target === undefined ? Promise.resolve(this.hangUp()) : this.#load(target, { history });
  }

  /** Closes the window: history and cookies are gone, a request under way is given up. */
  hangUp(): Screen {
    this.#reset();
    return this.#changed();
  }

  /** Follows the Refresh if its time has come; null: it has not. */
  async tick(): Promise<Screen | null> {
    const due = this.#window.refreshAtMs !== null && this.#window.refreshAtMs <= this.#clock.now();
    return due ? this.refresh() : null;
  }

  /** Waits for the running Refresh and follows it. Throws when none is running. */
  async waitForRefresh(signal?: AbortSignal): Promise<Screen> {
    const dueMs = this.#window.refreshAtMs;
    if (dueMs === null) throw new Error('no Refresh is running');
    await this.#clock.sleep(Math.max(0, dueMs - this.#clock.now()), signal);
    // A key press may have brought another page meanwhile, with a timer of its own.
    return this.#window.refreshAtMs === dueMs && signal?.aborted !== true ? this.refresh() : this.screen;
  }

  /** Follows Refreshes until the screen is as wanted. Throws, with what it saw last, when none runs or time is up. */
  async waitFor(wanted: (screen: Screen) => boolean, limitMs: number): Promise<Screen> {
    const endMs = this.#clock.now() + limitMs;
    while (!wanted(this.screen)) {
      const nextMs = this.#window.refreshAtMs;
      if (nextMs === null || nextMs > endMs) {
        const { title, prompt, text } = this.screen;
        throw new Error(`not seen within ${limitMs} ms; on the screen: ${title} | ${prompt} | ${text}`);
      }
      await this.waitForRefresh();
    }
    return this.screen;
  }

  /**
   * Takes an object pushed to the phone: shows it or executes its items. The promise ends with the last request that
   * it caused. `violations` are those of the object.
   */
  async receive(page: PhonePage, violations: readonly string[] = []): Promise<Screen> {
    const noted = this.#note(violations);
    if (page.kind === 'CiscoIPPhoneExecute') return this.#execute(page.execute, 0);
    this.#show({ page, refresh: null, expired: true, violations: noted }, this.#window.url ?? '', this.#window.history);
    return this.#changed();
  }

  /** A call begins or ends on the phone. Pushes of priority 1 that came during the call run at its end. */
  async setCall(active: boolean): Promise<Screen> {
    this.#inCall = active;
    if (active || this.#waiting.length === 0) return this.screen;
    return this.#execute(this.#waiting.splice(0), 0);
  }

  #note(violations: readonly string[]): readonly string[] {
    const noted = violations.slice(0, maxViolations);
    for (const violation of noted) if (this.#seen.size < maxSeen) this.#seen.add(violation);
    return noted;
  }

  #softKeys(): readonly SoftKey[] {
    if (this.#window.page) return decideSoftKeys(this.#window.page, this.#window.refresh?.url != null);
    return this.#service ? [{ name: 'Select', position: 1, url: 'SoftKey:Select' }] : [];
  }

  async #perform(intent: Intent, executed = 0): Promise<Screen> {
    switch (intent.do) {
      case 'load':
        return this.#load(this.#resolve(intent.url), { executed });
      case 'exit':
        return this.exit();
      case 'refresh':
        return this.refresh();
      case 'select':
        return this.choose(this.#window.selected + 1);
      case 'submit':
        return this.submit();
      case 'close':
        return this.hangUp();
      case 'erase':
        this.erase();
        return this.screen;
      case 'dial':
        this.#performed.push(this.#window.page?.items[this.#window.selected]?.url ?? '');
        return this.screen;
      case 'outside':
        this.#performed.push(intent.uri);
        return this.screen;
      default:
        return this.screen;
    }
  }

  async #execute(items: readonly ExecuteItem[], executed: number): Promise<Screen> {
    if (executed >= maxExecutes) return this.#fail('XML Error [4]', `${maxExecutes} Execute objects in a row`);
    const activity = { inCall: this.#inCall, inApplication: this.#window.page !== null };
    const { now, later } = selectExecuteItems(items, this.model, activity);
    this.#waiting.push(...later);
    for (const { url } of now) {
      await this.#perform(decideUrl(url, this.model), executed + 1);
    }
    // Without a request nothing else would tell that something was executed.
    return items.every((item) => isInternal(item.url)) ? this.#changed() : this.screen;
  }

  #resolve(url: string): string {
    return URL.canParse(url, this.#window.url ?? undefined) ? new URL(url, this.#window.url ?? undefined).href : url;
  }

  async #load(target: string, loading: Loading = {}): Promise<Screen> {
    this.#inFlight?.abort();
    const inFlight = new AbortController();
    this.#inFlight = inFlight;
    this.#window.refreshAtMs = null;
    const url = URL.canParse(target) ? new URL(target) : null;
    if (!url || !/^https?:$/.test(url.protocol)) {
      this.#inFlight = null;
      return this.#fail('HTTP Error [8]', 'not a URL that a phone can fetch');
    }
    const fetched = await fetchPage({
      url,
      form: loading.form,
      headers: this.#headers,
      jar: this.#window.jar,
      model: this.model,
      trust: this.#options.trust ?? {},
      localAddress: this.#options.localAddress,
      passage: this.#options.passage?.(url),
      readAtMostBytes: this.#options.readAtMostBytes ?? readAtMostBytes,
      timeoutMs: this.#options.timeoutMs ?? patienceMs,
      masked: this.#masked,
      clock: this.#clock,
      signal: inFlight.signal,
    });
    // A later key press has taken the screen: this answer is nobody's any more.
    if (this.#inFlight !== inFlight) return this.screen;
    this.#inFlight = null;
    this.#window.jar = fetched.jar;
    this.#window.status = fetched.exchange.status;
    const { page, error, reason } = fetched.judgement;
    const violations = this.#note(fetched.judgement.violations);
    this.#options.onExchange?.({ ...fetched.exchange, violations });
    if (!page) return this.#fail(error ?? 'HTTP Error [8]', reason ?? '', violations);
    return this.#take({ ...fetched.judgement, page, violations }, url.href, loading);
  }

  /** Acts on a good answer: Execute runs, what is not for the screen leaves the page, the rest is shown. */
  async #take(judged: Shown, url: string, loading: Loading): Promise<Screen> {
    this.#window.violations = judged.violations;
    this.#window.error = null;
    this.#window.reason = null;
    if (judged.page.kind === 'CiscoIPPhoneExecute') {
      // Relative URLs of its items are relative to where the Execute came from.
      const items = judged.page.execute.map((item) =>
        isInternal(item.url) || !URL.canParse(item.url, url) ? item : { ...item, url: new URL(item.url, url).href },
      );
      return this.#execute(items, loading.executed ?? 0);
    }
    if (/^CiscoIPPhone(Response|Error|Status|StatusFile)$/.test(judged.page.kind)) return this.#changed();
    // A POST cannot be repeated from the history, so its page is not kept there.
    const expired = judged.expired || loading.form !== undefined;
    this.#show({ ...judged, expired }, url, loading.history ?? this.#window.history);
    return this.#changed();
  }

  #show(shown: Shown, url: string, history: History): void {
    showPage(this.#window, shown, url, history, this.#clock.now());
    for (const item of shown.page.inputs) if (item.masked) this.#masked.add(item.parameter);
  }

  /** The page before stays and the message stands on its prompt line; its Refresh is assumed to stop (§7). */
  #fail(error: string, reason: string, violations: readonly string[] = []): Screen {
    this.#window.error = error;
    this.#window.reason = reason;
    this.#window.violations = violations;
    return this.#changed();
  }

  #reset(): void {
    this.#inFlight?.abort();
    this.#inFlight = null;
    this.#window = openWindow(this.#service?.name ?? '');
  }

  #changed(): Screen {
    this.#changedAtMs = this.#clock.now();
    const screen = this.screen;
    this.#options.onScreen?.(screen);
    return screen;
  }
}
