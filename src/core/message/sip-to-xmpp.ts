/** SIP MESSAGE → message stanza. RFC 7572 §5 (Table 2), §7, §8; RFC 3922 §4.2 for message/cpim. */

import { scrub } from "../../xml/characters";
import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { write } from "../../xml/writer";
import { jidSenderToSip, sipSenderToJid, sipTargetToJid } from "../address/domains";
import { formatSipUri, parseSipUri } from "../address/sip-uri";
import type { SipMessageInput } from "../input";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { switchesOf } from "../switches";
import type { Tables } from "../tables";
import { bareJid } from "./addresses";
import { callIdToThread } from "./call-id";
import { type Content, readContent } from "./content";
import type { CpimMessage, CpimSubject } from "./cpim";
import { formatDateTime, parseDateTime } from "./date-time";
import type { ImdnReport } from "./imdn";
import { firstLanguage } from "./language";
import type { ImdnWanted } from "./receipts";

export type { ImdnWanted } from "./receipts";

export interface TranslatedMessage {
  readonly kind: "message";
  readonly stanza: Element;
  /** Our JID for the SIP user (full where his URI had a `gr`), and the JID that he writes to. */
  readonly from: string;
  readonly to: string;
  /** Were characters taken out that XML forbids? */
  readonly cleaned: boolean;
  /** What he wants to hear of the message. */
  readonly imdn?: ImdnWanted;
}

export interface TranslatedComposing {
  readonly kind: "composing";
  readonly state: "active" | "idle";
  readonly refreshSeconds?: number;
  readonly from: string;
  readonly to: string;
}

export interface TranslatedImdn {
  readonly kind: "imdn";
  readonly report: ImdnReport;
  readonly from: string;
  readonly to: string;
}

export type Translated = TranslatedMessage | TranslatedComposing | TranslatedImdn;

/**
 * Translates a MESSAGE. The stanza id comes from the SIP transaction, so that a retransmission carries the same.
 * Errors: those of the addresses (`sipSenderToJid`, `sipTargetToJid`), those of the body (`readContent`),
 * SIPS_NOT_TRANSLATED (RFC 7247 §8), TOO_LONG, BODY_EMPTY, CPIM_SENDER_MISMATCH.
 */
export function sipMessageToStanza(input: SipMessageInput, tables: Tables): Result<Translated> {
  if (input.body.length > BODY_MAXIMUM) return refuse(reject("TOO_LONG", `${input.body.length} octets`));
  const to = sipTargetToJid(input.requestUri, tables.domains);
  if (!to.ok) return to;
  if (SIPS.test(input.toUri)) return refuse(reject("SIPS_NOT_TRANSLATED", "To"));
  const from = sipSenderToJid(input.fromUri, tables.domains);
  if (!from.ok) return from;
  const content = readContent(
    {
      contentType: input.contentType,
      contentEncoding: input.contentEncoding,
      contentDisposition: input.contentDisposition,
      contentLanguage: undefined,
      octets: input.body,
    },
    tables.contentTypes,
  );
  if (!content.ok) return content;
  const { cpim } = content.value;
  if (cpim?.from !== undefined && !isSameSender(cpim.from.uri, from.value.jid, tables)) {
    return refuse(reject("CPIM_SENDER_MISMATCH", cpim.from.uri.slice(0, 200)));
  }
  return translate(input, tables, content.value, from.value.jid, to.value.jid);
}

function translate(
  input: SipMessageInput,
  tables: Tables,
  content: Content,
  from: string,
  to: string,
): Result<Translated> {
  switch (content.kind) {
    case "text":
      return message(input, tables, content, from, to);
    case "composing":
      return ok({ kind: "composing", from, to, ...content.status });
    case "imdn":
      return ok({ kind: "imdn", from, to, report: content.report });
  }
}

function message(
  input: SipMessageInput,
  tables: Tables,
  content: Content & { kind: "text" },
  from: string,
  to: string,
): Result<TranslatedMessage> {
  const { text, removed } = scrub(content.text);
  if (text === "") return refuse(reject("BODY_EMPTY", "only characters that XML forbids"));
  const switches = switchesOf(input.peer, tables.switches);
  const imdn = content.cpim === undefined ? undefined : imdnWanted(input, tables, content.cpim, to);
  const id = `sip-${input.transaction}`;
  const attrs: Record<string, string> = { from, to, id, type: switches.messageType };
  const language = firstLanguage(content.contentLanguage) ?? firstLanguage(input.contentLanguage);
  if (language !== undefined) attrs["xml:lang"] = language;
  const children = subjects(input.subject, content.cpim);
  children.push(leaf("body", text), leaf("thread", callIdToThread(input.callId)));
  if (content.html !== undefined) children.push(content.html);
  // An answer to "do you take chat states?" (XEP-0085 §5.1): without it most clients send none.
  if (switches.composing && switches.messageType === "chat") children.push(ACTIVE);
  if (content.cpim !== undefined) children.push(...delay(content.cpim, from));
  children.push({ name: "origin-id", ns: NS.stanzaId, attrs: { id }, children: [] });
  if (imdn?.wants.includes("positive-delivery")) children.push(REQUEST);
  if (imdn?.wants.includes("display")) children.push(MARKABLE);
  const stanza: Element = { name: "message", ns: NS.client, attrs, children };
  if (mayBeTooLarge(input) && UTF8.encode(write(stanza)).length > STANZA_MAXIMUM) {
    return refuse(reject("TOO_LONG", "as a stanza"));
  }
  const translated: TranslatedMessage = { kind: "message", stanza, from, to, cleaned: removed > 0 };
  return ok(imdn === undefined ? translated : { ...translated, imdn });
}

