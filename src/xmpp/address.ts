/** The parts of a JID that routing needs, cut without checking: the server has checked. RFC 7622 §3.1. */

/** The domain of a JID, in lower case. */
export function domainOf(jid: string): string {
  const slash = jid.indexOf("/");
  const bare = slash < 0 ? jid : jid.slice(0, slash);
  return bare.slice(bare.indexOf("@") + 1).toLowerCase();
}

/** Is it a bare domain, a bare JID of a person, or a full JID of one? */
export function kindOf(jid: string): "host" | "bare" | "full" {
  const slash = jid.indexOf("/");
  const at = jid.indexOf("@");
  if (at < 0 || (slash >= 0 && slash < at)) return "host";
  return slash < 0 ? "bare" : "full";
}
