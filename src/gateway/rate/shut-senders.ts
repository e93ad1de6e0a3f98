/** Who has been refused, and until when he would be again: the rest of a flood costs one look-up. RFC 6120 §8.3.3.18. */

import { BoundedMap } from "../../core/bounded-map";
import { RateLimiter, type Rates, type Refused } from "./rate-limiter";

export class ShutSenders {
  readonly #shut = new BoundedMap<Shut>(REMEMBERED);
  readonly #told: RateLimiter;
  /** The latest end of all: while it is past, nobody is shut out. */
  #until = 0;

  constructor({ sender }: Rates) {
    const told = sender && { perSecond: sender.perSecond, burst: Math.max(1, sender.perSecond) };
    this.#told = new RateLimiter({ sender: told }, 0);
  }

  /** Is anybody shut out now? @param now milliseconds since 1970 */
  isAny(now: number): boolean {
    return now < this.#until;
  }

  shut(sender: string, { whose, holdOffMs }: Refused, now: number): void {
    // Of a pair it is one recipient alone, of a peer many people.
    if (whose !== "sender" || holdOffMs === 0) return;
    const until = now + Math.min(holdOffMs, LONGEST_MS);
    this.#shut.set(sender, { at: now, until });
    if (until > this.#until || this.#until > now + LONGEST_MS) this.#until = until;
  }

  has(sender: string, now: number): boolean {
    const shut = this.#shut.get(sender);
    // A clock that was put back opens it.
    return shut !== undefined && now >= shut.at && now < shut.until;
  }

  /** Is he to be told that he is refused? As fast as he may write, and no faster: each telling is work for his server. */
  tells(sender: string, now: number): boolean {
    return this.#told.admit({ sender }, now).kind === "pass";
  }
}

interface Shut {
  readonly at: number;
  readonly until: number;
}

/** It opens by itself, whatever was reckoned. */
const LONGEST_MS = 60_000;
/** Who is forgotten early is refused by his bucket. */
const REMEMBERED = 10_000;
