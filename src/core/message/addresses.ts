/** Small things about addresses that messages need: bare JIDs, pairs of people, and the URIs inside CPIM. RFC 3922 §4.1.1, §4.1.2. */

/** A JID without its resource. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

/** The domain of a bare JID; a domain is its own. */
export function domainOfBare(jid: string): string {
  return jid.slice(jid.indexOf("@") + 1);
}

/** Do both name the same person? Servers hand stanzas on with localparts as clients wrote them, in any case (RFC 7622 §3.3). */
export function isSamePerson(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

/** The key of two people, whoever writes: our JID for the SIP user, then the JID of the XMPP user. */
export function pairKey(sipUserJid: string, xmppUserJid: string): string {
  return `${folded(sipUserJid)} ${folded(xmppUserJid)}`;
}

function folded(jid: string): string {
  return bareJid(jid).toLowerCase();
}

/**
 * A SIP URI → the URI inside a CPIM message. `im`: the scheme changes, and the resource goes with all other parameters
 * (RFC 3922 §4.1.1). `sip`: the URI of the SIP header itself. COMPAT(linphone 5.1): takes nothing else.
 */
export function cpimUri(sipUri: string, scheme: "im" | "sip"): string {
  if (scheme === "sip") return sipUri;
  const address = sipUri.slice(sipUri.indexOf(":") + 1);
  const at = address.indexOf("@");
  const host = /^(?:\[[^\]]*\]|[^;?:]*)/.exec(address.slice(at + 1))?.[0] ?? "";
  if (at < 0) return `im:${host}`;
  // What a SIP user part may hold and that of an im URI may not (RFC 7247 §6.5 step 5).
  const user = address
    .slice(0, at)
    .replace(/[(),;]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `im:${user}@${host}`;
}
