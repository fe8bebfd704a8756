/** What the ops port answers about phones in the browser (/openapi.json), as far as the console reads it. */

export interface SoftKey {
  readonly position: number;
  readonly name: string;
}

export interface PhoneInput {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly masked: boolean;
  readonly kind: string;
}

export interface FetchedPage {
  readonly at: string;
  readonly method: string;
  readonly url: string;
  readonly status: number | null;
  readonly object: string | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly ms: number;
}

export interface PhoneState {
  readonly device: string;
  readonly model: string;
  readonly entry: string;
  readonly version: number;
  readonly page: number;
  readonly busy: boolean;
  readonly object: string | null;
  readonly title: string;
  readonly prompt: string;
  readonly text: string;
  readonly items: readonly string[];
  readonly softKeys: readonly SoftKey[];
  readonly inputs: readonly PhoneInput[];
  readonly refreshInMs: number | null;
  readonly url: string | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly refused: string | null;
  readonly violations: readonly string[];
  readonly fetched: readonly FetchedPage[];
  readonly pushes: {
    readonly address: string | null;
    readonly because: string | null;
    readonly received: number;
    readonly last: { readonly at: string; readonly object: string | null } | null;
  };
}

export interface PhoneModel {
  readonly name: string;
  readonly family: string;
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
  readonly columns: number;
  readonly lines: number;
}

export interface Entry {
  readonly id: string;
  readonly kind: 'front-door' | 'service';
  readonly name: string;
  readonly url: string;
}

export interface Phones {
  readonly offered: boolean;
  readonly phones: readonly PhoneState[];
  readonly entries: readonly Entry[];
  readonly models: readonly PhoneModel[];
}

/** A key without the page that it is pressed on. */
export interface Key {
  readonly do: 'press' | 'choose' | 'keypad' | 'submit' | 'refresh' | 'exit' | 'services';
  readonly number?: number;
  readonly marked?: number;
  readonly name?: string;
  readonly values?: Readonly<Record<string, string>>;
}

export interface Demo {
  readonly faults: readonly string[];
  readonly servers: readonly {
    readonly id: string;
    readonly name: string;
    readonly fault: string;
    readonly since: string;
  }[];
  readonly agent: { readonly id: string; readonly password: string; readonly extension: string };
}
