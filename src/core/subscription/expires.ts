/** How long a subscription may last. RFC 6665 §4.2.1.1, §4.2.1.4; RFC 3856 §6.4. */

import type { SipEventInput } from "../input";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import type { SubscriptionSettings } from "./step";

/**
 * What a SUBSCRIBE is granted, seconds: never more than it asks for, 0 when it ends or fetches.
 * Refused: INTERVAL_TOO_BRIEF with Min-Expires, but never from an hour up, whatever our minimum is (RFC 6665 §4.2.1.1).
 */
export function grantedExpires(
  input: Pick<SipEventInput, "expires">,
  settings: SubscriptionSettings,
): Result<number> {
  const asked = input.expires ?? settings.expiresSeconds;
  const minimum = settings.minimumExpiresSeconds;
  if (input.expires !== undefined && asked > 0 && asked < minimum && asked < AN_HOUR) {
    return refuse(reject("INTERVAL_TOO_BRIEF", `${asked} s`, [["Min-Expires", String(minimum)]]));
  }
  return ok(Math.min(asked, settings.maximumExpiresSeconds));
}

const AN_HOUR = 3600;
