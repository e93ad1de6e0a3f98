/** Cuts a TCP or TLS stream into messages. RFC 3261 §18.3, §7.5; keep-alives between them: RFC 5626 §3.5.1, §4.4.1. */

import { CR, LF } from "../message/characters";
import { contentLengthOfHead } from "../message/content-length";
import { DEFAULT_LIMITS, type ParseLimits } from "../message/limits";

export type Frame =
  | { readonly kind: "message"; readonly bytes: Buffer }
  /** CR LF CR LF: answer with CR LF. */
  | { readonly kind: "keep-alive-ping" }
  /** CR LF: the answer to our ping, or an idle line end before a message. */
  | { readonly kind: "keep-alive-pong" }
  | BrokenFrame;

/** Nobody knows where the next message starts: answer if `bytes` can be parsed, then close. Nothing follows it. */
export interface BrokenFrame extends Fault {
  readonly kind: "broken";
  /**
   * Start line and header fields as far as they came, for `parseMessage`. It may find them in order (a stream needs
   * a Content-Length, a datagram does not): then `status` and `reason` are the answer.
   */
  readonly bytes: Buffer;
}

interface Fault {
  readonly status: 400 | 513;
  readonly reason: string;
}

/**
 * Takes the chunks of one connection in order. Each octet is looked at once, however the stream is cut; what is held
 * between chunks is at most twice the largest message that the limits allow. Frames are views that stay valid.
 * Several equal keep-alives in one chunk give one frame.
 */
export class StreamFramer {
  readonly #limits: ParseLimits;
  /** Octets from #start to #end are waiting; those before #seen have been looked at. */
  #buffer: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  #seen = 0;
  #lineStart = 0;
  /** Length of the message at #start once its header fields are complete, else 0. */
  #messageLength = 0;
  /** The last thing was a CR LF, given out as a pong; one more makes the pair a ping that came in two pieces. */
  #halfPing = false;
  #isBroken = false;

