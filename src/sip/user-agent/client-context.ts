/** What all exchanges of a user agent share. RFC 3261 §8.1. */

import type { Log } from "../../gateway/sides";
import type { NonInviteClientTransactions } from "../transaction/non-invite-client";
import type { Target } from "../transport/transport";
import type { NextHops } from "./next-hop";
import type { NoTcp } from "./no-tcp";

export interface ClientContext {
  readonly transactions: NonInviteClientTransactions;
  readonly locator: NextHops;
  readonly noTcp: NoTcp;
  readonly userAgent: string;
  readonly log: Log;
  /** Host and port of sent-by toward a target. */
  viaFor(target: Target): { readonly host: string; readonly port: number };
  /** Value of Contact toward a target: our address, for the user of this URI. */
  contactFor(target: Target, uri: string): string;
}
