/** One device's way through a recording: which page is next, and by which live names it is called. No sockets, no clock. */

import type { Recording, Step } from './recording.ts';

export interface Asked {
  readonly device: string;
  readonly method: string;
  readonly target: string;
  /** A posted form, ''. */
  readonly body: string;
}

/** Names of this server in place of those in the recording. */
export interface LiveNames {
  readonly origin: string;
  readonly host: string;
}

export class Session {
  /** The device of the recording that it is. */
  readonly recorded: string;
  readonly #steps: readonly Step[];
  readonly #recording: Recording;
  /** Values of the recording, with the name of their parameter and without, and what was sent in their place. */
  readonly #values = new Map<string, string>();
  #position = -1;

  constructor(recording: Recording, recorded: string) {
    this.recorded = recorded;
    this.#recording = recording;
    this.#steps = recording.steps.get(recorded) ?? [];
  }

  /** null: nothing of the kind is in the recording. */
  next({ device, method, target, body }: Asked): Step | null {
    const url = new URL(target, 'http://replay.invalid');
    const parts = url.pathname.split('/').map((part) => (part === device ? '{device}' : part));
    const values = new Map([...url.searchParams, ...new URLSearchParams(method === 'POST' ? body : '')]);
    const names = [...values.keys()].sort().join('&');
    const fits = (step: Step) =>
      step.method === method && this.#leadsTo(step, parts) && [...step.values.keys()].sort().join('&') === names;
    const all = this.#steps.flatMap((step, index) => (fits(step) ? [{ step, index }] : []));
    // A choice among several: what was chosen stands in the URL of the page before.
    const same = all.filter(({ step }) => [...values].every(([name, value]) => this.#isValue(step, name, value)));
    const candidates = same.length > 0 ? same : all;
    const found = candidates.find(({ index }) => index > this.#position) ?? candidates.at(-1);
    if (found === undefined) return null;
    this.#position = found.index;
    for (const [name, from] of found.step.values) {
      const to = values.get(name) ?? '';
      if (from !== '' && to !== '' && from !== to) {
        this.#values.set(`${name} ${from}`, to);
        if (from.length >= MIN_PSEUDONYM && !this.#values.has(from)) this.#values.set(from, to);
      }
    }
    return found.step;
  }

  /** A part of the path may be a value as it was typed here, as pages of this session have it. */
  #leadsTo({ path }: Step, parts: readonly string[]): boolean {
    const recorded = path.split('/');
    return (
      recorded.length === parts.length &&
      recorded.every((part, at) => part === parts[at] || this.#livePart(part) === parts[at])
    );
  }

  #livePart(part: string): string {
    const [name = '', ...parameters] = part.split(';');
    const to = name.length < MIN_PART ? undefined : this.#values.get(decodePart(name));
    return to === undefined ? part : [encodeURIComponent(to), ...parameters].join(';');
  }

  #isValue({ values }: Step, name: string, value: string): boolean {
    const recorded = values.get(name) ?? '';
    return recorded === value || this.#live(name, recorded) === value;
  }

  #live(name: string, recorded: string): string | undefined {
    return this.#values.get(`${name} ${recorded}`) ?? this.#values.get(recorded);
  }

  /** Its name; where that is a MAC address, also without what stands before it. */
  #liveDevice(text: string, device: string): string {
    const whole = text.replaceAll(this.recorded, device);
    const [from, to] = [this.recorded, device].map((name) => /^SEP([0-9A-F]{12})$/i.exec(name)?.[1]);
    if (from === undefined || to === undefined) return whole;
    return whole.replaceAll(from, to).replaceAll(from.toLowerCase(), to.toLowerCase());
  }

  /** Text of the recording with the live names in it. */
  live(text: string, device: string, names: LiveNames): string {
    return this.#liveDevice(liveHosts(text, this.#recording.hosts, names), device)
      .replace(/(\/fippa\/[^\s"'<>?#/]+)((?:\/[^\s"'<>?#/]*)+)/g, (_, before: string, parts: string) => {
        return (
          before +
          parts
            .split('/')
            .map((part) => this.#livePart(part))
            .join('/')
        );
      })
      .replace(/([?&;])([^=&;?"'<>\s]+)=([^&"'<>\s]+)/g, (whole, mark: string, name: string, value: string) => {
        const to = this.#live(name, decodePart(value));
        return to === undefined ? whole : `${mark}${name}=${encodeURIComponent(to)}`;
      })
      .replace(/<DefaultValue>([^<]+)<\/DefaultValue>/g, (whole, value: string) => {
        const to = [...this.#values].find(([key]) => key === value || key.endsWith(` ${value}`))?.[1];
        return to === undefined ? whole : `<DefaultValue>${to}</DefaultValue>`;
      });
  }
}

/** Shorter ones may be words of the path. */
const MIN_PART = 4;
/** Shorter values may be the same by chance. */
const MIN_PSEUDONYM = 3;

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** URLs of the server lead here, and where it says its name it says ours. */
export function liveHosts(text: string, hosts: ReadonlySet<string>, { origin, host }: LiveNames): string {
  return text
    .replace(/https?:\/\/(\[[^\]]*\]|[^/:"'<>\s?]+)(?::\d+)?(?=[/?"'<\s]|$)/gi, (url, name: string) =>
      hosts.has(name.toLowerCase()) ? origin : url,
    )
    .replace(/(<(xmppDomain|host)>\s*)([^<\s]+)/g, (whole, before: string, _element, name: string) =>
      hosts.has(name.toLowerCase()) ? `${before}${host}` : whole,
    );
}
