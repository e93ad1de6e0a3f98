/** All transports behind one door: which socket or connection a message leaves by. RFC 3261 §18.1.1, §18.2.2. */

import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { SecureContext } from "node:tls";
import type { Clock, Counters, Log } from "../../gateway/sides";
import { DEFAULT_LIMITS } from "../message/limits";
import { Connection, type ConnectionDeps } from "./connection";
import { Connections, nameToProve } from "./connections";
import { StreamFramer } from "./framing";
import { canonicalAddress, familyOf, isLoopback, isWildcard, showHostPort } from "./ip";
import { type OpenListener, type OwnAddresses, ownAddresses } from "./own-addresses";
import { type Dialled, dialTcp, openTcp, type StreamListener } from "./tcp";
import { clientContext, dialTls, openTls } from "./tls";
import type {
  Endpoint,
  ListenerOptions,
  OnBytes,
  SendResult,
  Source,
  Target,
  TransportOptions,
  Transports,
} from "./transport";
import { openUdp, type UdpListener } from "./udp";

export interface TransportDeps {
  readonly log: Log;
  readonly counters: Counters;
  readonly clock: Clock;
}

/** Builds the transports; nothing is opened before `start`. */
export function createTransports(options: TransportOptions, deps: TransportDeps): Transports {
  return new AllTransports(options, deps);
}

class AllTransports implements Transports {
  readonly #options: TransportOptions;
  readonly #deps: TransportDeps;
  readonly #connections: Connections;
  readonly #connectionDeps: ConnectionDeps;
  readonly #udp = new Map<Endpoint, UdpListener>();
  #streams: StreamListener[] = [];
  #open: OpenListener[] = [];
  #own: OwnAddresses = ownAddresses([], []);
  #tlsContext: SecureContext | undefined;
  #running = false;
  #nextWarning = 0;
  #onBytes: OnBytes = () => {};
  #onClosed: (connection: number, why: string) => void = () => {};

