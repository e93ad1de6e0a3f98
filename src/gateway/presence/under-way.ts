/** Work of presence that nobody waits for: counted, and a failure costs one event and not the process. Architecture E13. */

import type { Counters, Log } from "../sides";

export class UnderWay {
  readonly #log: Log;
  readonly #counters: Counters;
  #size = 0;

  constructor({ log, counters }: { readonly log: Log; readonly counters: Counters }) {
    this.#log = log;
    this.#counters = counters;
  }

  /** How many events are being dealt with. */
  get size(): number {
    return this.#size;
  }

  /** Sees a piece of work to its end. @param fields say in the log what has failed */
  add(work: Promise<unknown>, fields: Readonly<Record<string, unknown>>): void {
    this.#size += 1;
    work
      .catch((error: unknown) => {
        this.#counters.add("presence.failed");
        this.#log.error({ ...fields, error }, "presence handler failed");
      })
      .finally(() => {
        this.#size -= 1;
      });
  }
}
