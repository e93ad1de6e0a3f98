/** Content-Length: where a message ends. RFC 3261 §18.3, §20.14. */

import { canonicalName } from "./canonical-name";
import { isSpaceCode, parseDigits, trimmedSlice } from "./characters";
import { readHeaderFields } from "./header-fields";
import type { ParseLimits } from "./limits";

/**
 * Reads every Content-Length value of a message.
 * @returns the number of octets; undefined when there is none; "malformed" for anything but digits, for more than
 * `MAXIMUM_CONTENT_LENGTH`, and for two that differ (whoever believed the other one would cut the stream elsewhere)
 */
export function contentLength(values: readonly string[]): number | undefined | "malformed" {
  let length: number | undefined;
  for (const value of values) {
    const number = parseDigits(value, MAXIMUM_CONTENT_LENGTH);
    if (number === undefined || (length !== undefined && number !== length)) return "malformed";
    length = number;
  }
  return length;
}

/**
 * The same from a whole head, for a stream, where it must be known before the message can be read. Only its own lines
 * are read, by the same rules as in `parseMessage`, so that both always agree.
 * @param head start line and header fields with the empty line, one character for each octet
 */
export function contentLengthOfHead(head: string, limits: ParseLimits): number | undefined | "malformed" {
  const values: string[] = [];
  for (let at = head.indexOf("\n") + 1; at > 0 && at < head.length; ) {
    let end = head.indexOf("\n", at);
    const initial = head.charCodeAt(at) | LOWER_CASE;
    if ((initial === LETTER_C || initial === LETTER_L) && isContentLength(head.slice(at, end))) {
      while (isSpaceCode(head.charCodeAt(end + 1))) end = head.indexOf("\n", end + 1);
      values.push(readHeaderFields(head.slice(at, end), 0, limits).fields[0]?.[1] ?? "");
    }
    at = end + 1;
  }
  return contentLength(values);
}

function isContentLength(line: string): boolean {
  const colon = line.indexOf(":");
  return colon > 0 && canonicalName(trimmedSlice(line, 0, colon)) === "Content-Length";
}

const LOWER_CASE = 0x20;
const LETTER_C = 0x63;
const LETTER_L = 0x6c;

/** Above every limit that can be configured, and far below where a double loses integers. */
const MAXIMUM_CONTENT_LENGTH = 0x7fff_ffff;
