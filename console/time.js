/** Times as people read them: local with the zone named, UTC at hand; and a clock that several parts of the page share. */

import { state } from './store.js';
import { html, useEffect, useState } from './ui.js';
import { currentLanguage, say } from './words.js';

const KEPT = 'ippa-console-utc';
let isUtc = localStorage.getItem(KEPT) === 'yes';
/** How far the proxy's clock is ahead of this one, in ms: spans are counted by the proxy's. */
let aheadMs = 0;

/** @type {Set<() => void>} */
const tickers = new Set();
setInterval(() => {
  for (const tick of [...tickers]) tick();
}, 1000);

/** @param {string} at */
export function setProxyTime(at) {
  const ahead = Date.parse(at) - Date.now();
  // The way here takes a moment too: what is less than that is no difference of clocks.
  if (Math.abs(ahead - aheadMs) > 1000) aheadMs = ahead;
}

/** By the proxy's clock, epoch ms. */
export function proxyNow() {
  return Date.now() + aheadMs;
}

/** By the proxy's clock, each second anew; what runs stands still while the proxy is not heard. */
export function useNow() {
  const now = useClock();
  return state.live.isLive ? now : state.live.since + aheadMs;
}

/** As `useNow`, and runs on. */
export function useClock() {
  const [, draw] = useState(0);
  useEffect(() => {
    const tick = () => draw((count) => count + 1);
    tickers.add(tick);
    return () => void tickers.delete(tick);
  }, []);
  return proxyNow();
}

export function isUtcShown() {
  return isUtc;
}

/** @param {boolean} utc */
export function showUtc(utc) {
  isUtc = utc;
  localStorage.setItem(KEPT, utc ? 'yes' : 'no');
}

/** @param {number} at @param {Intl.DateTimeFormatOptions} options @param {boolean} [utc] */
function format(at, options, utc = isUtc) {
  const zone = utc ? { timeZone: 'UTC' } : {};
  return new Intl.DateTimeFormat(currentLanguage() === 'en' ? 'en-GB' : currentLanguage(), {
    ...options,
    ...zone,
  }).format(at);
}

/** @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
/** @type {Intl.DateTimeFormatOptions} */
const DAY = { weekday: 'short', day: 'numeric', month: 'short' };

/** Such as `02:14:07`. @param {number} at */
export function clockText(at) {
  return format(at, CLOCK);
}

/** Such as `02:14:07 CET`. @param {number} at */
export function zonedText(at) {
  return format(at, { ...CLOCK, timeZoneName: 'short' });
}

/** Such as `Fri, 27 Nov 2026`. @param {number} at */
export function dayText(at) {
  return format(at, { ...DAY, year: 'numeric' });
}

/** A key that is the same for all times of a day. @param {number} at */
export function dayKey(at) {
  return format(at, { year: 'numeric', month: '2-digit', day: '2-digit' });
}

/** With its day, unless that is today. @param {number} at */
export function momentText(at) {
  const isToday = dayKey(at) === dayKey(proxyNow());
  return isToday ? clockText(at) : format(at, { ...DAY, ...CLOCK });
}

/** As browsers call it here, such as `CET`. */
export function shortZone() {
  return isUtc ? 'UTC' : zoneParts().short;
}

export function zoneName() {
  if (isUtc) return 'UTC';
  const { timeZone, short } = zoneParts();
  return timeZone === short ? short : `${timeZone} (${short})`;
}

function zoneParts() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  // As the times beside it name it.
  const locale = currentLanguage() === 'en' ? 'en-GB' : currentLanguage();
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(Date.now());
  return { timeZone, short: parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone };
}

/**
 * A moment: as it is in the zone shown, with the same in UTC for who points at it.
 * @param {{ at: string | null, zone?: boolean, day?: boolean }} props
 */
export function Moment({ at, zone = false, day = true }) {
  if (at === null) return html`<span class="none">${say('none')}</span>`;
  const ms = Date.parse(at);
  const text = zone
    ? `${momentText(ms)} ${zonedText(ms).split(' ').slice(1).join(' ')}`
    : day
      ? momentText(ms)
      : clockText(ms);
  return html`<time datetime=${at} title=${`${at.slice(0, 19).replace('T', ' ')} UTC`}>${text}</time>`;
}

/** How long ago that was, by the second. @param {{ at: string | null }} props */
export function Ago({ at }) {
  const now = useNow();
  if (at === null) return null;
  return html`<span class="ago">${spanText((now - Date.parse(at)) / 1000)}</span>`;
}

/** Two units at most: `3 d 4 h`, `5 min 12 s`. @param {number} seconds */
export function spanText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  /** @type {[number, string][]} */
  const parts = [
    [Math.floor(whole / 86_400), say('unit.day')],
    [Math.floor(whole / 3600) % 24, say('unit.hour')],
    [Math.floor(whole / 60) % 60, say('unit.minute')],
    [whole % 60, say('unit.second')],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0\u00a0${say('unit.second')}`;
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}\u00a0${unit}`).join(' ');
}
