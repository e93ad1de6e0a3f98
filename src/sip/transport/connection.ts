/** One connection of a stream transport, opened by us or by the peer. RFC 3261 §18.1, §18.2, §18.3; RFC 5626 §3.5.1. */

import type { Socket } from "node:net";
import type { Clock, Counters, Log } from "../../gateway/sides";
import type { BrokenFrame, Frame, StreamFramer } from "./framing";
import { showHostPort } from "./ip";
import { KEEP_ALIVE_PONG } from "./keep-alive";
import type { Endpoint, OnBytes, SendResult, Source } from "./transport";

export interface ConnectionDeps {
  readonly log: Log;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly newFramer: () => StreamFramer;
  readonly onBytes: OnBytes;
  /** Called once, however the connection ends. */
  readonly onClosed: (connection: Connection, why: string) => void;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly id: number;
  /** The endpoint that the connection leads to; requests to it reuse this connection. */
  readonly remote: Endpoint;
  readonly socket: Socket;
  /** Name that the certificate has to prove before the connection opens (RFC 5922 §7.3). */
  readonly expects?: string;
  /** Puts the socket's error into words; the error's own message where absent. */
  readonly explain?: (error: Error) => string;
}

export class Connection {
  readonly id: number;
  readonly remote: Endpoint;
  readonly expects: string | undefined;
  /** Milliseconds of the clock when a whole message or keep-alive last came or went: single octets do not count. */
  lastUsed: number;
  readonly #socket: Socket;
  readonly #deps: ConnectionDeps;
  readonly #framer: StreamFramer;
  readonly #sent: SendResult;
  #source: Source | undefined;
  #state: "connecting" | "open" | "answering" | "closing" | "closed" = "connecting";
  /** Why the connection closed. */
  #why = "";
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #corked = false;
  /** Since when the kernel has taken nothing of what waits; undefined while nothing waits. */
  #owingSince: number | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(parts: ConnectionParts, deps: ConnectionDeps) {
    this.id = parts.id;
    this.remote = parts.remote;
    this.expects = parts.expects;
    this.#socket = parts.socket;
    this.#deps = deps;
    this.#framer = deps.newFramer();
    this.#sent = { ok: true, connection: parts.id };
    this.lastUsed = deps.clock.now();
    parts.socket.on("error", (error) => this.#ended(parts.explain?.(error) ?? error.message));
    parts.socket.on("close", () => this.#ended("connection closed by the peer"));
  }

  /** Can new requests go this way? */
  get usable(): boolean {
    return this.#state === "connecting" || this.#state === "open";
  }

  /** Can answers still go this way? */
  get answerable(): boolean {
    return this.usable || this.#state === "answering";
  }

  /** RFC 5922 identities of the peer; empty until the handshake is done. */
  get identities(): readonly string[] {
    return this.#source?.tlsIdentities ?? [];
  }

  /** Has the peer taken nothing since that time (milliseconds of the clock), although something waits for it? */
  stalledSince(time: number): boolean {
    return this.#owingSince !== undefined && this.#owingSince <= time;
  }

  /** Gives up when `opened` has not been called within `ms`. */
  expectOpen(ms: number): void {
    this.#cancelTimer = this.#deps.clock.after(ms, () => this.fail(`no connection within ${ms} ms`));
  }

  /** The connection stands (for TLS: the handshake is done and the certificate accepted): reads and writes begin. */
  opened(local: Endpoint, identities: readonly string[]): void {
    if (this.#state !== "connecting") return;
    this.#cancelTimer?.();
    this.#state = "open";
    this.#source = { ...this.remote, connection: this.id, local, tlsIdentities: identities };
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { bytes, resolve } of waiting) this.#write(bytes, resolve);
  }

  /** Resolves when the kernel has the octets, or when it is clear that it will not take them. */
  send(bytes: Buffer): Promise<SendResult> {
    if (!this.answerable) return Promise.resolve({ ok: false, why: "connection is closed" });
    this.lastUsed = this.#deps.clock.now();
    return new Promise((resolve) => {
      if (this.#state === "connecting") this.#hold(bytes, resolve);
      else this.#write(bytes, resolve);
    });
  }

  /** Sends what is written, then closes; a peer that takes nothing is cut off after a grace time. */
  finish(why: string): void {
    if (this.#state === "connecting") this.fail(why);
    if (!this.answerable) return;
    this.#state = "closing";
    this.#cancelTimer?.();
    this.#cancelTimer = this.#deps.clock.after(GRACE_MS, () => this.fail(why));
    this.#uncork();
    this.#socket.destroySoon();
  }

  /** Closes at once; everything not yet handed over is reported as failed. */
  fail(why: string): void {
    this.#ended(why);
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#state !== "open") return;
    for (const frame of this.#framer.push(chunk)) {
      this.#take(frame, this.#source as Source);
      if (this.#state !== "open") return;
    }
  }

  #take(frame: Frame, source: Source): void {
    const { counters, clock, onBytes } = this.#deps;
    this.lastUsed = clock.now();
    if (frame.kind === "broken") {
      this.#broken(frame, source);
    } else if (frame.kind === "message") {
      counters.add(RECEIVED[source.transport]);
      onBytes(frame.bytes, source);
    } else if (frame.kind === "keep-alive-ping") {
      counters.add("sip.stream.keep-alives");
      this.#write(KEEP_ALIVE_PONG, ignore);
    }
  }

  /** §18.3: where the next message begins can't be told any more, so the head is answered if it can be, and the rest is not read. */
  #broken(frame: BrokenFrame, source: Source): void {
    const { counters, log, clock, onBytes } = this.#deps;
    counters.add("sip.stream.broken");
    log.info({ peer: this.#show(), why: frame.reason }, "stream cannot be framed");
    // The octets that follow are still taken off the socket: left there, the kernel would reset the connection at its close.
    this.#state = "answering";
    this.#cancelTimer = clock.after(ANSWER_MS, () => this.finish(frame.reason));
    if (frame.bytes.length > 0) onBytes(frame.bytes, source, frame);
  }

  #hold(bytes: Buffer, resolve: Resolve): void {
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MAXIMUM_QUEUED_BYTES) {
      resolve({ ok: false, why: "too much waits for this connection to open" });
      this.#waitingBytes -= bytes.length;
    } else {
      this.#waiting.push({ bytes, resolve });
    }
  }

  /** Everything that one turn of the event loop writes goes out together: fewer system calls, fewer TLS records. */
  #write(bytes: Buffer, resolve: Resolve): void {
    if (this.#socket.writableLength + bytes.length > MAXIMUM_QUEUED_BYTES) {
      this.#deps.counters.add("sip.stream.slow-readers");
      resolve({ ok: false, why: SLOW_READER });
      this.fail(SLOW_READER);
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    this.#deps.counters.add(SENT_BY[this.remote.transport]);
    this.#owingSince ??= this.#deps.clock.now();
    this.#socket.write(bytes, (error) => {
      this.#owingSince = this.#socket.writableLength > 0 ? this.#deps.clock.now() : undefined;
      // Node reports success for what was under way when the socket was destroyed.
      if (error || this.#state === "closed") resolve({ ok: false, why: error?.message ?? this.#why });
      else resolve(this.#sent);
    });
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #ended(why: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#why = why;
    this.#cancelTimer?.();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve({ ok: false, why });
    this.#deps.log.debug({ peer: this.#show(), why }, "connection closed");
    this.#deps.onClosed(this, why);
  }

  #show(): string {
    return `${this.remote.transport} ${showHostPort(this.remote.address, this.remote.port)}`;
  }
}

type Resolve = (result: SendResult) => void;

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: Resolve;
}

function ignore(): void {}

const RECEIVED = { udp: "sip.udp.received", tcp: "sip.tcp.received", tls: "sip.tls.received" } as const;
const SENT_BY = { udp: "sip.udp.sent", tcp: "sip.tcp.sent", tls: "sip.tls.sent" } as const;
const SLOW_READER = "peer does not read, and the write queue is full";
/** What waits for one peer at most: 3,000 messages of 1,300 octets. A peer that is further behind has stopped reading. */
export const MAXIMUM_QUEUED_BYTES = 4 * 1024 * 1024;
/** How long after a framing error answers may still be written to a connection. */
export const ANSWER_MS = 1000;
/** How long an orderly close waits for the peer to take what was written. */
const GRACE_MS = 2000;
