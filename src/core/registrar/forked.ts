/** One outcome of many: a request went to all devices of a person. RFC 3261 §16.7 (steps 5 and 6); RFC 4320. */

import type { SipOutcome } from "../input";

/**
 * The best of the final answers of all devices: a 2xx, else a 6xx, else the lowest class; within 4xx one that tells how to
 * try again, and a device that is not there only if no other one has said anything.
 * @param outcomes at least one
 */
export function bestOutcome(outcomes: readonly SipOutcome[]): SipOutcome {
  const best = outcomes.reduce((one, other) => (rank(other) < rank(one) ? other : one));
  const maybeDelivered = outcomes.some((one) => one.maybeDelivered);
  return maybeDelivered === best.maybeDelivered ? best : { ...best, maybeDelivered };
}

/** Has this device gone without saying so? Then it is registered no more (RFC 5626 §5.3, §11.5). */
export function hasVanished({ status, local }: SipOutcome): boolean {
  return status === 430 || status === 410 || (local && (status === 408 || status === 503));
}

function rank(outcome: SipOutcome): number {
  const { status } = outcome;
  const aClass = Math.floor(status / 100);
  if (aClass === 2) return 0;
  if (aClass === 6) return 1;
  if (hasVanished(outcome)) return 100;
  const preferred = aClass === 4 && TELLS_HOW.has(status) ? 0 : 1;
  return aClass * 2 + preferred;
}

/** §16.7 step 6. */
const TELLS_HOW: ReadonlySet<number> = new Set([401, 407, 415, 420, 484]);
