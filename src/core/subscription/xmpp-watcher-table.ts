/** An XMPP user watches a SIP contact, as a table. RFC 8048 §5.2, RFC 6665 §4.1; architecture §7. */

import type { XmppWatcherRecord } from "./record";
import { stateTable, type TableLine } from "./state-table";

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

type Line = TableLine<XmppWatcherState, XmppWatcherInput, XmppWatcherAction>;

const OPEN = ["pending", "active"] as const;
const STARTED = ["requesting", "pending", "active"] as const;
/** No dialog: nothing can come in one. */
const IDLE = ["none", "dormant", "retrying"] as const;
const ROWS = ["requesting", "pending", "active", "dormant", "retrying", "cancelling"] as const;
const TERMINATED = [
  "notify-rejected",
  "notify-deactivated",
  "notify-later",
  "notify-timeout",
  "notify-timeout-later",
  "notify-unwatched",
  "notify-noresource",
  "notify-unknown",
  "notify-invariant",
] as const;
const FAILED = [
  "outcome-forbidden",
  "outcome-brief",
  "outcome-481",
  "outcome-absent",
  "outcome-ended",
  "outcome-failed",
  "outcome-failed-again",
] as const;
const DUE = [
  "due-refresh",
  "due-run-out",
  "due-probe-answer",
  "due-timer-n",
  "due-timer-n-again",
  "due-retry",
  "due-retry-unwatched",
  "due-outcome",
] as const;

