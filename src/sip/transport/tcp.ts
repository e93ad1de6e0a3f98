/** TCP: listening and connecting. RFC 3261 §18. */

import { connect, createServer, type Server, type Socket } from "node:net";
import { canonicalAddress } from "./ip";
import type { Endpoint, ListenerOptions } from "./transport";

/** A listener of a stream transport. */
export interface StreamListener {
  readonly local: Endpoint;
  /** Takes no more connections; those that stand are not touched. */
  close(): void;
}

/** A socket on its way to a peer. */
export interface Dialled {
  readonly socket: Socket;
  /** Calls back once when messages may flow. */
  onOpen(callback: (identities: readonly string[]) => void): void;
  /** Name that the peer's certificate must prove; TLS only. */
  readonly expects?: string;
  readonly explain?: (error: Error) => string;
}

/** Opens a listener; rejects with the system's error when the address cannot be had. */
export function openTcp(
  options: ListenerOptions,
  accept: (socket: Socket) => void,
  onError: (error: Error) => void,
): Promise<StreamListener> {
  const server = createServer({ ...SOCKET_OPTIONS }, accept);
  return listen(server, options, onError);
}

/** @param localAddress our own address to call from; absent: as the kernel routes it */
export function dialTcp(target: Endpoint, localAddress: string | undefined): Dialled {
  const socket = connect({ ...SOCKET_OPTIONS, ...addressesOf(target, localAddress) });
  return { socket, onOpen: (callback) => socket.once("connect", () => callback([])) };
}

/** Binds a server of either stream transport. */
export function listen(
  server: Server,
  options: ListenerOptions,
  onError: (error: Error) => void,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.address, port: options.port, ipv6Only: true, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", onError);
      const bound = server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : options.port;
      const address = canonicalAddress(options.address) ?? options.address;
      resolve({ local: { transport: options.transport, address, port }, close: () => server.close() });
    });
  });
}

/** The two ends of a call, as Node names them. */
export function addressesOf(
  target: Endpoint,
  localAddress: string | undefined,
): { host: string; port: number; localAddress?: string } {
  const ends = { host: target.address, port: target.port };
  return localAddress === undefined ? ends : { ...ends, localAddress };
}

/** Messages are small and waited for, so none is held back; the kernel's probe finds peers that vanished. */
export const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;
