/** Times as a person beside the clock on the wall reads them, and yet without doubt: local, with the zone's offset. */

/** `2030-01-31 19:00:00 +01:00`, of epoch milliseconds or an ISO 8601 text. */
export function renderLocalTime(time: number | string): string {
  const at = new Date(time);
  const offset = -at.getTimezoneOffset();
  const two = (number: number) => String(number).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone}`;
}

/** What the proxy writes into its sentences: `2030-01-31T18:00:00.000Z`. */
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z/g;

/** Sentences of the proxy, as this machine tells the time. */
export function withLocalTimes(text: string): string {
  return text.replace(TIME, (time) => (Number.isNaN(Date.parse(time)) ? time : renderLocalTime(time)));
}