const FROM_XMPP: readonly Line[] = [
  line(["none"], ["subscribe"], "requesting", ["new-dialog"], "RFC 8048 §5.2.1"),
  line(
    ["requesting", "pending"],
    ["subscribe"],
    "same",
    ["watcher-online"],
    "one dialog for a pair: the request stands already (RFC 8048 §5.1)",
  ),
  line(
    ["active"],
    ["subscribe"],
    "same",
    ["watcher-online", "subscribed-again"],
    "RFC 6121 §3.1.3: authorized before, so said at once",
  ),
  line(
    ["dormant"],
    ["subscribe"],
    "requesting",
    ["watcher-online", "subscribed-again", "new-dialog"],
    "RFC 8048 §5.2.2, RFC 6121 §3.1.3",
  ),
  line(
    ["retrying"],
    ["subscribe"],
    "same",
    ["watcher-online", "subscribed-again"],
    "RFC 3261 §20.33: the pause that the peer needs is kept",
  ),
  line(
    ["cancelling"],
    ["subscribe"],
    "requesting",
    ["begin-anew", "new-dialog"],
    "RFC 8048 §5.2.1: a request made after the cancellation is a new one",
  ),
  line(["none"], ["unserved"], "same", [], "ignored: no rule maps the addresses, the gateway has refused it"),
  line(ROWS, ["unserved"], "same", [], "ignored: cannot be, only a first request is refused"),

  line(STARTED, ["unsubscribe"], "cancelling", ["cancel"], "RFC 8048 §5.2.3"),
  line(
    ["dormant", "retrying"],
    ["unsubscribe"],
    "none",
    ["hide", "unsubscribed"],
    "RFC 8048 §5.2.3: there is no dialog to end",
  ),
  line(["none"], ["unsubscribe"], "same", [], "ignored: there is nothing to cancel"),
  line(["cancelling"], ["unsubscribe"], "same", [], "ignored: under way"),

  line(
    ["none"],
    ["probe"],
    "same",
    [],
    "ignored: who is not authorized opens no dialog (RFC 8048 §8.1, bugs 10 and 11)",
  ),
  line(
    ["none"],
    ["probe-again", "available-again"],
    "same",
    [],
    "ignored: cannot be, nobody is known to be there",
  ),
  line(
    ["requesting", "pending"],
    ["probe"],
    "same",
    ["watcher-online"],
    "RFC 8048 §5.2.1: nothing may be told yet",
  ),
  line(["active"], ["probe"], "same", ["watcher-online", "refresh"], "RFC 8048 §5.2.2: a session begins"),
  line(
    ["requesting", "pending", "active"],
    ["probe-again"],
    "same",
    [],
    "ignored: the dialog is there, the gateway shows what is known (bug 11)",
  ),
  line(
    ["dormant"],
    ["probe", "probe-again"],
    "requesting",
    ["watcher-online", "new-dialog"],
    "RFC 8048 §5.2.2, §7.1",
  ),
  line(["retrying"], ["probe"], "same", ["watcher-online"], "RFC 3261 §20.33: the pause is kept"),
  line(["retrying"], ["probe-again"], "same", [], "ignored: the pause is kept (RFC 3261 §20.33)"),
  line(["cancelling"], ["probe", "probe-again"], "same", [], "ignored: she does not want to see any more"),

  line(
    ["requesting", "pending", "retrying"],
    ["available"],
    "same",
    ["watcher-online"],
    "RFC 8048 §5.2.2: asked for already",
  ),
  line(["active"], ["available"], "same", ["watcher-online", "refresh"], "RFC 8048 §5.2.2: a session begins"),
  line(["dormant"], ["available"], "requesting", ["watcher-online", "new-dialog"], "RFC 8048 §5.2.2"),
  line(["none", "cancelling"], ["available", "unavailable"], "same", [], "ignored: nobody wants to see"),
  line(ROWS, ["available-again"], "same", [], "ignored: known to be there"),
  line(
    ["requesting", "pending", "dormant", "retrying"],
    ["unavailable"],
    "same",
    ["watcher-offline"],
    "digest 5.1: the authorization stays",
  ),
  line(
    ["active"],
    ["unavailable"],
    "same",
    ["watcher-offline", "run-out"],
    "RFC 8048 §6.2 note 5: no SUBSCRIBE for it; the dialog is left to run out",
  ),
  line(XMPP_WATCHER_STATES, ["hidden"], "same", [], "ignored: nobody waits for the answer to a probe"),

  line(OPEN, ["probe-available"], "same", ["watcher-online", "refresh-now"], "RFC 8048 §5.2.2, §8.1"),
  line(
    ["pending"],
    ["probe-unavailable"],
    "same",
    ["watcher-offline", "refresh-now"],
    "RFC 8048 §5.2.1: the request stands, whoever is there to see",
  ),
  line(
    ["active"],
    ["probe-unavailable"],
    "same",
    ["watcher-offline", "run-out"],
    "RFC 8048 §5.2.2: only while she is there",
  ),
  line(OPEN, ["probe-hidden"], "same", ["refresh-now"], "RFC 8048 §8.1: who hides may be there all the same"),
  line(["dormant"], ["probe-available"], "requesting", ["watcher-online", "new-dialog"], "RFC 8048 §5.2.2"),
  line(
    ["dormant"],
    ["probe-unavailable"],
    "same",
    ["watcher-offline", "clear-due"],
    "RFC 8048 §5.2.2: only while she is there",
  ),
  line(
    ["dormant"],
    ["probe-hidden"],
    "same",
    ["clear-due"],
    "RFC 8048 §5.2.2: her server will probe when she comes online",
  ),
  line(
    ["none", "requesting", "retrying", "cancelling"],
    ["probe-available", "probe-unavailable", "probe-hidden"],
    "same",
    [],
    "ignored: cannot be, nobody waits for the answer to a probe",
  ),
];

