/**
 * A Cisco IP phone's XML browser: one application window with a page, a URL history, cookies and a Refresh timer.
 * It shares no code with the proxy; reference/phone-xml.md is its specification. Nothing runs by itself: Refresh
 * happens in `tick`, `waitForRefresh` and `waitFor`, so that whoever drives it decides about time.
 */

import { type Judgement, judgeAnswer } from './answer.ts';
import type { Refresh } from './answer-headers.ts';
import { emptyJar, renderCookies, storeCookies } from './cookies.ts';
import { type Clock, systemClock } from './duration.ts';
import { encodeForm, findInput, fitInput } from './form.ts';
import { type History, pushPage, stepBack } from './history.ts';
import { findModel, type ObjectKind, type PhoneModel, phoneHeaders } from './models.ts';
import type { ExecuteItem, PhonePage, SoftKey } from './page.ts';
import { redact } from './redaction.ts';
import { patienceMs, sendRequest, type TlsTrust } from './request.ts';
import type { Screen } from './screen.ts';
import { appendQuery, decideSoftKeys, hasDefaultKeys } from './soft-keys.ts';

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
  readonly clock?: Clock;
  /** How long it waits for an answer. */
  readonly timeoutMs?: number;
  /** Called whenever the screen has changed by an answer, an error or the window's closing. */
  readonly onScreen?: (screen: Screen) => void;
  /** Called once per request, after its answer or failure. */
  readonly onExchange?: (exchange: Exchange) => void;
}

/** One request and what came of it. */
export interface Exchange {
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Redacted. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** null: no answer. */
  readonly status: number | null;
  readonly object: ObjectKind | null;
  readonly title: string | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly violations: readonly string[];
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
const internalUri =
  /^(SoftKey|Init|App|Key|Notify|QueryStringParam|Dial|EditDial|SendDigits|Play|Display|Device|Vibrate|RTP\w*):/;

export class Phone {
  readonly device: string;
  readonly model: PhoneModel;
  readonly #options: PhoneOptions;
  readonly #clock: Clock;
  readonly #headers: Record<string, string>;
  #service: { readonly name: string; readonly url: string } | null = null;
  #page: PhonePage | null = null;
  #url: string | null = null;
  #history: History = [];
  #jar = emptyJar;
  #refresh: Refresh | null = null;
  #refreshAtMs: number | null = null;
  #itemName = '';
  #values: string[] = [];
  #selected = 0;
  #field = 0;
  #status: number | null = null;
  #error: string | null = null;
  #reason: string | null = null;
  #violations: readonly string[] = [];
  #changedAtMs: number;
  /** Parameters that forms have masked: their values are never printed. */
  readonly #masked = new Set<string>();
  #inFlight: AbortController | null = null;
  readonly #performed: string[] = [];

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
    return this.#page;
  }

  /** The current URL as it is, secrets included: not for printing. */
  get url(): string | null {
    return this.#url;
  }

  /** URLs that Exit can return to, the newest last; secrets included. */
  get history(): readonly string[] {
    return this.#history;
  }

  /** Internal URIs that have an effect outside the browser, in order: `Dial:4711`, `Play:…`. */
  get performed(): readonly string[] {
    return this.#performed;
  }

  /** Epoch milliseconds of the next automatic Refresh; null: none is running. */
  get refreshAtMs(): number | null {
    return this.#refreshAtMs;
  }

  /** A request is under way. */
  get busy(): boolean {
    return this.#inFlight !== null;
  }

