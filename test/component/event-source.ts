/** A reader of server-sent events that keeps to the standard's rules of parsing, for tests. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export interface SentEvent {
  readonly id: string | null;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says itself
  readonly data: any;
}

export interface EventSource {
  /** The next event with one of these names (any, without names); those before it are dropped. */
  next(...names: readonly string[]): Promise<SentEvent>;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly answer: IncomingMessage;
  /** The server has ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

export function openEvents(origin: string, headers: Record<string, string> = {}, query = ''): Promise<EventSource> {
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = request(`${origin}/events${query}`, { headers, agent: false }, (answer) => {
      const events: SentEvent[] = [];
      let wake = () => {};
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        events.push(...blocks.flatMap(parseEvent));
        wake();
      });
      const ended = new Promise<void>((done) => void answer.once('close', done));
      resolve({
        ...{ status: answer.statusCode ?? 0, headers: answer.headers, answer, ended },
        async next(...names) {
          for (;;) {
            const event = events.shift();
            if (event === undefined) await new Promise<void>((found) => (wake = found));
            else if (names.length === 0 || names.includes(event.name)) return event;
          }
        },
        close: () => void asked.destroy(),
      });
      answer.on('error', () => {});
    });
    asked.on('error', reject);
    asked.end();
  });
}

function parseEvent(block: string): SentEvent[] {
  const lines = block.split('\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
  });
  const field = (name: string) => lines.find(([key]) => key === name)?.[1] ?? null;
  const data = field('data');
  return data === null ? [] : [{ id: field('id'), name: field('event') ?? 'message', data: JSON.parse(data) }];
}
