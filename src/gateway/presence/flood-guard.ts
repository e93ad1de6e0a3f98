/** How often one person may ask: a bucket that fills again with time. */

import { RateLimiter } from "../rate/rate-limiter";

export class FloodGuard {
  readonly #limiter: RateLimiter;

  /** @param maximum people whose buckets are remembered */
  constructor(burst: number, perSecond: number, maximum: number) {
    this.#limiter = new RateLimiter({ sender: { perSecond, burst } }, 0, maximum);
  }

  /** True when he may; false when he has asked too often. @param now milliseconds since 1970 */
  admits(sender: string, now: number): boolean {
    return this.#limiter.admit({ sender }, now).kind === "pass";
  }
}
