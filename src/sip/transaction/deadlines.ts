/**
 * One alarm for any number of deadlines: a binary heap whose items know their place, and a line before it. RFC 3261 §17,
 * architecture E9. Nearly every transaction ends before its first deadline, and they all have the same time for it: so first
 * deadlines stand in the order in which they came, and to take one out moves no other, as in the heap it does.
 */

import type { Clock } from "../../gateway/sides";

/** What waits: the heap itself keeps both fields. */
export interface Waiting {
  /** Milliseconds since 1970; 0 as long as it had none. */
  deadline: number;
  /** Place in the heap; -1 while it waits for nothing; less: its place in the line. */
  heapIndex: number;
}

export class Deadlines<Item extends Waiting> {
  readonly #clock: Clock;
  readonly #onDue: (item: Item, now: number) => void;
  readonly #heap: Item[] = [];
  readonly #line: (Item | undefined)[] = [];
  /** Index of the first item in the line, how many were cut off before it in all, and how many are there. */
  #head = 0;
  #cut = 0;
  #inLine = 0;
  /** The deadline of the last item in the line. */
  #lineEnd = Number.NEGATIVE_INFINITY;
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | undefined;

  /** @param onDue called once for an item when its time has come; by then the item is out of the heap */
  constructor(clock: Clock, onDue: (item: Item, now: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#heap.length + this.#inLine;
  }

  /** Lets the item wait until `deadline`, whether or not it waited before. */
  set(item: Item, deadline: number): void {
    const heap = this.#heap;
    const previous = item.deadline;
    if (item.heapIndex <= LINE) this.#leaveLine(item);
    item.deadline = deadline;
    if (previous === 0 && deadline >= this.#lineEnd) {
      this.#joinLine(item);
    } else if (item.heapIndex < 0) {
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
    if (at <= LINE) this.#leaveLine(item);
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
    for (const item of this.#line.slice()) if (item !== undefined) this.#leaveLine(item);
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
    for (let first = this.#first(); first !== undefined && first.deadline <= now; first = this.#first()) {
      this.remove(first);
      this.#onDue(first, now);
    }
    const next = this.#first();
    if (next !== undefined && next.deadline < this.#alarmAt) this.#arm(next.deadline);
  }

  #first(): Item | undefined {
    const inLine = this.#line[this.#head];
    const inHeap = this.#heap[0];
    if (inLine === undefined || inHeap === undefined) return inLine ?? inHeap;
    return inHeap.deadline < inLine.deadline ? inHeap : inLine;
  }

  #joinLine(item: Item): void {
    item.heapIndex = LINE - (this.#cut + this.#line.length);
    this.#line.push(item);
    this.#inLine += 1;
    this.#lineEnd = item.deadline;
  }

  /** Leaves a gap, which is passed over once it is in front. */
  #leaveLine(item: Item): void {
    const line = this.#line;
    line[LINE - item.heapIndex - this.#cut] = undefined;
    item.heapIndex = -1;
    this.#inLine -= 1;
    while (this.#head < line.length && line[this.#head] === undefined) this.#head += 1;
    if (this.#inLine === 0) this.#lineEnd = Number.NEGATIVE_INFINITY;
    if (this.#head <= CUT_AT || 2 * this.#head <= line.length) return;
    this.#cut = this.#inLine === 0 ? 0 : this.#cut + this.#head;
    line.splice(0, this.#head);
    this.#head = 0;
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

/** The first place in the line; later ones count down from here. */
const LINE = -2;
/** Fewer places in front of the line are not worth moving the others. */
const CUT_AT = 1_024;
