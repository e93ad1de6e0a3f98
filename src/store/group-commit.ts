/** Writes of one turn of the event loop share one commit, and so one disk sync (architecture §4 point 3). */

import type Database from "better-sqlite3";

type Write = () => void;

/** Collects writes and commits them together once the turn of the event loop is over. */
export class GroupCommit {
  readonly #transaction: (writes: readonly Write[]) => void;
  #writes: Write[] = [];
  #committed: Promise<void> | undefined;
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor(database: Database.Database) {
    const run = database.transaction((writes: readonly Write[]) => {
      for (const write of writes) write();
    });
    this.#transaction = (writes) => run.immediate(writes);
  }

  /** Adds a write; resolves when it is on disk, rejects when its whole group could not be written. */
  add(write: Write): Promise<void> {
    this.#writes.push(write);
    if (this.#committed === undefined) {
      this.#committed = new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
      // A group of clean-ups alone has nobody waiting for it: its failure must not end the process.
      this.#committed.catch(() => undefined);
      setImmediate(() => this.flush());
    }
    return this.#committed;
  }

  /** Commits what is waiting, now. */
  flush(): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    const writes = this.#writes;
    this.#writes = [];
    this.#committed = undefined;
    this.#settle = undefined;
    try {
      this.#transaction(writes);
      settle.resolve();
    } catch (error) {
      settle.reject(error);
    }
  }
}
