/**
 * The PROXY protocol, version 2: before the client's own bytes a load balancer says on each connection whose they are. A
 * listener takes it from named addresses only, and from those on every connection, since its first bytes could otherwise be
 * anybody's. Version 1 is text that could as well be a request; it is refused in words.
 */

import { isIPv4, type Socket, SocketAddress } from 'node:net';

/** `address`: the client's; null: the connection is the front's own, to see whether anybody is there. */
export type ProxyHeader =
  | { readonly kind: 'complete'; readonly address: string | null; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'fault'; readonly detail: string };

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_BYTES = 16;
/** Addresses and what the front adds to them: the name asked for, an id, facts of its own TLS. More is nobody's header. */
const MAX_BYTES = FIXED_BYTES + 2048;
const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };

/** What a connection begins with. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const there = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, there).equals(SIGNATURE.subarray(0, there))) {
    return fault(
      beginsAsVersion1(bytes)
        ? 'version 1 of the PROXY protocol, of which 2 is understood'
        : 'no PROXY protocol header',
    );
  }
  if (bytes.length < FIXED_BYTES) return INCOMPLETE;
  const [version, command] = halves(bytes.readUInt8(12));
  const [family] = halves(bytes.readUInt8(13));
  const size = bytes.readUInt16BE(14);
  const length = FIXED_BYTES + size;
  if (version !== 2 || command > 1) return fault(`a PROXY protocol header of version ${version}, command ${command}`);
  if (length > MAX_BYTES) return fault(`a PROXY protocol header of ${length} bytes`);
  if (bytes.length < length) return INCOMPLETE;
  const isOwn = command === 0;
  if (isOwn) return { kind: 'complete', address: null, length };
  const addresses = bytes.subarray(FIXED_BYTES, length);
  if (family === 1 && size >= 12) return { kind: 'complete', address: addresses.subarray(0, 4).join('.'), length };
  if (family === 2 && size >= 36) return { kind: 'complete', address: renderIPv6(addresses.subarray(0, 16)), length };
  return fault('a PROXY protocol header without the address of a client');
}

/** Whether they are those of a header, whatever its version: no request and no TLS begins so. */
export function beginsAsProxyHeader(bytes: Buffer): boolean {
  return bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE) || beginsAsVersion1(bytes);
}

function beginsAsVersion1(bytes: Buffer): boolean {
  return bytes.subarray(0, 6).toString('latin1') === 'PROXY ';
}

const halves = (byte: number): readonly [high: number, low: number] => [byte >> 4, byte & 15];
const fault = (detail: string): ProxyHeader => ({ kind: 'fault', detail });

/** As the system writes addresses of sockets, so that one client has one name. */
function renderIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : '';
  return isIPv4(mapped) ? mapped : address;
}

/** What came of the first bytes of a front's connection. */
export type FrontConnection =
  | { readonly kind: 'client'; readonly address: string }
  /** Of the front itself. */
  | { readonly kind: 'own' }
  | { readonly kind: 'fault'; readonly detail: string };

/**
 * Waits `limitMs` for the whole header. What follows it stays on the socket, which is paused: whoever reads on resumes it.
 * Nothing is told of a connection that ends before.
 */
export function readProxyHeader(socket: Socket, limitMs: number, tell: (result: FrontConnection) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const leave = () => void socket.destroy();
  const finish = (result: FrontConnection, rest: Buffer) => {
    socket.off('data', take);
    socket.off('end', leave);
    socket.setTimeout(0, late);
    // Only a paused stream keeps what goes back until somebody reads it.
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    tell(result);
  };
  const late = () => finish({ kind: 'fault', detail: 'no PROXY protocol header in time' }, Buffer.alloc(0));
  const take = (more: Buffer) => {
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    const header = parseProxyHeader(bytes);
    if (header.kind === 'incomplete') return;
    if (header.kind === 'fault') return finish(header, Buffer.alloc(0));
    const rest = bytes.subarray(header.length);
    finish(header.address === null ? { kind: 'own' } : { kind: 'client', address: header.address }, rest);
  };
  // Errors are told by `close`.
  socket.on('error', () => {});
  // A front that looks whether somebody listens, and says nothing.
  socket.once('end', leave);
  socket.setTimeout(limitMs, late);
  socket.on('data', take);
}
