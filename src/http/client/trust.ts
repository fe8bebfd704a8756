/** TLS towards a server, and which certificates are taken for it. */

import type { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';

/** Which certificates are taken for a server. */
export interface Trust {
  /** PEM text of the CA, or of a self-signed certificate; null: the system's CAs. */
  readonly ca: string | null;
  /** SHA-256 fingerprints (hex pairs joined by colons) of certificates trusted although no CA vouches for them. */
  readonly fingerprints: readonly string[];
  /** Names of which the certificate must carry one, in place of the host that is connected to; empty or absent: that host. */
  readonly certificateNames?: readonly string[];
}

/** Options of every TLS connection to a server. They know nothing of fingerprints: `connectTls` adds those. */
export interface TrustTlsOptions {
  readonly ca?: string;
  readonly minVersion: 'TLSv1.2';
  readonly ALPNProtocols: string[];
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity?: typeof checkServerIdentity;
}

export function tlsOptions(trust: Trust): TrustTlsOptions {
  const { certificateNames = [] } = trust;
  return {
    ...(trust.ca === null ? {} : { ca: trust.ca }),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    ...(certificateNames.length === 0 ? {} : { checkServerIdentity: checkNames(certificateNames) }),
  };
}

/** In place of the host of the URL: one of these names must be on the certificate. */
function checkNames(names: readonly string[]): typeof checkServerIdentity {
  return (_host, certificate) => {
    const errors = names.map((name) => checkServerIdentity(name, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
}

/**
 * Connects; the certificate is trusted if a CA vouches for it or its SHA-256 fingerprint is configured. An untrusted one
 * destroys the socket with the error that Node has for it, before anything written to the socket leaves.
 * `options.session` must be of a connection that was trusted.
 */
export function connectTls(trust: Trust, options: ConnectionOptions): TLSSocket {
  const settings = { ...options, ...tlsOptions(trust) };
  // What speaks something else than HTTP says so.
  const protocols = options.ALPNProtocols;
  if (Array.isArray(protocols)) settings.ALPNProtocols = protocols;
  if (trust.fingerprints.length === 0) return connect(settings);
  // Node gives up on an unknown issuer before a fingerprint can be looked at, so the verdict is taken here instead.
  const socket = connect({ ...settings, rejectUnauthorized: false });
  socket.cork();
  socket.once('secureConnect', () => {
    // A resumed session shows no certificate; that it could be resumed proves the same server.
    const isTrusted = socket.authorized || socket.isSessionReused() || hasFingerprint(socket, trust.fingerprints);
    if (isTrusted) socket.uncork();
    else socket.destroy(untrusted(socket));
  });
  return socket;
}

function hasFingerprint(socket: TLSSocket, fingerprints: readonly string[]): boolean {
  const found = peerCertificate(socket)?.fingerprint256;
  return found !== undefined && fingerprints.some((fingerprint) => fingerprint.toUpperCase() === found);
}

const shown = new WeakMap<TLSSocket, X509Certificate>();

/** What the server showed; null for a resumed session. Node hands it out once only: asked again it says there is none. */
export function peerCertificate(socket: TLSSocket): X509Certificate | null {
  const known = shown.get(socket) ?? socket.getPeerX509Certificate();
  if (known === undefined) return null;
  shown.set(socket, known);
  return known;
}

/** `authorizationError` is the code at run time, whatever its type says. */
function untrusted(socket: TLSSocket): Error {
  const code = String(socket.authorizationError ?? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  return Object.assign(new Error(`certificate not trusted: ${code}`), { code });
}

/** An agent with fresh connections and this trust, fingerprints included; for clients such as got. */
export function createTlsAgent(trust: Trust): Agent {
  return new TrustingAgent(trust);
}

class TrustingAgent extends Agent {
  readonly #trust: Trust;

  constructor(trust: Trust) {
    super({ keepAlive: false });
    this.#trust = trust;
  }

  override createConnection(options: ConnectionOptions): TLSSocket {
    return connectTls(this.#trust, options);
  }
}
