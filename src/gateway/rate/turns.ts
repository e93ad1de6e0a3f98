/** Those who are slowed wait here for their turn, in their order. */

import type { Clock } from "../sides";

interface Turn {
  readonly at: number;
  readonly go: () => void;
}

export class Turns {
  readonly #clock: Clock;
  readonly #maximum: number;
  /** By key, oldest first; a key is here while somebody of it waits. */
  readonly #waiting = new Map<string, Turn[]>();
  readonly #cancels = new Map<string, () => void>();
  #size = 0;

  /** @param maximum of all who wait */
  constructor(clock: Clock, maximum: number) {
    this.#clock = clock;
    this.#maximum = maximum;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get isFull(): boolean {
    return this.#size >= this.#maximum;
  }

  /** Does anybody of this key wait? Then nobody of it goes at once. */
  has(key: string): boolean {
    return this.#size > 0 && this.#waiting.has(key);
  }

  /** Calls back after so many milliseconds, and after all that was asked for this key before. */
  after(key: string, delayMs: number, go: () => void): void {
    const turn = { at: this.#clock.now() + delayMs, go };
    this.#size += 1;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(turn);
      return;
    }
    this.#waiting.set(key, [turn]);
    this.#arm(key, delayMs);
  }

  /** Everybody goes now: the gateway stops, and those who can be told are told. */
  flush(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#size = 0;
    for (const turns of all) for (const { go } of turns) go();
  }

  #arm(key: string, delayMs: number): void {
    this.#cancels.set(
      key,
      this.#clock.after(Math.max(1, Math.ceil(delayMs)), () => this.#go(key)),
    );
  }

  #go(key: string): void {
    const waiting = this.#waiting.get(key) ?? [];
    const now = this.#clock.now();
    let due = waiting.findIndex(({ at }) => at > now);
    if (due < 0) due = waiting.length;
    const going = waiting.splice(0, due);
    this.#size -= going.length;
    const next = waiting[0];
    if (next !== undefined) this.#arm(key, next.at - now);
    else {
      this.#waiting.delete(key);
      this.#cancels.delete(key);
    }
    for (const { go } of going) go();
  }
}
