/** A subscription as its two rows, and back: what seldom changes, and what changes with every NOTIFY. RFC 8048 §5.1. */

import type { Dialog } from "../core/subscription/dialog";
import type { SipWatcherRecord, SubscriptionRecord } from "../core/subscription/record";

/** The columns of COLUMNS, in their order. */
export type SubscriptionRow = readonly [
  id: number,
  key: string,
  direction: SubscriptionRecord["direction"],
  watcher: string,
  presentity: string,
  callId: string | null,
  localTag: string | null,
  record: string,
  localCseq: number | null,
  remoteCseq: number | null,
  owed: number | null,
  expiresAt: number | null,
  dueAt: number | null,
];

/** Of a join of `subscription` as s and `subscription_progress` as p. */
export const COLUMNS =
  "s.id, s.key, s.direction, s.watcher, s.presentity, s.call_id, s.local_tag, s.record, " +
  "p.local_cseq, p.remote_cseq, p.owed, p.expires_at, p.due_at";

/** Values for subscription_progress without its id. */
export type Progress = readonly [
  localCseq: number | null,
  remoteCseq: number | null,
  owed: number | null,
  expiresAt: number | null,
  dueAt: number | null,
];

/** Values for subscription without its id and key. */
export type Standing = readonly [
  direction: string,
  watcher: string,
  presentity: string,
  callId: string | null,
  localTag: string | null,
  record: string,
];

/** @throws Error naming the key of a row that no release has written */
export function recordOf(row: SubscriptionRow): SubscriptionRecord {
  const [, key, direction, watcher, presentity, callId, localTag, text] = row;
  const [localCseq, remoteCseq, owed, expiresAt, dueAt] = row.slice(8) as unknown as Progress;
  const record = parsed(key, text);
  record.direction = direction;
  record.watcher = watcher;
  record.presentity = presentity;
  if (owed !== null) record.owed = owed !== 0;
  if (expiresAt !== null) record.expiresAt = expiresAt;
  if (dueAt !== null) record.dueAt = dueAt;
  const { dialog } = record;
  if (dialog !== undefined) {
    dialog.callId = callId;
    dialog.localTag = localTag;
    dialog.localCseq = localCseq;
    if (remoteCseq !== null) dialog.remoteCseq = remoteCseq;
  }
  return record as unknown as SubscriptionRecord;
}

/**
 * @param lastCseq what the row is to say of our CSeq
 * @throws Error when a number is none that the column takes: our own mistake
 */
export function progressOf(record: SubscriptionRecord, lastCseq: number): Progress {
  const { dialog, expiresAt, dueAt } = record;
  return [
    dialog === undefined ? null : whole(lastCseq),
    whole(dialog?.remoteCseq),
    "owed" in record ? Number(record.owed) : null,
    whole(expiresAt),
    whole(dueAt),
  ];
}

export function standingOf(record: SubscriptionRecord): Standing {
  const { direction, watcher, presentity, dialog } = record;
  const rest = without(record, IN_COLUMNS);
  if (dialog !== undefined) rest.dialog = without(dialog, DIALOG_IN_COLUMNS);
  const { callId = null, localTag = null } = dialog ?? NO_DIALOG;
  return [direction, watcher, presentity, callId, localTag, JSON.stringify(rest)];
}

/** Would `standingOf` give the same? A copy of a list counts as another one. */
export function standsAsBefore(before: SubscriptionRecord, after: SubscriptionRecord): boolean {
  if (!sameDialog(before.dialog, after.dialog)) return false;
  if (before.direction === "sip-watcher" && after.direction === "sip-watcher")
    return sipWatcherStands(before, after);
  return before.direction === after.direction && sameBut(before, after, IN_PROGRESS_OR_DIALOG);
}

/** The same as `sameBut`, written out because every NOTIFY asks twice. */
function sipWatcherStands(before: SipWatcherRecord, after: SipWatcherRecord): boolean {
  return (
    before.state === after.state &&
    before.what === after.what &&
    before.watcher === after.watcher &&
    before.presentity === after.presentity &&
    before.peer === after.peer &&
    before.reason === after.reason &&
    before.eventId === after.eventId &&
    before.intervalMs === after.intervalMs &&
    before.failures === after.failures &&
    before.finalContent === after.finalContent &&
    before.waits === after.waits
  );
}

/** Has nothing of its progress changed, but for our CSeq and whether a NOTIFY is owed? */
export function timedAsBefore(before: SubscriptionRecord, after: SubscriptionRecord): boolean {
  return (
    before.dialog?.remoteCseq === after.dialog?.remoteCseq &&
    (before.dialog === undefined) === (after.dialog === undefined) &&
    before.expiresAt === after.expiresAt &&
    before.dueAt === after.dueAt
  );
}

function sameDialog(before: Dialog | undefined, after: Dialog | undefined): boolean {
  if (before === after) return true;
  return (
    before !== undefined &&
    after !== undefined &&
    before.callId === after.callId &&
    before.localTag === after.localTag &&
    before.remoteTag === after.remoteTag &&
    before.localUri === after.localUri &&
    before.remoteUri === after.remoteUri &&
    before.remoteTarget === after.remoteTarget &&
    before.routes === after.routes
  );
}

/** Are all fields the same, but for those named? */
function sameBut(before: object, after: object, but: ReadonlySet<string>): boolean {
  const [old, fresh] = [before as Fields, after as Fields];
  for (const name in fresh) if (fresh[name] !== old[name] && !but.has(name)) return false;
  for (const name in old) if (!(name in fresh) && old[name] !== undefined && !but.has(name)) return false;
  return true;
}

/** A copy of the other fields. An object that something is deleted from is slow ever after, and twice as slow to write. */
function without(record: object, names: ReadonlySet<string>): Fields {
  const rest: Fields = {};
  for (const name in record) if (!names.has(name)) rest[name] = (record as Fields)[name];
  return rest;
}

type Fields = Record<string, unknown>;
type Loose = Fields & { dialog?: Fields };

function parsed(key: string, text: string): Loose {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`the row of subscription ${key} cannot be read: ${(error as Error).message}`);
  }
}

function whole(value: number | undefined): number | null {
  if (value === undefined) return null;
  if (!Number.isSafeInteger(value)) throw new Error(`${value} in a subscription is no whole number`);
  return value;
}

const IN_PROGRESS: ReadonlySet<string> = new Set(["owed", "expiresAt", "dueAt"]);
const IN_PROGRESS_OR_DIALOG: ReadonlySet<string> = new Set([...IN_PROGRESS, "dialog"]);
const IN_COLUMNS: ReadonlySet<string> = new Set([
  ...IN_PROGRESS_OR_DIALOG,
  "direction",
  "watcher",
  "presentity",
]);
const DIALOG_IN_PROGRESS: ReadonlySet<string> = new Set(["localCseq", "remoteCseq"]);
const DIALOG_IN_COLUMNS: ReadonlySet<string> = new Set([...DIALOG_IN_PROGRESS, "callId", "localTag"]);
const NO_DIALOG: Partial<Dialog> = {};
