/** Subscriptions in SQLite: a step loads, decides and saves in one turn; many steps share one commit. Architecture §5. */

import type Database from "better-sqlite3";
import type { SubscriptionRecord } from "../core/subscription/record";
import type { Step, SubscriptionEffect } from "../core/subscription/step";
import type { DropRequests, SubscriptionStore } from "../gateway/sides";
import type { GroupCommit } from "./group-commit";
import { Recent } from "./recent";
import {
  COLUMNS,
  progressedAsBefore,
  progressOf,
  recordOf,
  type SubscriptionRow,
  standingOf,
  standsAsBefore,
} from "./subscription-row";

type Direction = SubscriptionRecord["direction"];

/** Records that are kept parsed, 1 to 2 KiB each: as many as have a NOTIFY under way when 10,000 a second go out. */
const RECENT_ROWS = 4_096;

/**
 * A step is run in the call, and its row is written in the call, in a transaction that the group commit ends. So every read
 * gives what the steps before it have left, also while that waits for the disk; where the disk refuses a group, reads give
 * again what was there before it. Reads and steps throw, or reject, when SQLite finds the file damaged or the row unreadable.
 */
export class SqliteSubscriptions implements SubscriptionStore, DropRequests {
  readonly #commit: GroupCommit;
  readonly #sql: Statements;
  readonly #recent = new Recent<Loaded>(RECENT_ROWS);
  #count: number;

  constructor(database: Database.Database, commit: GroupCommit) {
    this.#commit = commit;
    this.#sql = prepare(database);
    this.#count = this.#counted();
    commit.onUndone(() => {
      this.#recent.clear();
      this.#count = this.#counted();
    });
  }

  step(
    key: string,
    step: (record: SubscriptionRecord | undefined) => Step,
  ): Promise<readonly SubscriptionEffect[]> {
    try {
      const loaded = this.#load(key);
      const { record, effects } = step(loaded?.record);
      const written = record === loaded?.record ? this.#commit.settled() : this.#save(key, loaded, record);
      return written.then(() => effects);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get(key: string): SubscriptionRecord | undefined {
    return this.#load(key)?.record;
  }

  keyOfDialog(callId: string, localTag: string): string | undefined {
    return this.#sql.keyOfDialog.get(callId, localTag) as string | undefined;
  }

  ofPair(direction: Direction, watcher: string, presentity: string): readonly SubscriptionRecord[] {
    return this.#records(this.#sql.ofPair.all(watcher, direction, presentity));
  }

  ofWatcher(direction: Direction, watcher: string, limit: number): readonly SubscriptionRecord[] {
    return this.#records(this.#sql.ofWatcher.all(watcher, direction, limit));
  }

  ofPresentity(direction: Direction, presentity: string, limit: number): readonly SubscriptionRecord[] {
    return this.#records(this.#sql.ofPresentity.all(presentity, direction, limit));
  }

  countOfWatcher(direction: Direction, watcher: string): number {
    return this.#sql.countOfWatcher.get(watcher, direction) as number;
  }

  count(): number {
    return this.#count;
  }

  due(now: number, limit: number): readonly string[] {
    return this.#sql.due.all(now, limit) as string[];
  }

  nextDue(): number | undefined {
    return this.#sql.nextDue.get() as number | undefined;
  }

  page(after: string, limit: number): readonly SubscriptionRecord[] {
    // Whoever goes through all rows must not push out those that are in use.
    return (this.#sql.page.all(after, limit) as SubscriptionRow[]).map(
      (row) => this.#recent.get(row[1])?.record ?? recordOf(row),
    );
  }

  takeDropRequests(limit: number): readonly string[] {
    return this.#take(limit, this.#sql.dropRequests, this.#sql.dropRequestTaken);
  }

  takeApproveRequests(limit: number): readonly string[] {
    return this.#take(limit, this.#sql.approveRequests, this.#sql.approveRequestTaken);
  }

  #take(limit: number, requests: Database.Statement, remove: Database.Statement): readonly string[] {
    const keys = requests.all(limit) as string[];
    if (keys.length === 0) return keys;
    const taken = this.#commit.now(() => {
      for (const key of keys) remove.run(key);
    });
    // Where the disk refuses the group, the steps of the caller are refused with it, and the next call gives the same keys.
    taken.catch(() => undefined);
    return keys;
  }

  #load(key: string): Loaded | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const row = this.#sql.get.get(key) as SubscriptionRow | undefined;
    return row === undefined ? undefined : this.#keep(row);
  }

  #records(rows: readonly unknown[]): readonly SubscriptionRecord[] {
    return (rows as readonly SubscriptionRow[]).map(
      (row) => (this.#recent.get(row[1]) ?? this.#keep(row)).record,
    );
  }

  #keep(row: SubscriptionRow): Loaded {
    const loaded = { id: row[0], record: recordOf(row) };
    this.#recent.set(row[1], loaded);
    return loaded;
  }

  #save(key: string, before: Loaded | undefined, after: SubscriptionRecord | undefined): Promise<void> {
    if (after === undefined) return before === undefined ? this.#commit.settled() : this.#remove(key, before);
    return before === undefined ? this.#insert(key, after) : this.#update(key, before, after);
  }

  #insert(key: string, record: SubscriptionRecord): Promise<void> {
    const [progress, standing] = [progressOf(record), standingOf(record)];
    return this.#commit.now(() => {
      const id = Number(this.#sql.insertProgress.run(...progress).lastInsertRowid);
      this.#sql.insert.run(id, key, ...standing);
      this.#recent.set(key, { id, record });
      this.#count += 1;
    });
  }

  #update(key: string, { id, record: before }: Loaded, record: SubscriptionRecord): Promise<void> {
    const progress = progressedAsBefore(before, record) ? undefined : progressOf(record);
    const standing = standsAsBefore(before, record) ? undefined : standingOf(record);
    if (progress === undefined && standing === undefined) return this.#commit.settled();
    return this.#commit.now(() => {
      // An index is written whenever a column of it is named, also when nothing has changed.
      if (progress !== undefined && before.dueAt === record.dueAt)
        this.#sql.updateProgress.run(progress[0], progress[1], progress[2], progress[3], id);
      else if (progress !== undefined) this.#sql.updateProgressAndDue.run(...progress, id);
      if (standing !== undefined && sameNames(before, record))
        this.#sql.updateRecord.run(standing[standing.length - 1], id);
      else if (standing !== undefined) this.#sql.updateAll.run(...standing, id);
      this.#recent.set(key, { id, record });
    });
  }

  #remove(key: string, { id }: Loaded): Promise<void> {
    return this.#commit.now(() => {
      this.#sql.deleteProgress.run(id);
      this.#sql.delete.run(id);
      this.#recent.delete(key);
      this.#count -= 1;
    });
  }

  #counted(): number {
    return this.#sql.count.get() as number;
  }
}

