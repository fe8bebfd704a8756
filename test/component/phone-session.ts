/** A browser at the ops port that has a phone: its session, its phone's keys, and the stream of its screen. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { PhoneKey } from '../../src/console-phones/console-phone.ts';
import type { PhoneState } from '../../src/console-phones/phone-state.ts';
import { checkedFetch } from './checked-answers.ts';

export interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says itself
  readonly body: any;
}

export interface Browser {
  readonly cookie: string;
  ask(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Asked>;
  /** Opens a phone with the first entry, or that of a service, and returns it with its first page. */
  open(wish?: { readonly model?: string; readonly service?: string; readonly language?: string }): Promise<TestPhone>;
}

export interface TestPhone {
  readonly device: string;
  state(): Promise<PhoneState>;
  /** Presses on the page that is on the screen. */
  press(key: Omit<PhoneKey, 'page'>): Promise<Asked>;
  /** The first state that is as wanted, by asking. */
  until(wanted: (state: PhoneState) => boolean): Promise<PhoneState>;
  signIn(): Promise<PhoneState>;
}

export const PASSWORD = 'canary-s3cret';
export const AGENT = { id: '1001', password: PASSWORD, extension: '2001' };

export async function openBrowser(origin: string, token: string): Promise<Browser> {
  const signedIn = await checkedFetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ token }),
  });
  const cookie = String(signedIn.headers.get('set-cookie')).split(';')[0] ?? '';
  const ask: Browser['ask'] = async (method, path, body, headers = {}) => {
    const answer = await checkedFetch(`${origin}${path}`, {
      method,
      headers: { cookie, ...(method === 'GET' ? {} : { origin }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  return {
    ...{ cookie, ask },
    async open({ model = 'CP-8845', service, language } = {}) {
      const { body: offer } = await ask('GET', '/phones');
      const entries = offer.entries as { id: string; name: string; url: string }[];
      const entry = service === undefined ? entries[0] : entries.find(({ id }) => id.endsWith(`/${service}/fippa`));
      const wish = { model, entry: entry?.id, ...(language === undefined ? {} : { language }) };
      const { status, body } = await ask('POST', '/phones', wish);
      if (status !== 201) throw new Error(`no phone: ${JSON.stringify(body)}`);
      const phone = createPhone(ask, (body as PhoneState).device);
      await phone.until(({ busy }) => !busy);
      return phone;
    },
  };
}

function createPhone(ask: Browser['ask'], device: string): TestPhone {
  const state = async () => (await ask('GET', `/phones/${device}`)).body as PhoneState;
  const phone: TestPhone = {
    ...{ device, state },
    press: async (key) => ask('POST', `/phones/${device}/keys`, { page: (await state()).page, ...key }),
    async until(wanted) {
      for (;;) {
        const seen = await state();
        if (wanted(seen)) return seen;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async signIn() {
      await phone.press({ do: 'submit', values: AGENT });
      return state();
    },
  };
  return phone;
}

/** The stream of a phone, as text. */
export function openStream(origin: string, cookie: string, device: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(`${origin}/phones/${device}/events`, { headers: { cookie }, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
}
