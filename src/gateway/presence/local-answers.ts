/** What publications, lists and watcher information share. */

import type { PresenceDocument } from "../../core/presence/document";
import type { Rejection } from "../../core/rejection";
import type { SipWatcherRecord, SubscriptionRecord } from "../../core/subscription/record";
import type { SipAnswer } from "../sides";

/** Whom a SUBSCRIBE outside a dialog is for, once it is found to be one that we serve. */
export interface Subject {
  readonly what: SipWatcherRecord["what"];
  /** Canonical bare JIDs. */
  readonly watcher: string;
  readonly presentity: string;
  /** Need nobody be asked? */
  readonly approved: boolean;
}

/** Body of a NOTIFY, made when it goes out. */
export interface DialogBody {
  readonly contentType: string;
  readonly body: Uint8Array;
  /** There was not room for all: the dialog wants another NOTIFY. */
  readonly more: boolean;
}

/** Writes a document. @param entity URI of the person whom it is about; `peer` names the neighbour of who will read it */
export type WritePidf = (document: PresenceDocument, entity: string, peer: string) => string;

/** Is this a SIP user who watches somebody and means to go on? A fetch is over with its first NOTIFY (RFC 6665 §4.4.3). */
export function isWatchingOn(record: SubscriptionRecord): boolean {
  return (
    record.direction === "sip-watcher" &&
    record.what === "presence" &&
    record.state !== "ending" &&
    record.reason === undefined
  );
}

/** The answer that a rejection becomes. */
export function refusal({ sipStatus, text, sipHeaders }: Rejection): SipAnswer {
  return { status: sipStatus, reason: text, headers: sipHeaders ?? [] };
}
