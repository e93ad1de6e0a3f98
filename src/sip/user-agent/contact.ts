/** Where the far side finds us again: Contact in what makes or keeps a dialog. RFC 3261 §8.1.1.8, §12.1.1, §12.2.1.1. */

import type { Endpoint, TransportName, Transports } from "../transport/transport";

/**
 * The value of Contact toward a target. A transport is named that we listen on, whatever the request itself goes by: the
 * answer to it may come days later. UDP goes without a name, so that a long request may take TCP (§18.1.1).
 * @param user still percent-encoded; undefined for none
 */
export function contactFor(
  transports: ContactTransports,
  target: Endpoint,
  user: string | undefined,
): string {
  const transport = listenedTransport(transports, target.transport);
  const { address, port } = target;
  const via = transports.viaFor({ transport, address, port });
  const host = via.host.includes(":") && !via.host.startsWith("[") ? `[${via.host}]` : via.host;
  const parameter = transport === "udp" ? "" : `;transport=${transport}`;
  return `<sip:${user === undefined ? "" : `${user}@`}${host}:${via.port}${parameter}>`;
}

export type ContactTransports = Pick<Transports, "viaFor" | "listeners">;

function listenedTransport(transports: ContactTransports, wanted: TransportName): TransportName {
  const listeners = transports.listeners();
  if (listeners.some(({ transport }) => transport === wanted)) return wanted;
  return PREFERENCE.find((one) => listeners.some(({ transport }) => transport === one)) ?? wanted;
}

const PREFERENCE: readonly TransportName[] = ["udp", "tcp", "tls"];
