/**
 * Everything of one turn of the event loop goes out in one write: one system call, and pings only at the end of a batch.
 * Under load the turns of two milliseconds share one: every write, with the pings behind it, costs as much as the translation of a
 * message.
 */

export class Outbox {
  #text = "";
  #scheduled = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  readonly #write: (batch: string) => void;

  /** @param write takes a batch, now; never called with nothing to write */
  constructor(write: (batch: string) => void) {
    this.#write = write;
  }

  /** UTF-16 code units that wait. */
  get length(): number {
    return this.#text.length;
  }

  append(text: string): void {
    this.#text += text;
    if (this.#text.length >= FLUSH_AT) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      if (performance.now() - this.#flushedAt >= GATHER_MS) setImmediate(this.#flushLater);
      else setTimeout(this.#flushLater, GATHER_MS);
    }
  }

  flush(): void {
    if (this.#text === "") return;
    const batch = this.#text;
    this.#text = "";
    this.#flushedAt = performance.now();
    this.#write(batch);
  }

  clear(): void {
    this.#text = "";
  }

  // One function for all turns, not one each.
  readonly #flushLater = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}

/** More than a socket takes at a time is not worth waiting for. */
const FLUSH_AT = 65_536;
/** What comes so soon after a write waits so long for more, milliseconds. */
const GATHER_MS = 2;