  constructor(options: TransportOptions, deps: TransportDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#connections = new Connections(options, deps.clock, deps.counters);
    const limits = { ...DEFAULT_LIMITS, maximumBytes: options.maximumMessageBytes };
    this.#connectionDeps = {
      ...deps,
      newFramer: () => new StreamFramer(limits),
      onBytes: (bytes, source, fault) => this.#onBytes(bytes, source, fault),
      onClosed: (connection, why) => {
        this.#connections.remove(connection);
        this.#onClosed(connection.id, why);
      },
    };
  }

  async start(onBytes: OnBytes): Promise<void> {
    this.#onBytes = onBytes;
    try {
      this.#tlsContext = clientContext(this.#options.tls);
    } catch (error) {
      throw new Error(`tls certificate, key or ca cannot be used: ${messageOf(error)}`);
    }
    this.#running = true;
    for (const listener of this.#options.listeners) {
      try {
        this.#open.push({ options: listener, local: await this.#listen(listener) });
      } catch (error) {
        await this.stop();
        const where = `${listener.transport} listener ${showHostPort(listener.address, listener.port)}`;
        throw new Error(`${where} cannot be opened: ${messageOf(error)}`);
      }
    }
    const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    this.#own = ownAddresses(this.#open, interfaces);
  }

  send(bytes: Buffer, target: Target): PromiseLike<SendResult> {
    const refusal = this.#refusal(target);
    if (refusal !== undefined) return refusal;
    if (target.transport !== "udp") return this.#sendByStream(bytes, target);
    const socket = this.#socketFor(target);
    if (socket === undefined) return failed(`no udp listener can reach ${target.address}`);
    return socket.send(bytes, target.address, target.port);
  }

  #socketFor(target: Target): UdpListener | undefined {
    const { local } = target;
    if (local !== undefined) {
      for (const [{ address, port }, socket] of this.#udp)
        if (address === local.address && port === local.port) return socket;
    }
    const listener = this.#own.listenerFor(target);
    return listener === undefined ? undefined : this.#udp.get(listener.local);
  }

  reply(bytes: Buffer, source: Source, target: Target): PromiseLike<SendResult> {
    if (source.connection !== undefined) {
      const connection = this.#connections.byId(source.connection);
      if (connection !== undefined) return connection.send(bytes);
    }
    // RFC 3581 §4: the answer leaves by the very port that the request came to.
    const socket = target.transport === "udp" ? this.#udp.get(source.local) : undefined;
    if (socket === undefined) return this.send(bytes, target);
    const refusal = this.#refusal(target);
    if (refusal !== undefined) return refusal;
    socket.post(bytes, target.address, target.port);
    return POSTED;
  }

  viaFor(target: Endpoint): { readonly host: string; readonly port: number } {
    return this.#own.viaFor(target);
  }

  isOurs(host: string, port: number): boolean {
    return this.#own.isOurs(host, port);
  }

  isConnected(connection: number): boolean {
    return this.#usable(connection) !== undefined;
  }

  listeners(): readonly Endpoint[] {
    return this.#open.map((one) => one.local);
  }

  onClosed(listener: (connection: number, why: string) => void): void {
    this.#onClosed = listener;
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    for (const listener of this.#streams) listener.close();
    this.#connections.stopSweeping();
    for (const connection of this.#connections.all()) connection.finish("stopping");
    await Promise.all([...this.#udp.values()].map((socket) => socket.close()));
    await this.#connections.empty();
  }

  async #listen(options: ListenerOptions): Promise<Endpoint> {
    if (options.transport === "udp") {
      const listener = await openUdp(options, this.#deps, (bytes, source) => this.#onBytes(bytes, source));
      this.#udp.set(listener.local, listener);
      return listener.local;
    }
    const listener = await (options.transport === "tcp"
      ? this.#listenTcp(options)
      : this.#listenTls(options));
    this.#streams.push(listener);
    const { address, port } = listener.local;
    this.#deps.log.info({ listener: showHostPort(address, port) }, `${options.transport} listener open`);
    return listener.local;
  }

  #listenTcp(options: ListenerOptions): Promise<StreamListener> {
    return openTcp(
      options,
      (socket) => this.#accept("tcp", socket, []),
      (error) => this.#listenerError(options, error),
    );
  }

  #listenTls(options: ListenerOptions): Promise<StreamListener> {
    if (this.#options.tls === undefined) throw new Error("no certificate is configured");
    return openTls(options, this.#options.tls, {
      accept: (socket, identities) => this.#accept("tls", socket, identities),
      onHandshakeError: (error, socket) => {
        this.#deps.counters.add("sip.tls.handshake-errors");
        this.#deps.log.info({ peer: socket.remoteAddress, err: error.message }, "tls handshake failed");
        socket.destroy();
      },
      onError: (error) => this.#listenerError(options, error),
      handshakeTimeoutMs: this.#options.connectTimeoutMs,
      maximumConnections: this.#options.maximumConnections,
    });
  }

  #listenerError(options: ListenerOptions, error: Error): void {
    this.#deps.counters.add("sip.stream.listener-errors");
    const listener = showHostPort(options.address, options.port);
    this.#deps.log.warn({ listener, err: error.message }, `${options.transport} listener error`);
  }

  #accept(transport: "tcp" | "tls", socket: Socket, identities: readonly string[]): void {
    const { remoteAddress, remotePort } = socket;
    socket.on("error", ignore);
    // A peer that has hung up meanwhile has no address any more.
    if (remoteAddress === undefined || remotePort === undefined || !this.#running)
      return void socket.destroy();
    if (!this.#connections.makeRoom()) {
      this.#warnFull(remoteAddress);
      return void socket.destroy();
    }
    const address = canonicalAddress(remoteAddress) ?? remoteAddress;
    const remote: Endpoint = { transport, address, port: remotePort };
    const connection = new Connection(
      { id: this.#connections.nextId(), remote, socket },
      this.#connectionDeps,
    );
    this.#deps.counters.add("sip.stream.accepted");
    this.#connections.add(connection);
    connection.opened(localEnd(transport, socket), identities);
  }

  /** A flood of callers must not become a flood of log lines; the counter has the number. */
  #warnFull(peer: string): void {
    const now = this.#deps.clock.now();
    if (now < this.#nextWarning) return;
    this.#nextWarning = now + WARNING_PAUSE_MS;
    const limit = this.#options.maximumConnections;
    this.#deps.log.warn({ peer, limit }, "connection refused, limit reached");
  }

  /** §18.1.1, RFC 5923: an open connection to that endpoint is used again, also one that the peer opened. */
  #sendByStream(bytes: Buffer, target: Target): Promise<SendResult> {
    const open = this.#usable(target.connection) ?? this.#connections.leadingTo(target);
    if (open !== undefined) return open.send(bytes);
    if (!this.#connections.makeRoom()) return failed("connection limit reached");
    return this.#dial(target).send(bytes);
  }

  #usable(id: number | undefined): Connection | undefined {
    const connection = id === undefined ? undefined : this.#connections.byId(id);
    return connection?.usable === true ? connection : undefined;
  }

  #dial(target: Target): Connection {
    const dialled = this.#call(target);
    const { socket } = dialled;
    const remote: Endpoint = { transport: target.transport, address: target.address, port: target.port };
    const connection = new Connection(
      { id: this.#connections.nextId(), remote, ...dialled },
      this.#connectionDeps,
    );
    this.#deps.counters.add("sip.stream.dialled");
    this.#connections.add(connection);
    connection.expectOpen(this.#options.connectTimeoutMs);
    dialled.onOpen((identities) => connection.opened(localEnd(target.transport, socket), identities));
    return connection;
  }

  #call(target: Target): Dialled {
    const from = this.#callFrom(target);
    if (target.transport === "tcp") return dialTcp(target, from);
    return dialTls(target, nameToProve(target), this.#tlsContext as SecureContext, from);
  }

  /** Peers trust us by address, so a call comes from the listener's own where it has one and the target can see it. */
  #callFrom(target: Target): string | undefined {
    const address = this.#own.listenerFor(target)?.local.address;
    if (address === undefined || isWildcard(address)) return undefined;
    return isLoopback(address) === isLoopback(target.address) ? address : undefined;
  }

  /** What Node would throw for, and what can't be sent at all. */
  #refusal(target: Target): Promise<SendResult> | undefined {
    if (!this.#running) return failed("transports are not open");
    if (target.port > 0 && target.port < 65_536 && familyOf(target.address) !== undefined) return undefined;
    return failed(`not an address and port: ${showHostPort(target.address, target.port)}`);
  }
}

function localEnd(transport: "udp" | "tcp" | "tls", socket: Socket): Endpoint {
  const address = socket.localAddress ?? "";
  return { transport, address: canonicalAddress(address) ?? address, port: socket.localPort ?? 0 };
}

function failed(why: string): Promise<SendResult> {
  return Promise.resolve({ ok: false, why });
}

function messageOf(error: unknown): string {
  return (error as Error).message;
}

function ignore(): void {}

/** What is sent back by datagram is not followed up: whoever misses it asks again. */
const POSTED: Promise<SendResult> = Promise.resolve({ ok: true });
/** One line a minute says that the limit is reached. */
const WARNING_PAUSE_MS = 60_000;
