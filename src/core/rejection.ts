/** The one registry of reasons to refuse: SIP status, stanza condition and type (RFC 6120 §8.3.3), fixed text. */

export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

export interface RejectionKind {
  readonly sipStatus: number;
  readonly condition: string;
  readonly type: StanzaErrorType;
  readonly text: string;
}

/** Every reason that Isthmus itself may give. A status that a peer gave comes from `error/` instead. */
export const REJECTIONS = {
  ADDRESS_MALFORMED: kind(400, "jid-malformed", "modify", "The address cannot be read"),
  ADDRESS_TOO_LONG: kind(414, "jid-malformed", "modify", "The address is too long"),
  SCHEME_UNSUPPORTED: kind(416, "not-acceptable", "modify", "This kind of address is not served here"),
  SIPS_NOT_TRANSLATED: kind(416, "not-acceptable", "modify", "A SIPS address is not translated"), // RFC 7247 §8
  DOMAIN_NOT_SERVED: kind(404, "item-not-found", "cancel", "No rule serves this domain"),
  SENDER_NOT_SERVED: kind(403, "forbidden", "auth", "The sender's domain is not served here"), // RFC 8048 §8.1
  NOT_TRUSTED: kind(403, "forbidden", "auth", "This source may not speak for that user"),
  CONTENT_TYPE_UNSUPPORTED: kind(415, "not-acceptable", "modify", "This kind of content is not accepted"),
  CONTENT_ENCODING_UNSUPPORTED: kind(
    415,
    "not-acceptable",
    "modify",
    "This content encoding is not accepted",
  ),
  CHARSET_UNSUPPORTED: kind(415, "not-acceptable", "modify", "This character set is not accepted"),
  BODY_MALFORMED: kind(400, "bad-request", "modify", "The body cannot be read"),
  BODY_EMPTY: kind(400, "bad-request", "modify", "The message has no content"),
  CPIM_MALFORMED: kind(400, "bad-request", "modify", "The CPIM message cannot be read"),
  CPIM_REQUIRE: kind(420, "feature-not-implemented", "cancel", "A required CPIM header is not understood"), // RFC 3922 §4.2.7
  CPIM_SENDER_MISMATCH: kind(403, "forbidden", "auth", "The CPIM sender is not the SIP sender"),
  TOO_LONG: kind(513, "policy-violation", "modify", "The message is too long"), // RFC 7572 §6
  LOOP: kind(482, "not-acceptable", "modify", "The message has been here before"), // RFC 5393
  RECEIPT_UNKNOWN: kind(400, "item-not-found", "cancel", "No message waits for this notification"),
  OVERLOADED: kind(503, "resource-constraint", "wait", "Too much is waiting; try again later"),
  // Not 503, which would tell a proxy to send nobody's requests here (RFC 3261 §21.5.4).
  TOO_FAST: kind(500, "resource-constraint", "wait", "You are sending too fast; try again later"),
  PEER_TOO_FAST: kind(503, "resource-constraint", "wait", "Too much comes from there; try again later"),
  LINK_DOWN: kind(503, "remote-server-timeout", "wait", "The XMPP server is not connected; try again later"),
  PROOF_LATE: kind(504, "remote-server-timeout", "wait", "The XMPP server did not confirm in time"),
  STOPPING: kind(503, "resource-constraint", "wait", "The gateway is stopping; try again later"),
  EVENT_UNKNOWN: kind(489, "feature-not-implemented", "cancel", "This event package is not served"), // RFC 6665 §7.2.1
  ACCEPT_EXCLUDES: kind(406, "not-acceptable", "modify", "No body of this event would be accepted"), // RFC 3856 §6.5
  NO_DIALOG: kind(481, "item-not-found", "cancel", "Subscription does not exist"), // RFC 6665 §4.1.3
  PUBLISH_NOT_SERVED: kind(405, "not-allowed", "cancel", "Nothing can be published here for this address"), // RFC 3903 §6
  INTERVAL_TOO_BRIEF: kind(423, "bad-request", "modify", "Interval Too Brief"), // RFC 6665 §4.2.1.1, RFC 3903 §6
  ETAG_UNKNOWN: kind(412, "item-not-found", "modify", "Conditional Request Failed"), // RFC 3903 §11.2.1
  EXTENSION_REQUIRED: kind(421, "feature-not-implemented", "modify", "This list needs support for eventlist"), // RFC 4662 §4.1
  NOT_OWNER: kind(403, "forbidden", "auth", "Only its owner may watch this"), // RFC 4662 §4.4, RFC 3857 §4.6
  NOT_REGISTERED: kind(480, "recipient-unavailable", "wait", "Nobody is registered for this address"), // RFC 3261 §16.5
  REGISTERED_FOR_OTHER: kind(403, "forbidden", "auth", "Only its owner may register for this address"), // RFC 3261 §10.3
  CONTACT_MALFORMED: kind(400, "bad-request", "modify", "The contacts cannot be read"),
  CONTACT_UNUSABLE: kind(403, "forbidden", "cancel", "This contact cannot be registered"), // RFC 5627 §5.1
  CSEQ_OUT_OF_ORDER: kind(500, "unexpected-request", "wait", "A later request has come before this one"), // RFC 3261 §10.3
  OUTBOUND_UNSUPPORTED: kind(439, "feature-not-implemented", "cancel", "First Hop Lacks Outbound Support"), // RFC 5626 §11.6
  NOT_ALLOWED: kind(403, "forbidden", "auth", "This person may not use the service"),
  DIRECTORY_AWAY: kind(503, "resource-constraint", "wait", "The directory does not answer; try again later"),
  NO_NEXT_HOP: kind(502, "remote-server-not-found", "cancel", "No server was found for this SIP domain"),
  OWN_BLOCK: kind(406, "not-acceptable", "cancel", "You have blocked this contact"), // XEP-0191 §3.2
  EXPIRED: kind(504, "remote-server-timeout", "wait", "The message could not be delivered in time"),
  INTERNAL: kind(500, "internal-server-error", "cancel", "Something went wrong in the gateway"),
} as const satisfies Record<string, RejectionKind>;

export type RejectionCode = keyof typeof REJECTIONS;

export interface Rejection extends RejectionKind {
  readonly code: RejectionCode;
  /** What exactly was wrong: for the log and for the operator's commands, never for the peer. */
  readonly detail?: string;
  /** Headers that the SIP answer must carry, such as Accept with a 415 (RFC 3261 §8.2.3). */
  readonly sipHeaders?: readonly (readonly [name: string, value: string])[];
}

/**
 * Makes a rejection from the registry.
 * @param detail what was wrong in particular; never sent to a peer
 * @param sipHeaders headers that the SIP answer must carry
 */
export function reject(
  code: RejectionCode,
  detail?: string,
  sipHeaders?: readonly (readonly [string, string])[],
): Rejection {
  return {
    code,
    ...REJECTIONS[code],
    ...(detail === undefined ? {} : { detail }),
    ...(sipHeaders === undefined ? {} : { sipHeaders }),
  };
}

function kind(sipStatus: number, condition: string, type: StanzaErrorType, text: string): RejectionKind {
  return { sipStatus, condition, type, text };
}
