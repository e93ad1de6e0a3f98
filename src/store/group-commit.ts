/** Writes that come together share one commit and one disk sync (architecture §4 point 3). */

import type Database from "better-sqlite3";
import type { DiskSync } from "./disk-sync";

type Write = () => void;

/**
 * Collects the writes of one turn of the event loop, and those that come while the disk is busy with the group before.
 * So groups grow with the load, and the event loop never waits for the disk.
 */
export class GroupCommit {
  readonly #database: Database.Database;
  readonly #beginStatement: Database.Statement;
  readonly #commitStatement: Database.Statement;
  readonly #sync: DiskSync;
  readonly #onUndone: (() => void)[] = [];
  #writes: Write[] = [];
  #lasting: Write[] = [];
  #isScheduled = false;
  #isBusy = false;
  #lastingTimer: NodeJS.Timeout | undefined;
  /** Those who wait for what will be committed next. */
  #group: Group | undefined;
  /** Groups are counted from 1; the one that is written now, and the last of whom nobody waits any more. */
  #current = 1;
  #settledThrough = 0;
  /** Those who wait for the disk to take what is committed. */
  #syncing: Group | undefined;
  /** When the last commit was, milliseconds, and what lets the next one follow. */
  #committedAt = 0;
  #gathering: NodeJS.Timeout | undefined;
  /** Does anybody wait for the next group whom a few milliseconds more would cost something? */
  #isPressing = false;
  /** Why no transaction could be begun in this turn of the event loop: SQLite waits for a lock, and may not do so once for each write. */
  #refusal: unknown;

  constructor(database: Database.Database, sync: DiskSync) {
    this.#database = database;
    this.#beginStatement = database.prepare("BEGIN IMMEDIATE");
    this.#commitStatement = database.prepare("COMMIT");
    this.#sync = sync;
  }

  /** Calls back whenever the writes of a group were undone, before anybody hears of it. */
  onUndone(callback: () => void): void {
    this.#onUndone.push(callback);
  }

  /** Adds a write that presses; resolves when it is on disk, rejects when its whole group could not be written. */
  add(write: Write): Promise<void> {
    this.#writes.push(write);
    if (!this.#isPressing) {
      this.#isPressing = true;
      if (this.#gathering !== undefined) this.#gather();
    }
    this.#schedule();
    return this.#join();
  }

  /**
   * Runs a write at once, in the transaction that the group will end: every read sees it from now on. It may wait for others
   * to share its commit. Resolves when it is on disk, rejects when its whole group could not be written.
   * @throws what the write threw: its group is undone then, and rejected; or that the database is locked
   */
  now(write: Write): Promise<void> {
    this.#begin();
    try {
      write();
    } catch (error) {
      this.#undo(error);
      throw error;
    }
    this.#schedule();
    return this.#join();
  }

  /** The number of the group that is written now. */
  get current(): number {
    return this.#current;
  }

  /** Has the disk taken this group, or refused it? */
  isSettled(group: number): boolean {
    return group <= this.#settledThrough;
  }

  /** Resolves when all that was written up to now is on disk; rejects when it could not be. Writes nothing itself. */
  settled(): Promise<void> {
    return (this.#group ?? this.#syncing)?.promise ?? NOTHING_WAITS;
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
    const earlier = this.#syncing;
    const group = this.#commit();
    try {
      this.#sync.now();
      this.#settledThrough = this.#current - 1;
      earlier?.resolve();
      group?.resolve();
    } catch (error) {
      earlier?.reject(new SyncError(error as Error));
      group?.reject(new SyncError(error as Error));
    }
  }

  #join(): Promise<void> {
    this.#group ??= newGroup();
    return this.#group.promise;
  }

  #schedule(): void {
    // While the disk is busy the next group waits for it, and grows.
    if (this.#isScheduled || this.#isBusy) return;
    this.#isScheduled = true;
    setImmediate(this.#next);
  }

  // One function for all groups, not one each.
  readonly #next = (): void => {
    this.#gathering = undefined;
    this.#isScheduled = false;
    this.#isBusy = false;
    const group = this.#commit();
    if (group === undefined) return;
    this.#isBusy = true;
    this.#syncing = group;
    const number = this.#current - 1;
    this.#sync.run((error) => {
      this.#syncing = undefined;
      this.#settledThrough = Math.max(this.#settledThrough, number);
      if (error === null) group.resolve();
      else group.reject(new SyncError(error));
      if (this.#group !== undefined) this.#gather();
      else this.#isBusy = false;
    });
  };

  /** The next group grows a little more: every group costs as much as twenty of its rows. */
  #gather(): void {
    clearTimeout(this.#gathering);
    const left = this.#isPressing ? 0 : CYCLE_MS - (performance.now() - this.#committedAt);
    this.#gathering = setTimeout(this.#next, Math.max(GATHER_MS, left));
  }

  /** Returns whoever waits for what was committed now; clean-ups alone have nobody. */
  #commit(): Group | undefined {
    const group = this.#group;
    if (group === undefined && this.#lasting.length === 0) return undefined;
    try {
      this.#begin();
      for (const write of this.#writes) write();
      for (const write of this.#lasting) write();
      this.#commitStatement.run();
    } catch (error) {
      this.#undo(error);
      return undefined;
    }
    this.#writes = [];
    this.#lasting = [];
    this.#group = undefined;
    this.#isPressing = false;
    this.#committedAt = performance.now();
    if (group !== undefined) this.#current += 1;
    return group;
  }

  #begin(): void {
    if (this.#database.inTransaction) return;
    if (this.#refusal !== undefined) throw this.#refusal;
    try {
      this.#beginStatement.run();
    } catch (error) {
      this.#refusal = error;
      setImmediate(() => {
        this.#refusal = undefined;
      });
      throw error;
    }
  }

  /** No row of the group is kept, whoever wrote it; clean-ups go with the next group. */
  #undo(error: unknown): void {
    const group = this.#group;
    this.#writes = [];
    this.#group = undefined;
    this.#isPressing = false;
    // A full disk or an error of its own may have made SQLite undo it already.
    if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
    for (const undone of this.#onUndone) {
      try {
        undone();
      } catch {
        // A damaged file cannot say what it holds; whoever waits must hear of the damage all the same.
      }
    }
    group?.reject(error);
  }
}

/** Those who wait for the same commit and the same sync. */
interface Group {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

function newGroup(): Group {
  let resolve = (): void => undefined;
  let reject = (_: unknown): void => undefined;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  // Not every caller waits: a failure that nobody hears of must not end the process.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** The group was committed, but the disk did not take it: it may be gone after a power cut, or may not. */
export class SyncError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * Added to the wait for the disk where it was busy just now; with a sync of one or two milliseconds before and after it stays
 * under the 10 ms that a crash may cost.
 */
const GATHER_MS = 4;
/**
 * From one commit to the next where nobody presses, the sync included. Who subscribes does not see the difference, and the
 * contact's leave is still there before his first NOTIFY goes out (FIRST_NOTIFY_MS).
 */
const CYCLE_MS = 12;
/** How long a clean-up waits for a group to go with, milliseconds: after a crash its message would be sent again. */
const LASTING_MS = 10;
const NOTHING_WAITS = Promise.resolve();
