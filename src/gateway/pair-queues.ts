/** Order per pair of people: one message of a pair is under way at a time (RFC 3428 §8), pairs side by side. */

import { whenThere } from "../core/later";
import { TransientMap } from "../core/transient-map";

export interface PairQueueLimits {
  /** Items under way at once, over all pairs. */
  readonly inFlight: number;
  /** Items of one pair, under way or waiting. */
  readonly perPair: number;
  /** Of those under way, items of one peer: one that answers nobody must leave room for the others. Absent: all. */
  readonly perPeer?: number;
}

/** The pairs of one peer. */
interface Lane {
  /** Pairs with an item waiting and none under way. */
  readonly ready: string[];
  inFlight: number;
}

/**
 * Queues of items by pair. `work` is called for one item of a pair at a time and neither throws nor rejects. A pair belongs to
 * the peer of its first item.
 */
export class PairQueues<Item> {
  readonly #work: (item: Item) => PromiseLike<void>;
  readonly #limits: PairQueueLimits;
  /** A pair is here while it has an item under way or waiting; the first item is the one whose turn it is. */
  readonly #queues = new TransientMap<string, { readonly items: Item[]; readonly lane: Lane }>();
  readonly #lanes: Lane[] = [];
  readonly #lanesByPeer = new Map<string, Lane>();
  /** The lane whose turn it is. */
  #turn = 0;
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
    return (this.#queues.get(pair)?.items.length ?? 0) >= this.#limits.perPair;
  }

  /** Adds an item behind those of its pair; the bound is the caller's to ask for (`isFull`). */
  push(pair: string, item: Item, peer = ""): void {
    this.#size += 1;
    const queue = this.#queues.get(pair);
    if (queue !== undefined) {
      queue.items.push(item);
      return;
    }
    const lane = this.#laneOf(peer);
    this.#queues.set(pair, { items: [item], lane });
    lane.ready.push(pair);
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
      const lane = this.#nextLane();
      const pair = lane?.ready.shift();
      if (lane === undefined || pair === undefined) break;
      this.#inFlight += 1;
      lane.inFlight += 1;
      const item = this.#queues.get(pair)?.items[0] as Item; // a pair is ready only while it has an item
      whenThere(this.#work(item), () => this.#finished(pair));
    }
    this.#isFilling = false;
  }

  /** Peers take turns, as far as they have something that may begin. */
  #nextLane(): Lane | undefined {
    const { perPeer = this.#limits.inFlight } = this.#limits;
    for (let tried = 0; tried < this.#lanes.length; tried++) {
      this.#turn = (this.#turn + 1) % this.#lanes.length;
      const lane = this.#lanes[this.#turn] as Lane;
      if (lane.ready.length > 0 && lane.inFlight < perPeer) return lane;
    }
    return undefined;
  }

  /** Peers are those of the configuration: they are never forgotten. */
  #laneOf(peer: string): Lane {
    const known = this.#lanesByPeer.get(peer);
    if (known !== undefined) return known;
    const lane: Lane = { ready: [], inFlight: 0 };
    this.#lanesByPeer.set(peer, lane);
    this.#lanes.push(lane);
    return lane;
  }

  #finished(pair: string): void {
    this.#inFlight -= 1;
    this.#size -= 1;
    const { items, lane } = this.#queues.get(pair) as { readonly items: Item[]; readonly lane: Lane };
    lane.inFlight -= 1;
    items.shift();
    if (items.length === 0) this.#queues.delete(pair);
    else lane.ready.push(pair); // behind the others: no pair starves another
    this.#fill();
    if (this.#halted && this.#inFlight === 0) for (const resolve of this.#whenQuiet.splice(0)) resolve();
  }
}