const OUTCOMES: readonly Line[] = [
  line(
    XMPP_WATCHER_STATES,
    ["outcome-stale"],
    "same",
    [],
    "ignored: the outcome of a request that another one has followed, or of a dialog that is no more",
  ),
  line(
    ["requesting", "pending", "active"],
    ["outcome-2xx"],
    "same",
    ["take-answer"],
    "RFC 8048 §5.2.1: a 2xx is no approval (bug 10)",
  ),
  line(["cancelling"], ["outcome-2xx"], "same", ["take-answer", "cancel-or-tell"], "RFC 8048 §5.2.3"),
  line(
    STARTED,
    ["outcome-forbidden"],
    "none",
    ["hide", "unsubscribed"],
    "RFC 8048 §5.2.2: 403, 489, 603 cancel for good",
  ),
  line(
    STARTED,
    ["outcome-brief"],
    "same",
    ["ask-longer", "refresh-now"],
    "RFC 8048 §5.2.2, RFC 3261 §21.4.17",
  ),
  line(
    STARTED,
    ["outcome-481"],
    "requesting",
    ["end-dialog", "new-dialog-once"],
    "RFC 8048 §5.2.2: the authorization stays, in a new dialog",
  ),
  line(
    STARTED,
    ["outcome-absent"],
    "retrying",
    ["hide", "end-dialog", "pause"],
    "RFC 6665 §4.1.2.2: the dialog ends, never the authorization; nobody is there",
  ),
  line(
    STARTED,
    ["outcome-ended"],
    "retrying",
    ["end-dialog", "pause"],
    "RFC 6665 §4.1.2.2: the dialog ends, never the authorization",
  ),
  line(
    ["requesting"],
    ["outcome-unknown"],
    "none",
    ["unknown-contact"],
    "RFC 3922 §6.1: nothing was authorized yet, and asking again will not help",
  ),
  line(
    ["pending", "active", "cancelling"],
    ["outcome-unknown"],
    "same",
    [],
    "ignored: cannot be, only a first SUBSCRIBE finds nobody",
  ),
  line(
    ["requesting"],
    ["outcome-failed", "outcome-failed-again"],
    "retrying",
    ["end-dialog", "pause"],
    "our choice: 408, 503 and the like pass (bug 13)",
  ),
  line(
    OPEN,
    ["outcome-failed"],
    "same",
    ["pause"],
    "RFC 6665 §4.1.2.2: the dialog is valid until it expires",
  ),
  line(
    OPEN,
    ["outcome-failed-again"],
    "retrying",
    ["end-dialog", "pause"],
    "RFC 3261 §12.2.1.2: who does not answer twice is sought anew",
  ),
  line(
    ["cancelling"],
    FAILED,
    "none",
    ["hide", "unsubscribed-once"],
    "RFC 8048 §5.2.3: she leaves, whatever the far side says",
  ),
  line(
    IDLE,
    ["outcome-2xx", "outcome-unknown", ...FAILED],
    "same",
    [],
    "ignored: cannot be, there is no dialog",
  ),
];

