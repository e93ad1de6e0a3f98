/** Same seed, same numbers (xorshift32): a failure can be repeated. */

export class Chance {
  #state: number;

  /** @param seed not 0 */
  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1;
  }

  /** 0 or more, less than `limit`. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}
