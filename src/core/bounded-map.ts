/** A map that forgets what was used longest ago when it is full: memory stays flat whoever writes to whom. */

/**
 * Two generations, of which the older is dropped whole. To take the oldest key out of one large Map instead would step
 * over all that were taken out before it, at every entry.
 */
export class BoundedMap<Value> {
  #young = new Map<string, Value>();
  #old: ReadonlyMap<string, Value> = new Map();
  readonly #half: number;

  /** @param maximum entries at most; at least the newer half of them is remembered */
  constructor(maximum: number) {
    this.#half = Math.ceil(maximum / 2);
  }

  /** Reading an entry makes it one of the newer. */
  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
