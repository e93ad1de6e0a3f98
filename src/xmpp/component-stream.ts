/**
 * One attempt at a component stream, from connect to close. XEP-0114 §3, RFC 6120 §4.
 * Wraps @xmpp/component, which does the header and the handshake; what it does badly is replaced here:
 * its reconnecting, its parser (unbounded, no strictness), decoding (a character cut in two by TCP became two wrong ones),
 * data after a parse error (an exception in a socket callback), stanzas that come together with the handshake's answer (lost),
 * secrets outside ASCII, two `error` events for one failure, no limit of time on connecting, and a promise for each write.
 */

import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { component, type Entity } from "@xmpp/component";
import type { Clock } from "../gateway/sides";
import type { Element } from "../xml/element";
import type { ComponentOptions } from "./options";
import { failure, fromSocketError, fromStreamError, type StreamFailure, wrongPort } from "./stream-failure";
import { type Refusal, type StanzaLimits, StreamParser } from "./stream-parser";

export interface StreamEvents {
  /** The handshake is done: stanzas may be written. */
  up(): void;
  /** A child of the stream, in order. */
  stanza(stanza: Element): void;
  /** The head of a stanza whose content was thrown away. */
  refused(head: Element, refusal: Refusal): void;
  /** Octets came. */
  heard(): void;
  /** Everything written has left for the kernel. */
  drained(): void;
  /** Exactly once, and the last of all events. */
  ended(failure: StreamFailure): void;
}

export interface StreamTimes {
  /** From the first packet to the end of the handshake, milliseconds. */
  readonly connectMs: number;
  /** How long the server may take to close its side. */
  readonly closeMs: number;
}

export class ComponentStream {
  readonly #entity: Entity;
  readonly #events: StreamEvents;
  readonly #clock: Clock;
  readonly #times: StreamTimes;
  readonly #decoder = new StringDecoder("utf8");
  #socket: Socket | undefined;
  #up = false;
  #closing = false;
  #ended = false;
  #cancelTimer: () => void;

