/** Tables and inputs for the tests of messages: romeo lives on SIP, juliet on XMPP, as in RFC 7572. */

import { compileDomains } from "../../../src/core/address/domains";
import type { SipMessageInput } from "../../../src/core/input";
import type { Translated, TranslatedMessage } from "../../../src/core/message/sip-to-xmpp";
import { sipMessageToStanza } from "../../../src/core/message/sip-to-xmpp";
import {
  type XmppMessageContext,
  type XmppTranslated,
  xmppMessageToSip,
} from "../../../src/core/message/xmpp-to-sip";
import type { Rejection } from "../../../src/core/rejection";
import { DEFAULT_SWITCHES, type PeerSwitches } from "../../../src/core/switches";
import type { ContentTypeTable, Tables } from "../../../src/core/tables";
import type { SipRequest } from "../../../src/sip/message/message";
import { parseMessage } from "../../../src/sip/message/parse";
import type { Element } from "../../../src/xml/element";
import { parseXml, XML_LIMITS, type XmlLimits } from "../../../src/xml/parser";

export const CONTENT_TYPES: ContentTypeTable = {
  treatments: new Map([
    ["text/plain", "plain"],
    ["text/html", "html"],
    ["message/cpim", "cpim"],
    ["application/im-iscomposing+xml", "composing"],
    ["message/imdn+xml", "imdn"],
    ["multipart/alternative", "multipart-alternative"],
    ["multipart/mixed", "multipart-mixed"],
  ]),
  accept: "text/plain, text/html, message/cpim",
};

export function tables(switches: Partial<PeerSwitches> = {}): Tables {
  return {
    domains: compileDomains({
      sip: [{ sip: "example.net", xmpp: "example.net", peer: "default", tel: false }],
      xmpp: [{ xmpp: "example.com", sip: "example.com", via: "route" }],
    }),
    errors: {
      toSip: new Map(),
      toXmpp: new Map(),
      toXmppByClass: new Map(),
      toSipDefault: { full: 400, bare: 400, reason: "Bad Request" },
    },
    contentTypes: CONTENT_TYPES,
    presence: {
      shows: new Map(),
      activities: new Map(),
      precedence: [],
      userActivities: new Map(),
      moods: new Map(),
    },
    switches: new Map([["default", { ...DEFAULT_SWITCHES, ...switches }]]),
  };
}

export const TRANSACTION = "Tr4ns4ct10nTr4ns4ct10n";

export function sipInput(fields: Partial<SipMessageInput> & { text?: string } = {}): SipMessageInput {
  const { text = "Hello", ...others } = fields;
  return {
    kind: "sip-message",
    rid: "r1",
    transaction: TRANSACTION,
    requestUri: "sip:juliet@example.com",
    toUri: "sip:juliet@example.com",
    fromUri: "sip:romeo@example.net",
    callId: "9E97FB43-85F4-4A00-8751-1124FD4C7B2E",
    body: octets(text),
    peer: "default",
    ...others,
  };
}

export function xmppContext(fields: Partial<XmppMessageContext> = {}): XmppMessageContext {
  return {
    tables: tables(),
    callId: "r4nd0mCallId",
    fromTag: "t4g",
    branch: "br4nch",
    cseq: 7,
    imdnMessageId: "imdnMessageId0001",
    now: Date.UTC(2026, 0, 2, 3, 4, 5),
    ...fields,
  };
}

/** A SIP request as text → the input that the SIP side makes of it. */
export function inputFromRequest(request: string): SipMessageInput {
  const separator = request.indexOf("\n\n");
  const body = octets(request.slice(separator + 2));
  const head = crlf(request.slice(0, separator)).replace(
    /^Content-Length:.*$/m,
    `Content-Length: ${body.length}`,
  );
  const parsed = parseMessage(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]));
  if (parsed.kind !== "request") throw new Error(`not a request: ${JSON.stringify(parsed)}`);
  return inputFromSip(parsed);
}

/** A parsed request → the input that the SIP side makes of it. */
export function inputFromSip({ uri, headers, body }: SipRequest): SipMessageInput {
  const optional = (name: string, key: keyof SipMessageInput) => {
    const value = headers.get(name);
    return value === undefined ? {} : { [key]: value };
  };
  return sipInput({
    requestUri: uri,
    toUri: uriOf(headers.get("To")),
    fromUri: uriOf(headers.get("From")),
    callId: headers.get("Call-ID") ?? "",
    body,
    ...optional("Subject", "subject"),
    ...optional("Content-Type", "contentType"),
    ...optional("Content-Language", "contentLanguage"),
    ...optional("Content-Disposition", "contentDisposition"),
    ...optional("Content-Encoding", "contentEncoding"),
  });
}

function uriOf(value: string | undefined): string {
  return /<([^>]*)>/.exec(value ?? "")?.[1] ?? (value ?? "").replace(/;.*$/, "").trim();
}

export function octets(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** A stanza as the XMPP side hands it over. */
export function stanza(xml: string, limits: Partial<XmlLimits> = {}): Element {
  const parsed = parseXml(xml.replace(/^<message/, "<message xmlns='jabber:client'"), {
    ...XML_LIMITS,
    ...limits,
  });
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.root;
}

export function toXmpp(input: SipMessageInput, switches: Partial<PeerSwitches> = {}): Translated {
  const result = sipMessageToStanza(input, tables(switches));
  if (!result.ok) throw new Error(`refused: ${result.rejection.code} ${result.rejection.detail}`);
  return result.value;
}

export function messageToXmpp(
  input: SipMessageInput,
  switches: Partial<PeerSwitches> = {},
): TranslatedMessage {
  const translated = toXmpp(input, switches);
  if (translated.kind !== "message") throw new Error(`not a message: ${translated.kind}`);
  return translated;
}

export function refusedByXmpp(input: SipMessageInput): Rejection {
  const result = sipMessageToStanza(input, tables());
  if (result.ok) throw new Error(`not refused: ${JSON.stringify(result.value)}`);
  return result.rejection;
}

export function toSip(xml: string, fields: Partial<XmppMessageContext> = {}): XmppTranslated {
  const result = xmppMessageToSip(stanza(xml), xmppContext(fields));
  if (!result.ok) throw new Error(`refused: ${result.rejection.code} ${result.rejection.detail}`);
  return result.value;
}

export type ToSipMessage = Extract<XmppTranslated, { kind: "message" }>;

export function messageToSip(xml: string, fields: Partial<XmppMessageContext> = {}): ToSipMessage {
  const translated = toSip(xml, fields);
  if (translated.kind !== "message") throw new Error(`not a message: ${JSON.stringify(translated)}`);
  return translated;
}

/** The first child of that name, in any namespace. */
export function part(element: Element, name: string): Element | undefined {
  return element.children.find((node): node is Element => typeof node !== "string" && node.name === name);
}

export function textOf(element: Element | undefined): string | undefined {
  return element?.children.map((node) => (typeof node === "string" ? node : textOf(node))).join("");
}

/** CRLF at every line end, as on the wire. */
export function crlf(lines: string): string {
  return lines.replace(/\r?\n/g, "\r\n");
}
