/** What may differ from one SIP peer to the next. Every COMPAT lives behind one of these. */

export interface PeerSwitches {
  /** Type of the stanza that a SIP MESSAGE becomes: RFC 7572 §5 says normal, people expect chat. */
  readonly messageType: "chat" | "normal";
  /** Final answer to a MESSAGE that the XMPP server has: RFC 3428 §7 wants 202 of a gateway. */
  readonly acceptedStatus: 200 | 202;
  /** Largest MESSAGE in octets that may go by UDP where the peer answers no TCP (architecture §4 point 8). */
  readonly udpMaximum: number;
  /** Wrap a message that asks for receipts in CPIM with IMDN headers (RFC 5438)? Many phones answer 415. */
  readonly imdn: boolean;
  /** URI scheme inside CPIM: RFC 3922 §4.1.1 says im; COMPAT(linphone 5.1) answers 488 to it and wants sip. */
  readonly cpimScheme: "im" | "sip";
  /** Send typing notifications (RFC 3994) to this peer? */
  readonly composing: boolean;
  /** Encode the sender's text as HTML entities? COMPAT(libpurple 2.14) renders text/plain as HTML. */
  readonly plainAsHtml: boolean;
  /** Turn a final 200 from the phone itself into a receipt when one was asked for and IMDN is off? */
  readonly receiptOn200: boolean;
  /** Tell away as an RPID activity too? COMPAT(baresip 1.0) takes it for offline; `<show/>` tells it in any case. */
  readonly rpidAway: boolean;
  /**
   * What an active NOTIFY without a body says: RFC 8048 leaves it open. COMPAT(Kamailio 5.6): its presence server sends one when
   * the last publication of a user has ended, and never tells otherwise that he has gone: `closed` there.
   */
  readonly emptyNotify: "unknown" | "closed";
  /** Scheme of `entity` in PIDF: RFC 3922 §5.1.1 says pres; sip for a peer that compares it with the URI it asked for. */
  readonly presenceEntity: "pres" | "sip";
  /** Answer RFC 2069 style digests too? COMPAT(libpurple 2.14) drops qop from its answer. */
  readonly digestWithoutQop: boolean;
  /** Challenge with MD5 alone? COMPAT(baresip 1.0) gives up when any other algorithm is offered, be it after MD5. */
  readonly digestMd5Only: boolean;
  /**
   * Send the requests of a dialog without a route set to the peer's proxy, not to the phone's own address (RFC 3261
   * §12.2.1.1)? For phones behind a NAT whose proxy adds no Record-Route.
   */
  readonly dialogViaProxy: boolean;
}

export const DEFAULT_SWITCHES: PeerSwitches = {
  messageType: "chat",
  acceptedStatus: 202,
  udpMaximum: 65_000,
  imdn: false,
  cpimScheme: "im",
  composing: true,
  plainAsHtml: false,
  receiptOn200: true,
  rpidAway: true,
  emptyNotify: "unknown",
  presenceEntity: "pres",
  digestWithoutQop: false,
  digestMd5Only: false,
  dialogViaProxy: false,
};

/** The switches of a peer; those of "default" for a name that has none. */
export function switchesOf(peer: string, switches: ReadonlyMap<string, PeerSwitches>): PeerSwitches {
  return switches.get(peer) ?? switches.get("default") ?? DEFAULT_SWITCHES;
}
