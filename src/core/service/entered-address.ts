/** What a person types for somebody on SIP: a URI, an address without a scheme, a number or a name. XEP-0100 §6.3, RFC 3966. */

import { compileDomains, jidTargetToSip, sipSenderToJid } from "../address/domains";
import { bareJid, parseJid } from "../address/jid";
import { percentEncodeUser } from "../address/percent";
import { nameToLocalpart } from "../address/sip-to-xmpp";
import type { DomainTable, SipDomainRule } from "../tables";
import type { Refusal } from "./answer";

/** How people of one country write numbers. */
export interface NumberPlan {
  /** Country code, digits. */
  readonly country: string;
  /** What stands before an area code, such as 0; "" for nothing. */
  readonly trunk: string;
  /** What stands before a country code, such as 00. */
  readonly international: string;
}

export interface EnteredAddress {
  /** Bare JID on a component host of ours. */
  readonly jid: string;
  readonly rule: SipDomainRule;
  /** In words: how it was read. */
  readonly readAs: string;
}

export type Entered =
  | ({ readonly ok: true } & EnteredAddress)
  | { readonly ok: false; readonly refusal: Refusal & { readonly text: string } };

/**
 * The JID of whomever a person means.
 * @param typed as it was typed
 * @param host component host that is asked: a bare name belongs to its SIP domain
 * @param domains compiled, best
 * @param plan left out: numbers stay as they are
 */
export function enteredAddress(
  typed: string,
  host: string,
  domains: DomainTable,
  plan?: NumberPlan,
): Entered {
  if (typed.length > LONGEST) return refused("jid-malformed", "This is too long for an address.");
  const text = typed.trim().replace(ANGLES, "$1");
  if (text === "") return refused("bad-request", "Nothing was entered.");
  if (SCHEME.test(text)) return fromUri(TEL.test(text) ? text.replace(BLANKS, "") : text, domains, "a URI");
  if (NUMBER.test(text) && DIGIT.test(text)) return fromNumber(text, host, domains, plan);
  return text.includes("@") ? fromAddress(text, domains) : fromName(text, host, domains);
}

function fromUri(uri: string, domains: DomainTable, readAs: string): Entered {
  const mapped = sipSenderToJid(uri, domains);
  if (!mapped.ok) {
    const { code } = mapped.rejection;
    if (code === "SENDER_NOT_SERVED") return notServed(domains);
    if (code === "SCHEME_UNSUPPORTED")
      return refused("not-acceptable", "This kind of address is not known. Enter a SIP URI, or a number.");
    return refused("jid-malformed", "This cannot be read as an address. An example: sip:romeo@sip.example");
  }
  const jid = parseJid(mapped.value.jid);
  if (!jid.ok || jid.value.local === undefined) return notServed(domains);
  return { ok: true, jid: bareJid(jid.value), rule: mapped.value.rule, readAs };
}

/** RFC 3966 §5.1.1: a number has an owner where a rule says so; elsewhere it is a name like any other. */
function fromNumber(text: string, host: string, domains: DomainTable, plan: NumberPlan | undefined): Entered {
  const number = normalised(text.replace(SEPARATORS, ""), plan);
  if (compileDomains(domains).telephone !== undefined)
    return fromUri(`tel:${number}`, domains, `the telephone number ${number}`);
  return fromName(number, host, domains);
}

function normalised(number: string, plan: NumberPlan | undefined): string {
  if (number.startsWith("+") || plan === undefined) return number;
  const { country, trunk, international } = plan;
  if (international !== "" && number.startsWith(international))
    return `+${number.slice(international.length)}`;
  if (trunk !== "" && number.startsWith(trunk)) return `+${country}${number.slice(trunk.length)}`;
  return number;
}

/** A SIP address without its scheme, or the JID that somebody has here already. */
function fromAddress(text: string, domains: DomainTable): Entered {
  const asSip = fromUri(`sip:${text}`, domains, "a SIP address");
  if (asSip.ok) return asSip;
  const jid = parseJid(text);
  if (!jid.ok || jid.value.local === undefined) return asSip;
  const bare = bareJid(jid.value);
  const target = jidTargetToSip(bare, domains);
  return target.ok
    ? { ok: true, jid: bare, rule: target.value.rule, readAs: "a JID of this gateway" }
    : asSip;
}

function fromName(name: string, host: string, domains: DomainTable): Entered {
  const rule = compileDomains(domains).sipByComponent.get(host);
  if (rule === undefined) return notServed(domains);
  const local = nameToLocalpart(name);
  if (!local.ok)
    return refused("jid-malformed", "This cannot be anybody's name. An example: sip:romeo@sip.example");
  const readAs = `a name at ${rule.sip}, that is sip:${percentEncodeUser(name)}@${rule.sip}`;
  return { ok: true, jid: `${local.value}@${rule.xmpp}`, rule, readAs };
}

function notServed(domains: DomainTable): Entered {
  const served = domains.sip.map(({ sip }) => sip);
  const shown = served.slice(0, MOST_SHOWN).join(", ");
  const rest = served.length > MOST_SHOWN ? ` and ${served.length - MOST_SHOWN} more` : "";
  return refused(
    "item-not-found",
    `That is nobody on SIP whom this gateway reaches. It serves ${shown}${rest}.`,
  );
}

function refused(condition: string, text: string): Entered {
  const type = condition === "item-not-found" ? "cancel" : "modify";
  return { ok: false, refusal: { type, condition, text } };
}

/** A JID's most, RFC 7622 §3.1; no longer URI has a shorter one that anybody would type. */
const LONGEST = 3071;
/** Domains that an error names. */
const MOST_SHOWN = 10;
const ANGLES = /^<([^<>]*)>$/;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const TEL = /^tel:/i;
const BLANKS = /\s/g;
/** As people write numbers: RFC 3966's visual separators, blanks and strokes. */
const NUMBER = /^\+?[\d\s().\-/]{2,40}$/;
const DIGIT = /\d/;
const SEPARATORS = /[\s().\-/]/g;
