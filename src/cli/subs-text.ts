/** Subscriptions in words, for a person. */

import type { SipWatcherRecord, SubscriptionRecord, XmppWatcherRecord } from "../core/subscription/record";
import type { FoundSubscription } from "../store/reader";

/** What each state means; the two directions share some names. */
export const STATES: Readonly<Record<SubscriptionRecord["state"], string>> = {
  requesting: "asked for; the contact's side has not answered",
  pending: "asked for; the contact has not decided",
  active: "agreed to; presence is told",
  dormant: "agreed to; nobody is online to see it, so no dialog is kept up",
  retrying: "the SIP side failed; it will be tried again, and what was agreed to stays so",
  cancelling: "the watcher has had enough; the end of it is awaited",
  ending: "over; the answer to the last NOTIFY is awaited",
};

const DUE: Readonly<Record<NonNullable<XmppWatcherRecord["due"]>, string>> = {
  refresh: "refresh",
  "probe-answer": "refresh, also if the watcher does not answer the probe",
  "timer-n": "give up waiting for a NOTIFY",
  retry: "try again",
  outcome: "give up waiting for the answer to our SUBSCRIBE",
};

/** A line for each, under headings, in columns. "" for none. */
export function tableOf(found: readonly FoundSubscription[]): string {
  if (found.length === 0) return "";
  const rows = found.map(({ record, isDropRequested }) => [
    record.direction,
    shown(record.watcher),
    shown(record.presentity),
    isDropRequested ? `${record.state}, to be dropped` : record.state,
    shown(record.peer),
    record.expiresAt === undefined ? "" : time(record.expiresAt),
  ]);
  const lines = [["DIRECTION", "WATCHER", "PRESENTITY", "STATE", "PEER", "UNTIL"], ...rows];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/**
 * All that is known of one.
 * @param now milliseconds since 1970
 */
export function describeSubscription(
  { key, record, isDropRequested }: FoundSubscription,
  now: number,
): string {
  const lines: (readonly [label: string, text: string | undefined])[] = [
    ["state", `${record.state}: ${STATES[record.state] ?? "a state of another release"}`],
    ["wish", isDropRequested ? "to be dropped, as `isthmus subs drop` has asked" : undefined],
    ["peer", shown(record.peer)],
    ["until", record.expiresAt === undefined ? undefined : timeWithDistance(record.expiresAt, now)],
    [
      "next",
      record.dueAt === undefined ? undefined : `${nextOf(record)} at ${timeWithDistance(record.dueAt, now)}`,
    ],
    ...(record.direction === "xmpp-watcher" ? watcherLines(record) : notifierLines(record)),
    ...dialogLines(record),
    ["key", shown(key)],
  ];
  const head = `${shown(record.watcher)} watches ${shown(record.presentity)} (${record.direction})\n`;
  return (
    head + lines.map(([label, text]) => (text === undefined ? "" : `  ${label.padEnd(9)}${text}\n`)).join("")
  );
}

function watcherLines(record: XmppWatcherRecord): (readonly [string, string | undefined])[] {
  return [
    ["agreed", record.authorized ? "yes, and the watcher was told so" : "not yet"],
    [
      "online",
      record.online === "unknown"
        ? "whether the watcher is online is not known"
        : `the watcher: ${record.online}`,
    ],
    ["devices", record.shown.length === 0 ? undefined : record.shown.map(shown).join(", ")],
    ["failures", record.attempts === 0 ? undefined : `${record.attempts} in a row`],
  ];
}

function notifierLines(record: SipWatcherRecord): (readonly [string, string | undefined])[] {
  return [
    ["tells", TELLS[record.what]],
    ["reason", record.reason],
    ["owed", record.owed ? "a NOTIFY was sent and is not answered yet" : undefined],
    ["at most", record.intervalMs === undefined ? undefined : `one NOTIFY in ${record.intervalMs / 1000} s`],
  ];
}

const TELLS: Readonly<Record<SipWatcherRecord["what"], string>> = {
  presence: "the contact's presence",
  list: "the presence of all on a list",
  winfo: "who watches, and who waits for approval",
};

function dialogLines({ direction, dialog }: SubscriptionRecord): (readonly [string, string | undefined])[] {
  if (dialog === undefined) return [["dialog", "none"]];
  const { callId, localTag, remoteTag, localCseq, remoteCseq, remoteTarget, routes } = dialog;
  const theirs = remoteTag === undefined ? "their tag not known yet" : `their tag ${shown(remoteTag)}`;
  return [
    ["dialog", `Call-ID ${shown(callId)}, our tag ${shown(localTag)}, ${theirs}`],
    // NOTIFYs take their numbers from a block that the row has reserved.
    [
      "CSeq",
      `${direction === "sip-watcher" ? "up to " : ""}${localCseq} ours, ${remoteCseq ?? "none"} theirs`,
    ],
    ["target", [shown(remoteTarget), ...routes.map((route) => `by ${shown(route)}`)].join(" ")],
  ];
}

function nextOf(record: SubscriptionRecord): string {
  if (record.direction === "xmpp-watcher") return record.due === undefined ? "something" : DUE[record.due];
  return record.dueAt !== undefined && record.dueAt >= record.expiresAt ? "end" : "NOTIFY";
}

function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function timeWithDistance(at: number, now: number): string {
  const seconds = Math.round(Math.abs(at - now) / 1000);
  const distance = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return `${time(at)} (${at >= now ? `in ${distance}` : `${distance} ago`})`;
}

/** What peers chose may hold anything: nothing of it steers the terminal. */
function shown(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// C0 and C1 controls, and what turns the direction of writing.
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
