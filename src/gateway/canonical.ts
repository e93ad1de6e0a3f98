/**
 * The one address of somebody whom the directory knows, on either side. Whoever has both a phone and an account on XMPP is
 * reached, and seen, on the side that is meant: his JID there is no address of his phone. RFC 7247 §6.4, §6.5.
 */

import { jidSenderToSip, jidTargetToSip, sipSenderToJid, sipTargetToJid } from "../core/address/domains";
import type { DomainTable } from "../core/tables";
import type { Person } from "./sides";

/** His phone: the URI that the rules turn into his JID on our component host, and that JID. Undefined: he has none. */
export function phoneOf(
  { jid, sipUri }: Pick<Person, "jid" | "sipUri">,
  domains: DomainTable,
): { readonly uri: string; readonly jid: string } | undefined {
  const given = jidTargetToSip(jid, domains);
  if (given.ok) return { uri: given.value.uri, jid };
  const mapped = sipSenderToJid(sipUri, domains);
  return mapped.ok ? { uri: sipUri, jid: mapped.value.jid } : undefined;
}

/** His account on XMPP: the URI that the rules turn into its JID. Undefined: he has none. */
export function accountOf({ jid }: Pick<Person, "jid">, domains: DomainTable): string | undefined {
  const uri = jidSenderToSip(jid, domains);
  return uri.ok ? uri.value.uri : undefined;
}

/**
 * How his account on XMPP is called on SIP: by his SIP address, where the rules lead from there to XMPP; else an answer to it
 * would reach his phone, and the rules name the account.
 */
export function accountOnSip(person: Person, domains: DomainTable): string {
  if (sipTargetToJid(person.sipUri, domains).ok) return person.sipUri;
  return accountOf(person, domains) ?? person.sipUri;
}

/** The address with the device that another one names (`gr`). */
export function withDeviceOf(named: string, uri: string): string {
  const device = DEVICE.exec(named)?.[0];
  return device === undefined ? uri : uri + device;
}

const DEVICE = /;gr=[^;?]+/i;
