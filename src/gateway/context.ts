/** What every part of the gateway is handed. */

import type { PeerSwitches } from "../core/switches";
import { DEFAULT_SWITCHES } from "../core/switches";
import type { Tables } from "../core/tables";
import type { GatewayLimits } from "./limits";
import type { Clock, Counters, Ids, Log, SipSide, Store, XmppSide } from "./sides";

export interface GatewayParts {
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly store: Store;
  readonly tables: Tables;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
}

export interface GatewayContext extends GatewayParts {
  /** The switches of a peer; those of "default" for a name that has none. */
  switchesOf(peer: string): PeerSwitches;
}

/** Adds the look-ups that the parts of the gateway share. */
export function gatewayContext(parts: GatewayParts): GatewayContext {
  const { switches } = parts.tables;
  return {
    ...parts,
    switchesOf: (peer) => switches.get(peer) ?? switches.get("default") ?? DEFAULT_SWITCHES,
  };
}

/** The key of two people, whoever writes: our JID for the SIP user, then the JID of the XMPP user, both bare. */
export function pairKey(sipUserJid: string, xmppUserJid: string): string {
  return `${bare(sipUserJid)} ${bare(xmppUserJid)}`;
}

function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}
