/** What the table of an XMPP watcher is made of: states, events, actions. RFC 8048 §5.2, RFC 6665 §4.1. */

import type { XmppWatcherRecord } from "./record";
import type { TableLine } from "./state-table";

export type XmppWatcherState = "none" | XmppWatcherRecord["state"];
export type XmppWatcherInput = (typeof XMPP_WATCHER_EVENTS)[number];
export type XmppWatcherAction =
  | "begin-anew"
  | "new-dialog"
  | "new-dialog-once"
  | "refresh"
  | "refresh-now"
  | "renew"
  | "ask-longer"
  | "cancel"
  | "cancel-if-waiting"
  | "cancel-or-tell"
  | "cancel-again"
  | "cancel-for-good"
  | "probe-watcher"
  | "watcher-online"
  | "watcher-offline"
  | "watcher-unknown"
  | "run-out"
  | "take-answer"
  | "take-notify"
  | "schedule"
  | "end-dialog"
  | "pause"
  | "clear-due"
  | "subscribed"
  | "subscribed-again"
  | "show"
  | "show-last"
  | "hide"
  | "gone-again"
  | "forget"
  | "unsubscribed"
  | "unsubscribed-once"
  | "unknown-contact"
  | "200"
  | "481"
  | "500";

export const XMPP_WATCHER_STATES = [
  "none",
  "requesting",
  "pending",
  "active",
  "dormant",
  "retrying",
  "cancelling",
] as const satisfies readonly XmppWatcherState[];

/** The names say what happened; `xmpp-watcher-input.ts` says when it is which. */
export const XMPP_WATCHER_EVENTS = [
  "subscribe",
  "unserved",
  "unsubscribe",
  "probe",
  "probe-again",
  "available",
  "available-again",
  "unavailable",
  "hidden",
  "probe-available",
  "probe-unavailable",
  "probe-hidden",
  "outcome-stale",
  "outcome-2xx",
  "outcome-forbidden",
  "outcome-brief",
  "outcome-481",
  "outcome-absent",
  "outcome-ended",
  "outcome-unknown",
  "outcome-failed",
  "outcome-failed-again",
  "notify-foreign",
  "notify-old",
  "notify-repeat",
  "notify-pending",
  "notify-active",
  "notify-rejected",
  "notify-deactivated",
  "notify-later",
  "notify-timeout",
  "notify-timeout-later",
  "notify-unwatched",
  "notify-noresource",
  "notify-unknown",
  "notify-invariant",
  "due-early",
  "due-refresh",
  "due-run-out",
  "due-probe-answer",
  "due-timer-n",
  "due-timer-n-again",
  "due-retry",
  "due-retry-unwatched",
  "due-outcome",
  "resume",
  "drop",
] as const;

export type XmppWatcherLine = TableLine<XmppWatcherState, XmppWatcherInput, XmppWatcherAction>;

/** The dialog is there, and tells or will tell. */
export const OPEN = ["pending", "active"] as const;

/** She waits for it, or sees it. */
export const STARTED = ["requesting", "pending", "active"] as const;

/** No dialog: nothing can come in one. */
export const IDLE = ["none", "dormant", "retrying"] as const;

/** There is a row. */
export const ROWS = ["requesting", "pending", "active", "dormant", "retrying", "cancelling"] as const;

/** One line of the table. */
export function line(
  states: readonly XmppWatcherState[],
  events: readonly XmppWatcherInput[],
  next: XmppWatcherLine["next"],
  actions: readonly XmppWatcherAction[],
  rule: string,
): XmppWatcherLine {
  return { states, events, next, actions, rule };
}
