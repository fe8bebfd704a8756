/**
 * A phone in the browser, drawn: body, screen, soft keys, navigation, keypad; and what keys do. The phone itself runs in the
 * proxy (docs/console-phone.md). Everything on it works by keyboard too, as on the phone: digits, arrows, Enter, Esc.
 */

import { announce } from './follow.js';
import { decideDigit, decideKey, fitField, keypadName, selectKeyRow } from './phone-keys.js';
import { usePhone } from './phone-link.js';
import { PhoneScreen } from './phone-screen.js';
import { html, useEffect, useRef, useState } from './ui.js';
import { say } from './words.js';

/** @typedef {import('./phone-types.d.ts').PhoneState} PhoneState */
/** @typedef {import('./phone-types.d.ts').PhoneModel} PhoneModel */
/** @typedef {import('./phone-keys.js').KeyAction} KeyAction */

const KEYPAD = /** @type {const} */ ([
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', 'OPER'],
  ['#', ''],
]);

/** A touch screen has its keys on the glass, and room for one more. @param {PhoneModel} model */
function placesOf({ family }) {
  return family === '8875' ? 5 : 4;
}

/** Each second anew while a Refresh is running. @param {PhoneState} phone */
function useCountdown(phone) {
  const [now, setNow] = useState(performance.now());
  const dueAt = useRef({ version: -1, at: 0 });
  if (dueAt.current.version !== phone.version) {
    dueAt.current = { version: phone.version, at: performance.now() + (phone.refreshInMs ?? 0) };
  }
  const isRunning = phone.refreshInMs !== null;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [isRunning]);
  return isRunning ? Math.max(0, Math.ceil((dueAt.current.at - Math.max(now, performance.now())) / 1000)) : null;
}

/** Alight for a moment whenever a push has come. @param {PhoneState} phone */
function usePushLight({ pushes: { received } }) {
  const [isLit, setLit] = useState(false);
  const before = useRef(received);
  useEffect(() => {
    if (received === before.current) return;
    before.current = received;
    setLit(true);
    announce(say('phone.push-came'));
    const timer = setTimeout(() => setLit(false), 4000);
    return () => clearTimeout(timer);
  }, [received]);
  return isLit;
}

/**
 * @param {{ first: PhoneState, isNew: boolean, model: PhoneModel, language: string, onEnd: (because: string) => void,
 *   onState: (phone: PhoneState) => void, children?: import('preact').ComponentChildren }} props
 */
