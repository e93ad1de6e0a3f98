/** The configuration as the rest of the program gets it: read, checked, secrets in place, frozen. */

import type { PeerSwitches } from "../core/switches";
import type { ContentTypeTable, DomainTable, ErrorTable, PresenceTable } from "../core/tables";
import type { GatewayLimits } from "../gateway/limits";
import type { PresenceOptions } from "../gateway/presence/options";
import type { Rates } from "../gateway/rate/rate-limiter";
import type { ServiceOptions } from "../gateway/service/options";
import type { WaitingOptions } from "../gateway/waiting/options";
import type { DigestUser, SipPeer } from "../sip/options";
import type { TimerOptions } from "../sip/transaction/timers";
import type { ListenerOptions, TlsOptions } from "../sip/transport/transport";
import type { ComponentOptions } from "../xmpp/options";
import type { DirectoryConfig } from "./directory";
import type { RegistrarConfig } from "./registrar";
import type { Settings } from "./schema";

export interface Config {
  /** The file that it came from, as an absolute name. */
  readonly file: string;
  readonly sip: SipConfig;
  readonly xmpp: XmppConfig;
  readonly domains: DomainTable;
  readonly errors: ErrorTable;
  readonly contentTypes: ContentTypeTable;
  readonly presenceTable: PresenceTable;
  /** Absolute names of the database and of the folder with the packaged migrations. */
  readonly store: { readonly file: string; readonly migrations: string };
  readonly log: Settings["log"];
  /** Where the health page listens; absent: nowhere. */
  readonly health?: { readonly host: string; readonly port: number };
  /** Absent: presence is off. */
  readonly presence?: PresenceOptions;
  readonly directory: DirectoryConfig;
  /** What XMPP users meet beside messages and presence. */
  readonly service: ServiceOptions;
  /** Absent: no phones register here. */
  readonly registrar?: RegistrarConfig;
  readonly waiting: WaitingOptions;
  readonly lists: Settings["lists"];
  readonly limits: GatewayLimits;
  /** How fast phones may register. */
  readonly registrationRates: Rates;
}

export interface SipConfig {
  readonly listeners: readonly ListenerOptions[];
  readonly tls?: TlsOptions;
  readonly realm: string;
  readonly users: readonly DigestUser[];
  readonly timers: TimerOptions;
  readonly limits: Settings["sip"]["limits"];
  /** Switches for whoever belongs to no peer. */
  readonly switches: PeerSwitches;
  readonly peers: readonly SipPeer[];
}

export interface XmppConfig {
  readonly components: readonly ComponentOptions[];
  readonly reconnect: Settings["xmpp"]["reconnect"];
  readonly ping: Settings["xmpp"]["ping"];
  readonly proofDeadline: number;
  readonly limits: Settings["xmpp"]["limits"];
}

/** Peer of a domain rule that names none: found by DNS, trusted for nothing, unless a peer of this name is configured. */
export const DEFAULT_PEER = "default";
