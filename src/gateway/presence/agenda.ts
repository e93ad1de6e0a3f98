/** Keys that want attention at a time: one alarm for all of them (architecture E9). */

import type { Clock } from "../sides";

interface Entry {
  readonly at: number;
  readonly key: string;
}

export class Agenda {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = [];
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** @param at milliseconds since 1970 */
  add(at: number, key: string): void {
    const heap = this.#heap;
    let child = heap.push({ at, key }) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (this.#at(parent) <= at) break;
      this.#swap(child, parent);
      child = parent;
    }
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#heap.length = 0;
  }

  #arm(): void {
    const first = this.#heap[0]?.at;
    if (first === undefined) return;
    const next = Math.ceil(first / TOGETHER_MS) * TOGETHER_MS;
    if (next >= this.#alarmAt) return;
    this.#cancel?.();
    this.#alarmAt = next;
    this.#cancel = this.#clock.after(Math.max(0, next - this.#clock.now()), () => this.#ring());
  }

  #ring(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    const now = this.#clock.now();
    while (this.#heap.length > 0 && this.#at(0) <= now) this.#onDue(this.#take().key);
    this.#arm();
  }

  #take(): Entry {
    const first = this.#heap[0] as Entry;
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length === 0) return first;
    this.#heap[0] = last;
    let parent = 0;
    for (;;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#heap.length && this.#at(child) < this.#at(least)) least = child;
      }
      if (least === parent) return first;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #at(index: number): number {
    return (this.#heap[index] as Entry).at;
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one] as Entry;
    this.#heap[one] = this.#heap[other] as Entry;
    this.#heap[other] = kept;
  }
}

/** What is due within so many milliseconds shares an alarm, and a turn of the event loop: under load every one has its own. */
const TOGETHER_MS = 10;
