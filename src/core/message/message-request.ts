/** A stanza with a body → the MESSAGE. RFC 7572 §4 (Table 1), RFC 3428 §4; asking for notifications by RFC 5438 §7.1.1. */

import { child, type Element, text as textOf } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { SipMessageOut } from "../effect";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { type PeerSwitches, switchesOf } from "../switches";
import type { Tables } from "../tables";
import { pairKey } from "./addresses";
import { threadToCallId } from "./call-id";
import { formatSipDate, parseDateTime } from "./date-time";
import { type LocalizedText, localizedTexts, preferredText } from "./localized";
import type { MessageOrigin } from "./origin";
import { type ExpectedReceipt, expectFromSip } from "./receipts";
import { cpimBody, plainAsHtml } from "./request-body";

/** What a translation needs that the stanza does not say. */
export interface XmppMessageContext {
  readonly tables: Tables;
  /** Random; used when the stanza has no thread that can be carried. */
  readonly callId: string;
  readonly fromTag: string;
  readonly branch: string;
  readonly cseq: number;
  /** Random, at least 64 bits: Message-ID if notifications are asked for (RFC 5438 §6.3). */
  readonly imdnMessageId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Did the phone of this pair (`pairKey`) refuse CPIM before? */
  readonly plainOnly?: (pair: string) => boolean;
}

/** SIP addresses of both, and the peer that serves the SIP user. */
export interface SipParties {
  readonly fromUri: string;
  readonly toUri: string;
  readonly peer: string;
}

export interface MessageToSip {
  readonly kind: "message";
  readonly request: SipMessageOut;
  readonly origin: MessageOrigin;
  /** Message-ID, and the row to store, when the request asks for notifications. */
  readonly imdnMessageId?: string;
  readonly receipt?: ExpectedReceipt;
}

/**
 * Builds the request.
 * @param body which of the stanza's bodies goes
 * Errors: TOO_LONG for a subject that is no header any more.
 */
export function messageRequest(
  stanza: Element,
  context: XmppMessageContext,
  body: LocalizedText,
  parties: SipParties,
): Result<MessageToSip> {
  const headers = requestHeaders(stanza, body);
  if (headers === undefined) return refuse(reject("TOO_LONG", "subject"));
  const switches = switchesOf(parties.peer, context.tables.switches);
  const wants = wanted(stanza);
  const origin = originOf(stanza, wants.includes("received"));
  const text = switches.plainAsHtml ? plainAsHtml(body.text) : body.text;
  const wraps =
    wants.length > 0 && switches.imdn && context.plainOnly?.(pairKey(origin.to, origin.from)) !== true;
  const request: SipMessageOut = {
    toUri: parties.toUri,
    fromUri: parties.fromUri,
    fromTag: context.fromTag,
    callId: callIdOf(stanza, context),
    cseq: context.cseq,
    branch: context.branch,
    contentType: wraps ? "message/cpim" : "text/plain;charset=UTF-8",
    headers,
    body: wraps ? wrapped(text, stanza, context, parties, wants, switches) : UTF8.encode(text),
    peer: parties.peer,
  };
  if (!wraps) return ok({ kind: "message", request, origin });
  const { imdnMessageId } = context;
  return ok({
    kind: "message",
    request,
    origin,
    imdnMessageId,
    receipt: expectFromSip(imdnMessageId, origin, wants),
  });
}

function wrapped(
  text: string,
  stanza: Element,
  { imdnMessageId, now }: XmppMessageContext,
  { fromUri, toUri }: SipParties,
  wants: readonly ("received" | "displayed")[],
  { cpimScheme }: PeerSwitches,
): Uint8Array {
  const subjects = localizedTexts(stanza, "subject");
  return cpimBody(text, { fromUri, toUri, subjects, wants, imdnMessageId, now, scheme: cpimScheme });
}

/** What its error or receipt will need; the stanza has both addresses, or it would not have come so far. */
function originOf(stanza: Element, wantsReceipt: boolean): MessageOrigin {
  const { from = "", to = "", id, type } = stanza.attrs;
  if (child(stanza, HINTS, "no-store") !== undefined)
    return {
      from,
      to,
      ...(id === undefined ? {} : { id }),
      ...(type === undefined ? {} : { type }),
      wantsReceipt,
      noStore: true,
    };
  if (id !== undefined && type !== undefined) return { from, to, id, type, wantsReceipt };
  if (id !== undefined) return { from, to, id, wantsReceipt };
  return type === undefined ? { from, to, wantsReceipt } : { from, to, type, wantsReceipt };
}

/** Headers beside those that every MESSAGE has; undefined when the subject is too long for one. */
function requestHeaders(stanza: Element, body: LocalizedText): [string, string][] | undefined {
  const headers: [string, string][] = [];
  const subject = preferredText(stanza, "subject");
  if (subject !== undefined) {
    const line = subject.text.replace(LINE_BREAKERS, " ").trim();
    if (line.length > SUBJECT_MAXIMUM) return undefined;
    if (line !== "") headers.push(["Subject", line]);
  }
  if (body.language !== undefined) headers.push(["Content-Language", body.language]);
  const stamp = child(stanza, NS.delay, "delay")?.attrs.stamp;
  const written = stamp === undefined ? undefined : parseDateTime(stamp);
  if (written !== undefined) headers.push(["Date", formatSipDate(written)]);
  return headers;
}

function callIdOf(stanza: Element, context: XmppMessageContext): string {
  const thread = child(stanza, stanza.ns, "thread");
  return (thread === undefined ? undefined : threadToCallId(textOf(thread))) ?? context.callId;
}

/** Receipts and markers that the sender asked for. A request without an id cannot be answered (XEP-0184 §5.1). */
function wanted(stanza: Element): ("received" | "displayed")[] {
  if (!stanza.attrs.id) return [];
  const wants: ("received" | "displayed")[] = [];
  if (child(stanza, NS.receipts, "request") !== undefined) wants.push("received");
  if (child(stanza, NS.markers, "markable") !== undefined) wants.push("displayed");
  return wants;
}

/** A header of more would make the request needlessly large; people write one line. */
const SUBJECT_MAXIMUM = 4_096;
/** Controls, and the separators that some readers take for a line end. */
const LINE_BREAKERS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g;
const HINTS = "urn:xmpp:hints"; // XEP-0334
const UTF8 = new TextEncoder();
