/** What an event is to the machine of a SIP watcher: the column of its table. RFC 6665 §4.2, RFC 5057 §5.1. */

import type { SipDialogOutcome } from "../input";
import type { SipWatcherEvent } from "./event";
import { isOtherTag, isOutOfOrder, isRepeat } from "./in-dialog";
import type { SipWatcherRecord } from "./record";
import type { SipWatcherInput } from "./sip-watcher-table";

type Subscribe = Extract<SipWatcherEvent, { kind: "subscribe" }>;

/** Names the event as the table knows it, in the light of the row. @param now milliseconds since 1970 */
export function sipWatcherInput(
  record: SipWatcherRecord | undefined,
  event: SipWatcherEvent,
  now: number,
): SipWatcherInput {
  switch (event.kind) {
    case "subscribe":
      return record === undefined ? newSubscribe(event) : inDialog(record, event);
    case "subscribed":
      return isFetch(record) ? "fetch-other" : "subscribed";
    case "unsubscribed":
      return event.probed === true && record?.state === "pending" && !isFetch(record)
        ? "unsubscribed-probed"
        : "unsubscribed";
    case "no-contact":
    case "drop":
      return event.kind;
    case "notify-now":
      return notifyNow(record, now);
    case "notify-outcome":
      return outcomeInput(record, event.outcome);
    case "due":
      return dueInput(record, event.canNotify, now);
    case "resume":
      return resumeInput(record, event.canNotify, now);
  }
}

/**
 * A fetch waits for what the contact's server says; its only NOTIFY is the last (RFC 6665 §4.4.3). It is `pending`: that
 * somebody asks once does not mean that he was approved.
 */
export function isFetch(record: SipWatcherRecord | undefined): boolean {
  return record?.state === "pending" && record.reason !== undefined;
}

function newSubscribe({ input, expires, what, approved }: Subscribe): SipWatcherInput {
  if (input.toTag !== undefined) return "subscribe-foreign";
  const isKnown = approved || what !== "presence";
  if (expires === 0) return isKnown ? "fetch-known" : "fetch";
  return isKnown ? "subscribe-approved" : "subscribe";
}

function inDialog(record: SipWatcherRecord, { input, expires }: Subscribe): SipWatcherInput {
  const { dialog, eventId } = record;
  if (input.callId !== dialog.callId || isOtherTag(dialog, input.fromTag)) return "subscribe-foreign";
  if (isRepeat(dialog, input.cseq)) return "subscribe-repeat";
  if (isFetch(record)) return "subscribe-foreign";
  if (isOutOfOrder(dialog, input.cseq)) return "subscribe-old";
  if (input.event?.id !== eventId) return "subscribe-shared";
  return expires === 0 ? "end" : "refresh";
}

function notifyNow(record: SipWatcherRecord | undefined, now: number): SipWatcherInput {
  if (record === undefined) return "notify-now";
  if (record.state === "ending") return record.waits === true ? "notify-now" : "notify-paused";
  if (isFetch(record)) return "fetch-news";
  const { failures = 0, dueAt = 0, expiresAt } = record;
  return failures > 0 && dueAt > now && dueAt < expiresAt ? "notify-paused" : "notify-now";
}

function outcomeInput(record: SipWatcherRecord | undefined, { status }: SipDialogOutcome): SipWatcherInput {
  if (record?.state === "ending" && record.waits === true) return "outcome-earlier";
  if (status < 300) return "outcome-2xx";
  if (GONE.has(status)) return "outcome-gone";
  return (record?.failures ?? 0) + 1 < MAXIMUM_FAILURES ? "outcome-failed" : "outcome-failed-last";
}

function dueInput(record: SipWatcherRecord | undefined, canNotify: boolean, now: number): SipWatcherInput {
  if (record?.dueAt === undefined || record.dueAt > now) return "due-early";
  if (record.state === "ending") return canNotify ? "due-again" : "under-way";
  if (isFetch(record)) return "fetch-due";
  if (record.expiresAt <= now) return "expired";
  return record.owed && (record.failures ?? 0) > 0 ? "due-retry" : "due-again";
}

function resumeInput(record: SipWatcherRecord | undefined, canNotify: boolean, now: number): SipWatcherInput {
  if (record?.state === "ending" && !canNotify) return "under-way";
  if (isFetch(record)) return "fetch-other";
  return record !== undefined && record.state !== "ending" && record.expiresAt <= now ? "expired" : "resume";
}

/** RFC 6665 §4.2.2: these remove the subscription. */
const GONE: ReadonlySet<number> = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);
/** NOTIFYs in a row without a good answer: with pauses that double, some minutes. */
const MAXIMUM_FAILURES = 5;
