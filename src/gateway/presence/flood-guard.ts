/** How often one watcher may ask: a bucket that fills again with time. */

import { BoundedMap } from "../bounded-map";

interface Bucket {
  tokens: number;
  at: number;
}

export class FloodGuard {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #buckets: BoundedMap<Bucket>;

  /** @param maximum watchers whose buckets are remembered */
  constructor(burst: number, perSecond: number, maximum: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#buckets = new BoundedMap(maximum);
  }

  /** True when he may; false when he has asked too often. @param now milliseconds since 1970 */
  admits(watcher: string, now: number): boolean {
    const bucket = this.#buckets.get(watcher) ?? { tokens: this.#burst, at: now };
    const filled = bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#burst, filled);
    bucket.at = now;
    this.#buckets.set(watcher, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
