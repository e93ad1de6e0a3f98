/** What came, for whoever waits: in order, with a deadline that says who waited for what. */

export class Waiters<Item> {
  readonly #who: string;
  #items: Item[] = [];
  readonly #waiting = new Set<{
    readonly fits: (item: Item) => boolean;
    readonly resolve: (item: Item) => void;
  }>();

  /** @param who for the sentence of a failure */
  constructor(who: string) {
    this.#who = who;
  }

  take(item: Item): void {
    for (const waiting of this.#waiting) {
      if (!waiting.fits(item)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(item);
      return;
    }
    this.#items = [...this.#items, item].slice(-MAXIMUM_KEPT);
  }

  /** The first that fits, of what came and was not taken, or of what comes. Rejects after the deadline. */
  next(what: string, deadlineMs: number, fits: (item: Item) => boolean = () => true): Promise<Item> {
    const ready = this.#items.find(fits);
    if (ready !== undefined) {
      this.#items = this.#items.filter((item) => item !== ready);
      return Promise.resolve(ready);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(new Error(`${this.#who} waited ${deadlineMs / 1000} s for ${what}, and nothing came`));
      }, deadlineMs);
      const waiting = {
        fits,
        resolve: (item: Item) => {
          clearTimeout(timer);
          resolve(item);
        },
      };
      this.#waiting.add(waiting);
    });
  }
}

/** A sandbox may stay up for days. */
const MAXIMUM_KEPT = 100;