/** Cheap first look: escaping and markup make at most twelve octets of one. */
function mayBeTooLarge({ body, subject = "", callId }: SipMessageInput): boolean {
  return body.length + subject.length + callId.length > STANZA_MAXIMUM / 16;
}

/** Of the CPIM message, one for each language (RFC 6121 §5.2.4); else that of the SIP request. */
function subjects(subject: string | undefined, cpim: CpimMessage | undefined): Element[] {
  if (cpim === undefined || cpim.subjects.length === 0) {
    return subject === undefined || subject === "" ? [] : [leaf("subject", scrub(subject).text)];
  }
  const seen = new Set<string | undefined>();
  return cpim.subjects.flatMap(({ language, text }: CpimSubject) => {
    if (seen.has(language)) return [];
    seen.add(language);
    return [element(NS.client, "subject", { "xml:lang": language }, scrub(text).text)];
  });
}

/** When he wrote it. RFC 3922 §4.2.4 is older than XEP-0203, so this is a deviation of ours. */
function delay(cpim: CpimMessage, from: string): Element[] {
  const ms = cpim.dateTime === undefined ? undefined : parseDateTime(cpim.dateTime);
  return ms === undefined
    ? []
    : [element(NS.delay, "delay", { from: bareJid(from), stamp: formatDateTime(ms) })];
}

/** RFC 5438 §7.2.1: what we can find out for him; "processing" is not ours to tell. */
function imdnWanted(
  input: SipMessageInput,
  tables: Tables,
  cpim: CpimMessage,
  to: string,
): ImdnWanted | undefined {
  const { imdn } = cpim;
  if (imdn?.messageId === undefined || imdn.messageId.length > MESSAGE_ID_MAXIMUM) return undefined;
  const wants = WANTED.filter((disposition) => imdn.dispositions.includes(disposition));
  if (wants.length === 0) return undefined;
  const toUri = jidSenderToSip(bareJid(to), tables.domains);
  return {
    messageId: imdn.messageId,
    wants,
    fromUri: returnUri(input.fromUri),
    toUri: toUri.ok ? toUri.value.uri : input.toUri,
    recordRoutes: imdn.recordRoutes,
    peer: input.peer,
    ...(cpim.from === undefined ? {} : { cpimFrom: cpim.from.uri }),
    ...(cpim.to[0] === undefined ? {} : { cpimTo: cpim.to[0].uri }),
    ...(cpim.dateTime === undefined ? {} : { dateTime: cpim.dateTime }),
    ...(imdn.originalTo === undefined ? {} : { originalTo: imdn.originalTo }),
  };
}

/**
 * Where his notification goes: whatever else stood in his URI (maddr, transport, headers) would choose its way, and only the
 * operator does that. RFC 3261 §19.1.1 forbids most of it in a Request-URI.
 */
function returnUri(fromUri: string): string {
  const parsed = parseSipUri(fromUri);
  if (!parsed.ok || parsed.value.scheme === "tel" || parsed.value.scheme === "xmpp") return fromUri;
  const { user, host, port, parameters } = parsed.value;
  const gr = parameters.get("gr");
  return formatSipUri({
    scheme: "sip",
    host,
    parameters: gr === undefined ? NO_PARAMETERS : new Map([["gr", gr]]),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  });
}

/** sip:, im: and pres: name the same person; what counts is the JID, without a device (RFC 3922 §4.2.1). */
function isSameSender(cpimFromUri: string, from: string, tables: Tables): boolean {
  const mapped = sipSenderToJid(cpimFromUri.replace(/^sips:/i, "sip:"), tables.domains);
  return mapped.ok && bareJid(mapped.value.jid) === bareJid(from);
}

function leaf(name: string, text: string): Element {
  return { name, ns: NS.client, attrs: {}, children: [text] };
}

/** No person types more; SIP itself has no limit over TCP, and the XMPP server has its own. */
const BODY_MAXIMUM = 262_144;
/**
 * Octets. Servers end the whole stream over a stanza beyond their limit (RFC 6120 §13.12), which is everybody's: Prosody 0.12 at
 * 512 KiB from a component and from other servers, and many other servers at half of that.
 */
const STANZA_MAXIMUM = 262_144;
/** It is echoed in each notification and kept in the store. */
const MESSAGE_ID_MAXIMUM = 256;
const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const SIPS = /^sips:/i;
const WANTED = ["positive-delivery", "negative-delivery", "display"] as const;
const ACTIVE: Element = element(NS.chatStates, "active");
const REQUEST: Element = element(NS.receipts, "request");
const MARKABLE: Element = element(NS.markers, "markable");
const UTF8 = new TextEncoder();