  constructor(
    options: ComponentOptions,
    limits: StanzaLimits,
    times: StreamTimes,
    clock: Clock,
    events: StreamEvents,
  ) {
    this.#events = events;
    this.#clock = clock;
    this.#times = times;
    this.#entity = this.#prepare(options, limits);
    this.#cancelTimer = clock.after(times.connectMs, () =>
      this.#end(
        failure(
          "connect-timeout",
          `no handshake within ${times.connectMs} ms: is this the port for components?`,
        ),
      ),
    );
    // Its failure also comes as an `error` event, sometimes twice; the first one counts. The library's own start() leaves a
    // promise that nobody waits for, whose rejection would end the process.
    this.#entity
      .connect("xmpp://component")
      .then(() => this.#entity.open({ domain: options.host }))
      .catch((error: Error) => this.#end(fromSocketError(error)));
    this.#socket = this.#entity.socket ?? undefined;
    // Node heeds these as options of a new socket only, not of `connect`. Without the first every ping waits 40 ms for an ACK.
    this.#socket?.setNoDelay(true);
    this.#socket?.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#socket?.on("drain", () => events.drained());
    // The library stops listening when the socket closes; an error that comes later must not end the process.
    this.#socket?.on("error", () => undefined);
  }

  /** Writes text as it is; only while up. */
  write(text: string): void {
    // What has as many octets as characters is ASCII; as Latin-1 it is copied instead of being encoded one by one.
    if (!this.#ended && !this.#closing)
      this.#socket?.write(text, Buffer.byteLength(text) === text.length ? "latin1" : "utf8");
  }

  /** Octets that the kernel has not taken yet. */
  get queued(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** Reads no more until `resume`: the server notices by TCP's own means. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Closes in order: what the server still sends is taken, until its own end of stream or `closeMs`. RFC 6120 §4.4. */
  close(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    this.#cancelTimer();
    if (!this.#up) {
      this.#end(CLOSED);
      return;
    }
    this.#socket?.write("</stream:stream>");
    this.#cancelTimer = this.#clock.after(this.#times.closeMs, () => this.#end(CLOSED));
  }

  /** Gives the stream up at once. */
  abandon(reason: StreamFailure): void {
    this.#end(reason);
  }

  #prepare(options: ComponentOptions, limits: StanzaLimits): Entity {
    const entity = component({
      service: "xmpp://component",
      domain: options.host,
      // The library hashes Latin-1 text; XEP-0114 §3 hashes UTF-8.
      password: Buffer.from(options.secret, "utf8").toString("latin1"),
    });
    entity.reconnect.stop();
    // The library's own answers to IQs, and its guesses at addresses.
    entity.removeAllListeners("element");
    entity.timeout = this.#times.connectMs;
    entity.socketParameters = () => ({ host: options.address, port: options.port });
    entity.Parser = parserClass(limits, (head, refusal) => {
      if (this.#up && !this.#ended) this.#events.refused(head, refusal);
    });
    entity._onData = (data) => this.#received(data);
    entity._onElement = (element) => this.#element(element as Element);
    entity._onParserError = (error) => this.#malformed(error);
    entity.on("open", (header: Element) => {
      if (header.ns !== NS_STREAM) this.#end(failure("not-xmpp", NOT_XMPP, "slow"));
      else this.#checkNamespace(header.attrs.xmlns ?? "");
    });
    entity.on("close", () => this.#endOfStream());
    entity.on("error", (error: Error) => this.#end(fromSocketError(error)));
    entity.on("disconnect", () => this.#end(this.#closing ? CLOSED : LOST));
    return entity;
  }

  #checkNamespace(namespace: string): void {
    if (namespace === "jabber:client" || namespace === "jabber:server") this.#end(wrongPort(namespace));
  }

  #received(data: Buffer): void {
    if (this.#ended) return;
    this.#events.heard();
    this.#entity.parser?.write(this.#decoder.write(data));
  }

  #element(element: Element): void {
    if (this.#ended) return;
    if (element.ns === NS_STREAM && element.name === "error") {
      this.#end(fromStreamError(element));
    } else if (this.#up) {
      this.#events.stanza(element);
    } else if (element.name === "handshake") {
      // At once, not when the library's promise is through: stanzas may stand in the same packet.
      this.#up = true;
      this.#cancelTimer();
      this.#entity.emit("element", element);
      this.#events.up();
    } else {
      this.#end(failure("protocol", `<${element.name.slice(0, 50)}/> before the handshake`, "slow"));
    }
  }

  #malformed(error: Error): void {
    if (!this.#up) {
      this.#end(failure("not-xmpp", NOT_XMPP, "slow"));
      return;
    }
    this.#socket?.write(
      `<stream:error><not-well-formed xmlns='${NS_STREAMS}'/></stream:error></stream:stream>`,
    );
    this.#end(
      failure("not-well-formed", `the XMPP server sent what is no XML: ${error.message.slice(0, 100)}`),
    );
  }

  #endOfStream(): void {
    if (!this.#closing) this.#socket?.write("</stream:stream>");
    this.#end(this.#closing ? CLOSED : failure("closed", "the XMPP server closed the stream"));
  }

  #end(reason: StreamFailure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer?.();
    const socket = this.#entity.socket ?? this.#socket;
    socket?.end();
    // The kernel is left a moment to send what was written; nothing keeps a dead connection longer.
    if (socket !== undefined) this.#clock.after(LINGER_MS, () => socket.destroy());
    // Ends what the library still waits for, and its timers.
    this.#entity.emit("error", new Error(reason.reason));
    this.#events.ended(reason);
  }
}

function parserClass(
  limits: StanzaLimits,
  onRefused: (head: Element, refusal: Refusal) => void,
): new () => StreamParser {
  return class extends StreamParser {
    constructor() {
      super(limits);
      this.on("refused", onRefused);
    }
  };
}

const NS_STREAM = "http://etherx.jabber.org/streams";
const NS_STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";
const NOT_XMPP = "what answers on this port does not speak XMPP: is it the port for components?";
const CLOSED = failure("closed", "closed by us", "stop");
const LOST = failure("closed", "the XMPP server closed the connection");
/** TCP's own check, in case ours is configured to be rare. */
const KEEP_ALIVE_MS = 30_000;
const LINGER_MS = 500;
