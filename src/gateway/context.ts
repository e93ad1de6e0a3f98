/** What every part of the gateway is handed. */

import { type PeerSwitches, switchesOf } from "../core/switches";
import type { Tables } from "../core/tables";
import type { Element } from "../xml/element";
import type { GatewayLimits } from "./limits";
import type { ListBook } from "./lists/list-book";
import type { PresenceOptions } from "./presence/options";
import type {
  Clock,
  Counters,
  DropRequests,
  Ids,
  Log,
  PublicationStore,
  SipSide,
  Store,
  SubscriptionStore,
  XmppSide,
} from "./sides";

import type { WaitingParts } from "./waiting/options";

export interface GatewayParts {
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly store: Store;
  /** Absent: presence is not translated. */
  readonly presence?: PresenceParts;
  /** Who may reach whom. Absent: everybody. */
  readonly lists?: ListBook;
  /** Absent: nobody's devices register here, and nothing waits. */
  readonly waiting?: WaitingParts;
  readonly tables: Tables;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
}

export interface PresenceParts {
  readonly options: PresenceOptions;
  readonly subscriptions: SubscriptionStore & DropRequests;
  readonly publications: PublicationStore;
  /** Entity capabilities of our people's devices, for their presence (XEP-0115). */
  readonly capabilities: Element;
  /** Who is registered here. Absent: nobody. */
  readonly registrations?: Registrations | undefined;
  /** The element that tells of a SIP user's picture (XEP-0153), as far as it is known now; his bare JID. */
  readonly avatarOf?: ((jid: string) => Element | undefined) | undefined;
}

/** Of the registrar, what presence needs. */
export interface Registrations {
  /** Full JIDs of a person's registered devices. */
  devicesOf(person: string): readonly string[];
  /** Calls back when somebody has come or gone. */
  onPresence(callback: (person: string) => void): void;
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
    switchesOf: (peer) => switchesOf(peer, switches),
  };
}
