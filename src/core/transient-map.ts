/** A map for what comes and goes by the thousand: requests and stanzas under way. */

/**
 * When a JS Map makes room, its former table keeps a link to the next one, for iterators that may still stand in it. Once
 * the garbage collector has moved one such table to the old generation, that link keeps alive every later table and all
 * that passed through them, until the old generation is collected: measured, that was a third of the CPU time of a busy
 * gateway. So the Map itself is replaced now and then, and nothing links the new one to the old.
 */
export class TransientMap<Key, Value> {
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  #additions = 0;

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    // Half of the time the older one has run empty: a look at its size spares a look-up.
    return young !== undefined || this.#old.size === 0 ? young : this.#old.get(key);
  }

  has(key: Key): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  set(key: Key, value: Value): void {
    if (this.#old.size > 0) this.#old.delete(key);
    this.#young.set(key, value);
    this.#additions += 1;
    if (this.#additions >= SMALLEST + 2 * this.size) this.#replace();
  }

  /** False when there was none. */
  delete(key: Key): boolean {
    return (this.#old.size > 0 && this.#old.delete(key)) || this.#young.delete(key);
  }

  /** All values, in no order. */
  values(): Value[] {
    return [...this.#old.values(), ...this.#young.values()];
  }

  /** All of them, in no order, as they are now. */
  entries(): [Key, Value][] {
    return [...this.#old, ...this.#young];
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#additions = 0;
  }

  /** What is still there of the older Map moves to a new one: at most half as much as was added meanwhile. */
  #replace(): void {
    const left = this.#old;
    this.#old = this.#young;
    this.#young = new Map(left);
    this.#additions = 0;
  }
}

/** Below this many the work of replacing would be more than what it spares. */
const SMALLEST = 64;
