/** What publications, lists and watcher information share. */

import { sipSenderToJid, sipTargetToJid } from "../../core/address/domains";
import { bareJid, parseJid } from "../../core/address/jid";
import type { PresenceDocument } from "../../core/presence/document";
import type { Rejection } from "../../core/rejection";
import type { SipWatcherRecord } from "../../core/subscription/record";
import type { Tables } from "../../core/tables";
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

/** Writes a document. @param entity URI of the person whom it is about */
export type WritePidf = (document: PresenceDocument, entity: string) => string;

/** The answer that a rejection becomes. */
export function refusal({ sipStatus, text, sipHeaders }: Rejection): SipAnswer {
  return { status: sipStatus, reason: text, headers: sipHeaders ?? [] };
}

/** A JID without its resource. */
export function bareOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

/** Canonical bare JID of a SIP URI, of whichever side, or of a JID; undefined when it is neither, or no rule serves it. */
export function addressOf(text: string, { domains }: Tables): string | undefined {
  if (!URI.test(text)) {
    const jid = parseJid(text);
    return jid.ok && jid.value.local !== undefined ? bareJid(jid.value) : undefined;
  }
  const onSip = sipSenderToJid(text, domains);
  if (onSip.ok) return bareOf(onSip.value.jid);
  const onXmpp = sipTargetToJid(text, domains);
  return onXmpp.ok ? bareOf(onXmpp.value.jid) : undefined;
}

const URI = /^(?:sips?|tel|xmpp|pres|im):/i;
