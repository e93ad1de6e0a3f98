/** An XMPP user watches a SIP contact, as a table. RFC 8048 §5.2, RFC 6665 §4.1; architecture §7. */

import { stateTable } from "./state-table";
import { NOTIFIES } from "./xmpp-watcher-notifies";
import { OUTCOMES } from "./xmpp-watcher-outcomes";
import {
  line,
  STARTED,
  XMPP_WATCHER_EVENTS,
  XMPP_WATCHER_STATES,
  type XmppWatcherAction,
  type XmppWatcherInput,
  type XmppWatcherLine,
  type XmppWatcherState,
} from "./xmpp-watcher-states";
import { TIMES } from "./xmpp-watcher-times";
import { WISHES } from "./xmpp-watcher-wishes";

/** Starts, outages and the operator. */
const OPERATION: readonly XmppWatcherLine[] = [
  line(["none"], ["resume", "drop"], "same", [], "ignored: the row has gone"),
  line(
    ["requesting"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "gone-again", "renew"],
    "architecture §5: whether it was sent is unknown",
  ),
  line(
    ["pending"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "gone-again", "refresh-now"],
    "RFC 6665 §4.1.2.2: the full state, in the same dialog",
  ),
  line(
    ["active"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "gone-again", "refresh-now"],
    "RFC 6665 §4.1.2.2: the full state, in the same dialog",
  ),
  line(
    ["dormant"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "gone-again", "probe-watcher"],
    "RFC 8048 §8.1: she may have come online meanwhile",
  ),
  line(
    ["retrying"],
    ["resume"],
    "same",
    ["watcher-unknown", "subscribed-again", "gone-again"],
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

export const XMPP_WATCHER_TABLE = stateTable<XmppWatcherState, XmppWatcherInput, XmppWatcherAction>(
  XMPP_WATCHER_STATES,
  XMPP_WATCHER_EVENTS,
  [...WISHES, ...OUTCOMES, ...NOTIFIES, ...TIMES, ...OPERATION],
);
