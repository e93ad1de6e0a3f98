/** Datagrams that only keep a NAT binding open. RFC 5626 §3.5.1 (CRLF), and the habits that came before it. */

/**
 * Is this datagram a keep-alive and nothing else? Empty, or a few octets of CR, LF and NUL: linphone sends CRLFCRLF,
 * libpurple one NUL, Kamailio's NAT helper four. They are not answered: RFC 5626 keeps the pong for streams.
 */
export function isKeepAliveDatagram(bytes: Buffer): boolean {
  if (bytes.length > LONGEST_KEEP_ALIVE) return false;
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at];
    if (octet !== CR && octet !== LF && octet !== NUL) return false;
  }
  return true;
}

/** What answers a double CRLF on a stream (RFC 5626 §3.5.1). */
export const KEEP_ALIVE_PONG: Buffer = Buffer.from("\r\n");

const CR = 13;
const LF = 10;
const NUL = 0;
/** No start line is this short (RFC 3261 §7.1), so nothing that could be a message is looked at twice. */
const LONGEST_KEEP_ALIVE = 16;
