/** Presence stanzas that manage subscriptions, between bare JIDs. RFC 6121 §3, RFC 8048 §5. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";

export type PresenceType = "subscribe" | "subscribed" | "unsubscribed" | "probe" | "unavailable";

/** @param from bare JID, or the JID of a device; `to` likewise */
export function presenceStanza(type: PresenceType, from: string, to: string): Element {
  return element(NS.client, "presence", { from, to, type });
}
