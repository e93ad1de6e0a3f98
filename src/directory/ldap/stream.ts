/** A connection's octets, cut into whole LDAP messages that are sound and together within bounds. */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { isSoundMessage, messageLength } from "./ber";
import { LdapFailure } from "./problem";

/** What the LDAP library is given in place of a socket. */
export class LdapStream extends Duplex {
  /** The library asks a socket for these. */
  readonly connecting = false;
  readonly readyState = "open";
  /** Why it ended, if not in good order: the library drops listeners that are not its own. */
  fault: Error | undefined;
  readonly #inner: Socket;
  readonly #maximum: number;
  #octets = 0;
  #chunks: Buffer[] = [];
  #held = 0;

  /**
   * @param inner an open socket, over which nothing was read yet that is not read here
   * @param maximum octets of one answer, all its messages together
   */
  constructor(inner: Socket, maximum: number) {
    super();
    this.#inner = inner;
    this.#maximum = maximum;
    inner.on("data", (chunk: Buffer) => this.#take(chunk));
    inner.on("error", (error) => this.destroy(error));
    inner.on("end", () => this.push(null));
    inner.on("close", () => this.destroy());
  }

  /** A new question is asked: its answer may be as large as the last. */
  newAnswer(): void {
    this.#octets = 0;
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.fault ??= error ?? undefined;
    this.#inner.destroy();
    this.#chunks = [];
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#octets += chunk.length;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const reason = this.#octets > this.#maximum ? "too-large" : this.#pass();
    if (reason === undefined) return;
    this.#inner.removeAllListeners("data");
    this.destroy(new LdapFailure({ reason, isServer: reason === "not-ldap" }));
  }

  /** Passes on the messages that are whole; says what is wrong with the next one, if anything is. */
  #pass(): "too-large" | "not-ldap" | undefined {
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (Number.isNaN(length)) return "not-ldap";
      if (length > this.#maximum) return "too-large";
      if (this.#held < length) return undefined;
      const all = this.#joined();
      const message = all.subarray(0, length);
      this.#chunks = length === all.length ? [] : [all.subarray(length)];
      this.#held -= length;
      if (!isSoundMessage(message)) return "not-ldap";
      this.push(message);
    }
    return undefined;
  }

  #nextLength(): number | undefined {
    const [first] = this.#chunks;
    if (first === undefined) return undefined;
    return messageLength(first.length >= LONGEST_HEAD ? first : this.#joined());
  }

  /** Joined when a message is whole, or its head may be: each octet is copied once or twice, not with every chunk. */
  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}

/** Tag, length of the length, and four octets of length. */
const LONGEST_HEAD = 6;
