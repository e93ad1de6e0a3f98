/** Who goes too fast and is refused until some time, with what is remembered of him. RFC 6120 §8.3.3.18, RFC 3261 §21.5.4. */

import { BoundedMap } from "../bounded-map";

export class ShutOut<Value> {
  readonly #shut = new BoundedMap<Shut<Value>>(REMEMBERED);
  /** The latest end of all: while it is past, a look costs one comparison. */
  #until = 0;

  /** Is anybody shut out now? @param now milliseconds since 1970 */
  isAny(now: number): boolean {
    return now < this.#until;
  }

  /** Shuts somebody out for so many milliseconds, or shuts him out anew. */
  shut(key: string, value: Value, holdOffMs: number, now: number): void {
    const until = now + Math.min(holdOffMs, LONGEST_MS);
    this.#shut.set(key, { value, at: now, until });
    if (until > this.#until || this.#until > now + LONGEST_MS) this.#until = until;
  }

  /** What is remembered of him while he is shut out. */
  get(key: string, now: number): Value | undefined {
    if (!this.isAny(now)) return undefined;
    const shut = this.#shut.get(key);
    // A clock that was put back opens it.
    return shut !== undefined && now >= shut.at && now < shut.until ? shut.value : undefined;
  }

  /** What was remembered of him when he was shut out last. */
  last(key: string): Value | undefined {
    return this.#shut.get(key)?.value;
  }
}

interface Shut<Value> {
  readonly value: Value;
  readonly at: number;
  readonly until: number;
}

/** It opens by itself, whatever was reckoned. */
const LONGEST_MS = 60_000;
/** Who is forgotten early is refused by whoever shut him out. */
const REMEMBERED = 10_000;
