/** Writes of one turn of the event loop share one commit, and so one disk sync (architecture §4 point 3). */

import type Database from "better-sqlite3";

type Write = () => void;

/** Collects writes and commits them together once the turn of the event loop is over. */
export class GroupCommit {
  readonly #transaction: (writes: readonly Write[], lasting: readonly Write[]) => void;
  #writes: Write[] = [];
  #lasting: Write[] = [];
  #scheduled = false;
  #committed: Promise<void> | undefined;
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor(database: Database.Database) {
    const run = database.transaction((writes: readonly Write[], lasting: readonly Write[]) => {
      for (const write of writes) write();
      for (const write of lasting) write();
    });
    this.#transaction = (writes, lasting) => run.immediate(writes, lasting);
  }

  /** Adds a write; resolves when it is on disk, rejects when its whole group could not be written. */
  add(write: Write): Promise<void> {
    this.#writes.push(write);
    this.#schedule();
    if (this.#committed === undefined) {
      this.#committed = new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
      // Not every caller waits: a failure that nobody hears of must not end the process.
      this.#committed.catch(() => undefined);
    }
    return this.#committed;
  }

  /** Adds a write that nobody waits for, after those of `add`; where its group cannot be written, it goes with the next one. */
  addLasting(write: Write): void {
    this.#lasting.push(write);
    this.#schedule();
  }

  /** Commits what is waiting, now. */
  flush(): void {
    this.#scheduled = false;
    const writes = this.#writes;
    const settle = this.#settle;
    if (writes.length === 0 && this.#lasting.length === 0) return;
    this.#writes = [];
    this.#committed = undefined;
    this.#settle = undefined;
    try {
      this.#transaction(writes, this.#lasting);
      this.#lasting = [];
      settle?.resolve();
    } catch (error) {
      settle?.reject(error);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }
}
