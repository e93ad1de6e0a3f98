/** Puts SQLite's write-ahead log on the disk while the event loop goes on: a sync takes milliseconds, and SQLite would wait. */

import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";

/**
 * With `synchronous = NORMAL` SQLite keeps the file consistent but leaves it to the system when a commit reaches the disk
 * (https://www.sqlite.org/wal.html). A sync of the log after the commit is then exactly what `FULL` would do.
 */
export class DiskSync {
  readonly #log: string | undefined;
  #descriptor: number | undefined;
  #isBusy = false;
  #isClosed = false;

  /** @param file of the database, or ":memory:", which has no log */
  constructor(file: string) {
    this.#log = file === ":memory:" ? undefined : `${file}-wal`;
  }

  /** Syncs what was committed before the call, one call at a time. @param done gets the error of the system, if any */
  run(done: (error: Error | null) => void): void {
    if (this.#log === undefined) {
      done(null);
      return;
    }
    try {
      // The first commit has made the file, and it stays the same one as long as the database is open.
      this.#descriptor ??= openSync(this.#log, "r+");
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#isBusy = true;
    fdatasync(this.#descriptor, (error) => {
      this.#isBusy = false;
      if (this.#isClosed) this.#release();
      done(error);
    });
  }

  /** The same, at once. @throws the error of the system */
  now(): void {
    if (this.#descriptor !== undefined) fdatasyncSync(this.#descriptor);
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isBusy) this.#release();
  }

  #release(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
