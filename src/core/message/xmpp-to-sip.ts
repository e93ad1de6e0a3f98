/** Message stanza → SIP MESSAGE, or what else it means. RFC 7572 §4 (Table 1), RFC 6121 §5.2; digest §6, §9 to §11. */

import { child, childElements, type Element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { jidSenderToSip, jidTargetToSip } from "../address/domains";
import type { SipMessageOut } from "../effect";
import { type ParsedStanzaError, parseStanzaError } from "../error/stanza-error";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { DEFAULT_SWITCHES, type PeerSwitches } from "../switches";
import type { Tables } from "../tables";
import { bareJid } from "./addresses";
import { threadToCallId } from "./call-id";
import type { ChatState } from "./composing";
import { formatSipDate, parseDateTime } from "./date-time";
import { type LocalizedText, localizedTexts, preferred } from "./localized";
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
  /** Did this pair (our bare JID for the SIP user, a blank, the bare JID of the XMPP user) refuse CPIM before? */
  readonly plainOnly?: (pair: string) => boolean;
}

/** SIP addresses of both, and the peer that serves the SIP user. */
export interface SipParties {
  readonly fromUri: string;
  readonly toUri: string;
  readonly peer: string;
}

export type XmppTranslated =
  | {
      readonly kind: "message";
      readonly request: SipMessageOut;
      readonly origin: MessageOrigin;
      /** Message-ID, and the row to store, when the request asks for notifications. */
      readonly imdnMessageId?: string;
      readonly receipt?: ExpectedReceipt;
    }
  | {
      readonly kind: "composing";
      readonly state: ChatState;
      readonly from: string;
      readonly to: string;
      readonly parties: SipParties;
    }
  | {
      readonly kind: "receipt";
      readonly type: "received" | "displayed";
      /** Id of the message that it is for (XEP-0184 §5.3). */
      readonly id: string;
      readonly from: string;
      readonly to: string;
    }
  /** An earlier message of ours has failed after all. */
  | {
      readonly kind: "error";
      readonly id?: string;
      readonly from: string;
      readonly to: string;
      readonly error: ParsedStanzaError;
    }
  | { readonly kind: "nothing"; readonly reason: NothingReason };

export type NothingReason =
  | "no-address"
  | "groupchat"
  | "headline"
  | "carbon"
  | "archive"
  | "encrypted"
  | "empty"
  | "no-body";

/**
 * Says what a message stanza means for the SIP side. Only `chat` and `normal` with a body become a MESSAGE.
 * Errors: those of the addresses (`jidSenderToSip`, `jidTargetToSip`), TOO_LONG.
 */
export function xmppMessageToSip(stanza: Element, context: XmppMessageContext): Result<XmppTranslated> {
  const { from, to, type } = stanza.attrs;
  if (from === undefined || to === undefined || from === "" || to === "") return nothing("no-address");
  if (type === "error") return ok(lateError(stanza, from, to));
  if (type === "groupchat" || type === "headline") return nothing(type);
  const copied = copyOf(stanza);
  if (copied !== undefined) return nothing(copied);
  const bodies = localizedTexts(stanza, "body");
  const body = preferred(
    bodies.filter(({ text }) => text.trim() !== ""),
    stanza.attrs["xml:lang"],
  );
  if (body === undefined) return withoutBody(stanza, context, from, to, bodies.length > 0);
  if (body.text.length > TEXT_MAXIMUM) return refuse(reject("TOO_LONG", `${body.text.length} characters`));
  const parties = sipParties(from, to, context.tables);
  return parties.ok ? message(stanza, context, from, to, body, parties.value) : parties;
}

function message(
  stanza: Element,
  context: XmppMessageContext,
  from: string,
  to: string,
  body: LocalizedText,
  parties: SipParties,
): Result<XmppTranslated> {
  const { id, type } = stanza.attrs;
  const switches = switchesOf(parties.peer, context.tables);
  const subjects = localizedTexts(stanza, "subject").filter(({ text }) => text !== "");
  const wants = id === undefined || id === "" ? [] : wanted(stanza);
  const origin: MessageOrigin = {
    from,
    to,
    wantsReceipt: wants.includes("received"),
    ...(id === undefined ? {} : { id }),
    ...(type === undefined ? {} : { type }),
  };
  const headers = requestHeaders(stanza, subjects, body);
  if (headers === undefined) return refuse(reject("TOO_LONG", "subject"));
  const { fromTag, branch, cseq } = context;
  const text = switches.plainAsHtml ? plainAsHtml(body.text) : body.text;
  const basic = { ...parties, fromTag, branch, cseq, headers, callId: callIdOf(stanza, context) };
  const wraps =
    wants.length > 0 && switches.imdn && context.plainOnly?.(`${bareJid(to)} ${bareJid(from)}`) !== true;
  if (!wraps) {
    return ok({
      kind: "message",
      origin,
      request: { ...basic, contentType: TEXT_PLAIN, body: UTF8.encode(text) },
    });
  }
  const { imdnMessageId, now } = context;
  const wrapped = cpimBody(text, {
    ...parties,
    subjects,
    wants,
    imdnMessageId,
    now,
    scheme: switches.cpimScheme,
  });
  return ok({
    kind: "message",
    origin,
    request: { ...basic, contentType: "message/cpim", body: wrapped },
    imdnMessageId,
    receipt: expectFromSip(imdnMessageId, origin, wants),
  });
}

