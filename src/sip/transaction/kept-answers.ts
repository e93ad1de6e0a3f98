/** Final answers that a retransmission cannot rebuild, kept as bytes until Timer J. RFC 3261 §17.2.2. */

import type { Counters } from "../../gateway/sides";

interface Kept {
  readonly transaction: string;
  readonly bytes: Buffer;
  readonly expiresAt: number;
}

/**
 * Every answer lives equally long, so the order of coming is the order of going. That order is in a list of its own: to find the
 * oldest entry of a Map means to step over all that were taken out of it before.
 */
export class KeptAnswers {
  readonly #lifetime: number;
  readonly #counters: Counters;
  readonly #kept = new Map<string, Kept>();
  /** From `#first` on, the oldest first; one whose transaction has another answer by now stands there still. */
  #line: Kept[] = [];
  #first = 0;
  #bytes = 0;

  constructor(lifetime: number, counters: Counters) {
    this.#lifetime = lifetime;
    this.#counters = counters;
  }

  get size(): number {
    return this.#kept.size;
  }

  find(transaction: string, now: number): Buffer | undefined {
    if (this.#kept.size === 0) return undefined;
    const kept = this.#kept.get(transaction);
    return kept !== undefined && kept.expiresAt > now ? kept.bytes : undefined;
  }

  add(transaction: string, bytes: Buffer, now: number): void {
    for (let oldest = this.#line[this.#first]; oldest !== undefined; oldest = this.#line[this.#first]) {
      const isFull =
        this.#line.length - this.#first >= MAXIMUM_KEPT || this.#bytes + bytes.length > MAXIMUM_KEPT_BYTES;
      if (oldest.expiresAt > now && !isFull) break;
      if (oldest.expiresAt > now) this.#counters.add("sip.server.answer-forgotten-early");
      this.#forgetFirst(oldest);
    }
    const kept = { transaction, bytes, expiresAt: now + this.#lifetime };
    this.#line.push(kept);
    this.#kept.set(transaction, kept);
    this.#bytes += bytes.length;
  }

  #forgetFirst(oldest: Kept): void {
    if (this.#kept.get(oldest.transaction) === oldest) this.#kept.delete(oldest.transaction);
    this.#bytes -= oldest.bytes.length;
    this.#first += 1;
    if (this.#first < CLEARED_AT || this.#first * 2 < this.#line.length) return;
    this.#line = this.#line.slice(this.#first);
    this.#first = 0;
  }
}

/**
 * Answers with headers of their own are mostly refusals (415 with Accept, 503 with Retry-After): to forget one early only
 * means that its retransmission is judged again, so a bound of 16 MiB costs nothing but work. What a SUBSCRIBE got is
 * known beyond it as status and reason, and the NOTIFY behind it says the rest.
 */
const MAXIMUM_KEPT = 20_000;
const MAXIMUM_KEPT_BYTES = 16 * 1024 * 1024;
/** So many places of what is forgotten, and no fewer, are worth a shorter list. */
const CLEARED_AT = 1_024;
