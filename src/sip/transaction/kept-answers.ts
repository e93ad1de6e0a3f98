/** Final answers that a retransmission cannot rebuild, kept as bytes until Timer J. RFC 3261 §17.2.2. */

import type { Counters } from "../../gateway/sides";

interface Kept {
  readonly bytes: Buffer;
  readonly expiresAt: number;
}

/** Every answer lives equally long, so the order of coming is the order of going. */
export class KeptAnswers {
  readonly #lifetime: number;
  readonly #counters: Counters;
  readonly #kept = new Map<string, Kept>();
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
    for (const [name, kept] of this.#kept) {
      const isFull = this.#kept.size >= MAXIMUM_KEPT || this.#bytes + bytes.length > MAXIMUM_KEPT_BYTES;
      if (kept.expiresAt > now && !isFull) break;
      if (kept.expiresAt > now) this.#counters.add("sip.server.answer-forgotten-early");
      this.#kept.delete(name);
      this.#bytes -= kept.bytes.length;
    }
    this.#kept.set(transaction, { bytes, expiresAt: now + this.#lifetime });
    this.#bytes += bytes.length;
  }
}

/**
 * Answers with headers of their own are mostly refusals (415 with Accept, 503 with Retry-After): to forget one early only
 * means that its retransmission is judged again, so a bound of 16 MiB costs nothing but work. What a SUBSCRIBE got is
 * known beyond it as status and reason, and the NOTIFY behind it says the rest.
 */
const MAXIMUM_KEPT = 20_000;
const MAXIMUM_KEPT_BYTES = 16 * 1024 * 1024;
