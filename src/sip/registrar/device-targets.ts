/** Where the requests to a registered device are sent. RFC 3261 §18.1.1, RFC 5626 §7, RFC 3327 §5.3. */

import type { SipDestination } from "../../core/effect";
import type { LocateRequest } from "../locate/request";
import type { Target } from "../transport/transport";

export interface DeviceWay {
  /** To be tried first. */
  readonly flow: Target | undefined;
  /** To be located after it. */
  readonly hop: LocateRequest | undefined;
}

/**
 * The flow while it is there; a Contact that can be reached without it stands in. Neither: nothing leads to the device
 * any more (430, RFC 5626 §11.5).
 * @param hop of `to.nextHop`
 */
export function deviceWay(
  to: SipDestination,
  hop: LocateRequest | undefined,
  isConnected: (connection: number) => boolean,
): DeviceWay {
  const { transport, address, port, local, connection } = to.flow;
  // The transport by which it came is the one it has, whatever its Contact leaves out.
  const located = hop && { ...hop, transport: hop.transport ?? transport };
  if (transport === "udp") {
    if (located !== undefined) return { flow: undefined, hop: located };
    return { flow: { transport, address, port, local, isOnlyWay: true }, hop: undefined };
  }
  const isOpen = connection !== undefined && isConnected(connection);
  return { flow: isOpen ? { transport, address, port, connection } : undefined, hop: located };
}
