/** What the SIP user agent is told at start; main.ts fills it from the configuration. */

import type { PeerSwitches } from "../core/switches";
import type { DigestAlgorithm } from "./auth/digest";
import type { TimerOptions } from "./transaction/timers";
import type { TransportOptions } from "./transport/transport";

export interface SipOptions {
  readonly transport: TransportOptions;
  readonly timers: TimerOptions;
  readonly peers: readonly SipPeer[];
  /** SIP domains whose users live here on the XMPP side or on the SIP side: Request-URIs that we answer for ("*" is any). */
  readonly domains: readonly string[];
  /** Who signs, where no directory is given. */
  readonly users: readonly DigestUser[];
  /** SIP domains whose people sign for themselves, beside those of `users`. */
  readonly signingDomains?: readonly string[];
  /** What is offered in our challenges, the strongest first; absent: what the `users` can answer. */
  readonly digestAlgorithms?: readonly DigestAlgorithm[];
  /** Absent: REGISTER is not allowed. */
  readonly registrar?: RegistrarSipOptions;
  /** Realm of our own challenges. */
  readonly realm: string;
  /** Value of Accept in OPTIONS and 415 (from mappings/content-types.yaml). */
  readonly accept: string;
  readonly software: string;
  /** Requests at once that wait for the answer of the other side; more are refused with 503. */
  readonly maximumServerTransactions: number;
  /** The same for one source address, so that one peer cannot take all of them; absent: half. */
  readonly maximumPerSource?: number;
  readonly maximumClientTransactions: number;
}

export interface RegistrarSipOptions {
  /** SIP domains whose phones register here, lower case. */
  readonly domains: readonly string[];
  /** Name us in Service-Route, so that phones send everything through us (RFC 3608)? */
  readonly serviceRoute: boolean;
}

/** A SIP neighbour: who it may speak for, where its domains are reached, what it puts up with. */
export interface SipPeer {
  readonly name: string;
  /** SIP domains that it serves. */
  readonly domains: readonly string[];
  /** CIDR ranges that are trusted to speak for those domains; P-Asserted-Identity is believed (RFC 3325). */
  readonly trustedAddresses: readonly string[];
  /** TLS identities (RFC 5922) trusted in the same way. */
  readonly trustedIdentities: readonly string[];
  /** Outbound proxy: a SIP URI; absent: RFC 3263 on the domain. */
  readonly proxy?: string;
  /** Put the proxy into a Route header (loose routing), or only send there? */
  readonly route: boolean;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly switches: PeerSwitches;
}

/** A user who signs requests with digest: HA1 per algorithm (RFC 7616 §3.4.2), lower-case hex. */
export interface DigestUser {
  readonly username: string;
  readonly realm: string;
  readonly ha1: Readonly<Partial<Record<DigestAlgorithm, string>>>;
  /** SIP address of record that these credentials speak for. */
  readonly uri: string;
}