  /** The Cookie header that a request to `url` would carry now. */
  cookiesFor(url: string): string | undefined {
    return renderCookies(this.#jar, new URL(url), this.#clock.now());
  }

  get screen(): Screen {
    const page = this.#page;
    const service = this.#service;
    const hide = (text: string) => redact(text, this.#masked);
    const items = page?.items ?? (service ? [service] : []);
    return {
      time: new Date(this.#changedAtMs).toISOString(),
      url: this.#url === null ? null : hide(this.#url),
      status: this.#status,
      object: page?.kind ?? null,
      title: page ? (page.title ?? this.#itemName) : 'Services',
      prompt: this.#error ?? page?.prompt ?? '',
      text: page ? (page.imageUrl === null ? page.text : `(image ${hide(page.imageUrl)})`) : '',
      items: items.map((item) => ({ name: item.name, url: hide(item.url) })),
      selected: this.#selected,
      softKeys: this.#softKeys().map((key) => ({ ...key, url: hide(key.url) })),
      inputs: (page?.inputs ?? []).map((item, index) => ({
        name: item.parameter,
        label: item.displayName,
        value: item.masked ? '*'.repeat([...(this.#values[index] ?? '')].length) : (this.#values[index] ?? ''),
        masked: item.masked,
        kind: item.kind,
      })),
      field: this.#field,
      refreshSeconds: this.#refresh?.seconds ?? null,
      refreshInMs: this.#refreshAtMs === null ? null : Math.max(0, this.#refreshAtMs - this.#clock.now()),
      error: this.#error,
      reason: this.#reason === null ? null : hide(this.#reason),
      violations: this.#violations.map(hide),
    };
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
    if (softKey) return this.#pressSoftKey(softKey);
    const keypad = Object.entries(this.#page?.keypad ?? {}).find(([name]) => name.toLowerCase() === wanted);
    if (keypad) return this.#run(keypad[1]);
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
    const items = this.#page?.items ?? (this.#service ? [this.#service] : []);
    const wanted = String(item).toLowerCase();
    const byName = items.findIndex((own) => own.name.toLowerCase().startsWith(wanted));
    const index = typeof item === 'number' ? item - 1 : byName;
    const chosen = items[index];
    if (!chosen) throw new Error(`no item ${item}; there are ${items.length}`);
    this.#selected = index;
    if (!this.#page) return this.open(chosen.url, chosen.name);
    this.#itemName = chosen.name;
    return this.#run(chosen.url);
  }

  /** Moves the highlight, or the cursor between fields, by so many places. */
  move(by: number): void {
    const last = (length: number) => Math.max(0, length - 1);
    if (this.#page && this.#page.inputs.length > 0) {
      this.#field = Math.min(Math.max(0, this.#field + by), last(this.#page.inputs.length));
    } else {
      this.#selected = Math.min(Math.max(0, this.#selected + by), last(this.#page?.items.length ?? 1));
    }
  }

  /** Adds to the field being typed in; false: it does not take this. */
  type(text: string): boolean {
    const item = this.#page?.inputs[this.#field];
    const fitted = item && fitInput(item, text);
    if (fitted === undefined) return false;
    this.#values[this.#field] = (this.#values[this.#field] ?? '') + fitted;
    return true;
  }

  /** What `<<` does: takes away the last character. */
  erase(): void {
    this.#values[this.#field] = [...(this.#values[this.#field] ?? '')].slice(0, -1).join('');
  }

  /** Sets fields by parameter or label. Throws for an unknown field and for characters that a field does not take. */
  fill(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      const index = this.#page ? findInput(this.#page, name) : -1;
      const item = this.#page?.inputs[index];
      const fitted = item && fitInput(item, value);
      if (!item) throw new Error(`no field ${name}`);
      if (fitted === undefined) throw new Error(`field ${name} takes other characters (${item.kind})`);
      this.#values[index] = fitted;
      this.#field = index;
    }
  }

  /** Sends the form: as a query string, or by POST where the page asks for it and the model can. */
  async submit(): Promise<Screen> {
    const submit = this.#page?.submit;
    if (!this.#page || !submit) throw new Error('no form on the screen');
    const form = encodeForm(this.#page, this.#values);
    if (submit.post && this.model.postsForms) return this.#load(this.#resolve(submit.url), { form });
    return this.#load(this.#resolve(appendQuery(submit.url, form)));
  }

  /** What Update and Next do: the Refresh URL if the page came with one, else the current URL again. */
  refresh(): Promise<Screen> {
    const target = this.#refresh?.url ?? this.#url;
    return target === null ? Promise.resolve(this.screen) : this.#load(this.#resolve(target));
  }

  /** Back to the last URL that had not expired when it was loaded; without one, out of the service. */
  exit(): Promise<Screen> {
    const history = stepBack(this.#history, this.#url);
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
    const due = this.#refreshAtMs !== null && this.#refreshAtMs <= this.#clock.now();
    return due ? this.refresh() : null;
  }

  /** Waits for the running Refresh and follows it. Throws when none is running. */
  async waitForRefresh(signal?: AbortSignal): Promise<Screen> {
    const dueMs = this.#refreshAtMs;
    if (dueMs === null) throw new Error('no Refresh is running');
    await this.#clock.sleep(Math.max(0, dueMs - this.#clock.now()), signal);
    // A key press may have brought another page meanwhile, with a timer of its own.
    return this.#refreshAtMs === dueMs && signal?.aborted !== true ? this.refresh() : this.screen;
  }

  /** Follows Refreshes until the screen is as wanted. Throws, with what it saw last, when none runs or time is up. */
  async waitFor(wanted: (screen: Screen) => boolean, limitMs: number): Promise<Screen> {
    const endMs = this.#clock.now() + limitMs;
    while (!wanted(this.screen)) {
      const nextMs = this.#refreshAtMs;
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
   * it caused.
   */
  async receive(page: PhonePage): Promise<Screen> {
    if (page.kind === 'CiscoIPPhoneExecute') return this.#execute(page.execute, 0);
    this.#show({ page, refresh: null, expired: true, violations: [] }, this.#url ?? '', this.#history);
    return this.#changed();
  }

  #softKeys(): readonly SoftKey[] {
    if (this.#page) return decideSoftKeys(this.#page, this.#refresh?.url != null);
    return this.#service ? [{ name: 'Select', position: 1, url: 'SoftKey:Select' }] : [];
  }

  #pressSoftKey(key: SoftKey): Promise<Screen> {
    const name = /^SoftKey:(.*)$/.exec(key.url)?.[1];
    if (name !== undefined && (this.#page === null || hasDefaultKeys(this.#page))) return this.#softKey(name);
    const item = this.#page?.items[this.#selected]?.url ?? '';
    const own = /^QueryStringParam:(.*)$/s;
    const fromKey = own.exec(key.url)?.[1];
    const fromItem = own.exec(item)?.[1];
    if (fromKey !== undefined) return this.#run(appendQuery(item, fromKey));
    if (fromItem !== undefined && !internalUri.test(key.url)) return this.#run(appendQuery(key.url, fromItem));
    return this.#run(key.url);
  }

  async #softKey(name: string): Promise<Screen> {
    switch (name) {
      case 'Exit':
      case 'Back':
      case 'Cancel':
        return this.exit();
      case 'Update':
      case 'Next':
        return this.refresh();
      case 'Select':
        return this.choose(this.#selected + 1);
      case 'Submit':
        return this.submit();
      case '<<':
        this.erase();
        return this.screen;
      case 'Dial':
      case 'EditDial':
        this.#performed.push(this.#page?.items[this.#selected]?.url ?? name);
        return this.screen;
      default:
        return this.screen;
    }
  }

  /** Follows a URL of the page: an internal URI, or a request. What the model does not know does nothing. */
  async #run(url: string, executed = 0): Promise<Screen> {
    const scheme = internalUri.exec(url)?.[1];
    if (url === '' || (scheme !== undefined && this.model.unsupportedUris.includes(scheme))) return this.screen;
    if (scheme === undefined) return this.#load(this.#resolve(url), { executed });
    if (scheme === 'SoftKey') return this.#softKey(url.slice('SoftKey:'.length));
    if (url === 'Init:Services' || url.startsWith('App:Close')) return this.hangUp();
    this.#performed.push(url);
    return this.screen;
  }

  /** Runs Execute items. Priority 2 is for an idle phone only, and this one shows an application (§1.4). */
  async #execute(items: readonly ExecuteItem[], executed: number): Promise<Screen> {
    if (executed >= maxExecutes) return this.#fail('XML Error [4]', `${maxExecutes} Execute objects in a row`);
    for (const { url, priority } of items) {
      const refused = /^Notify:/.test(url) || (/^SoftKey:/.test(url) && !this.model.softKeyInExecute);
      const idleOnly = priority === 2 && this.#page !== null && !internalUri.test(url);
      if (!refused && !idleOnly) await this.#run(url, executed + 1);
    }
    return this.screen;
  }

  #resolve(url: string): string {
    return URL.canParse(url, this.#url ?? undefined) ? new URL(url, this.#url ?? undefined).href : url;
  }

  async #load(target: string, loading: Loading = {}): Promise<Screen> {
    this.#inFlight?.abort();
    const inFlight = new AbortController();
    this.#inFlight = inFlight;
    this.#refreshAtMs = null;
    const url = URL.canParse(target) ? new URL(target) : null;
    if (!url || !/^https?:$/.test(url.protocol)) {
      this.#inFlight = null;
      return this.#fail('HTTP Error [8]', 'not a URL that a phone can fetch');
    }
    const startedAtMs = this.#clock.now();
    const cookie = renderCookies(this.#jar, url, startedAtMs);
    const answer = await sendRequest({
      url,
      headers: { ...this.#headers, ...(cookie === undefined ? {} : { Cookie: cookie }) },
      form: loading.form,
      model: this.model,
      trust: this.#options.trust ?? {},
      timeoutMs: this.#options.timeoutMs ?? patienceMs,
      signal: inFlight.signal,
    });
    // A later key press has taken the screen: this answer is nobody's any more.
    if (this.#inFlight !== inFlight) return this.screen;
    this.#inFlight = null;
    const nowMs = this.#clock.now();
    const judged = 'error' in answer ? null : this.#judge(answer, url, nowMs);
    this.#status = 'error' in answer ? null : answer.status;
    const failure = 'error' in answer ? answer : { error: judged?.error ?? null, reason: judged?.reason ?? null };
    const violations = judged?.violations ?? [];
    this.#options.onExchange?.({
      startedAtMs,
      durationMs: nowMs - startedAtMs,
      url: redact(url.href, this.#masked),
      method: loading.form === undefined ? 'GET' : 'POST',
      status: this.#status,
      object: judged?.page?.kind ?? null,
      title: judged?.page?.title ?? null,
      error: failure.error,
      reason: failure.reason,
      violations,
    });
    if (!judged?.page) return this.#fail(failure.error ?? 'HTTP Error [8]', failure.reason ?? '', violations);
    return this.#take({ ...judged, page: judged.page }, url.href, loading);
  }

  #judge(answer: Parameters<typeof judgeAnswer>[0], url: URL, nowMs: number): Judgement {
    const stored = storeCookies(this.#jar, url, answer.headers['set-cookie'] ?? [], nowMs);
    this.#jar = stored.jar;
    const judged = judgeAnswer(answer, this.model, this.#headers['Accept-Charset'] ?? '', nowMs);
    return { ...judged, violations: [...judged.violations, ...stored.violations] };
  }

  /** Acts on a good answer: Execute runs, what is not for the screen leaves the page, the rest is shown. */
  async #take(judged: Shown, url: string, loading: Loading): Promise<Screen> {
    this.#violations = judged.violations;
    this.#error = null;
    this.#reason = null;
    if (judged.page.kind === 'CiscoIPPhoneExecute') {
      // Relative URLs of its items are relative to where the Execute came from.
      const items = judged.page.execute.map((item) =>
        internalUri.test(item.url) || !URL.canParse(item.url, url)
          ? item
          : { ...item, url: new URL(item.url, url).href },
      );
      return this.#execute(items, loading.executed ?? 0);
    }
    if (/^CiscoIPPhone(Response|Error|Status|StatusFile)$/.test(judged.page.kind)) return this.#changed();
    // A POST cannot be repeated from the history, so its page is not kept there.
    const expired = judged.expired || loading.form !== undefined;
    this.#show({ ...judged, expired }, url, loading.history ?? this.#history);
    return this.#changed();
  }

  #show(shown: Shown, url: string, history: History): void {
    this.#page = shown.page;
    this.#url = url;
    this.#history = pushPage(history, url, shown.expired);
    this.#refresh = shown.refresh;
    this.#refreshAtMs = shown.refresh?.seconds ? this.#clock.now() + shown.refresh.seconds * 1000 : null;
    this.#values = shown.page.inputs.map((item) => item.defaultValue);
    for (const item of shown.page.inputs) if (item.masked) this.#masked.add(item.parameter);
    this.#selected = 0;
    this.#field = 0;
    this.#error = null;
    this.#reason = null;
    this.#violations = shown.violations;
  }

  /** The page before stays and the message stands on its prompt line; its Refresh is assumed to stop (§7). */
  #fail(error: string, reason: string, violations: readonly string[] = []): Screen {
    this.#error = error;
    this.#reason = reason;
    this.#violations = violations;
    return this.#changed();
  }

  #reset(): void {
    this.#inFlight?.abort();
    this.#inFlight = null;
    this.#page = null;
    this.#url = null;
    this.#history = [];
    this.#jar = emptyJar;
    this.#refresh = null;
    this.#refreshAtMs = null;
    this.#itemName = this.#service?.name ?? '';
    this.#values = [];
    this.#selected = 0;
    this.#field = 0;
    this.#status = null;
    this.#error = null;
    this.#reason = null;
    this.#violations = [];
  }

  #changed(): Screen {
    this.#changedAtMs = this.#clock.now();
    const screen = this.screen;
    this.#options.onScreen?.(screen);
    return screen;
  }
}

interface Shown {
  readonly page: PhonePage;
  readonly refresh: Refresh | null;
  readonly expired: boolean;
  readonly violations: readonly string[];
}
