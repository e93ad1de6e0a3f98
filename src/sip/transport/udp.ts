/** One UDP listener: datagrams in, requests and responses out by the same port. RFC 3261 §18, RFC 3581 §4. */

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { Later } from "../../core/later";
import type { Counters, Log } from "../../gateway/sides";
import { canonicalAddress, familyOf, showHostPort } from "./ip";
import { isKeepAliveDatagram } from "./keep-alive";
import type { Endpoint, ListenerOptions, OnBytes, SendResult, Source } from "./transport";

export interface UdpListener {
  readonly local: Endpoint;
  send(bytes: Buffer, address: string, port: number): PromiseLike<SendResult>;
  /** Sends without saying what became of it: a failure is counted. */
  post(bytes: Buffer, address: string, port: number): void;
  close(): Promise<void>;
}

/** Opens the socket; rejects with the system's error when the address cannot be had. */
export function openUdp(
  options: ListenerOptions,
  deps: { readonly log: Log; readonly counters: Counters },
  onBytes: OnBytes,
): Promise<UdpListener> {
  const socket = createSocket({
    ...(familyOf(options.address) === 6 ? { type: "udp6", ipv6Only: true } : { type: "udp4" }),
    lookup: literalOnly,
  });
  return new Promise((resolve, reject) => {
    const onRefused = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once("error", onRefused);
    socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
      socket.off("error", onRefused);
      resolve(listenerOn(socket, options, deps, onBytes));
    });
  });
}

function listenerOn(
  socket: Socket,
  options: ListenerOptions,
  { log, counters }: { readonly log: Log; readonly counters: Counters },
  onBytes: OnBytes,
): UdpListener {
  const address = canonicalAddress(options.address) ?? options.address;
  const local: Endpoint = { transport: "udp", address, port: socket.address().port };
  log.info({ listener: showHostPort(address, local.port), ...growBuffers(socket) }, "udp listener open");
  let waiting = 0;
  let closed = false;

  socket.on("error", (error) => {
    counters.add("sip.udp.socket-errors");
    log.warn({ listener: showHostPort(address, local.port), err: error.message }, "udp socket error");
  });
  socket.on("message", (bytes: Buffer, from: RemoteInfo) => {
    // Port 0 cannot be answered, and sending to it is an exception in Node.
    if (isKeepAliveDatagram(bytes) || from.port === 0) return counters.add("sip.udp.keep-alives");
    counters.add("sip.udp.received");
    onBytes(bytes, sourceOf(from, local));
  });

  function send(bytes: Buffer, to: string, port: number): PromiseLike<SendResult> {
    const refusal = refusalOf(bytes);
    if (refusal !== undefined) return Promise.resolve({ ok: false, why: refusal });
    waiting++;
    const result = new Later<SendResult>();
    socket.send(bytes, port, to, (error) => {
      sent(error);
      result.settle(error ? { ok: false, why: error.message } : SENT);
    });
    return result;
  }

  function post(bytes: Buffer, to: string, port: number): void {
    if (refusalOf(bytes) !== undefined) {
      counters.add("sip.udp.send-errors");
      return;
    }
    waiting++;
    socket.send(bytes, port, to, sent);
  }

  function refusalOf(bytes: Buffer): string | undefined {
    if (closed) return "udp listener is closed";
    if (bytes.length > LONGEST_DATAGRAM) return `${bytes.length} octets do not fit into a datagram`;
    return waiting >= MAXIMUM_WAITING ? "udp send queue is full" : undefined;
  }

  function sent(error: Error | null): void {
    waiting--;
    counters.add(error ? "sip.udp.send-errors" : "sip.udp.sent");
  }

  function close(): Promise<void> {
    closed = true;
    return new Promise((resolve) => {
      socket.close(resolve);
    });
  }

  return { local, send, post, close };
}

function sourceOf(from: RemoteInfo, local: Endpoint): Source {
  const address = from.family === "IPv6" ? (canonicalAddress(from.address) ?? from.address) : from.address;
  return { transport: "udp", address, port: from.port, local, tlsIdentities: NO_IDENTITIES };
}

/** The kernel may grant less; what it gave is in the log, because a small one loses bursts. */
function growBuffers(socket: Socket): { receiveBuffer?: number; sendBuffer?: number } {
  try {
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
    return { receiveBuffer: socket.getRecvBufferSize(), sendBuffer: socket.getSendBufferSize() };
  } catch {
    return {};
  }
}

/**
 * Node asks a resolver for every datagram, even to an IP literal; this one answers at once.
 * The layers above send to literals only (RFC 3263 was done before).
 */
function literalOnly(
  address: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  const family = familyOf(address);
  if (family === undefined) callback(new Error(`not an IP literal: ${address}`), address, 4);
  else callback(null, address, family);
}

export const SENT: SendResult = { ok: true };
const NO_IDENTITIES: readonly string[] = [];
/** A second of 20,000 small messages waits here while the process collects garbage or the store syncs. */
const BUFFER_BYTES = 4 * 1024 * 1024;
/** RFC 768, RFC 791: 65,535 less the UDP and IPv4 headers. */
const LONGEST_DATAGRAM = 65_507;
/** Datagrams that the kernel has not taken yet: at 1,300 octets some 20 MiB. Beyond it the peer's retransmission is the better queue. */
const MAXIMUM_WAITING = 16_384;
