/** Which address a request is sent to: the peer's proxy, else the Request-URI. RFC 3261 §8.1.2, §16.12; RFC 3263 §4. */

import { parseSipUri } from "../../core/address/sip-uri";
import type { LocateRequest, Locator } from "../locate";
import type { SipPeer } from "../options";
import type { TransportName } from "../transport/transport";

/** RFC 3263, as far as the user agent uses it. */
export type NextHops = Pick<Locator, "locate" | "failed" | "succeeded">;

/** What to look up for a URI; undefined when it names no host, such as a telephone number. */
export function hopFor(uriText: string): LocateRequest | undefined {
  const parsed = parseSipUri(uriText);
  if (!parsed.ok || parsed.value.host === "" || parsed.value.scheme === "xmpp") return undefined;
  const { scheme, host, port, parameters } = parsed.value;
  const transport = parameters.get("transport")?.toLowerCase();
  const maddr = parameters.get("maddr");
  return {
    host,
    secure: scheme === "sips",
    ...(port === undefined ? {} : { port }),
    ...(transport !== undefined && isTransport(transport) ? { transport } : {}),
    ...(maddr === undefined ? {} : { maddr }),
  };
}

/** The preloaded Route of a peer (§8.1.2): its proxy as a loose router; undefined when the proxy only gets the bytes. */
export function routeFor(peer: SipPeer): string | undefined {
  if (peer.proxy === undefined || !peer.route) return undefined;
  const parsed = parseSipUri(peer.proxy);
  const isLoose = parsed.ok && parsed.value.parameters.has("lr");
  return `<${peer.proxy}${isLoose ? "" : ";lr"}>`;
}

function isTransport(text: string): text is TransportName {
  return text === "udp" || text === "tcp" || text === "tls";
}
