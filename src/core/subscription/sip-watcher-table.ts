/** A SIP user watches an XMPP contact, as a table: one dialog of his. RFC 8048 §5.3, RFC 6665 §4.2; architecture §7. */

import type { SipWatcherRecord } from "./record";
import { stateTable, type TableLine } from "./state-table";

export type SipWatcherState = "none" | SipWatcherRecord["state"];
export type SipWatcherInput = (typeof SIP_WATCHER_EVENTS)[number];
export type SipWatcherAction =
  | "begin"
  | "begin-fetch"
  | "refresh"
  | "200"
  | "481"
  | "500"
  | "403"
  | "notify"
  | "notify-if-owed"
  | "end-timeout"
  | "end-fetch"
  | "end-rejected"
  | "end-noresource"
  | "answered"
  | "pause"
  | "put-off"
  | "gather"
  | "subscribe"
  | "probe"
  | "unavailable";

export const SIP_WATCHER_STATES = [
  "none",
  "pending",
  "active",
  "ending",
] as const satisfies readonly SipWatcherState[];

/** The names say what happened; `sip-watcher-input.ts` says when it is which. */
export const SIP_WATCHER_EVENTS = [
  "subscribe",
  "subscribe-approved",
  "fetch",
  "fetch-known",
  "refresh",
  "end",
  "subscribe-foreign",
  "subscribe-shared",
  "subscribe-old",
  "subscribe-repeat",
  "subscribed",
  "unsubscribed",
  "unsubscribed-probed",
  "no-contact",
  "notify-now",
  "notify-paused",
  "fetch-news",
  "fetch-due",
  "fetch-other",
  "outcome-2xx",
  "outcome-gone",
  "outcome-failed",
  "outcome-failed-last",
  "outcome-earlier",
  "due-early",
  "due-retry",
  "due-again",
  "under-way",
  "expired",
  "resume",
  "drop",
] as const;

type Line = TableLine<SipWatcherState, SipWatcherInput, SipWatcherAction>;

const OPEN = ["pending", "active"] as const;
const ROWS = ["pending", "active", "ending"] as const;

const SUBSCRIBES: readonly Line[] = [
  line(
    ["none"],
    ["subscribe"],
    "pending",
    ["begin", "200", "notify", "subscribe"],
    "RFC 6665 §4.2.1.2, RFC 8048 §5.3.1",
  ),
  line(
    ["none"],
    ["subscribe-approved"],
    "active",
    ["begin", "200", "notify"],
    "RFC 3856 §6.7: approved before, the state at once",
  ),
  line(["none"], ["fetch"], "pending", ["begin-fetch", "200", "probe"], "RFC 8048 §7.2, RFC 6665 §4.4.3"),
  line(["none"], ["fetch-known"], "ending", ["begin-fetch", "200", "end-fetch"], "RFC 6665 §4.4.3"),
  line(
    ROWS,
    ["subscribe", "subscribe-approved", "fetch", "fetch-known"],
    "same",
    [],
    "ignored: cannot be, the row has its dialog",
  ),
  line(OPEN, ["refresh"], "same", ["refresh", "200", "notify"], "RFC 8048 §5.3.2, RFC 6665 §4.2.1.4"),
  line(OPEN, ["end"], "ending", ["refresh", "200", "end-timeout", "unavailable"], "RFC 8048 §5.3.3"),
  line(["ending"], ["refresh", "end"], "same", ["481"], "RFC 6665 §4.4.1: the subscription has ended"),
  line(
    ["none"],
    ["refresh", "end", "subscribe-shared", "subscribe-old", "subscribe-repeat"],
    "same",
    ["481"],
    "cannot be, there is no dialog (RFC 3261 §12.2.2)",
  ),
  line(SIP_WATCHER_STATES, ["subscribe-foreign"], "same", ["481"], "RFC 3261 §12.2.2"),
  line(ROWS, ["subscribe-shared"], "same", ["403"], "RFC 6665 §4.5.2: a dialog holds one subscription"),
  line(ROWS, ["subscribe-old"], "same", ["500"], "RFC 3261 §12.2.2"),
  line(
    ROWS,
    ["subscribe-repeat"],
    "same",
    ["200"],
    "RFC 3261 §17.2.2: its answer was lost with a former life",
  ),
];

const FROM_XMPP: readonly Line[] = [
  line(["pending"], ["subscribed"], "active", ["notify", "probe"], "RFC 8048 §5.3.1, RFC 3856 §6.7"),
  line(["active"], ["subscribed"], "same", [], "ignored: said of each dialog of the two, or once more"),
  line(OPEN, ["unsubscribed"], "ending", ["end-rejected"], "RFC 8048 §5.3.1"),
  line(OPEN, ["no-contact"], "ending", ["end-noresource"], "RFC 6665 §4.1.3"),
  line(["none"], ["subscribed", "unsubscribed", "no-contact"], "same", [], "ignored: the dialog is no more"),
  line(
    ["ending"],
    ["subscribed", "unsubscribed", "no-contact"],
    "same",
    [],
    "ignored: he is told that it has ended",
  ),
];