/** Headers beside those that every MESSAGE has; undefined when the subject is too long for one. */
function requestHeaders(
  stanza: Element,
  subjects: readonly LocalizedText[],
  body: LocalizedText,
): [string, string][] | undefined {
  const headers: [string, string][] = [];
  const subject = preferred(subjects, stanza.attrs["xml:lang"]);
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
  const thread = localizedTexts(stanza, "thread")[0]?.text;
  return (thread === undefined ? undefined : threadToCallId(thread)) ?? context.callId;
}

/** Receipts and markers that the sender asked for. A request without an id cannot be answered (XEP-0184 §5.1). */
function wanted(stanza: Element): ("received" | "displayed")[] {
  const wants: ("received" | "displayed")[] = [];
  if (child(stanza, NS.receipts, "request") !== undefined) wants.push("received");
  if (child(stanza, NS.markers, "markable") !== undefined) wants.push("displayed");
  return wants;
}

/** Receipts, chat states, and what means nothing to SIP. */
function withoutBody(
  stanza: Element,
  context: XmppMessageContext,
  from: string,
  to: string,
  hadBody: boolean,
): Result<XmppTranslated> {
  let state: ChatState | undefined;
  let encrypted = false;
  for (const { ns, name, attrs } of childElements(stanza)) {
    const type = ns === NS.receipts || ns === NS.markers ? RECEIPTS.get(name) : undefined;
    if (type !== undefined && attrs.id) return ok({ kind: "receipt", type, id: attrs.id, from, to });
    if (ns === NS.chatStates && CHAT_STATES.has(name)) state ??= name as ChatState;
    if (ENCRYPTED.has(ns)) encrypted = true;
  }
  if (state === undefined) return nothing(encrypted ? "encrypted" : hadBody ? "empty" : "no-body");
  const parties = sipParties(from, to, context.tables);
  return parties.ok ? ok({ kind: "composing", state, from, to, parties: parties.value }) : parties;
}

function lateError(stanza: Element, from: string, to: string): XmppTranslated {
  const error = parseStanzaError(stanza);
  const { id } = stanza.attrs;
  return id === undefined ? { kind: "error", from, to, error } : { kind: "error", id, from, to, error };
}

/** Copies of a conversation that went elsewhere: never a message to us, whatever their body says. */
function copyOf(stanza: Element): "carbon" | "archive" | undefined {
  for (const { ns, name } of childElements(stanza)) {
    if (ns === CARBONS && (name === "sent" || name === "received")) return "carbon";
    if (name === "result" && ns.startsWith(MAM)) return "archive";
  }
  return undefined;
}

function sipParties(from: string, to: string, tables: Tables): Result<SipParties> {
  const target = jidTargetToSip(to, tables.domains);
  if (!target.ok) return target;
  const sender = jidSenderToSip(from, tables.domains);
  if (!sender.ok) return sender;
  return ok({ fromUri: sender.value.uri, toUri: target.value.uri, peer: target.value.rule.peer });
}

function switchesOf(peer: string, { switches }: Tables): PeerSwitches {
  return switches.get(peer) ?? switches.get("default") ?? DEFAULT_SWITCHES;
}

function nothing(reason: NothingReason): Result<XmppTranslated> {
  return ok({ kind: "nothing", reason });
}

const TEXT_PLAIN = "text/plain;charset=UTF-8";
/** A sixth of a printed bible; whoever sends more means a file. */
const TEXT_MAXIMUM = 1_048_576;
/** A header of more would make the request needlessly large; people write one line. */
const SUBJECT_MAXIMUM = 4_096;
/** Controls, and the separators that some readers take for a line end. */
const LINE_BREAKERS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g;
/** XEP-0333 1.0.0 has `displayed` only; older clients send `received` and `acknowledged` in that namespace too. */
const RECEIPTS: ReadonlyMap<string, "received" | "displayed"> = new Map([
  ["received", "received"],
  ["displayed", "displayed"],
  ["acknowledged", "displayed"],
]);
const CHAT_STATES: ReadonlySet<string> = new Set(["active", "composing", "gone", "inactive", "paused"]);
const CARBONS = "urn:xmpp:carbons:2"; // XEP-0280
const MAM = "urn:xmpp:mam:"; // XEP-0313
/** OMEMO, its successor, OpenPGP (XEP-0384, XEP-0373), and the PGP of XEP-0027. */
const ENCRYPTED: ReadonlySet<string> = new Set([
  "eu.siacs.conversations.axolotl",
  "urn:xmpp:omemo:1",
  "urn:xmpp:omemo:2",
  "urn:xmpp:openpgp:0",
  "jabber:x:encrypted",
]);
const UTF8 = new TextEncoder();