  constructor(limits: ParseLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Adds a chunk; gives the frames that it completes, in order. After a "broken" frame everything is dropped. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    if (this.#isBroken) return frames;
    const isView = this.#start === this.#end;
    if (isView) this.#take(chunk);
    else this.#append(chunk);
    while (this.#next(frames));
    if (this.#isBroken || this.#start === this.#end) this.#take(EMPTY);
    // The rest of a chunk is copied, so that ten octets do not keep 64 KiB of the socket's memory.
    else if (isView) this.#grow(0);
    return frames;
  }

  /** Completes one message if it can; false when more octets are needed, or none will be read. */
  #next(frames: Frame[]): boolean {
    if (this.#messageLength === 0) {
      if (this.#seen === this.#start && !this.#readKeepAlives(frames)) return false;
      const headerEnd = this.#findHeaderEnd();
      if (headerEnd < 0) {
        if (this.#end - this.#start > this.#limits.maximumHeaderBytes)
          this.#break(frames, HEADERS_TOO_LARGE, this.#end);
        return false;
      }
      const fault = this.#readLength(headerEnd);
      if (fault) {
        this.#break(frames, fault, headerEnd);
        return false;
      }
    }
    const messageEnd = this.#start + this.#messageLength;
    if (messageEnd > this.#end) return false;
    frames.push({ kind: "message", bytes: this.#buffer.subarray(this.#start, messageEnd) });
    this.#startAt(messageEnd);
    return true;
  }

  /** Takes the line ends before a message; true when an octet of a message is at #start. */
  #readKeepAlives(frames: Frame[]): boolean {
    while (this.#start < this.#end) {
      const byte = this.#buffer[this.#start];
      if (byte === LF) this.#startAt(this.#start + 1);
      else if (byte !== CR) break;
      else if (this.#start + 1 === this.#end) return false;
      else if (this.#buffer[this.#start + 1] !== LF) break;
      else this.#readLineEnd(frames);
    }
    if (this.#start === this.#end) return false;
    this.#halfPing = false;
    return true;
  }

  #readLineEnd(frames: Frame[]): void {
    let isPing = this.#halfPing;
    this.#startAt(this.#start + 2);
    if (!isPing && this.#buffer[this.#start] === CR && this.#buffer[this.#start + 1] === LF) {
      // Within the buffer, but the octets after #end are not of the stream.
      isPing = this.#start + 2 <= this.#end;
      if (isPing) this.#startAt(this.#start + 2);
    }
    this.#halfPing = !isPing;
    const kind = isPing ? "keep-alive-ping" : "keep-alive-pong";
    if (frames.at(-1)?.kind !== kind) frames.push({ kind });
  }

  /** The index after the empty line, going on from where the last chunk ended; -1 when it has not come. */
  #findHeaderEnd(): number {
    const buffer = this.#buffer;
    const limit = Math.min(this.#end, this.#start + this.#limits.maximumHeaderBytes);
    let lineStart = this.#lineStart;
    for (let at = this.#seen; at < limit; at++) {
      if (buffer[at] !== LF) continue;
      if (at === lineStart || (at === lineStart + 1 && buffer[lineStart] === CR)) return at + 1;
      lineStart = at + 1;
    }
    this.#lineStart = lineStart;
    this.#seen = limit;
    return -1;
  }

  /** Sets the length of the message from its Content-Length, which a stream must have (§20.14). */
  #readLength(headerEnd: number): Fault | undefined {
    const text = this.#buffer.toString("latin1", this.#start, headerEnd);
    const length = contentLengthOfHead(text, this.#limits);
    if (length === undefined) return NO_LENGTH;
    if (length === "malformed") return MALFORMED_LENGTH;
    if (text.length + length > this.#limits.maximumBytes) return TOO_LARGE;
    this.#messageLength = text.length + length;
    return undefined;
  }

  #break(frames: Frame[], fault: Fault, end: number): void {
    this.#isBroken = true;
    frames.push({ kind: "broken", ...fault, bytes: this.#buffer.subarray(this.#start, end) });
  }

  #startAt(index: number): void {
    this.#start = index;
    this.#seen = index;
    this.#lineStart = index;
    this.#messageLength = 0;
  }

  #take(chunk: Buffer): void {
    this.#buffer = chunk;
    this.#end = chunk.length;
    this.#startAt(0);
  }

  #append(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#grow(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Moves what is waiting to a new buffer (frames given out are views of the old one) with room for `more` octets. */
  #grow(more: number): void {
    const waiting = this.#end - this.#start;
    const buffer = Buffer.allocUnsafe(Math.max(MINIMUM_CAPACITY, waiting + more, 2 * waiting));
    buffer.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = buffer;
    this.#seen -= this.#start;
    this.#lineStart -= this.#start;
    this.#start = 0;
    this.#end = waiting;
  }
}

/**
 * Is this datagram there only to keep a NAT binding open? CR and LF (linphone), a single NUL (libpurple), or nothing:
 * to be dropped without counting it as malformed.
 */
export function isKeepAliveDatagram(bytes: Buffer): boolean {
  if (bytes.length > LONGEST_KEEP_ALIVE) return false;
  return bytes.every((byte) => byte === CR || byte === LF || byte === 0);
}

const EMPTY = Buffer.alloc(0);
/** CR LF CR LF. */
const LONGEST_KEEP_ALIVE = 4;
/** A phone's whole request mostly fits. */
const MINIMUM_CAPACITY = 1_024;
const HEADERS_TOO_LARGE: Fault = { status: 513, reason: "Header fields too large" };
const NO_LENGTH: Fault = { status: 400, reason: "Missing Content-Length" };
const MALFORMED_LENGTH: Fault = { status: 400, reason: "Malformed Content-Length" };
const TOO_LARGE: Fault = { status: 513, reason: "Message Too Large" };
