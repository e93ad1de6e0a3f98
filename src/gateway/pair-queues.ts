/** Order per pair of people: one message of a pair is under way at a time (RFC 3428 §8), pairs side by side. */

import { whenThere } from "../core/later";
import { TransientMap } from "../core/transient-map";

export interface PairQueueLimits {
  /** Items under way at once, over all pairs. */
  readonly inFlight: number;
  /** Items of one pair, under way or waiting. */
  readonly perPair: number;
}

/** Queues of items by pair. `work` is called for one item of a pair at a time and neither throws nor rejects. */
export class PairQueues<Item> {
  readonly #work: (item: Item) => PromiseLike<void>;
  readonly #limits: PairQueueLimits;
  /** A pair is here while it has an item under way or waiting; the first item is the one whose turn it is. */
  readonly #queues = new TransientMap<string, Item[]>();
  /** Pairs with an item waiting and none under way. */
  readonly #ready: string[] = [];
  #inFlight = 0;
  #size = 0;
  #halted = false;
  #isFilling = false;
  readonly #whenQuiet: (() => void)[] = [];

  constructor(work: (item: Item) => PromiseLike<void>, limits: PairQueueLimits) {
    this.#work = work;
    this.#limits = limits;
  }

  /** Items under way or waiting. */
  get size(): number {
    return this.#size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Has this pair no room for another item? */
  isFull(pair: string): boolean {
    return (this.#queues.get(pair)?.length ?? 0) >= this.#limits.perPair;
  }

  /** Adds an item behind those of its pair; the bound is the caller's to ask for (`isFull`). */
  push(pair: string, item: Item): void {
    this.#size += 1;
    const queue = this.#queues.get(pair);
    if (queue !== undefined) {
      queue.push(item);
      return;
    }
    this.#queues.set(pair, [item]);
    this.#ready.push(pair);
    this.#fill();
  }

  /** Begins nothing new from now on; resolves when nothing is under way. */
  halt(): Promise<void> {
    this.#halted = true;
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenQuiet.push(resolve));
  }

  #fill(): void {
    // Work that is done at once comes here again: the loop that began it goes on, however many there are.
    if (this.#isFilling) return;
    this.#isFilling = true;
    while (!this.#halted && this.#inFlight < this.#limits.inFlight) {
      const pair = this.#ready.shift();
      if (pair === undefined) break;
      this.#inFlight += 1;
      const item = this.#queues.get(pair)?.[0] as Item; // a pair is ready only while it has an item
      whenThere(this.#work(item), () => this.#finished(pair));
    }
    this.#isFilling = false;
  }

  #finished(pair: string): void {
    this.#inFlight -= 1;
    this.#size -= 1;
    const queue = this.#queues.get(pair) as Item[];
    queue.shift();
    if (queue.length === 0) this.#queues.delete(pair);
    else this.#ready.push(pair); // behind the others: no pair starves another
    this.#fill();
    if (this.#halted && this.#inFlight === 0) for (const resolve of this.#whenQuiet.splice(0)) resolve();
  }
}
