/** What is asked of location and what it says. RFC 3263 §4. */

import type { Target, TransportName } from "../transport/transport";

/** The parts of a SIP URI that decide where a request goes. */
export interface LocateRequest {
  /** Domain (IDN as A-labels) or IP literal, with or without brackets. */
  readonly host: string;
  readonly port?: number;
  /** The transport parameter. */
  readonly transport?: TransportName;
  /** A sips URI: nothing but TLS will do. */
  readonly secure: boolean;
  readonly maddr?: string;
}

export interface LocateOptions {
  /** What to use where the URI and DNS leave the choice, such as "tcp" for a long message (RFC 3261 §18.1.1). */
  readonly preferred?: TransportName;
}

export interface Located {
  /** In the order to try; empty when there is a problem. */
  readonly targets: readonly Target[];
  readonly problem?: LocateProblem;
}

/** `no-such-host`: DNS says no. `dns-failed`: DNS says nothing. `no-transport`: what the URI asks for is not at hand. */
export type LocateProblem = "no-such-host" | "dns-failed" | "no-transport";
