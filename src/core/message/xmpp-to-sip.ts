/** Message stanza → SIP MESSAGE, or what else it means. RFC 7572 §4 (Table 1), RFC 6121 §5.2; digest §6, §9 to §11. */

import { childElements, type Element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { jidSenderToSip, jidTargetToSip } from "../address/domains";
import { type ParsedStanzaError, parseStanzaError } from "../error/stanza-error";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import type { Tables } from "../tables";
import type { ChatState } from "./composing";
import { preferredText } from "./localized";
import {
  type MessageToSip,
  messageRequest,
  type SipParties,
  type XmppMessageContext,
} from "./message-request";

export type { SipParties, XmppMessageContext } from "./message-request";

export type XmppTranslated =
  | MessageToSip
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
  const body = preferredText(stanza, "body");
  if (body === undefined) return withoutBody(stanza, context, from, to);
  if (body.text.length > TEXT_MAXIMUM) return refuse(reject("TOO_LONG", `${body.text.length} characters`));
  const parties = sipParties(from, to, context.tables);
  return parties.ok ? messageRequest(stanza, context, body, parties.value) : parties;
}

/** Receipts, chat states, and what means nothing to SIP. */
function withoutBody(
  stanza: Element,
  context: XmppMessageContext,
  from: string,
  to: string,
): Result<XmppTranslated> {
  let hadBody = false;
  let state: ChatState | undefined;
  let encrypted = false;
  for (const { ns, name, attrs } of childElements(stanza)) {
    const type = ns === NS.receipts || ns === NS.markers ? RECEIPTS.get(name) : undefined;
    if (type !== undefined && attrs.id) return ok({ kind: "receipt", type, id: attrs.id, from, to });
    if (ns === NS.chatStates && CHAT_STATES.has(name)) state ??= name as ChatState;
    if (name === "body" && ns === stanza.ns) hadBody = true;
    if (ENCRYPTED.has(ns)) encrypted = true;
  }
  // Before the chat state that comes with it: a text that SIP cannot read must not pass for typing.
  if (encrypted) return nothing("encrypted");
  if (state === undefined) return nothing(hadBody ? "empty" : "no-body");
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

function nothing(reason: NothingReason): Result<XmppTranslated> {
  return ok({ kind: "nothing", reason });
}

/** A short book; whoever sends more means a file, and the worst of this size is still read in under 50 ms. */
const TEXT_MAXIMUM = 262_144;
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