export function PhoneDevice({ first, isNew, model, language, onEnd, onState, children }) {
  const { phone, press, fault } = usePhone(first, onEnd);
  const [marked, setMarked] = useState(1);
  const [digits, setDigits] = useState('');
  const [turn, setTurn] = useState(0);
  const [values, setValues] = useState(/** @type {Record<string, string>} */ ({}));
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const hasFocus = useRef(isNew);
  /** The field that was typed in last: a key of the phone takes the focus away from it. */
  const fieldAt = useRef(0);
  const countdown = useCountdown(phone);
  const isLit = usePushLight(phone);
  const places = placesOf(model);
  const row = selectKeyRow(phone.softKeys, places, turn);

  useEffect(() => onState(phone), [phone]);
  useEffect(() => {
    setMarked(1);
    setDigits('');
    setTurn(0);
    setValues({});
    fieldAt.current = 0;
    announce(`${phone.title}. ${phone.prompt}`);
    if (hasFocus.current) focusScreen(body.current);
  }, [phone.page]);
  useEffect(() => {
    if (phone.error !== null) announce(`${phone.error}. ${phone.reason ?? ''}`);
  }, [phone.error, phone.reason]);

  /** @param {import('./phone-types.d.ts').Key} key */
  const send = (key) => {
    const typed = phone.inputs.length > 0 ? { values } : {};
    press({ ...key, ...typed, ...(phone.items.length > 0 ? { marked } : {}) });
  };
  /** @param {number} by */
  const moveField = (by) => {
    const fields = [...(body.current?.querySelectorAll('input') ?? [])];
    fields[Math.min(Math.max(0, fieldAt.current + by), fields.length - 1)]?.focus();
  };
  /** @param {number} by */
  const mark = (by) => {
    const next = Math.min(Math.max(1, marked + by), phone.items.length);
    setMarked(next);
    const item = /** @type {HTMLElement | null} */ (body.current?.querySelector(`[data-number="${next}"]`));
    item?.scrollIntoView({ block: 'nearest' });
    if (hasFocus.current) item?.focus();
  };
  /** @param {number} place from 1 on */
  const pressSoft = (place) => {
    const key = row[place - 1];
    if (key === 'more') setTurn(turn + 1);
    else if (key?.name === '<<' && phone.inputs.length > 0) erase();
    else if (key != null) send({ do: 'press', number: key.position });
  };
  /** What is typed stays in this page until it is sent. @param {(text: string) => string} change */
  const edit = (change) => {
    const input = phone.inputs[fieldAt.current];
    if (input === undefined) return;
    setValues({ ...values, [input.name]: fitField(input.kind, change(values[input.name] ?? input.value)) });
    body.current?.querySelectorAll('input')[fieldAt.current]?.focus();
  };
  const erase = () => edit((text) => [...text].slice(0, -1).join(''));
  /** @param {KeyAction | null} action */
  const act = (action) => {
    switch (action?.do) {
      case 'soft':
        return pressSoft(action.number);
      case 'choose':
        return send({ do: 'choose', number: action.number });
      case 'digits':
        setMarked(Number(action.digits));
        return setDigits(action.digits);
      case 'keypad':
        return send({ do: 'keypad', name: action.name });
      case 'mark':
        return mark(action.by);
      case 'field':
        return moveField(action.by);
      case 'scroll':
        return body.current?.querySelector('.lcd-pane')?.scrollBy({ top: action.by * 40 });
      case 'submit':
        return send({ do: 'submit' });
      case 'exit':
        return send({ do: 'exit' });
    }
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const isField = target instanceof HTMLInputElement;
    // A key that has the focus is pressed by Enter, as any button.
    if (event.key === 'Enter' && target instanceof HTMLButtonElement && target.dataset.number === undefined) return;
    const at = { phone, isField, field: Number(target.dataset.index ?? 0), marked, digits };
    const action = decideKey(event.key, at);
    if (action === null) return;
    event.preventDefault();
    act(action);
  };
  /** @param {string} digit */
  const pressDigit = (digit) => {
    if (phone.inputs.length > 0) return edit((text) => text + digit);
    if (phone.items.length > 0 && /\d/.test(digit)) return act(decideDigit(digits, digit, phone.items.length));
    send({ do: 'keypad', name: keypadName(digit) });
  };

  return html`<div class="browser-phone">
    <section class=${`phone-body is-${model.family} ${model.colour ? 'is-colour' : 'is-grey'} ${isLit ? 'is-lit' : ''}`} ref=${body}
      aria-label=${say('phone.region', { model: model.name, device: phone.device })} onKeyDown=${onKeyDown}
      onFocusIn=${(/** @type {FocusEvent} */ { target }) => {
        hasFocus.current = true;
        if (target instanceof HTMLInputElement) fieldAt.current = Number(target.dataset.index);
      }}
      onFocusOut=${(/** @type {FocusEvent} */ event) => {
        // Nothing has the focus for a moment when what had it is drawn anew.
        if (event.relatedTarget !== null)
          hasFocus.current = body.current?.contains(/** @type {Node} */ (event.relatedTarget)) ?? false;
      }}>
      <div class="phone-cradle" aria-hidden="true"><span></span><span></span></div>
      <div class="phone-face">
        <div class="phone-top"><span class="phone-model">${model.name}</span><span class="phone-lamp" aria-hidden="true"></span></div>
        <div class="phone-display">
          <span class="line-keys" aria-hidden="true"><i></i><i></i><i></i><i></i></span>
          <div class="phone-glass" lang=${language}>
            <${PhoneScreen} phone=${phone} marked=${marked} values=${values} countdown=${countdown} clock=${shortTime(language)}
              onChoose=${(/** @type {number} */ number) => send({ do: 'choose', number })}
              onType=${(/** @type {string} */ name, /** @type {string} */ kind, /** @type {string} */ text) => setValues({ ...values, [name]: fitField(kind, text) })} />
          </div>
          <span class="line-keys" aria-hidden="true"><i></i><i></i><i></i><i></i></span>
        </div>
        <div class=${`soft-keys has-${places}`} role="group" aria-label=${say('phone.soft-keys')} lang=${language}>
          ${row.map((key, index) => {
            const name = key === null ? '' : key === 'more' ? say('phone.more') : key.name;
            return html`<button type="button" key=${index} class="soft-key" disabled=${key === null} data-place=${index + 1}
              aria-label=${key === null ? say('phone.no-key', { n: index + 1 }) : undefined} onClick=${() => pressSoft(index + 1)}>
              <span class="soft-label">${name}</span><span class="soft-cap" aria-hidden="true"></span></button>`;
          })}
        </div>
        <div class="phone-lower">
          <${FixedKeys} icons=${LEFT_KEYS} />
          <div class="phone-middle">
            <${Cluster} onMark=${(/** @type {number} */ by) => act(decideArrow(by, phone))} onSelect=${() => act(decideSelect(phone, marked, digits))}
              onBack=${() => send({ do: 'exit' })} onServices=${() => send({ do: 'services' })} />
            <div class="keypad" role="group" aria-label=${say('phone.keypad')}>
              ${KEYPAD.map(
                ([
                  digit,
                  letters,
                ]) => html`<button type="button" key=${digit} class="pad-key" onClick=${() => pressDigit(digit)}>
                  <span class="pad-digit">${digit}</span><span class="pad-letters" aria-hidden="true">${letters}</span></button>`,
              )}
            </div>
          </div>
          <${FixedKeys} icons=${RIGHT_KEYS} />
        </div>
      </div>
    </section>
    <p class="fault" role="alert">${fault}</p>
    ${children}
  </div>`;
}

