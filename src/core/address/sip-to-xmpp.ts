/** SIP URI → JID. RFC 7247 §6.4 (steps numbered as there), with the escapes that §6.2 and XEP-0106 ask for. */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { escapeLocalpart, unescapeLocalpart } from "./escape";
import { enforceDomain, enforceLocalpart, enforceResource, formatJid, type Jid, makeJid } from "./jid";
import { percentDecode } from "./percent";
import { caseMap, widthMap } from "./precis";
import { parseSipUri, type SipUri } from "./sip-uri";
import { telToUser } from "./tel";
import { parseXmppUri } from "./xmpp-uri";

/** A mapped address and, for a person who asks why, the rule that made it. */
export interface Mapped {
  readonly value: string;
  readonly rule: string;
}

export interface SipToJidOptions {
  /** XMPP domain of telephone numbers; without it a tel URI has no JID. */
  readonly telDomain?: string;
}

/**
 * Maps a URI to a JID by RFC 7247 alone: the domain keeps its name, whoever serves it.
 * Refused: ADDRESS_MALFORMED, ADDRESS_TOO_LONG, SCHEME_UNSUPPORTED.
 */
export function sipUriToJid(uriText: string, options: SipToJidOptions = {}): Result<Mapped> {
  const uri = parseSipUri(uriText);
  if (!uri.ok) return uri;
  const jid = toJid(uri.value, uriText, options);
  return jid.ok ? ok({ value: formatJid(jid.value), rule: describe(uri.value, jid.value) }) : jid;
}

/** Steps 3 to 6: the localpart for an encoded user part, in canonical form. Two users that differ in case share one. */
export function userToLocalpart(user: string): Result<string> {
  if (PLAIN_USER.test(user)) return enforceLocalpart(user);
  const decoded = percentDecode(user);
  return decoded.ok ? nameToLocalpart(decoded.value) : decoded;
}

/** Steps 5 and 6: the localpart for a name that holds no encoding any more. */
export function nameToLocalpart(name: string): Result<string> {
  // Width is mapped before escaping: a fullwidth \26 or & must not turn into an escape or a separator afterwards.
  const wide = widthMap(name);
  const escaped = escapeLocalpart(wide);
  if (!escaped.ok) return escaped;
  const local = enforceLocalpart(escaped.value);
  if (!local.ok || !local.value.includes("\\") || ASCII.test(local.value)) return local;
  return settled(local.value, caseMap(wide));
}

/**
 * NFC joins a letter with an accent after it, and the letter may be the last digit of an escape. A backslash that begins no
 * sequence any more is then no longer escaped; a character whose own escape was destroyed has no JID.
 */
function settled(local: string, name: string): Result<string> {
  const unescaped = unescapeLocalpart(local);
  if (!unescaped.ok) return unescaped;
  if (caseMap(unescaped.value) !== name) return refuse(reject("ADDRESS_MALFORMED", "accent on an escape"));
  return escapeLocalpart(unescaped.value);
}

/** Step 8: the resource that `gr` names; undefined without one, or without a value, which marks a temporary GRUU (§6.3). */
export function resourceOf(uri: SipUri): Result<string | undefined> {
  if (uri.parameters.size === 0 || (uri.scheme !== "sip" && uri.scheme !== "sips")) return NO_RESOURCE;
  const gr = uri.parameters.get("gr");
  if (gr === undefined || gr === "") return NO_RESOURCE;
  const resource = percentDecode(gr);
  return resource.ok ? enforceResource(resource.value) : resource;
}

function toJid(uri: SipUri, text: string, options: SipToJidOptions): Result<Jid> {
  if (uri.scheme === "xmpp") return parseXmppUri(text);
  if (uri.scheme === "tel" && options.telDomain === undefined) {
    return refuse(reject("SCHEME_UNSUPPORTED", "tel without a domain for numbers"));
  }
  const domain = enforceDomain(uri.scheme === "tel" ? (options.telDomain ?? "") : uri.host);
  if (!domain.ok) return domain;
  const user = uri.scheme === "tel" ? telToUser(uri) : uri.user;
  const local = user === undefined ? NO_RESOURCE : userToLocalpart(user);
  if (!local.ok) return local;
  const resource = resourceOf(uri);
  return resource.ok ? ok(makeJid(local.value, domain.value, resource.value)) : resource;
}

function describe(uri: SipUri, jid: Jid): string {
  if (uri.scheme === "xmpp") return "RFC 5122 §2: the address in the XMPP URI";
  if (uri.scheme === "tel")
    return "RFC 3261 §19.1.6 and RFC 7247 §6.4: the number is the user at the domain for numbers";
  const steps: string[] = [];
  if (uri.user?.includes("%")) steps.push("percent-decoded (step 3)");
  if (jid.local?.includes("\\")) steps.push("escaped by XEP-0106 (step 5)");
  if (uri.user !== undefined && uri.user.toLowerCase() !== uri.user) steps.push("case folded (step 6)");
  if (uri.host !== jid.domain) steps.push("domain in U-labels (RFC 7622 §3.2)");
  if (jid.resource !== undefined) steps.push("gr became the resource (step 8)");
  else if (uri.parameters.has("gr")) steps.push("a temporary GRUU is not mapped (§6.3)");
  if (uri.scheme === "sips") steps.push("a request to it is not translated (§8)");
  return `RFC 7247 §6.4: ${steps.length === 0 ? "nothing to convert" : steps.join(", ")}`;
}

const NO_RESOURCE: Result<undefined> = ok(undefined);
const ASCII = /^[\u0000-\u007f]*$/;
/** Means the same on both sides: neither encoding nor escape, and legal in a localpart. */
const PLAIN_USER = /^[A-Za-z0-9\-_.!~*()=+$,;?]+$/;
