/** Writes that come together share one commit and one disk sync (architecture §4 point 3). */

import type Database from "better-sqlite3";
import type { DiskSync } from "./disk-sync";

type Write = () => void;

/**
 * Collects the writes of one turn of the event loop, and those that come while the disk is busy with the group before.
 * So groups grow with the load, and the event loop never waits for the disk.
 */
export class GroupCommit {
  readonly #transaction: (writes: readonly Write[], lasting: readonly Write[]) => void;
  readonly #sync: DiskSync;
  #writes: Write[] = [];
  #lasting: Write[] = [];
  #isScheduled = false;
  #isBusy = false;
  #lastingTimer: NodeJS.Timeout | undefined;
  #committed: Promise<void> | undefined;
  #settle: Settle | undefined;

  constructor(database: Database.Database, sync: DiskSync) {
    const run = database.transaction((writes: readonly Write[], lasting: readonly Write[]) => {
      for (const write of writes) write();
      for (const write of lasting) write();
    });
    this.#transaction = (writes, lasting) => run.immediate(writes, lasting);
    this.#sync = sync;
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

  /**
   * Adds a write that nobody waits for: it goes with the next group, after those of `add`, and alone when none comes soon.
   * Where its group cannot be written, it goes with the next one.
   */
  addLasting(write: Write): void {
    this.#lasting.push(write);
    this.#lastingTimer ??= setTimeout(() => {
      this.#lastingTimer = undefined;
      if (this.#lasting.length > 0) this.#schedule();
    }, LASTING_MS);
  }

  /** Commits what is waiting and puts it on the disk, now. */
  flush(): void {
    clearTimeout(this.#lastingTimer);
    this.#lastingTimer = undefined;
    const settle = this.#commit();
    try {
      this.#sync.now();
      settle?.resolve();
    } catch (error) {
      settle?.reject(new SyncError(error as Error));
    }
  }

  #schedule(): void {
    // While the disk is busy the next group waits for it, and grows.
    if (this.#isScheduled || this.#isBusy) return;
    this.#isScheduled = true;
    setImmediate(this.#next);
  }

  // One function for all groups, not one each.
  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#isBusy = false;
    const settle = this.#commit();
    if (settle === undefined) return;
    this.#isBusy = true;
    this.#sync.run((error) => {
      if (error === null) settle.resolve();
      else settle.reject(new SyncError(error));
      // Under load the next group grows a little more: every group costs as much as many of its rows.
      if (this.#writes.length > 0) setTimeout(this.#next, GATHER_MS);
      else this.#isBusy = false;
    });
  };

  /** Returns whoever waits for what was committed now; clean-ups alone have nobody. */
  #commit(): Settle | undefined {
    const writes = this.#writes;
    const settle = this.#settle;
    if (writes.length === 0 && this.#lasting.length === 0) return undefined;
    this.#writes = [];
    this.#committed = undefined;
    this.#settle = undefined;
    try {
      this.#transaction(writes, this.#lasting);
      this.#lasting = [];
      return settle;
    } catch (error) {
      settle?.reject(error);
      return undefined;
    }
  }
}

interface Settle {
  resolve(): void;
  reject(error: unknown): void;
}

/** The group was committed, but the disk did not take it: it may be gone after a power cut, or may not. */
export class SyncError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** Added to the wait for the disk; with a sync of some milliseconds it stays well under the 10 ms that a crash may cost. */
const GATHER_MS = 2;
/** How long a clean-up waits for a group to go with, milliseconds: after a crash its message would be sent again. */
const LASTING_MS = 10;
