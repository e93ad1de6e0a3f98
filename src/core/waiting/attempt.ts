/** What a device's answer to a message that has waited means for that message. RFC 3261 §21, RFC 3428 §7. */

import type { SipOutcome } from "../input";

export type Attempt =
  /** This device has it. */
  | "delivered"
  /** This device never takes it. */
  | "refused"
  /** Not now: when it registers again. */
  | "away";

/**
 * @param outcome a final answer, or our own word for none
 * @param attempts final answers of this device to this message until now that meant "away"
 */
export function attemptOf({ status }: SipOutcome, attempts: number): Attempt {
  if (status >= 200 && status < 300) return "delivered";
  return AWAY.has(status) && attempts < MAXIMUM_ATTEMPTS ? "away" : "refused";
}

/** Of a device that is busy, gone or in trouble, and of whatever stands before it. */
const AWAY: ReadonlySet<number> = new Set([
  404, 408, 410, 430, 480, 486, 487, 491, 500, 502, 503, 504, 600, 604,
]);
/** A message on which a phone fails each time must not keep the others from it for ever. */
const MAXIMUM_ATTEMPTS = 10;
