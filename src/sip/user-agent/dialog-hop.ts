/** Where a SUBSCRIBE or NOTIFY goes and what Request-URI and Route it has. RFC 3261 §8.1.2, §12.2.1.1. */

import type { SipDialogRequest } from "../../core/effect";
import { routed } from "../dialog/route-set";
import type { LocateRequest } from "../locate";
import type { SipPeer } from "../options";
import { hopFor } from "./next-hop";
import type { DialogParts } from "./out-request";

/** A peer with what follows from its configuration. */
export interface HopPeer {
  readonly peer: SipPeer;
  /** Its outbound proxy. */
  readonly hop: LocateRequest | undefined;
  /** The proxy as a preloaded Route, where it is configured so. */
  readonly route: string | undefined;
}

export interface DialogHop {
  /** Undefined when the URI names no host. */
  readonly hop: LocateRequest | undefined;
  /** The proxy's preloaded Route. */
  readonly route: string | undefined;
  readonly dialog: DialogParts;
}

/**
 * A request that makes a dialog goes as a MESSAGE does: by the peer's proxy, else where its URI says. Within the dialog
 * its route set rules, and without one the remote target, with two exceptions that need the proxy.
 */
export function dialogHop(request: SipDialogRequest, via: HopPeer): DialogHop {
  const { toTag } = request;
  const { requestUri, routes, nextHop } = routed(request.requestUri, request.routes);
  const dialog: DialogParts = { requestUri, toTag, routes };
  const isEstablished = toTag !== undefined || request.method === "NOTIFY";
  const hop = hopFor(nextHop);
  const byProxy =
    via.hop !== undefined &&
    routes.length === 0 &&
    (!isEstablished || via.peer.switches.dialogViaProxy || isInDomain(hop, via.peer));
  return byProxy ? { hop: via.hop, route: via.route, dialog } : { hop, route: undefined, dialog };
}

/** A Contact in the peer's own domain is no device but a name that its proxy knows: linphone's is its GRUU (RFC 5627 §4.3). */
function isInDomain(hop: LocateRequest | undefined, { domains }: SipPeer): boolean {
  return hop !== undefined && domains.some((domain) => domain.toLowerCase() === hop.host);
}
