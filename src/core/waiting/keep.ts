/** Which messages wait for their recipient, and when. XEP-0160 §3, XEP-0334 §4; RFC 3261 §21.4. */

import type { SipOutcome } from "../input";
import type { MessageOrigin } from "../message/origin";

/**
 * Does this outcome say that nobody is there to take the message? Only for people whose devices register with us: of
 * anybody else we would not learn that he is back.
 */
export function isNobodyThere({ status, local, retryAfter }: SipOutcome): boolean {
  if (NOBODY_THERE.has(status)) return true;
  // With Retry-After it is we who cannot say now, such as without the directory.
  return local && UNREACHED.has(status) && retryAfter === undefined;
}

/**
 * May this message wait? Those of type chat and normal may (what has no body never becomes a MESSAGE), unless their sender
 * has asked that nobody stores them. A report of our own never waits.
 */
export function mayWait({ type, noStore, unreported }: MessageOrigin): boolean {
  if (noStore === true || unreported === true) return false;
  return type === undefined || type === "chat" || type === "normal";
}

/** 480: no device is registered. 430: the last flow to one has failed (RFC 5626 §11.5), after which it is registered no more. */
const NOBODY_THERE: ReadonlySet<number> = new Set([430, 480]);
/** Our own word, when a registered device has answered nothing or could not be connected to: it has gone without saying so. */
const UNREACHED: ReadonlySet<number> = new Set([408, 503]);
