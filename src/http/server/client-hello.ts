/** What the first bytes of a TLS connection tell. Only looked at: OpenSSL reads them in earnest. */

const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const SESSION_TICKET = 35;
const SUPPORTED_VERSIONS = 43;
/** Content type, version, length; handshake type, length; version, random. */
const SESSION_ID_AT = 5 + 4 + 2 + 32;

/**
 * Whether a client can resume its session by ticket: TLS 1.2 with the ticket extension (RFC 5077), or TLS 1.3, which has
 * nothing else (RFC 8446 §4.6.1). False also for a hello that is not here in full, or is none.
 */
export function resumesByTicket(bytes: Buffer): boolean {
  if (bytes.length < SESSION_ID_AT + 1 || bytes[0] !== HANDSHAKE || bytes[5] !== CLIENT_HELLO) return false;
  const ciphersAt = SESSION_ID_AT + 1 + (bytes[SESSION_ID_AT] as number);
  if (ciphersAt + 2 > bytes.length) return false;
  const compressionsAt = ciphersAt + 2 + bytes.readUInt16BE(ciphersAt);
  if (compressionsAt + 1 > bytes.length) return false;
  const extensionsAt = compressionsAt + 1 + (bytes[compressionsAt] as number);
  if (extensionsAt + 2 > bytes.length) return false;
  const end = extensionsAt + 2 + bytes.readUInt16BE(extensionsAt);
  if (end > bytes.length) return false;
  for (let at = extensionsAt + 2; at + 4 <= end; ) {
    const type = bytes.readUInt16BE(at);
    const next = at + 4 + bytes.readUInt16BE(at + 2);
    if (next > end) return false;
    if (type === SESSION_TICKET) return true;
    if (type === SUPPORTED_VERSIONS && offersTls13(bytes, at + 4, next)) return true;
    at = next;
  }
  return false;
}

/** A list of versions with its length before it (RFC 8446 §4.2.1). */
function offersTls13(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from + 1; at + 2 <= to; at += 2) if (bytes.readUInt16BE(at) === 0x0304) return true;
  return false;
}
