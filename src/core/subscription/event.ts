/** What can happen to a subscription. Architecture §7. */

import type { SipDialogOutcome, SipEventInput } from "../input";
import type { PresenceDocument } from "../presence/document";

/** For the machine of an XMPP user who watches a SIP contact. RFC 8048 §5.2. */
export type XmppWatcherEvent =
  | { readonly kind: "xmpp-subscribe" }
  | { readonly kind: "xmpp-unsubscribe" }
  /** A probe, or the first sight of the watcher coming online. */
  | { readonly kind: "xmpp-probe" }
  | { readonly kind: "watcher-available" }
  | { readonly kind: "watcher-unavailable" }
  /** Our probe was answered by an error or by `unsubscribed`: the watcher does not let us see him. */
  | { readonly kind: "watcher-hidden" }
  /** How a SUBSCRIBE of ours ended; one that is not the dialog's last is stale. */
  | { readonly kind: "subscribe-outcome"; readonly callId: string; readonly outcome: SipDialogOutcome }
  /** A NOTIFY in the record's dialog. `unreadable`: there is a body that nobody can read. */
  | {
      readonly kind: "notify";
      readonly input: SipEventInput;
      readonly document: PresenceDocument | "none" | "unreadable";
      /** What the gateway remembered last for the pair: devices that have not changed since are not told again. */
      readonly last?: PresenceDocument | undefined;
    }
  | { readonly kind: "due" }
  /** The gateway has started, or the XMPP link is up again: what changed meanwhile is unknown. */
  | { readonly kind: "resume" }
  /** The operator drops it. */
  | { readonly kind: "drop" };

/** For the machine of a SIP user who watches an XMPP contact. RFC 8048 §5.3, RFC 6665 §4.2. */
export type SipWatcherEvent =
  /** A SUBSCRIBE that was found fit: for a new dialog (no record), or in this one. `expires`: what is granted, seconds; 0 ends. */
  | {
      readonly kind: "subscribe";
      readonly input: SipEventInput;
      readonly expires: number;
      readonly what: "presence" | "list" | "winfo";
      readonly watcher: string;
      readonly presentity: string;
      /** Is the watcher known to be allowed already (a list, his own watchers, another dialog of the pair is active)? */
      readonly approved: boolean;
      readonly canNotify: boolean;
    }
  | { readonly kind: "subscribed"; readonly canNotify: boolean }
  /**
   * `probed`: a probe between the two is out, by a fetch or for the contact's own subscription. A server answers it like this
   * where nothing is allowed yet, so that it is no decision about a request that is pending.
   */
  | { readonly kind: "unsubscribed"; readonly canNotify: boolean; readonly probed?: boolean }
  /** The contact's server says that there is nobody to watch. */
  | { readonly kind: "no-contact"; readonly canNotify: boolean }
  /** What is known has changed, or a NOTIFY that was wanted may go now. Sent only when none is under way. */
  | { readonly kind: "notify-now" }
  /** `isWanted`: something has changed since it was made, and another one follows. */
  | { readonly kind: "notify-outcome"; readonly outcome: SipDialogOutcome; readonly isWanted?: boolean }
  | { readonly kind: "due"; readonly canNotify: boolean }
  | { readonly kind: "resume"; readonly canNotify: boolean }
  | { readonly kind: "drop"; readonly canNotify: boolean };
