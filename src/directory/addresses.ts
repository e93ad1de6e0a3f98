/** Addresses as the directory compares them. The rules of addresses are the core's: whoever makes a directory hands them in. */

/** A SIP address of record. */
export interface SipAddress {
  /** Decoded, as a directory would hold it. */
  readonly user: string;
  /** Lower case, A-labels. */
  readonly domain: string;
  /** `sip:user@domain`, percent-encoded, without parameters. */
  readonly uri: string;
}

export interface Addresses {
  /** Reads a SIP or tel URI, or `user@domain` as a directory may hold it. */
  readSip(text: string): SipAddress | undefined;
  /** Reads a JID with a localpart and gives the bare one, canonical. */
  readJid(text: string): string | undefined;
  /** The JID of whoever has this SIP address, by the domain rules; undefined when no rule serves it. */
  jidOfSip(uri: string): string | undefined;
  /** The SIP address of whoever has this JID, by the domain rules; undefined when no rule serves it. */
  sipOfJid(jid: string): SipAddress | undefined;
}

/** Two addresses with one key are the same person's: users that differ in case alone have one JID (RFC 7622 §3.3). */
export function sipKey({ user, domain }: SipAddress): string {
  return `${user}@${domain}`.normalize("NFC").toLowerCase();
}