/** Keys that this phone does not need: drawn, and nothing else. In a box of 20. */
const LEFT_KEYS = ['M3 5h14v10H3zM3 5l7 6 7-6', 'M10 4v12M4 10h12', 'M5 4h8l2 2v10H5zM8 8h5M8 11h5'];
const RIGHT_KEYS = ['M7 5v10M13 5v10', 'M4 7h9l-3-3M16 13H7l3 3', 'M7 9a3 3 0 1 0 0-.1M13 13a3 3 0 1 0 0-.1'];

/** @param {{ icons: readonly string[] }} props */
function FixedKeys({ icons }) {
  return html`<span class="fixed-keys" aria-hidden="true">${icons.map(
    (icon) => html`<i key=${icon}><svg viewBox="0 0 20 20" focusable="false"><path d=${icon} /></svg></i>`,
  )}</span>`;
}

/** @param {{ onMark: (by: number) => void, onSelect: () => void, onBack: () => void, onServices: () => void }} props */
function Cluster({ onMark, onSelect, onBack, onServices }) {
  return html`<div class="phone-cluster">
    <button type="button" class="side-key" onClick=${onBack}>${say('phone.back')}</button>
    <div class="nav-ring" role="group" aria-label=${say('phone.navigation')}>
      <button type="button" class="nav-up" aria-label=${say('phone.up')} onClick=${() => onMark(-1)}></button>
      <button type="button" class="nav-select" aria-label=${say('phone.select')} onClick=${onSelect}></button>
      <button type="button" class="nav-down" aria-label=${say('phone.down')} onClick=${() => onMark(1)}></button>
    </div>
    <button type="button" class="side-key" onClick=${onServices}>${say('phone.services')}</button>
  </div>`;
}

/** @param {number} by @param {PhoneState} phone @returns {KeyAction} */
function decideArrow(by, { inputs, items }) {
  return inputs.length > 0 ? { do: 'field', by } : { do: items.length > 0 ? 'mark' : 'scroll', by };
}

/** @param {PhoneState} phone @param {number} marked @param {string} digits @returns {KeyAction | null} */
function decideSelect({ inputs, items }, marked, digits) {
  if (inputs.length > 0) return { do: 'submit' };
  return items.length > 0 ? { do: 'choose', number: Number(digits) || marked } : null;
}

/** The first empty field of a form, the marked item of a menu, else the pane. @param {HTMLElement | null} body */
function focusScreen(body) {
  const fields = [...(body?.querySelectorAll('input') ?? [])];
  const first = fields.find(({ value }) => value === '') ?? fields[0];
  const item = /** @type {HTMLElement | null} */ (body?.querySelector('.lcd-item') ?? null);
  const pane = /** @type {HTMLElement | null} */ (body?.querySelector('.lcd-pane') ?? null);
  (first ?? item ?? pane)?.focus({ preventScroll: true });
}

/** @param {string} language */
function shortTime(language) {
  return new Date().toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });
}

/** After a button beside it, keys go on where they were pressed: on the phone, if there is one. */
export function focusPhone() {
  const body = document.querySelector('.browser-phone');
  if (body instanceof HTMLElement) focusScreen(body);
}
