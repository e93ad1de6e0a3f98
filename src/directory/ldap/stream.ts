/** A connection's octets: questions leave together, answers come in whole LDAP messages that are sound and within bounds. */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { TransientMap } from "../../core/transient-map";
import {
  headOf,
  isSoundMessage,
  LONGEST_HEAD,
  type MessageHead,
  messageLength,
  SEARCH_DONE,
  SEARCH_REQUEST,
  searchDone,
} from "./ber";
import { LdapFailure, type LdapProblem, TOO_LARGE } from "./problem";

/** What the LDAP library is given in place of a socket. */
export class LdapStream extends Duplex {
  /** The library asks a socket for these. */
  readonly connecting = false;
  readonly readyState = "open";
  /** Why it ended, if not in good order: the library drops listeners that are not its own. */
  fault: Error | undefined;
  /** Octets that came so far. */
  heard = 0;
  /** Did any question get an answer, or a part of one? */
  hasAnswered = false;
  readonly #inner: Socket;
  readonly #maximum: number;
  /** The octets that came in answer to each question under way, by its id. */
  readonly #answers = new TransientMap<number, number>();
  /** Octets that answer no question. */
  #strays = 0;
  #outgoing: Buffer[] = [];
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

  override _read(): void {
    this.#inner.resume();
  }

  /**
   * The library writes a message at a time. Those of one turn of the event loop are one write to the socket, which costs more
   * than they do; and those of a millisecond while the server has enough to do.
   */
  override _write(message: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const head = headOf(message);
    if (head?.operation === SEARCH_REQUEST) this.#answers.set(head.id, 0);
    if (this.#outgoing.push(message) === 1) {
      if (this.#answers.size > FEW_QUESTIONS) setTimeout(() => this.#flush(), GATHER_MS);
      else setImmediate(() => this.#flush());
    }
    done();
  }

  override _final(done: () => void): void {
    this.#flush();
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.fault ??= error ?? undefined;
    this.#flush();
    this.#inner.destroy();
    this.#chunks = [];
    done(error);
  }

  #flush(): void {
    const messages = this.#outgoing;
    if (messages.length === 0) return;
    this.#outgoing = [];
    if (this.#inner.writable)
      this.#inner.write(messages.length === 1 ? messages[0]! : Buffer.concat(messages));
  }

  #take(chunk: Buffer): void {
    this.heard += chunk.length;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const fault = this.#pass();
    if (fault === undefined) return;
    this.#inner.removeAllListeners("data");
    if (fault.question === undefined) this.destroy(new LdapFailure(fault.problem));
    else this.#endAfter(fault.question);
  }

  /** Tells who asked for too much so, as if the server had; all others learn that the connection ended. */
  #endAfter(question: number): void {
    this.hasAnswered = true;
    this.push(searchDone(question, TOO_LARGE));
    setImmediate(() => this.destroy());
  }

  /** Passes on the messages that are whole; says what is wrong with the next one, if anything is. */
  #pass(): Fault | undefined {
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (Number.isNaN(length)) return NOT_LDAP;
      if (length > this.#maximum) {
        const head = headOf(this.#joined());
        return head === undefined && this.#held < LONGEST_HEAD ? undefined : this.#tooLarge(head);
      }
      if (this.#held < length) return undefined;
      const all = this.#joined();
      const message = all.subarray(0, length);
      this.#chunks = length === all.length ? [] : [all.subarray(length)];
      this.#held -= length;
      if (!isSoundMessage(message)) return NOT_LDAP;
      const head = headOf(message)!;
      if (!this.#count(head, length)) return this.#tooLarge(head);
      this.push(message);
    }
    return undefined;
  }

  /** Is it still within bounds, with all that came for the same question? */
  #count({ id, operation }: MessageHead, octets: number): boolean {
    const before = this.#answers.get(id);
    if (before === undefined) {
      this.#strays += octets;
      return this.#strays <= this.#maximum;
    }
    this.hasAnswered = true;
    const isWithin = before + octets <= this.#maximum;
    if (operation === SEARCH_DONE && isWithin) this.#answers.delete(id);
    else this.#answers.set(id, before + octets);
    return isWithin;
  }

  #tooLarge(head: MessageHead | undefined): Fault {
    const isAsked = head !== undefined && this.#answers.has(head.id);
    return { problem: { reason: "too-large", isServer: false }, ...(isAsked ? { question: head.id } : {}) };
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

interface Fault {
  readonly problem: LdapProblem;
  /** The only question that it concerns, by its id. */
  readonly question?: number;
}

/** Under way, up to which none waits for others. */
const FEW_QUESTIONS = 4;
const GATHER_MS = 1;
const NOT_LDAP: Fault = { problem: { reason: "not-ldap", isServer: true } };
