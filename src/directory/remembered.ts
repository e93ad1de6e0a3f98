/** Answers for a time: bounded in number and in octets. */

import type { Clock } from "../gateway/sides";

export interface RememberedBounds {
  readonly lifetimeMs: number;
  readonly entries: number;
  readonly octets: number;
}

interface Entry<Value> {
  readonly value: Value;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly octets: number;
}

/** Two generations, of which the older is dropped whole: what was used lately stays, and memory is flat whoever asks. */
export class Remembered<Value> {
  readonly #clock: Clock;
  readonly #bounds: RememberedBounds;
  readonly #weigh: (value: Value) => number;
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();
  #youngOctets = 0;

  constructor(clock: Clock, bounds: RememberedBounds, weigh: (value: Value) => number) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#weigh = weigh;
  }

  get(key: string): Entry<Value> | undefined {
    const entry = this.#young.get(key) ?? this.#old.get(key);
    if (entry === undefined) return undefined;
    const age = this.#clock.now() - entry.askedAt;
    // Below zero: the clock was set back, and nobody knows how old it is.
    if (age < 0 || age >= this.#bounds.lifetimeMs) {
      this.delete(key);
      return undefined;
    }
    if (this.#old.delete(key)) this.#put(key, entry);
    return entry;
  }

  set(key: string, value: Value): void {
    this.delete(key);
    this.#put(key, { value, askedAt: this.#clock.now(), octets: this.#weigh(value) });
  }

  delete(key: string): void {
    this.#old.delete(key);
    const entry = this.#young.get(key);
    if (entry === undefined) return;
    this.#young.delete(key);
    this.#youngOctets -= entry.octets;
  }

  /** Entries held, those that have run out and were not asked for among them. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #put(key: string, entry: Entry<Value>): void {
    const { entries, octets } = this.#bounds;
    const isFull = this.#young.size >= entries / 2 || this.#youngOctets + entry.octets > octets / 2;
    if (isFull) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngOctets = 0;
    }
    this.#young.set(key, entry);
    this.#youngOctets += entry.octets;
  }
}
