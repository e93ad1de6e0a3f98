/** Who has been refused, and until when he would be again: the rest of a flood costs one look-up. RFC 6120 §8.3.3.18. */

import { ShutOut } from "../../core/limits/shut-out";
import { RateLimiter, type Rates, type Refused } from "./rate-limiter";

export class ShutSenders {
  readonly #shut = new ShutOut<true>();
  readonly #told: RateLimiter;

  constructor({ sender }: Rates) {
    const told = sender && { perSecond: sender.perSecond, burst: Math.max(1, sender.perSecond) };
    this.#told = new RateLimiter({ sender: told }, 0);
  }

  /** Is anybody shut out now? @param now milliseconds since 1970 */
  isAny(now: number): boolean {
    return this.#shut.isAny(now);
  }

  shut(sender: string, { whose, holdOffMs }: Refused, now: number): void {
    // Of a pair it is one recipient alone, of a peer many people.
    if (whose !== "sender" || holdOffMs === 0) return;
    this.#shut.shut(sender, true, holdOffMs, now);
  }

  has(sender: string, now: number): boolean {
    return this.#shut.get(sender, now) !== undefined;
  }

  /** Is he to be told that he is refused? As fast as he may write, and no faster: each telling is work for his server. */
  tells(sender: string, now: number): boolean {
    return this.#told.admit({ sender }, now).kind === "pass";
  }
}
