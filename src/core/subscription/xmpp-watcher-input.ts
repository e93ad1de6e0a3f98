/** What an event is to the machine of an XMPP watcher: the column of its table. RFC 8048 §5.2.2, RFC 6665 §4.1.2.2, §4.1.3. */

import type { SipDialogOutcome, SubscriptionState } from "../input";
import type { XmppWatcherEvent } from "./event";
import { isOtherTag, isOutOfOrder, isRepeat } from "./in-dialog";
import type { XmppWatcherRecord } from "./record";
import type { StepContext } from "./step";
import type { XmppWatcherInput } from "./xmpp-watcher-states";

type Notify = Extract<XmppWatcherEvent, { kind: "notify" }>;

/** Names the event as the table knows it, in the light of the row. */
export function xmppWatcherInput(
  record: XmppWatcherRecord | undefined,
  event: XmppWatcherEvent,
  context: StepContext,
): XmppWatcherInput {
  switch (event.kind) {
    case "xmpp-subscribe":
      return record === undefined && context.uris === undefined ? "unserved" : "subscribe";
    case "xmpp-unsubscribe":
      return "unsubscribe";
    case "xmpp-probe":
      return record?.online === "yes" ? "probe-again" : "probe";
    case "watcher-available":
      if (record?.due === "probe-answer") return "probe-available";
      return record?.online === "yes" ? "available-again" : "available";
    case "watcher-unavailable":
      return record?.due === "probe-answer" ? "probe-unavailable" : "unavailable";
    case "watcher-hidden":
      return record?.due === "probe-answer" ? "probe-hidden" : "hidden";
    case "subscribe-outcome":
      return isStale(record, event) ? "outcome-stale" : outcomeInput(record, event.outcome, context);
    case "notify":
      return notifyInput(record, event);
    case "due":
      return dueInput(record, context.now);
    case "resume":
    case "drop":
      return event.kind;
  }
}

/** May nothing be sent for the watcher's sake? What is not authorized yet is a request, and stands without her. */
export function isUnwatched({ authorized, online }: XmppWatcherRecord): boolean {
  return authorized && online === "no";
}

function isStale(
  record: XmppWatcherRecord | undefined,
  { callId, outcome }: Extract<XmppWatcherEvent, { kind: "subscribe-outcome" }>,
): boolean {
  const dialog = record?.dialog;
  return dialog === undefined || dialog.callId !== callId || outcome.cseq < dialog.localCseq;
}

function outcomeInput(
  record: XmppWatcherRecord | undefined,
  { status, minExpires }: SipDialogOutcome,
  { settings }: StepContext,
): XmppWatcherInput {
  if (status < 300) return "outcome-2xx";
  if (FORBIDDEN.has(status)) return "outcome-forbidden";
  const expires = record?.expires ?? 0;
  if (status === 423 && longerExpires(expires, minExpires, settings.maximumExpiresSeconds) > expires) {
    return "outcome-brief";
  }
  if (record?.state === "requesting" && !record.authorized && UNKNOWN.has(status)) return "outcome-unknown";
  if (ABSENT.has(status)) return "outcome-absent";
  const isFirst = (record?.attempts ?? 0) === 0;
  if (status === 481 && isFirst) return "outcome-481";
  if (ENDING.has(status)) return "outcome-ended";
  return isFirst ? "outcome-failed" : "outcome-failed-again";
}

/** What to ask for after a 423, seconds: what it names, or twice as much (RFC 3261 §21.4.17), within our own bound. */
export function longerExpires(expires: number, minExpires: number | undefined, maximum: number): number {
  return Math.min(minExpires ?? 2 * expires, maximum);
}

function notifyInput(record: XmppWatcherRecord | undefined, { input }: Notify): XmppWatcherInput {
  const dialog = record?.dialog;
  if (
    record === undefined ||
    dialog === undefined ||
    dialog.callId !== input.callId ||
    dialog.localTag !== input.toTag ||
    isOtherTag(dialog, input.fromTag)
  ) {
    return "notify-foreign";
  }
  if (isOutOfOrder(dialog, input.cseq)) return "notify-old";
  if (isRepeat(dialog, input.cseq)) return "notify-repeat";
  const { subscriptionState } = input;
  switch (subscriptionState?.state) {
    // Some phones leave the header out of a NOTIFY that tells their state.
    case undefined:
    case "active":
      return "notify-active";
    case "terminated":
      return terminatedInput(record, subscriptionState as SubscriptionState);
    // An extension says nothing that we know: no approval.
    default:
      return "notify-pending";
  }
}

function terminatedInput(
  record: XmppWatcherRecord,
  { reason, retryAfter }: SubscriptionState,
): XmppWatcherInput {
  if (reason === "rejected") return "notify-rejected";
  if (reason === "invariant") return "notify-invariant";
  if (reason === "noresource") return record.authorized ? "notify-noresource" : "notify-unknown";
  if (isUnwatched(record)) return "notify-unwatched";
  const isFirst = record.attempts === 0;
  if (reason === "deactivated") return isFirst ? "notify-deactivated" : "notify-later";
  if (reason === "probation" || reason === "giveup") return "notify-later";
  const mayAtOnce = isFirst && (retryAfter === undefined || reason === "timeout");
  return mayAtOnce ? "notify-timeout" : "notify-timeout-later";
}

function dueInput(record: XmppWatcherRecord | undefined, now: number): XmppWatcherInput {
  if (record?.due === undefined || record.dueAt === undefined || record.dueAt > now) return "due-early";
  switch (record.due) {
    case "refresh":
      return isUnwatched(record) ? "due-run-out" : "due-refresh";
    case "retry":
      return record.state === "retrying" && isUnwatched(record) ? "due-retry-unwatched" : "due-retry";
    case "timer-n":
      return record.attempts === 0 ? "due-timer-n" : "due-timer-n-again";
    case "probe-answer":
      return "due-probe-answer";
    case "outcome":
      return "due-outcome";
  }
}

/** RFC 8048 §5.2.2. */
const FORBIDDEN: ReadonlySet<number> = new Set([403, 489, 603]);
/** They say of a first SUBSCRIBE that there is nobody, or that no SUBSCRIBE like ours will ever be served (RFC 3922 §6.1). */
const UNKNOWN: ReadonlySet<number> = new Set([
  400, 404, 405, 406, 410, 414, 415, 416, 420, 421, 484, 485, 501, 505, 604, 606,
]);
/** Nobody is there now. */
const ABSENT: ReadonlySet<number> = new Set([404, 410, 480, 604]);
/** RFC 6665 §4.1.2.2, without those above. */
const ENDING: ReadonlySet<number> = new Set([405, 416, 481, 482, 483, 484, 485, 501]);
