/** How our SUBSCRIBEs end, as rows of the table of an XMPP watcher. RFC 8048 §5.2.2, RFC 6665 §4.1.2. */

import { IDLE, line, OPEN, STARTED, XMPP_WATCHER_STATES, type XmppWatcherLine } from "./xmpp-watcher-states";

const FAILED = [
  "outcome-forbidden",
  "outcome-brief",
  "outcome-481",
  "outcome-absent",
  "outcome-ended",
  "outcome-failed",
  "outcome-failed-again",
] as const;

export const OUTCOMES: readonly XmppWatcherLine[] = [
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
