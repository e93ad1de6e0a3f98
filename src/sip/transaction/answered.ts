/** Completed server transactions in 12 bytes each. RFC 3261 §17.2.2 (Completed state, Timer J). */

import type { RequestIdentity } from "./request-identity";

/** What was found: the answer to give again, or that the same request came by another way and was taken. */
export type Answered =
  | { readonly kind: "retransmission"; readonly status: number; readonly reason: string }
  | { readonly kind: "merged" };

/**
 * At 20,000 requests a second 640,000 completed transactions wait for Timer J at once. A retransmitted request brings
 * along all that its answer is made of, save status and reason, so a slot keeps 64 bits of the request's hash, 20 bits
 * of its Via and 12 bits that name status and reason. Slots live in generations that are dropped whole: nothing is
 * allocated or timed for a transaction, and one lives at least Timer J and at most a quarter longer. Nearly every request is
 * new, and a look into each generation would find it in no cache of the processor: a byte says which may have it.
 */
export class AnsweredTransactions {
  readonly #span: number;
  readonly #generations: Generation[] = [];
  readonly #answers: { readonly status: number; readonly reason: string }[] = [];
  readonly #codes = new Map<string, number>();
  #lastCode = 0;
  /** By the low bits of the hash: the bit of each generation that has such a request. */
  readonly #seen = new Uint8Array(SEEN);
  #endsAt: number;

  /** @param lifetime Timer J in milliseconds */
  constructor(lifetime: number, now: number) {
    this.#span = Math.max(1, Math.ceil(lifetime / (GENERATIONS - 1)));
    this.#endsAt = now + this.#span;
    for (let n = 0; n < GENERATIONS; n++) this.#generations.push(new Generation(1 << n));
  }

  /** Transactions held, those past Timer J but not yet dropped included. */
  get size(): number {
    let size = 0;
    for (const generation of this.#generations) size += generation.size;
    return size;
  }

  /** Bytes of the tables. */
  get bytes(): number {
    let bytes = 0;
    for (const generation of this.#generations) bytes += generation.slots.byteLength;
    return bytes + this.#seen.byteLength;
  }

  find(identity: RequestIdentity, now: number): Answered | undefined {
    this.#rotate(now);
    const seen = this.#seen[identity.lo & (SEEN - 1)] as number;
    if (seen === 0) return undefined;
    let merged = false;
    for (const generation of this.#generations) {
      if ((seen & generation.bit) === 0) continue;
      const { slots, mask } = generation;
      for (let slot = identity.lo & mask; ; slot = (slot + 1) & mask) {
        const word = slots[3 * slot + 2] as number;
        if (word === EMPTY) break;
        if (slots[3 * slot] !== identity.hi || slots[3 * slot + 1] !== identity.lo) continue;
        const answer = this.#answers[(word & CODE_MASK) - 1] as { status: number; reason: string };
        if (word >>> CODE_BITS === identity.via >>> CODE_BITS) {
          return { kind: "retransmission", status: answer.status, reason: answer.reason };
        }
        // Only what was taken is "ongoing" (§8.2.2.2): a refused request may be tried again with another branch.
        if (answer.status < 300) merged = true;
      }
    }
    return merged ? MERGED : undefined;
  }

  /** Remembers the answer; false when the number of different answers is used up and the caller must keep it itself. */
  add(identity: RequestIdentity, status: number, reason: string, now: number): boolean {
    const code = this.#codeOf(status, reason);
    if (code === 0) return false;
    this.#rotate(now);
    // Timer J counts from now, so the newest generation takes it.
    const newest = this.#generations[0] as Generation;
    newest.add(identity.hi, identity.lo, ((identity.via & ~CODE_MASK) | code) >>> 0);
    const at = identity.lo & (SEEN - 1);
    this.#seen[at] = (this.#seen[at] as number) | newest.bit;
    return true;
  }

  #codeOf(status: number, reason: string): number {
    // Nearly every answer is the same as the one before.
    const last = this.#answers[this.#lastCode - 1];
    if (last !== undefined && last.status === status && last.reason === reason) return this.#lastCode;
    this.#lastCode = this.#lookedUp(status, reason);
    return this.#lastCode;
  }

  #lookedUp(status: number, reason: string): number {
    const key = `${status} ${reason}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    if (this.#answers.length >= MAXIMUM_ANSWERS) return 0;
    this.#answers.push({ status, reason });
    this.#codes.set(key, this.#answers.length);
    return this.#answers.length;
  }

  #rotate(now: number): void {
    if (now < this.#endsAt) return;
    const spans = Math.floor((now - this.#endsAt) / this.#span) + 1;
    // After a long silence each generation needs to be emptied once only.
    for (let n = Math.min(spans, GENERATIONS); n > 0; n--) {
      const oldest = this.#generations.pop() as Generation;
      oldest.clear((this.#generations[0] as Generation).size);
      for (let at = 0; at < SEEN; at++) this.#seen[at] = (this.#seen[at] as number) & ~oldest.bit;
      this.#generations.unshift(oldest);
    }
    this.#endsAt += spans * this.#span;
  }
}

/** Open addressing with linear probing; three 32-bit words a slot, the third 0 when it is free. */
class Generation {
  slots = new Uint32Array(3 * SMALLEST);
  mask = SMALLEST - 1;
  size = 0;

  constructor(readonly bit: number) {}

  add(hi: number, lo: number, word: number): void {
    if (4 * (this.size + 1) > 3 * (this.mask + 1)) this.#grow();
    this.#insert(hi, lo, word);
    this.size++;
  }

  /** Empties it; the table shrinks when it is much too large for `expected` entries. */
  clear(expected: number): void {
    this.size = 0;
    let wanted = SMALLEST;
    while (3 * wanted < 4 * expected) wanted *= 2;
    if (wanted * 4 <= this.mask + 1) this.#resize(wanted);
    else this.slots.fill(0);
  }

  #insert(hi: number, lo: number, word: number): void {
    const { slots, mask } = this;
    let slot = lo & mask;
    while (slots[3 * slot + 2] !== EMPTY) slot = (slot + 1) & mask;
    slots[3 * slot] = hi;
    slots[3 * slot + 1] = lo;
    slots[3 * slot + 2] = word;
  }

  #grow(): void {
    const old = this.slots;
    this.#resize(2 * (this.mask + 1));
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] !== EMPTY)
        this.#insert(old[at] as number, old[at + 1] as number, old[at + 2] as number);
    }
  }

  #resize(capacity: number): void {
    this.slots = new Uint32Array(3 * capacity);
    this.mask = capacity - 1;
  }
}

const MERGED: Answered = { kind: "merged" };
const EMPTY = 0;
/** Four whole spans after the running one: Timer J is kept to a quarter. */
const GENERATIONS = 5;
const SMALLEST = 1024;
/** Half a mebibyte: one byte for each request of Timer J at 16,000 a second. */
const SEEN = 1 << 19;
const CODE_BITS = 12;
const CODE_MASK = (1 << CODE_BITS) - 1;
/** Different pairs of status and reason that fit the code; reasons come from fixed texts and from XMPP error texts. */
const MAXIMUM_ANSWERS = CODE_MASK;