interface Loaded {
  readonly id: number;
  readonly record: SubscriptionRecord;
}

/** Do all columns but that of the JSON stay? */
function sameNames(before: SubscriptionRecord, after: SubscriptionRecord): boolean {
  return (
    before.direction === after.direction &&
    before.watcher === after.watcher &&
    before.presentity === after.presentity &&
    before.dialog?.callId === after.dialog?.callId &&
    before.dialog?.localTag === after.dialog?.localTag
  );
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: Database.Database) {
  const rows = (rest: string) =>
    database
      .prepare(
        `SELECT ${COLUMNS} FROM subscription AS s JOIN subscription_progress AS p ON p.id = s.id ${rest}`,
      )
      .raw();
  return {
    get: rows("WHERE s.key = ?"),
    ofPair: rows("WHERE s.watcher = ? AND s.direction = ? AND s.presentity = ? ORDER BY s.id"),
    ofWatcher: rows("WHERE s.watcher = ? AND s.direction = ? LIMIT ?"),
    ofPresentity: rows("WHERE s.presentity = ? AND s.direction = ? LIMIT ?"),
    page: rows("WHERE s.key > ? ORDER BY s.key LIMIT ?"),
    keyOfDialog: database.prepare("SELECT key FROM subscription WHERE call_id = ? AND local_tag = ?").pluck(),
    countOfWatcher: database
      .prepare("SELECT count(*) FROM subscription WHERE watcher = ? AND direction = ?")
      .pluck(),
    count: database.prepare("SELECT count(*) FROM subscription_progress").pluck(),
    due: database
      .prepare(
        "SELECT s.key FROM subscription_progress AS p JOIN subscription AS s ON s.id = p.id " +
          "WHERE p.due_at <= ? ORDER BY p.due_at LIMIT ?",
      )
      .pluck(),
    nextDue: database
      .prepare("SELECT due_at FROM subscription_progress WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1")
      .pluck(),
    insertProgress: database.prepare("INSERT INTO subscription_progress VALUES (NULL, ?, ?, ?, ?, ?)"),
    insert: database.prepare("INSERT INTO subscription VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    updateProgress: database.prepare(
      "UPDATE subscription_progress SET local_cseq = ?, remote_cseq = ?, owed = ?, expires_at = ? WHERE id = ?",
    ),
    updateProgressAndDue: database.prepare(
      "UPDATE subscription_progress SET local_cseq = ?, remote_cseq = ?, owed = ?, expires_at = ?, due_at = ? WHERE id = ?",
    ),
    updateRecord: database.prepare("UPDATE subscription SET record = ? WHERE id = ?"),
    updateAll: database.prepare(
      "UPDATE subscription SET direction = ?, watcher = ?, presentity = ?, call_id = ?, local_tag = ?, record = ? WHERE id = ?",
    ),
    delete: database.prepare("DELETE FROM subscription WHERE id = ?"),
    deleteProgress: database.prepare("DELETE FROM subscription_progress WHERE id = ?"),
    dropRequests: database.prepare("SELECT key FROM drop_request ORDER BY requested_at LIMIT ?").pluck(),
    dropRequestTaken: database.prepare("DELETE FROM drop_request WHERE key = ?"),
    approveRequests: database
      .prepare("SELECT key FROM approve_request ORDER BY requested_at LIMIT ?")
      .pluck(),
    approveRequestTaken: database.prepare("DELETE FROM approve_request WHERE key = ?"),
  };
}
