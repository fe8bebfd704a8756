/** A proxy that relays pushes, with a simulated phone that takes them, on loopback and any free ports. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config, OwnPushConfig, PushConfig } from '../src/config/config.ts';
import { Phone, type PhoneOptions } from '../src/simulators/phone/phone.ts';
import type { Screen } from '../src/simulators/phone/screen.ts';
import { type PhoneWeb, startPhoneWeb } from '../src/simulators/phone/web-server.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';

export const DEVICE = 'SEP001122334455';
export const USER = { username: 'ippa-user', password: 'canary-Pa55' };
export const AUTHORIZATION = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;
export const OWN: OwnPushConfig = {
  ...USER,
  ...{ onVerdict: true, onRecovery: true, atFirstFailure: false, priority: 1, scheme: 'http' },
  ...{ concurrent: 50, perSecond: 1000 },
};

export interface TestServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** An HTTP server on loopback. */
export async function listen(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  host = '127.0.0.1',
  port = 0,
): Promise<TestServer> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What Unified CM answers to a phone that asks about USER. */
export function startAuthentication(): Promise<TestServer> {
  return listen((req, res) => {
    const { searchParams } = new URL(req.url ?? '', 'http://x');
    const known = searchParams.get('UserID') === USER.username && searchParams.get('Password') === USER.password;
    res.end(known ? 'AUTHORIZED' : 'UN-AUTHORIZED');
  });
}

/** A simulated phone with a web server whose credentials are checked. */
export interface TestPhone {
  readonly phone: Phone;
  readonly web: PhoneWeb;
  /** The first screen from now on that is as wanted. */
  next(wanted: (screen: Screen) => boolean): Promise<Screen>;
  stop(): Promise<void>;
}

export async function startPhone(options: PhoneOptions = {}): Promise<TestPhone> {
  const waiting = new Set<(screen: Screen) => void>();
  const phone = new Phone({
    device: DEVICE,
    ...options,
    onScreen: (screen) => {
      for (const look of waiting) look(screen);
    },
  });
  const authentication = await startAuthentication();
  const web = await startPhoneWeb({
    ...{ phone, host: '127.0.0.1', port: 0 },
    authenticationUrl: `http://127.0.0.1:${authentication.port}/authenticate`,
  });
  return {
    phone,
    web,
    next: (wanted) =>
      new Promise((resolve) => {
        const look = (screen: Screen) => {
          if (!wanted(screen)) return;
          waiting.delete(look);
          resolve(screen);
        };
        waiting.add(look);
      }),
    async stop() {
      phone.hangUp();
      await Promise.all([web.stop(), authentication.stop()]);
    },
  };
}

export interface PushRig extends Rig {
  /** Origin of the push listener. */
  readonly pushUrl: string;
}

export interface PushRigOptions extends Omit<RigOptions, 'finesse'> {
  readonly phonePort: number;
  readonly push?: Partial<PushConfig>;
  readonly networks?: readonly string[];
  readonly finesse?: NonNullable<RigOptions['finesse']>;
}

/** The simulated Finesse servers push by reading (a): to where the request came from, which is the push listener. */
export async function startPushRig(options: PushRigOptions): Promise<PushRig> {
  const { phonePort, push, networks = ['127.0.0.0/8'], ...others } = options;
  // The port is known once the proxy listens; the servers read it when they push.
  const target: { username: string; password: string; port: number } = { ...USER, port: 1 };
  const withPush = (config: Config): Config => ({
    ...config,
    phones: { ...config.phones, networks },
    push: {
      listeners: [{ host: '127.0.0.1', port: 0, tls: null }],
      timeoutMs: 2000,
      phonePorts: { http: phonePort, https: 1 },
      own: null,
      ...push,
    },
  });
  const rig = await startRig({
    ...others,
    finesse: { push: target, ...others.finesse },
    config: (config) => (others.config ?? ((same: Config) => same))(withPush(config)),
  });
  const port = rig.app.pushAddresses()[0]?.port ?? 0;
  target.port = port;
  return { ...rig, pushUrl: `http://127.0.0.1:${port}` };
}

/** A form as a push client posts it. */
export function pushForm(xml: string): string {
  return `XML=${encodeURIComponent(xml)}`;
}

export function execute(url: string): string {
  return `<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="${url}"/></CiscoIPPhoneExecute>`;
}
