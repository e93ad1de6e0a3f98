/** Somebody in a list: a SIP URI of either side, or a JID, as the JID by which Isthmus knows the person. RFC 7247 §6. */

import { jidSenderToSip, jidTargetToSip, sipSenderToJid, sipTargetToJid } from "../address/domains";
import { bareJid, parseJid } from "../address/jid";
import type { DomainTable } from "../tables";

/** Canonical bare JID; undefined when the text is no address of a person, or no rule serves it. */
export function personOf(text: string, domains: DomainTable): string | undefined {
  if (!URI.test(text)) return personOfJid(text, domains);
  const onSip = sipSenderToJid(text, domains);
  const found = onSip.ok ? onSip : sipTargetToJid(text, domains);
  if (!found.ok) return undefined;
  const jid = parseJid(found.value.jid);
  return jid.ok && jid.value.local !== undefined ? bareJid(jid.value) : undefined;
}

/** The SIP URI of a person whose bare JID is known, on whichever side; an xmpp URI where no rule gives one (RFC 5122). */
export function uriOfPerson(jid: string, domains: DomainTable): string {
  const onXmpp = jidSenderToSip(jid, domains);
  if (onXmpp.ok) return onXmpp.value.uri;
  const onSip = jidTargetToSip(jid, domains);
  return onSip.ok ? onSip.value.uri : `xmpp:${encodeURI(jid)}`;
}

function personOfJid(text: string, domains: DomainTable): string | undefined {
  const jid = parseJid(text);
  if (!jid.ok || jid.value.local === undefined) return undefined;
  const bare = bareJid(jid.value);
  return jidSenderToSip(bare, domains).ok || jidTargetToSip(bare, domains).ok ? bare : undefined;
}

const URI = /^(?:sips?|tel|xmpp|pres|im):/i;
