/** Addresses of presence: bare JIDs in canonical form, which are the store's keys, and the URIs that they have on SIP. */

import { jidSenderToSip, jidTargetToSip } from "../../core/address/domains";
import { bareJid, parseJid } from "../../core/address/jid";
import type { Tables } from "../../core/tables";

export interface FromXmpp {
  /** Canonical bare JIDs. */
  readonly from: string;
  readonly to: string;
  /** Resource of the sender; "" for none. */
  readonly resource: string;
}

/** Who sent a presence stanza to whom; undefined when an address cannot be read, or `to` names no person. */
export function peopleOf(from: string | undefined, to: string | undefined): FromXmpp | undefined {
  const sender = parseJid(from ?? "");
  const target = parseJid(to ?? "");
  if (!sender.ok || !target.ok || target.value.local === undefined) return undefined;
  return { from: bareJid(sender.value), to: bareJid(target.value), resource: sender.value.resource ?? "" };
}

/** SIP URIs of an XMPP user who watches and of the SIP contact whom he watches; undefined when no rule maps one. */
export function watcherUris(
  watcher: string,
  presentity: string,
  tables: Tables,
): { readonly watcher: string; readonly presentity: string; readonly peer: string } | undefined {
  const target = jidTargetToSip(presentity, tables.domains);
  const sender = jidSenderToSip(watcher, tables.domains);
  if (!target.ok || !sender.ok) return undefined;
  return { watcher: sender.value.uri, presentity: target.value.uri, peer: target.value.rule.peer };
}
