/** One alarm for any number of deadlines: a binary heap whose items know their place. RFC 3261 §17, architecture E9. */

import type { Clock } from "../../gateway/sides";

/** What waits: the heap itself keeps both fields. */
export interface Waiting {
  /** Milliseconds since 1970. */
  deadline: number;
  /** Place in the heap; -1 while it is in none. */
  heapIndex: number;
}

export class Deadlines<Item extends Waiting> {
  readonly #clock: Clock;
  readonly #onDue: (item: Item, now: number) => void;
  readonly #heap: Item[] = [];
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | undefined;

  /** @param onDue called once for an item when its time has come; by then the item is out of the heap */
  constructor(clock: Clock, onDue: (item: Item, now: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Lets the item wait until `deadline`, whether or not it waited before. */
  set(item: Item, deadline: number): void {
    const heap = this.#heap;
    const previous = item.deadline;
    item.deadline = deadline;
    if (item.heapIndex < 0) {
      item.heapIndex = heap.length;
      heap.push(item);
      this.#rise(item.heapIndex);
    } else if (deadline < previous) this.#rise(item.heapIndex);
    else this.#sink(item.heapIndex);
    // An alarm that comes too early only looks and sets itself again, so that removing never touches it.
    if (deadline < this.#alarmAt) this.#arm(deadline);
  }

  remove(item: Item): void {
    const at = item.heapIndex;
    if (at < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop() as Item;
    if (last === item) return;
    this.#place(last, at);
    this.#rise(at);
    this.#sink(last.heapIndex);
  }

  /** Forgets everything and the alarm. */
  clear(): void {
    for (const item of this.#heap) item.heapIndex = -1;
    this.#heap.length = 0;
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
  }

  #arm(at: number): void {
    this.#cancelAlarm?.();
    this.#alarmAt = at;
    this.#cancelAlarm = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#ring());
  }

  #ring(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.#cancelAlarm = undefined;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.deadline <= now; first = this.#heap[0]) {
      this.remove(first);
      this.#onDue(first, now);
    }
    const next = this.#heap[0];
    if (next !== undefined && next.deadline < this.#alarmAt) this.#arm(next.deadline);
  }

  #rise(from: number): void {
    const item = this.#heap[from] as Item;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#heap[parentAt] as Item;
      if (parent.deadline <= item.deadline) break;
      this.#place(parent, at);
      at = parentAt;
    }
    this.#place(item, at);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const item = heap[from] as Item;
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && right.deadline < (heap[childAt] as Item).deadline) childAt++;
      const child = heap[childAt] as Item;
      if (child.deadline >= item.deadline) break;
      this.#place(child, at);
      at = childAt;
    }
    this.#place(item, at);
  }

  #place(item: Item, at: number): void {
    this.#heap[at] = item;
    item.heapIndex = at;
  }
}
