/** Lines of headers up to a blank one, as CPIM (RFC 3862 §2) and MIME entities (RFC 2045 §3, RFC 5322 §2.1) have them. */

export interface HeaderBlock {
  /** Without their line ends. A line end is CRLF; a bare LF is put up with. */
  readonly lines: readonly string[];
  /** Where what follows the blank line begins; the length of the whole when there was no blank line. */
  readonly next: number;
}

/**
 * Reads the lines from `start` to the first blank line or the end.
 * @returns undefined when a limit is exceeded or the text is not UTF-8
 */
export function readHeaderBlock(bytes: Uint8Array, start: number): HeaderBlock | undefined {
  let at = start;
  let count = 0;
  let next = bytes.length;
  while (at < bytes.length) {
    const feed = bytes.indexOf(LF, at);
    const end = feed < 0 ? bytes.length : feed;
    if (end === at || (end === at + 1 && bytes[at] === CR)) {
      next = Math.min(end + 1, bytes.length);
      break;
    }
    count += 1;
    if (count > MAXIMUM_LINES || end - start > MAXIMUM_BYTES) return undefined;
    at = Math.min(end + 1, bytes.length);
  }
  return decode(bytes.subarray(start, at), next);
}

function decode(block: Uint8Array, next: number): HeaderBlock | undefined {
  try {
    const text = UTF8.decode(block);
    const lines = text.split(LINE_END);
    if (lines[lines.length - 1] === "") lines.pop();
    return { lines, next };
  } catch {
    return undefined;
  }
}

/** A CPIM message of a phone has ten headers of fifty octets; a subject may be long. */
const MAXIMUM_LINES = 64;
const MAXIMUM_BYTES = 16_384;
const CR = 0x0d;
const LF = 0x0a;
const LINE_END = /\r?\n/;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
