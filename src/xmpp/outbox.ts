/** Everything of one turn of the event loop goes out in one write: one system call, and pings only at the end of a batch. */

export class Outbox {
  #text = "";
  #scheduled = false;
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
      setImmediate(this.#flushLater);
    }
  }

  flush(): void {
    if (this.#text === "") return;
    const batch = this.#text;
    this.#text = "";
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
