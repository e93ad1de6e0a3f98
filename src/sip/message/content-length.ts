/** Content-Length: where a message ends. RFC 3261 §18.3, §20.14. */

import { parseDigits } from "./characters";

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

/** Above every limit that can be configured, and far below where a double loses integers. */
export const MAXIMUM_CONTENT_LENGTH = 0x7fff_ffff;
