/** Names in lists as people write them: SIP URIs, JIDs, domains with or without `*@`. XEP-0191 §2; RFC 7247 §6. */

import { bareJid, enforceDomain, parseJid } from "../address/jid";
import { personOf } from "../list/person";
import { type Rejection, reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import type { DomainTable } from "../tables";
import { EVERYBODY } from "./reach";

/**
 * The name by which lists know an entry: a canonical bare JID, or a domain as it stands in JIDs. A SIP user gets the JID that
 * he has on XMPP. Errors: ADDRESS_MALFORMED, DOMAIN_NOT_SERVED for a SIP URI that no rule maps.
 */
export function entryName(text: string, domains: DomainTable): Result<string> {
  const plain = text.trim();
  const domain = WHOLE_DOMAIN.exec(plain)?.[1];
  if (domain !== undefined) return domainName(domain, domains);
  if (URI.test(plain)) {
    const person = personOf(plain, domains);
    return person === undefined ? refuse(reject("DOMAIN_NOT_SERVED", plain)) : ok(person);
  }
  const jid = parseJid(plain);
  if (!jid.ok) return jid;
  const person = isSipDomainOnly(jid.value.domain, domains) ? personOf(`sip:${plain}`, domains) : undefined;
  return ok(person ?? bareJid(jid.value));
}

/** The same for the owner of a list; `*` is the operator's own. */
export function ownerName(text: string, domains: DomainTable): Result<string> {
  return text.trim() === EVERYBODY ? ok(EVERYBODY) : entryName(text, domains);
}

/** A SIP domain has the name of the component host on which its people are. */
function domainName(text: string, domains: DomainTable): Result<string> {
  const domain = enforceDomain(text);
  if (!domain.ok) return refuse(domain.rejection);
  const rule = domains.sip.find(({ sip }) => sip === text.toLowerCase());
  return ok(rule !== undefined && isSipDomainOnly(domain.value, domains) ? rule.xmpp : domain.value);
}

/** Is this the domain of SIP users who have another one in their JIDs? */
function isSipDomainOnly(domain: string, domains: DomainTable): boolean {
  return (
    domains.sip.some(({ sip }) => sip === domain) &&
    !domains.sip.some(({ xmpp }) => xmpp === domain) &&
    !domains.xmpp.some(({ xmpp }) => xmpp === domain)
  );
}

/** Words that say what was wrong with a name. */
export function nameProblem({ code }: Rejection): string {
  return code === "DOMAIN_NOT_SERVED"
    ? "no rule of domains maps it"
    : "it is no address of a person and no domain";
}

const URI = /^(?:sips?|tel|xmpp|pres|im):/i;
const WHOLE_DOMAIN = /^(?:sips?:)?(?:\*@)?([^@\s/:;]+)$/i;
