/** Everything that can happen to the core in page mode. Adapters make these; nothing else enters. */

import type { Element } from "../xml/element";
import type { SipFlow } from "./effect";

/** A SIP MESSAGE whose sender is already known to be who it says (architecture §4 point 11). RFC 3428. */
export interface SipMessageInput {
  readonly kind: "sip-message";
  /** One id for the logs of this request, on both sides. */
  readonly rid: string;
  /** The same for every retransmission of one transaction, different for any other: 22+ URL-safe characters. */
  readonly transaction: string;
  readonly requestUri: string;
  /** URI of To, and of From or P-Asserted-Identity, as text without angle brackets, header parameters or tag. */
  readonly toUri: string;
  readonly fromUri: string;
  readonly callId: string;
  readonly subject?: string;
  /** Content-Type as received, with its parameters; absent means text/plain (RFC 3428 §5). */
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly contentDisposition?: string;
  /** Seconds from the Expires header (RFC 3428 §4). */
  readonly expires?: number;
  /** Date header as received. */
  readonly date?: string;
  readonly body: Uint8Array;
  /** Name of the configured peer it came from; its switches apply. */
  readonly peer: string;
  /** Who has signed it, as the directory said when it was asked for his secret: it need not be asked again who he is. */
  readonly signer?: Signer;
}

/** Both addresses of somebody who has proved who he is, and who may use the service. */
export interface Signer {
  /** Canonical address of record. */
  readonly sipUri: string;
  /** Bare JID. */
  readonly jid: string;
}

/**
 * A `<message/>` that the XMPP server handed to one of our component hosts. RFC 6121 §5.
 * Stanzas are in the namespace `jabber:client` everywhere but on the component stream itself (xml/namespaces.ts).
 */
export interface XmppMessageInput {
  readonly kind: "xmpp-message";
  readonly rid: string;
  readonly stanza: Element;
}

/** How a SIP request of ours ended. A timeout arrives as 408, a transport failure as 503 (RFC 3261 §8.1.3.1). */
export interface SipOutcome {
  readonly status: number;
  readonly reason: string;
  /** Seconds of Retry-After. */
  readonly retryAfter?: number;
  /** URIs of Contact in a 3xx, in order. */
  readonly contacts?: readonly string[];
  /** Media types of Accept in a 415. */
  readonly accept?: readonly string[];
  /** True when no answer came from the far side: the status is our own. */
  readonly local: boolean;
  /** True when the request may have reached the far side all the same. */
  readonly maybeDelivered: boolean;
}

/** What became of a stanza that we asked the XMPP server to prove (architecture §4 point 2). */
export type ProofOutcome =
  | { readonly kind: "proven" }
  | { readonly kind: "bounced"; readonly error: Element }
  | { readonly kind: "link-down"; readonly retryAfter: number }
  | { readonly kind: "late" }
  | { readonly kind: "full"; readonly retryAfter: number };

/** A SUBSCRIBE, NOTIFY or PUBLISH that came from SIP. RFC 6665, RFC 3903. */
export interface SipEventInput {
  readonly kind: "sip-event";
  readonly method: "SUBSCRIBE" | "NOTIFY" | "PUBLISH";
  readonly rid: string;
  /** The same for every retransmission, different for any other. It is also the tag of To in our answer outside a dialog. */
  readonly transaction: string;
  readonly requestUri: string;
  /** URIs as text, without angle brackets, header parameters or tag. */
  readonly toUri: string;
  readonly fromUri: string;
  /** Tag of To: absent outside a dialog. */
  readonly toTag?: string;
  readonly fromTag?: string;
  readonly callId: string;
  readonly cseq: number;
  /** URI of the first Contact. */
  readonly contact?: string;
  /** Record-Route values in the order of the message, each with its angle brackets. */
  readonly recordRoute: readonly string[];
  /** Event, package in lower case. */
  readonly event?: {
    readonly package: string;
    readonly id?: string;
    readonly parameters: ReadonlyMap<string, string>;
  };
  readonly expires?: number;
  readonly subscriptionState?: SubscriptionState;
  /** Media types of Accept, lower case; absent when there is no such header. */
  readonly accept?: readonly string[];
  /** Option tags of Supported, lower case. */
  readonly supported: readonly string[];
  /** SIP-If-Match of a PUBLISH (RFC 3903 §11.3.2). */
  readonly ifMatch?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly body: Uint8Array;
  /** Name of the configured peer it came from; its switches apply. */
  readonly peer: string;
  /**
   * Does the source speak for `fromUri` (architecture §4 point 11)? A NOTIFY may come from anywhere: false then, and only a
   * dialog of ours with both tags makes it good. Always true for SUBSCRIBE and PUBLISH.
   */
  readonly proven: boolean;
}

/** Subscription-State of a NOTIFY. RFC 6665 §8.2.3. */
export interface SubscriptionState {
  /** Lower case: active, pending, terminated or an extension. */
  readonly state: string;
  /** Lower case. */
  readonly reason?: string;
  /** Seconds. */
  readonly expires?: number;
  readonly retryAfter?: number;
}

/** How a SUBSCRIBE or NOTIFY of ours ended. */
export interface SipDialogOutcome extends SipOutcome {
  /** CSeq of the last attempt: credentials take a number of their own. */
  readonly cseq: number;
  readonly toTag?: string;
  readonly contact?: string;
  /** Record-Route of the answer, in its order. */
  readonly recordRoute: readonly string[];
  /** Seconds. */
  readonly expires?: number;
  readonly minExpires?: number;
}

/** A REGISTER whose sender is known (RFC 3261 §10.3 steps 1 to 4). */
export interface SipRegisterInput {
  readonly kind: "sip-register";
  readonly rid: string;
  /** URI of To: the address of record. */
  readonly toUri: string;
  /** Whom the request speaks for: the canonical address of whoever has signed it, or what a trusted neighbour says. */
  readonly fromUri: string;
  readonly callId: string;
  readonly cseq: number;
  /** `*` is "all"; none is a fetch. */
  readonly contacts: readonly RegisteredContact[] | "all";
  /** Seconds from the Expires header. */
  readonly expires?: number;
  /** Path values in the order of the message, each with its angle brackets (RFC 3327). */
  readonly path: readonly string[];
  /** Option tags of Supported, lower case. */
  readonly supported: readonly string[];
  readonly flow: SipFlow;
  /** Did it come from the device itself: one Via? */
  readonly isDirect: boolean;
  /** Does the first proxy on its way promise to keep the flow (`ob` in the first Path, RFC 5626 §5.1)? */
  readonly firstHopKeepsFlows: boolean;
  /** Does its source speak for a whole domain: a proxy that many are behind? */
  readonly isNeighbour: boolean;
  /** Name of the configured peer it came from; its switches apply. */
  readonly peer: string;
}

/** One Contact of a REGISTER (RFC 3261 §10.2.1). */
export interface RegisteredContact {
  readonly uri: string;
  /** Thousandths. */
  readonly q?: number;
  /** Seconds. */
  readonly expires?: number;
  /** `+sip.instance` without its angle brackets (RFC 5626 §4.1). */
  readonly instance?: string;
  /** RFC 5626 §4.2. */
  readonly regId?: number;
}

/** A `<presence/>`, or a `<message/>` of PEP, that the XMPP server handed to one of our component hosts. */
export interface XmppPresenceInput {
  readonly kind: "xmpp-presence";
  readonly rid: string;
  readonly stanza: Element;
}
