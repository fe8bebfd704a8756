/** What of a HAR can be replayed as a Finesse server: pages in their order, SystemInfo over time, pushes after the page they came behind. */

export interface Step {
  readonly device: string;
  /** Epoch ms at which it was asked for, and how long it took. */
  readonly at: number;
  readonly ms: number;
  readonly method: string;
  /** With `{device}` in place of the device. */
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
  /** 0: there was no answer. */
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly pushes: readonly RecordedPush[];
}

export interface RecordedPush {
  /** Behind the end of the page. */
  readonly afterMs: number;
  readonly xml: string;
}

export interface RecordedProbe {
  /** Epoch ms. */
  readonly at: number;
  /** Since the first one. */
  readonly afterMs: number;
  readonly status: number;
  readonly headers: Step['headers'];
  readonly body: Buffer;
}

export interface Recording {
  /** By device, each in its order. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  readonly probes: readonly RecordedProbe[];
  /** By which the server is called in it. */
  readonly hosts: ReadonlySet<string>;
  /** Of the services in it, the one that was taken; null: it names none. */
  readonly service: string | null;
}

/** In words for whoever gave the file. */
export class RecordingError extends Error {}

interface Entry {
  readonly leg: string;
  readonly service: string | null;
  readonly at: number;
  readonly ms: number;
  readonly method: string;
  readonly url: URL;
  readonly posted: string;
  readonly status: number;
  readonly headers: Step['headers'];
  readonly body: Buffer;
  readonly device: string | null;
}

/** `wanted`: a service of the capture; by default the one with most pages. Throws RecordingError. */
export function readRecording(file: string, wanted: string | null = null): Recording {
  const text = file.replace(/^\ufeff/, '');
  let log: Fields;
  try {
    log = fieldsOf(fieldsOf(JSON.parse(text)).log);
  } catch (error) {
    throw new RecordingError(explainNoJson(text, error));
  }
  if (!Array.isArray(log.entries)) throw new RecordingError('it has no log.entries, so it is no HAR');
  const all = log.entries.flatMap((entry) => readEntry(fieldsOf(entry)) ?? []).sort((one, other) => one.at - other.at);
  const pages = all.filter(({ leg, device }) => leg === 'finesse' && device !== null);
  const service = wanted ?? mostOf(pages.map((entry) => entry.service));
  const own = (entry: Entry) => entry.service === service;
  const taken = pages.filter(own);
  if (taken.length === 0) {
    const there = [...new Set(pages.map((entry) => entry.service))].join(', ');
    throw new RecordingError(
      wanted === null || pages.length === 0
        ? `no page of a phone is in it: of its entries (${log.entries.length}) none is an answer for a device`
        : `it has no service ${wanted}: there are ${there}`,
    );
  }
  const steps = new Map<string, Step[]>();
  for (const entry of taken) {
    const device = entry.device ?? '';
    steps.set(device, [...(steps.get(device) ?? []), stepOf(entry, device, nextOf(taken, entry), all)]);
  }
  const probes = all.filter((entry) => entry.leg === 'probe' && own(entry));
  return {
    steps,
    service,
    hosts: hostsOf(log, taken, probes, service),
    probes: probes.map((probe) => probeOf(probe, probes[0])),
  };
}

