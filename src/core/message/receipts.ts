/** Receipts that come long after their message: what must be remembered, and what then goes out. Digest §11, RFC 5438, XEP-0184, XEP-0333. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { SipMessageOut } from "../effect";
import { errorStanza } from "../error/stanza-error";
import { type PeerSwitches, switchesOf } from "../switches";
import { bareJid, cpimUri, isSamePerson } from "./addresses";
import { formatDateTime } from "./date-time";
import { type ImdnEnvelope, type ImdnKind, type ImdnReport, imdnRequest } from "./imdn";
import type { MessageOrigin } from "./origin";

/** What a SIP sender asked for with IMDN headers. RFC 5438 §6. */
export interface ImdnWanted {
  readonly messageId: string;
  readonly wants: readonly ("positive-delivery" | "negative-delivery" | "display")[];
  /** SIP URIs of the request: who asked, and whom he wrote to. */
  readonly fromUri: string;
  readonly toUri: string;
  /** URIs of From and To inside the CPIM, where it had them. */
  readonly cpimFrom?: string;
  readonly cpimTo?: string;
  readonly dateTime?: string;
  readonly originalTo?: string;
  readonly recordRoutes: readonly string[];
  /** Peer that the message came from: the notification goes back there. */
  readonly peer: string;
}

/** A row that the gateway stores until the receipt comes: the key is the stanza id, or our Message-ID. */
export interface ExpectedReceipt {
  readonly key: string;
  /** JSON text, opaque to everybody but this file. */
  readonly value: string;
}

/** What came back for a message, or became of it, on the XMPP side. */
export interface XmppReceipt {
  readonly type: "received" | "displayed" | "failed";
  /** JID of whoever says so, and our JID for the SIP user. */
  readonly from: string;
  readonly to: string;
}

interface StoredForSip {
  readonly imdn: ImdnWanted;
  readonly sipUser: string;
  readonly xmppUser: string;
  /** Notifications sent: at most one of each kind (RFC 5438 §7.2.1). */
  readonly sent: readonly ImdnKind[];
}

interface StoredForXmpp {
  readonly origin: MessageOrigin;
  readonly wants: readonly ("received" | "displayed")[];
  readonly sent: readonly string[];
}

/**
 * What to store when a SIP sender asked for notifications.
 * @param from our JID for him
 * @param to JID that he wrote to
 */
export function expectFromXmpp(
  stanzaId: string,
  imdn: ImdnWanted,
  from: string,
  to: string,
): ExpectedReceipt {
  const stored: StoredForSip = { imdn, sipUser: bareJid(from), xmppUser: bareJid(to), sent: [] };
  return { key: stanzaId, value: JSON.stringify(stored) };
}

/** What to store when a message to SIP went out with IMDN headers. */
export function expectFromSip(
  messageId: string,
  origin: MessageOrigin,
  wants: readonly ("received" | "displayed")[],
): ExpectedReceipt {
  const stored: StoredForXmpp = { origin, wants, sent: [] };
  return { key: messageId, value: JSON.stringify(stored) };
}

/**
 * A receipt from XMPP → the IMDN for the SIP sender, and what to store from now on. Two resources may both send one.
 * @param value as stored by `expectFromXmpp` or returned by this function
 * @param switches by peer: those of the peer that the message came from apply
 * @returns undefined when none is due: not asked for, sent already, or somebody else says so
 */