const NOTIFIES: readonly Line[] = [
  line(
    XMPP_WATCHER_STATES,
    ["notify-foreign"],
    "same",
    ["481"],
    "RFC 6665 §4.1.3; RFC 3856 §6.9: a second fork",
  ),
  line(
    ["requesting", "pending", "active", "cancelling"],
    ["notify-old"],
    "same",
    ["500"],
    "RFC 3261 §12.2.2",
  ),
  line(IDLE, ["notify-old"], "same", ["481"], "cannot be, there is no dialog (RFC 6665 §4.1.3)"),
  line(
    STARTED,
    ["notify-pending"],
    "pending",
    ["200", "take-notify", "schedule"],
    "RFC 8048 §5.2.1: answered, and no stanza",
  ),
  line(
    STARTED,
    ["notify-active"],
    "active",
    ["200", "take-notify", "schedule", "subscribed", "show"],
    "RFC 8048 §5.2.1, §6.3",
  ),
  line(
    ["cancelling"],
    ["notify-pending", "notify-active"],
    "same",
    ["200", "take-notify", "cancel-if-waiting"],
    "RFC 8048 §5.2.3: nothing more is shown",
  ),
  line(
    STARTED,
    ["notify-rejected"],
    "none",
    ["200", "hide", "unsubscribed"],
    "RFC 6665 §4.1.3: policy has changed, for good",
  ),
  line(
    STARTED,
    ["notify-deactivated"],
    "requesting",
    ["200", "end-dialog", "new-dialog-once"],
    "RFC 6665 §4.1.3: at once, in a new dialog (§4.4.2)",
  ),
  line(
    STARTED,
    ["notify-later"],
    "retrying",
    ["200", "end-dialog", "pause"],
    "RFC 6665 §4.1.3: probation, giveup: after retry-after",
  ),
  line(
    STARTED,
    ["notify-timeout"],
    "requesting",
    ["200", "show-last", "end-dialog", "new-dialog-once"],
    "RFC 6665 §4.1.3: at once; digest 5.3: unavailable meanwhile",
  ),
  line(
    STARTED,
    ["notify-timeout-later"],
    "retrying",
    ["200", "show-last", "end-dialog", "pause"],
    "RFC 6665 §4.1.3: not before retry-after, and not over and over",
  ),
  line(
    STARTED,
    ["notify-unwatched"],
    "dormant",
    ["200", "show-last", "end-dialog", "forget"],
    "RFC 6665 §4.1.3, RFC 8048 §5.2.2: when she comes online",
  ),
  line(
    STARTED,
    ["notify-noresource"],
    "dormant",
    ["200", "hide", "end-dialog"],
    "RFC 6665 §4.1.3: gone; only when she asks or comes online",
  ),
  line(
    STARTED,
    ["notify-unknown"],
    "none",
    ["200", "unknown-contact"],
    "RFC 6665 §4.1.3, RFC 3922 §6.1: gone before anything was authorized",
  ),
  line(
    STARTED,
    ["notify-invariant"],
    "dormant",
    ["200", "show", "end-dialog"],
    "RFC 6665 §4.1.3: what was shown last stays true",
  ),
  line(
    ["cancelling"],
    TERMINATED,
    "none",
    ["200", "hide", "unsubscribed-once"],
    "RFC 6665 §4.1.2.3: the final NOTIFY",
  ),
  line(
    IDLE,
    ["notify-pending", "notify-active", ...TERMINATED],
    "same",
    ["481"],
    "cannot be, there is no dialog (RFC 6665 §4.1.3)",
  ),
];

const TIMES: readonly Line[] = [
  line(
    XMPP_WATCHER_STATES,
    ["due-early"],
    "same",
    [],
    "ignored: the time has not come, or was put off meanwhile",
  ),
  line(
    OPEN,
    ["due-refresh"],
    "same",
    ["probe-watcher"],
    "RFC 8048 §8.1: first a probe, so that both sides bear the same",
  ),
  line(
    OPEN,
    ["due-run-out"],
    "dormant",
    ["end-dialog", "forget"],
    "RFC 8048 §5.2.2: nobody is there to see; the authorization stays",
  ),
  line(
    OPEN,
    ["due-probe-answer"],
    "same",
    ["refresh-now"],
    "RFC 8048 §8.1: a server is silent about people who let nobody see them",
  ),
  line(
    ["requesting"],
    ["due-timer-n", "due-timer-n-again"],
    "retrying",
    ["end-dialog", "pause"],
    "RFC 6665 §4.1.2.4: no NOTIFY, no subscription (bug 13)",
  ),
  line(
    OPEN,
    ["due-timer-n"],
    "requesting",
    ["end-dialog", "new-dialog-once"],
    "RFC 6665 §4.1.2.2: no NOTIFY after a refresh",
  ),
  line(
    OPEN,
    ["due-timer-n-again"],
    "retrying",
    ["end-dialog", "pause"],
    "RFC 6665 §4.1.2.2: not over and over",
  ),
  line(
    ["cancelling"],
    ["due-timer-n", "due-timer-n-again"],
    "none",
    [],
    "RFC 6665 §4.1.2.4: the final NOTIFY does not come; she has been told",
  ),
  line(OPEN, ["due-retry"], "same", ["refresh-now"], "RFC 6665 §4.1.2.2"),
  line(["retrying"], ["due-retry"], "requesting", ["new-dialog"], "RFC 8048 §5.2.2"),
  line(
    ["retrying"],
    ["due-retry-unwatched"],
    "dormant",
    ["clear-due", "forget"],
    "RFC 8048 §5.2.2: nobody is there to see",
  ),
  line(["cancelling"], ["due-outcome"], "none", ["hide", "unsubscribed-once"], "RFC 6665 §4.1.2.3, Timer N"),
  line(["none"], DUE, "same", [], "ignored: cannot be, nothing is due"),
  line(
    ["requesting"],
    ["due-refresh", "due-run-out", "due-probe-answer", "due-retry", "due-retry-unwatched", "due-outcome"],
    "same",
    ["clear-due"],
    "cannot be; rings no second time",
  ),
  line(
    OPEN,
    ["due-retry-unwatched", "due-outcome"],
    "same",
    ["clear-due"],
    "cannot be; rings no second time",
  ),
  line(
    ["dormant"],
    ["due-probe-answer"],
    "same",
    ["clear-due"],
    "RFC 8048 §5.2.2: her server will probe when she comes online",
  ),
  line(
    ["dormant"],
    [
      "due-refresh",
      "due-run-out",
      "due-timer-n",
      "due-timer-n-again",
      "due-retry",
      "due-retry-unwatched",
      "due-outcome",
    ],
    "same",
    ["clear-due"],
    "cannot be; rings no second time",
  ),
  line(
    ["retrying"],
    ["due-refresh", "due-run-out", "due-probe-answer", "due-timer-n", "due-timer-n-again", "due-outcome"],
    "same",
    ["clear-due"],
    "cannot be; rings no second time",
  ),
  line(
    ["cancelling"],
    ["due-refresh", "due-run-out", "due-probe-answer", "due-retry", "due-retry-unwatched"],
    "same",
    ["clear-due"],
    "cannot be; rings no second time",
  ),
];

