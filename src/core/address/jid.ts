/** XMPP addresses: reading, canonical form, comparing. RFC 7622 §3. */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { toUnicode } from "./idna";
import { canonicalIpLiteral } from "./ip-literal";
import { enforceOpaque, enforceUsername } from "./precis";

/** An address in canonical form: localpart case-folded, domain in U-labels, each part at most 1023 octets of UTF-8. */
export interface Jid {
  readonly local?: string;
  readonly domain: string;
  readonly resource?: string;
}

/**
 * Reads an address and brings it into canonical form. The resource begins at the first `/`, the domain after the
 * first `@` before it (§3.2).
 * Refused: ADDRESS_MALFORMED, and ADDRESS_TOO_LONG where a part has more than 1023 octets.
 */
export function parseJid(text: string): Result<Jid> {
  if (text.length > JID_MAX) return refuse(reject("ADDRESS_TOO_LONG", "JID"));
  const slash = text.indexOf("/");
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf("@");
  const domain = enforceDomain(bare.slice(at + 1));
  if (!domain.ok) return domain;
  const local = at < 0 ? NOTHING : enforceLocalpart(bare.slice(0, at));
  if (!local.ok) return local;
  const resource = slash < 0 ? NOTHING : enforceResource(text.slice(slash + 1));
  if (!resource.ok) return resource;
  return ok(makeJid(local.value, domain.value, resource.value));
}

/** Puts parts together that are canonical already. */
export function makeJid(local: string | undefined, domain: string, resource: string | undefined): Jid {
  if (local === undefined) return resource === undefined ? { domain } : { domain, resource };
  return resource === undefined ? { local, domain } : { local, domain, resource };
}

/** The text of an address. */
export function formatJid(jid: Jid): string {
  const bare = bareJid(jid);
  return jid.resource === undefined ? bare : `${bare}/${jid.resource}`;
}

/** The text of an address without its resource. */
export function bareJid(jid: Jid): string {
  return jid.local === undefined ? jid.domain : `${jid.local}@${jid.domain}`;
}

/** Are two canonical addresses the same, octet for octet (§3.2.3, RFC 8265 §3.3.4)? */
export function sameJid(one: Jid, other: Jid): boolean {
  return one.local === other.local && one.domain === other.domain && one.resource === other.resource;
}

/** Enforces the rules of a localpart (§3.3): UsernameCaseMapped without eight characters more. */
export function enforceLocalpart(text: string): Result<string> {
  if (LOCAL_ASCII.test(text)) return withinLimit(text.toLowerCase(), text.length, "localpart");
  if (text.length > PART_MAX) return refuse(reject("ADDRESS_TOO_LONG", "localpart"));
  const local = enforceUsername(text);
  if (local === undefined || EXCLUDED.test(local)) return refuse(reject("ADDRESS_MALFORMED", "localpart"));
  return withinLimit(local, utf8Length(local), "localpart");
}

/** Enforces the rules of a resourcepart (§3.4): OpaqueString. */
export function enforceResource(text: string): Result<string> {
  if (text.length > PART_MAX) return refuse(reject("ADDRESS_TOO_LONG", "resourcepart"));
  const resource = enforceOpaque(text);
  // §3.5, example 18: no space in front, although OpaqueString itself would take one.
  if (resource === undefined || resource.startsWith(" "))
    return refuse(reject("ADDRESS_MALFORMED", "resourcepart"));
  return withinLimit(resource, utf8Length(resource), "resourcepart");
}

/** Enforces the rules of a domainpart (§3.2): a name in U-labels, an IPv4 address, or an IPv6 literal in brackets. */
export function enforceDomain(text: string): Result<string> {
  if (!text.startsWith("[")) return toUnicode(text);
  const literal = canonicalIpLiteral(text);
  return literal === undefined ? refuse(reject("ADDRESS_MALFORMED", "IP literal")) : ok(literal);
}

function withinLimit(part: string, octets: number, name: string): Result<string> {
  return octets > PART_MAX ? refuse(reject("ADDRESS_TOO_LONG", name)) : ok(part);
}

/** Octets of a well-formed text in UTF-8. */
function utf8Length(text: string): number {
  let octets = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) octets++;
    // Each half of a surrogate pair counts two of the four octets.
    if (unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff)) octets++;
  }
  return octets;
}

const NOTHING: Result<undefined> = ok(undefined);

/** RFC 7622 §3.1: each part has 1 to 1023 octets, so that the whole has at most 3071. */
const PART_MAX = 1023;
const JID_MAX = 3071;

/** §3.3.1. */
const EXCLUDED = /["&'/:<>@]/;
const LOCAL_ASCII = /^[!#$%()*+,\-.0-9;=?A-Z[\\\]^_`a-z{|}~]+$/;
