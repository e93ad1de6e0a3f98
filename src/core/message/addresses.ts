/** Small things about addresses that messages need: bare JIDs, and the URIs inside CPIM. RFC 3922 §4.1.1, §4.1.2. */

/** A JID without its resource. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
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
