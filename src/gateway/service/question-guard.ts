/** How often one person may ask: a bucket that fills again with time. */

import { BoundedMap } from "../bounded-map";

interface Bucket {
  tokens: number;
  at: number;
}

export class QuestionGuard {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #buckets = new BoundedMap<Bucket>(REMEMBERED);

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** True when he may; false when he has asked too often. @param now milliseconds since 1970 */
  admits(person: string, now: number): boolean {
    const bucket = this.#buckets.get(person) ?? { tokens: this.#burst, at: now };
    // A clock that was put back fills nothing.
    const filled = bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#burst, filled);
    bucket.at = now;
    this.#buckets.set(person, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

/** Somebody who is forgotten begins with a full bucket, which is what he has after a pause anyway. */
const REMEMBERED = 10_000;