const OTHERS: readonly Line[] = [
  line(["none"], ["resume", "drop"], "same", [], "ignored: the row has gone"),
  line(
    ["requesting"],
    ["resume"],
    "same",
    ["subscribed-again", "renew"],
    "architecture §5: whether it was sent is unknown",
  ),
  line(
    ["pending"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "refresh-now"],
    "RFC 6665 §4.1.2.2: the full state, in the same dialog",
  ),
  line(
    ["active"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "refresh-now"],
    "RFC 6665 §4.1.2.2: the full state, in the same dialog",
  ),
  line(
    ["dormant"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "probe-watcher"],
    "RFC 8048 §8.1: she may have come online meanwhile",
  ),
  line(
    ["retrying"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again"],
    "architecture §5: the pause was saved and goes on",
  ),
  line(
    ["cancelling"],
    ["resume"],
    "same",
    ["cancel-again"],
    "architecture §5: whether it was sent is unknown",
  ),
  line(
    STARTED,
    ["drop"],
    "none",
    ["cancel-for-good", "hide", "unsubscribed"],
    "our choice: as if she had unsubscribed",
  ),
  line(
    ["dormant", "retrying"],
    ["drop"],
    "none",
    ["hide", "unsubscribed"],
    "our choice: as if she had unsubscribed",
  ),
  line(
    ["cancelling"],
    ["drop"],
    "none",
    ["hide", "unsubscribed-once"],
    "our choice: as if she had unsubscribed",
  ),
];

export const XMPP_WATCHER_LINES: readonly Line[] = [
  ...FROM_XMPP,
  ...OUTCOMES,
  ...NOTIFIES,
  ...TIMES,
  ...OTHERS,
];

export const XMPP_WATCHER_TABLE = stateTable<XmppWatcherState, XmppWatcherInput, XmppWatcherAction>(
  XMPP_WATCHER_STATES,
  XMPP_WATCHER_EVENTS,
  XMPP_WATCHER_LINES,
);

function line(
  states: readonly XmppWatcherState[],
  events: readonly XmppWatcherInput[],
  next: Line["next"],
  actions: readonly XmppWatcherAction[],
  rule: string,
): Line {
  return { states, events, next, actions, rule };
}
