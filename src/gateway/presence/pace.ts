/** What we begin by ourselves, at no more than so many a second: restarts and full hours must not flood anybody. */

import type { Clock } from "../sides";

/** Work is begun in so many portions a second. */
const PORTIONS = 20;

export class Pace {
  readonly #clock: Clock;
  readonly #perPortion: number;
  readonly #portionMs: number;
  #until = 0;
  #left = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    // Fewer than that many a second: one at a time, further apart.
    this.#perPortion = Math.max(1, Math.floor(perSecond / PORTIONS));
    this.#portionMs = Math.max(1000 / PORTIONS, (1000 * this.#perPortion) / perSecond);
  }

  /** How many may begin now, at most `wanted`; those count as begun. */
  take(wanted: number): number {
    const now = this.#clock.now();
    if (now >= this.#until) {
      this.#until = now + this.#portionMs;
      this.#left = this.#perPortion;
    }
    const taken = Math.min(wanted, this.#left);
    this.#left -= taken;
    return taken;
  }

  /** Milliseconds until some more may begin. */
  get pauseMs(): number {
    return this.#left > 0 ? 0 : Math.max(1, Math.ceil(this.#until - this.#clock.now()));
  }
}
