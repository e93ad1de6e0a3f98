/** The shapes of the mapping tables (mappings/*.yaml) as the core gets them: parsed, checked and frozen. */

import type { Show } from "./presence/document";
import type { StanzaErrorType } from "./rejection";
import type { PeerSwitches } from "./switches";

/** Everything that a translation looks up. */
export interface Tables {
  readonly domains: DomainTable;
  readonly errors: ErrorTable;
  readonly contentTypes: ContentTypeTable;
  readonly presence: PresenceTable;
  /** Switches by peer name; "default" is always there. */
  readonly switches: ReadonlyMap<string, PeerSwitches>;
}

/** mappings/domains.yaml. Domains are lower case, A-labels on the SIP side, U-labels on the XMPP side. */
export interface DomainTable {
  readonly sip: readonly SipDomainRule[];
  readonly xmpp: readonly XmppDomainRule[];
}

/** People who live on SIP: `sip:romeo@SIP` is `romeo@XMPP`, where XMPP is one of our component hosts. */
export interface SipDomainRule {
  readonly sip: string;
  readonly xmpp: string;
  /** Name of the peer that serves the domain: next hop, trust, switches. */
  readonly peer: string;
  /** `tel:` numbers belong to this domain (at most one rule). */
  readonly tel: boolean;
}

/**
 * People who live on XMPP. With `via: "route"`, `juliet@XMPP` is `sip:juliet@SIP`; XMPP may be "*" (then SIP is "*" too):
 * any far domain, under its own name. With `via: "gateway"`, `juliet@XMPP` is `sip:juliet%40XMPP@SIP`.
 */
export interface XmppDomainRule {
  readonly xmpp: string;
  readonly sip: string;
  readonly via: "route" | "gateway";
}

/** mappings/errors.yaml. RFC 7247 §7. */
export interface ErrorTable {
  readonly toSip: ReadonlyMap<string, ConditionRow>;
  readonly toXmpp: ReadonlyMap<number, StatusRow>;
  /** By class of status (3 to 6), for a status that has no row. */
  readonly toXmppByClass: ReadonlyMap<number, StatusRow>;
  /** For a condition that has no row. */
  readonly toSipDefault: ConditionRow;
}

export interface ConditionRow {
  /** Status when the failed request went to a full JID, and to a bare one. */
  readonly full: number;
  readonly bare: number;
  /** Status when the error element holds a new address (gone, redirect). */
  readonly withAddress?: number;
  /** Default Reason-Phrase when the error has no text. */
  readonly reason: string;
}

export interface StatusRow {
  readonly condition: string;
  readonly type: StanzaErrorType;
}

/** mappings/content-types.yaml. Media types are lower case `type/subtype`. */
export interface ContentTypeTable {
  readonly treatments: ReadonlyMap<string, ContentTreatment>;
  /** Value of the Accept header in a 415 and in OPTIONS. */
  readonly accept: string;
}

export type ContentTreatment =
  | "plain"
  | "html"
  | "cpim"
  | "composing"
  | "imdn"
  | "multipart-alternative"
  | "multipart-mixed";

/** mappings/presence.yaml. RFC 8048 §6, RFC 4480; XEP-0107, XEP-0108. */
export interface PresenceTable {
  /** RPID activity that is told beside a show; a show without one is told by `jabber:client` alone. */
  readonly shows: ReadonlyMap<Show, string>;
  /** By RPID activity, as a local name. Others are neither read nor written. */
  readonly activities: ReadonlyMap<string, ActivityRow>;
  /** Of several activities, one whose show comes first here counts. */
  readonly precedence: readonly Show[];
  /** XEP-0108 `general` or `general/specific` → RPID activity; undefined: RPID has no word for it. */
  readonly userActivities: ReadonlyMap<string, string | undefined>;
  /** XEP-0107 mood → RPID mood. A mood of RPID has the same name in XEP-0107. */
  readonly moods: ReadonlyMap<string, string>;
}

export interface ActivityRow {
  /** Absent: the person is as available as the device says. */
  readonly show?: Show;
  /** XEP-0108 `general` or `general/specific`; absent: none fits. */
  readonly userActivity?: string;
  /** RPID activity that goes out instead. */
  readonly writtenAs?: string;
}