export function imdnForReceipt(
  value: string,
  receipt: XmppReceipt,
  envelope: ImdnEnvelope,
  switches: ReadonlyMap<string, PeerSwitches>,
): { readonly request: SipMessageOut; readonly value: string } | undefined {
  const stored = JSON.parse(value) as StoredForSip;
  const report = reportOf(receipt.type, stored.imdn);
  const { imdn } = stored;
  if (report === undefined || stored.sent.includes(report.kind)) return undefined;
  if (!isSamePerson(receipt.from, stored.xmppUser) || !isSamePerson(receipt.to, stored.sipUser))
    return undefined;
  const { cpimScheme } = switchesOf(imdn.peer, switches);
  const recipientUri = imdn.cpimTo ?? cpimUri(imdn.toUri, cpimScheme);
  const request = imdnRequest(
    report,
    {
      dateTime: imdn.dateTime ?? formatDateTime(envelope.now),
      recipientUri,
      ...(imdn.originalTo === undefined ? {} : { originalRecipientUri: imdn.originalTo }),
    },
    {
      fromUri: imdn.toUri,
      toUri: imdn.fromUri,
      cpimFrom: recipientUri,
      cpimTo: imdn.cpimFrom ?? cpimUri(imdn.fromUri, cpimScheme),
      peer: imdn.peer,
      recordRoutes: imdn.recordRoutes,
    },
    envelope,
  );
  return { request, value: JSON.stringify({ ...stored, sent: [...stored.sent, report.kind] }) };
}

function reportOf(type: XmppReceipt["type"], { messageId, wants }: ImdnWanted): ImdnReport | undefined {
  const [wanted, kind, status] = REPORTS[type];
  return wants.includes(wanted) ? { messageId, kind, status } : undefined;
}

const REPORTS = {
  received: ["positive-delivery", "delivery", "delivered"],
  failed: ["negative-delivery", "delivery", "failed"],
  displayed: ["display", "display", "displayed"],
} as const;

/**
 * May this person speak of that message? A notification of somebody else is a forgery.
 * @param value as stored by `expectFromSip`
 * @param from our JID for whoever sent the IMDN
 * @param to JID that he sent it to
 */
export function mayReport(value: string, from: string, to: string): boolean {
  return isBetween(JSON.parse(value) as StoredForXmpp, from, to);
}

/**
 * An IMDN from SIP → the stanza for the XMPP sender, and what to store from now on. A late success overrides a failure.
 * @param value as stored by `expectFromSip` or returned by this function
 * @param from our JID for whoever sent the IMDN
 * @param to JID that he sent it to
 * @returns undefined when the XMPP user is told nothing
 */
export function receiptFromImdn(
  value: string,
  report: ImdnReport,
  from: string,
  to: string,
): { readonly stanza: Element; readonly value: string } | undefined {
  const stored = JSON.parse(value) as StoredForXmpp;
  const { origin } = stored;
  if (!isBetween(stored, from, to)) return undefined;
  if (stored.sent.includes(report.status)) return undefined;
  if (report.status === "displayed" && !stored.wants.includes("displayed")) return undefined;
  if (report.status === "failed" && stored.sent.length > 0) return undefined;
  const stanza = receiptStanza(report, origin);
  return stanza && { stanza, value: JSON.stringify({ ...stored, sent: [...stored.sent, report.status] }) };
}

function isBetween({ origin }: StoredForXmpp, from: string, to: string): boolean {
  return isSamePerson(from, origin.to) && isSamePerson(to, origin.from);
}

/** The stanza that tells the XMPP sender of a report; undefined for what XMPP has no word for (processing, forbidden, error). */
export function receiptStanza(report: ImdnReport, origin: MessageOrigin): Element | undefined {
  if (origin.id === undefined) return undefined;
  if (report.kind === "delivery" && report.status === "delivered") return receiptFor(origin);
  if (report.kind === "display" && report.status === "displayed") {
    return answer(origin, "displayed", element(NS.markers, "displayed", { id: origin.id }));
  }
  if (report.kind === "delivery" && report.status === "failed") {
    const failed = { name: "message", ns: NS.client, from: origin.from, to: origin.to, id: origin.id };
    return errorStanza(failed, { condition: "recipient-unavailable", type: "wait" });
  }
  return undefined;
}

/** The receipt of XEP-0184 for a message that has an id; an origin without one is never waited for. */
export function receiptFor(origin: MessageOrigin): Element {
  return answer(origin, "received", element(NS.receipts, "received", { id: origin.id }));
}

/** The id is its own, but the same if it is sent twice. */
function answer(origin: MessageOrigin, what: string, payload: Element): Element {
  const attrs = { from: origin.to, to: origin.from, id: `${what}-${origin.id}`, type: origin.type };
  return element(NS.client, "message", attrs, payload);
}