/** Where it stops being JSON, without a word of it. */
function explainNoJson(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty';
  if (text.startsWith('\x1f') || text.startsWith('PK')) return 'it is compressed: unpack it first';
  const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length);
  const before = text.slice(0, at).split('\n');
  const place = `line ${before.length}, character ${(before.at(-1)?.length ?? 0) + 1}`;
  return /^\s*\{/.test(text)
    ? `it is no whole JSON (${place}): was it written and copied to its end?`
    : 'it is not JSON, so it is no HAR';
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readEntry(entry: Fields): Entry | null {
  const [request, response, notes] = [fieldsOf(entry.request), fieldsOf(entry.response), fieldsOf(entry._ippa)];
  const address = stringOf(request.url);
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const leg = stringOf(notes.leg) || legOf(url);
  const left = fieldsOf(fieldsOf(notes.notWritten).response);
  const postData = fieldsOf(request.postData);
  return {
    ...{ leg, url, service: typeof notes.service === 'string' ? notes.service : null },
    at: Date.parse(stringOf(entry.startedDateTime)) || 0,
    ms: Number(entry.time) || 0,
    method: stringOf(request.method) || 'GET',
    posted: bytesOf(postData.text, postData._encoding).toString('latin1'),
    status: Number(response.status) || 0,
    headers: headersOf(response.headers),
    // What was left out is as long, and as little phone XML.
    body: typeof left.bytes === 'number' ? Buffer.alloc(left.bytes, ' ') : contentOf(fieldsOf(response.content)),
    device: stringOf(notes.device) || deviceOf(url),
  };
}

/** Of a file of another program: all but pushes and SystemInfo is a page. */
function legOf({ pathname }: URL): string {
  if (pathname === '/CGI/Execute') return 'push-in';
  return pathname.startsWith('/finesse/api/SystemInfo') ? 'probe' : 'finesse';
}

function deviceOf({ pathname, search }: URL): string | null {
  return /\/fippa\/([^/?;]+)/.exec(pathname)?.[1] ?? /SEP[0-9A-F]{12}/i.exec(pathname + search)?.[0] ?? null;
}

function bytesOf(text: unknown, encoding: unknown): Buffer {
  return Buffer.from(stringOf(text), encoding === 'base64' ? 'base64' : 'utf8');
}

function contentOf(content: Fields): Buffer {
  return bytesOf(content.text, content.encoding);
}

function headersOf(headers: unknown): Step['headers'] {
  const list = Array.isArray(headers) ? headers.map(fieldsOf) : [];
  return list.map(({ name, value }) => [stringOf(name), stringOf(value)] as const).filter(([name]) => name !== '');
}

function stepOf(entry: Entry, device: string, next: Entry | null, all: readonly Entry[]): Step {
  const { at, ms, method, url, posted, status, headers, body } = entry;
  const end = at + ms;
  const pushes = all
    .filter(
      (push) => push.leg === 'push-in' && push.device === device && push.at >= at && push.at < (next?.at ?? Infinity),
    )
    .flatMap((push) => {
      const xml = new URLSearchParams(push.posted).get('XML');
      return xml === null ? [] : [{ afterMs: Math.max(0, push.at - end), xml }];
    });
  const values = new Map([...url.searchParams, ...new URLSearchParams(method === 'POST' ? posted : '')]);
  const path = url.pathname
    .split('/')
    .map((part) => (part === device ? '{device}' : part))
    .join('/');
  return { device, at, ms, method, path, values, status, headers, body, pushes };
}

function nextOf(taken: readonly Entry[], entry: Entry): Entry | null {
  return taken.slice(taken.indexOf(entry) + 1).find(({ device }) => device === entry.device) ?? null;
}

function probeOf({ at, status, headers, body }: Entry, first: Entry | undefined): RecordedProbe {
  return { at, afterMs: at - (first?.at ?? at), status, headers, body };
}

function mostOf(services: readonly (string | null)[]): string | null {
  const counts = new Map<string | null, number>();
  for (const service of services) counts.set(service, (counts.get(service) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? null;
}

/** As it was asked, as it is configured, and as it reports itself. */
function hostsOf(
  log: Fields,
  taken: readonly Entry[],
  probes: readonly Entry[],
  service: string | null,
): ReadonlySet<string> {
  const services = fieldsOf(log._ippa).services;
  const configured = (Array.isArray(services) ? services.map(fieldsOf) : [])
    .filter(({ id }) => id === service)
    .flatMap(({ url, names }) => [stringOf(url), ...(Array.isArray(names) ? names.map(stringOf) : [])])
    .map((text) => (URL.canParse(text) ? new URL(text).hostname : text.replace(/:\d+$/, '')));
  const reported = probes.flatMap(({ body }) => /<xmppDomain>\s*([^<\s]+)/.exec(body.toString('latin1'))?.[1] ?? []);
  const asked = [...taken, ...probes].map(({ url }) => url.hostname);
  return new Set([...configured, ...reported, ...asked].filter((host) => host !== ''));
}