const NOTIFIES: readonly Line[] = [
  line(OPEN, ["notify-now"], "same", ["notify"], "RFC 8048 §6.2, RFC 6665 §4.2.2"),
  line(
    OPEN,
    ["notify-paused"],
    "same",
    [],
    "ignored: he does not answer; the next attempt tells all that is known",
  ),
  line(
    ["pending"],
    ["fetch-news"],
    "same",
    ["gather"],
    "RFC 6665 §4.4.3: the contact's other devices follow at once",
  ),
  line(["pending"], ["fetch-due"], "ending", ["end-fetch"], "RFC 6665 §4.4.3"),
  line(
    ["ending"],
    ["notify-now"],
    "same",
    ["notify"],
    "RFC 6665 §4.2.1.4: the one under way has ended, now comes the last",
  ),
  line(["ending"], ["notify-paused"], "same", [], "ignored: the last one is under way"),
  line(OPEN, ["outcome-2xx"], "same", ["answered"], "RFC 6665 §4.2.2"),
  line(OPEN, ["outcome-gone"], "none", [], "RFC 6665 §4.2.2: the dialog ends, never the authorization"),
  line(
    OPEN,
    ["outcome-failed"],
    "same",
    ["pause"],
    "RFC 5057 §5.1; our choice: one lost answer ends nothing",
  ),
  line(OPEN, ["outcome-failed-last"], "none", [], "RFC 6665 §4.2.2: nobody is there any more"),
  line(
    ["ending"],
    ["outcome-2xx", "outcome-gone", "outcome-failed", "outcome-failed-last"],
    "none",
    [],
    "RFC 6665 §4.4.1: it was the last, whatever came of it",
  ),
  line(
    ["ending"],
    ["outcome-earlier"],
    "same",
    [],
    "ignored: of a NOTIFY before the last one, which follows",
  ),
  line(OPEN, ["outcome-earlier"], "same", [], "ignored: cannot be, no last one waits"),
  line(
    ["none"],
    ["notify-now", "outcome-2xx", "outcome-gone", "outcome-failed"],
    "same",
    [],
    "ignored: the dialog is no more",
  ),
  line(
    ["none"],
    ["notify-paused", "outcome-failed-last", "outcome-earlier"],
    "same",
    [],
    "ignored: cannot be, nothing has been sent",
  ),
  line(["pending"], ["fetch-other"], "same", [], "ignored: a fetch waits for presence, and for a short time"),
  line(
    ["none", "active", "ending"],
    ["fetch-news", "fetch-due", "fetch-other"],
    "same",
    [],
    "ignored: cannot be, only a pending row is a fetch",
  ),
  line(
    ["pending"],
    ["unsubscribed-probed"],
    "same",
    [],
    "ignored: the answer to a probe says that he may not see her now, which is no decision (RFC 6121 §4.3.2)",
  ),
  line(
    ["none", "active", "ending"],
    ["unsubscribed-probed"],
    "same",
    [],
    "ignored: cannot be, only who waits for a decision is spared",
  ),
];

const OTHERS: readonly Line[] = [
  line(
    SIP_WATCHER_STATES,
    ["due-early"],
    "same",
    [],
    "ignored: the time has not come, or was put off meanwhile",
  ),
  line(OPEN, ["due-retry"], "same", ["notify"], "RFC 6665 §4.2.2: once more, with all that is known now"),
  line(OPEN, ["due-again"], "same", ["put-off"], "nothing is to be done before it expires"),
  line(
    ["ending"],
    ["due-again"],
    "same",
    ["notify"],
    "architecture §5: what became of the last one is unknown",
  ),
  line(["ending"], ["under-way"], "same", ["put-off"], "the last one has not been answered yet"),
  line(OPEN, ["under-way"], "same", [], "ignored: cannot be, only a last NOTIFY is waited for"),
  line(OPEN, ["expired"], "ending", ["end-timeout", "unavailable"], "RFC 6665 §4.2.1.4, RFC 8048 §5.3.3"),
  line(["ending"], ["due-retry", "expired"], "same", ["put-off"], "cannot be; rings no second time"),
  line(
    ["pending"],
    ["resume"],
    "same",
    ["notify-if-owed", "subscribe"],
    "RFC 6121 §3.1.2: the request may have been lost with the link",
  ),
  line(
    ["active"],
    ["resume"],
    "same",
    ["notify-if-owed", "probe"],
    "RFC 6121 §4.3: what has changed meanwhile",
  ),
  line(
    ["ending"],
    ["resume"],
    "same",
    ["notify"],
    "architecture §5: a NOTIFY may be repeated, never forgotten",
  ),
  line(OPEN, ["drop"], "ending", ["end-timeout", "unavailable"], "our choice: as if it had expired"),
  line(["ending"], ["drop"], "none", [], "our choice: at once"),
  line(["none"], ["resume", "drop"], "same", [], "ignored: the row has gone"),
  line(
    ["none"],
    ["due-retry", "due-again", "under-way", "expired"],
    "same",
    [],
    "ignored: cannot be, nothing is due",
  ),
];

export const SIP_WATCHER_LINES: readonly Line[] = [...SUBSCRIBES, ...FROM_XMPP, ...NOTIFIES, ...OTHERS];

export const SIP_WATCHER_TABLE = stateTable<SipWatcherState, SipWatcherInput, SipWatcherAction>(
  SIP_WATCHER_STATES,
  SIP_WATCHER_EVENTS,
  SIP_WATCHER_LINES,
);

function line(
  states: readonly SipWatcherState[],
  events: readonly SipWatcherInput[],
  next: Line["next"],
  actions: readonly SipWatcherAction[],
  rule: string,
): Line {
  return { states, events, next, actions, rule };
}
