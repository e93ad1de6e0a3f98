/** What the XMPP sender is told when a MESSAGE of ours has ended. RFC 7247 §7, XEP-0184 §5.3. */

import type { SipOutcome } from "../input";
import type { PeerSwitches } from "../switches";
import type { MessageOrigin } from "./origin";

export type Ending =
  /** Delivered, and nobody asked to hear of it. */
  | { readonly kind: "silent" }
  /** Delivered to the device itself, and the sender asked for a receipt. */
  | { readonly kind: "receipt" }
  /** The phone takes no CPIM: the same text goes once more, plain. */
  | { readonly kind: "plain-again" }
  | { readonly kind: "error" };

/**
 * Decides how a message ends.
 * @param wrapped was it sent as message/cpim with IMDN headers?
 */
export function messageEnding(
  outcome: SipOutcome,
  origin: MessageOrigin,
  switches: PeerSwitches,
  wrapped: boolean,
): Ending {
  if (outcome.status >= 200 && outcome.status < 300) {
    // 202 means that somebody else will try (RFC 3428 §7): no proof of delivery, so no receipt.
    const delivered = outcome.status === 200 && !wrapped && switches.receiptOn200;
    return origin.wantsReceipt && origin.id !== undefined && delivered
      ? { kind: "receipt" }
      : { kind: "silent" };
  }
  // COMPAT(linphone 5.1): answers 488 to CPIM that it does not like; others answer 415.
  if (wrapped && (outcome.status === 415 || outcome.status === 488)) return { kind: "plain-again" };
  return { kind: "error" };
}
