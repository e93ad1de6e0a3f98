/** Who watches whom: one row of the store for each of our dialogs. Architecture §5, §7; RFC 8048 §5.1. */

import type { Dialog } from "./dialog";

export type SubscriptionRecord = XmppWatcherRecord | SipWatcherRecord;

/** An XMPP user watches a SIP contact: we are the subscriber. One row for each pair, for as long as the authorization lasts. */
export interface XmppWatcherRecord {
  readonly direction: "xmpp-watcher";
  /** Bare JIDs, normalised: the XMPP user, and our JID for the SIP contact. */
  readonly watcher: string;
  readonly presentity: string;
  readonly peer: string;
  readonly state: "requesting" | "pending" | "active" | "dormant" | "retrying" | "cancelling";
  /** Has the watcher been told `subscribed`? */
  readonly authorized: boolean;
  readonly dialog?: Dialog;
  /** When the dialog ends unless it is refreshed, milliseconds since 1970. */
  readonly expiresAt?: number;
  /** When the machine wants a `due` event, milliseconds since 1970, and what for. */
  readonly dueAt?: number;
  readonly due?: "refresh" | "probe-answer" | "timer-n" | "retry" | "outcome";
  /** Failures in a row: the pause grows with them. */
  readonly attempts: number;
  /** Expires that we ask for next, seconds: longer after a 423. */
  readonly expires: number;
  /** Is the watcher there to see it (RFC 8048 §8.1)? */
  readonly online: "yes" | "no" | "unknown";
  /** Resources of the contact that the watcher was shown as available. */
  readonly shown: readonly string[];
  /** Resources that were shown and have gone: a kill, or a link that is down, may have kept that from the watcher. */
  readonly leaving?: readonly string[];
}

/** A SIP user watches an XMPP contact (or a list, or his own watchers): we are the notifier. One row for each dialog. */
export interface SipWatcherRecord {
  readonly direction: "sip-watcher";
  /** What the NOTIFYs tell. */
  readonly what: "presence" | "list" | "winfo";
  /** Bare JIDs, normalised: our JID for the SIP user, and the XMPP contact (for a list: the JID form of its URI). */
  readonly watcher: string;
  readonly presentity: string;
  readonly peer: string;
  /** `ending`: the last NOTIFY has not been answered yet. */
  readonly state: "pending" | "active" | "ending";
  /** Reason of Subscription-State once it is `ending`; on a `pending` row: it is a fetch, and the next NOTIFY is the last. */
  readonly reason?: "rejected" | "timeout" | "deactivated" | "giveup" | "noresource";
  readonly dialog: Dialog;
  /** The `id` parameter of Event. */
  readonly eventId?: string;
  readonly expiresAt: number;
  /** When the machine wants a `due` event, milliseconds since 1970. */
  readonly dueAt?: number;
  /** Shortest time between two NOTIFYs that the watcher asked for, milliseconds (RFC 6446 §5.2). */
  readonly intervalMs?: number;
  /** A NOTIFY was saved and its answer has not come: after a crash it is owed once more. */
  readonly owed: boolean;
  /** NOTIFYs in a row that got no answer, or one that asks to try again; absent is 0. */
  readonly failures?: number;
  /** What the last NOTIFY tells, once it is `ending`. */
  readonly finalContent?: "state" | "closed" | "none";
  /** It is `ending`, and the last NOTIFY waits for the one under way. */
  readonly waits?: boolean;
}

/** The store's key of a record: one for each pair, and one for each dialog of a SIP watcher. */
export function recordKey(record: SubscriptionRecord): string {
  if (record.direction === "xmpp-watcher") return xmppWatcherKey(record.watcher, record.presentity);
  return sipWatcherKey(record.dialog.callId, record.dialog.localTag);
}

/** @param watcher normalised bare JID, as is `presentity` */
export function xmppWatcherKey(watcher: string, presentity: string): string {
  return `x ${watcher} ${presentity}`;
}

export function sipWatcherKey(callId: string, localTag: string): string {
  return `s ${callId} ${localTag}`;
}
