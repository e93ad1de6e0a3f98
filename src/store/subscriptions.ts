/** Subscriptions in SQLite: a step loads, decides and saves in one turn; many steps share one commit. Architecture §5. */

import type Database from "better-sqlite3";
import type { SubscriptionRecord } from "../core/subscription/record";
import type { Step, SubscriptionEffect } from "../core/subscription/step";
import type { DropRequests, SubscriptionStore } from "../gateway/sides";
import type { GroupCommit } from "./group-commit";
import { IdsOfGroup } from "./ids-of-group";
import { KeyFilter } from "./key-filter";
import { Recent } from "./recent";
import {
  COLUMNS,
  progressOf,
  recordOf,
  type SubscriptionRow,
  standingOf,
  standsAsBefore,
  timedAsBefore,
} from "./subscription-row";

type Direction = SubscriptionRecord["direction"];

/**
 * Records that are kept parsed, about 1 KiB each, in two halves (recent.ts): all of a gateway with 10,000 subscriptions, and of a
 * larger one those that have a NOTIFY under way. To read a row from SQLite costs as much as a seventh of a whole NOTIFY.
 */
const PARSED_ROWS = 20_480;
/** NOTIFYs of a dialog whose numbers cost one write: what is left of them when the gateway is killed is passed over. */
const CSEQ_BLOCK = 100;

/**
 * A NOTIFY that says nothing but how a person is now writes nothing. Its CSeq comes from a block that the row on disk counts as
 * used, so that a later life goes on above it; and that it is not answered yet need not be kept: a later life asks for
 * everybody's presence anew, and tells it.
 *
 * A step is run in the call, and its row is written in the call, in a transaction that the group commit ends. So every read
 * gives what the steps before it have left, also while that waits for the disk; where the disk refuses a group, reads give
 * again what was there before it. Reads and steps throw, or reject, when SQLite finds the file damaged or the row unreadable.
 */
export class SqliteSubscriptions implements SubscriptionStore, DropRequests {
  readonly #commit: GroupCommit;
  readonly #sql: Statements;
  readonly #recent: Recent<Loaded>;
  /** Keys of the rows of a pair, by direction, watcher and presentity. */
  readonly #pairs: Recent<readonly string[]>;
  /** Keys, pairs and watchers that there may be. */
  readonly #names = new KeyFilter();
  /** By id, what a row on disk does not say exactly: twice the CSeq of its last NOTIFY, and one more when that is owed. */
  readonly #notified = new Map<number, number>();
  /** Ids of rows that are owed nothing any more, which their disk is told with the next group. */
  readonly #paid: IdsOfGroup;
  #count: number;

  constructor(database: Database.Database, commit: GroupCommit, parsedRows = PARSED_ROWS) {
    this.#commit = commit;
    this.#recent = new Recent(parsedRows);
    this.#pairs = new Recent(parsedRows);
    this.#sql = prepare(database);
    this.#count = this.#counted();
    this.#paid = new IdsOfGroup(commit, (ids) => this.#writePaid(ids));
    for (const row of this.#sql.names.iterate() as Iterable<Names>) this.#addNames(...row);
    commit.onUndone(() => {
      this.#recent.clear();
      this.#pairs.clear();
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
      const written = record === loaded?.record ? this.#settled(loaded) : this.#save(key, loaded, record);
      return written === undefined ? Promise.resolve(effects) : written.then(() => effects);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get(key: string): SubscriptionRecord | undefined {
    return this.#load(key)?.record;
  }

  /** Puts on disk what the rows there do not say exactly: the next life goes on with the very next CSeq. */
  close(): void {
    if (this.#notified.size === 0) return;
    try {
      const noted = this.#commit.now(() => {
        for (const [id, last] of this.#notified) this.#sql.updateNotified.run(last >>> 1, last & OWED, id);
      });
      noted.catch(() => undefined);
    } catch {
      // A full or damaged disk: the next life goes on above the blocks.
    }
  }

  keyOfDialog(callId: string, localTag: string): string | undefined {
    return this.#sql.keyOfDialog.get(callId, localTag) as string | undefined;
  }

  ofPair(direction: Direction, watcher: string, presentity: string): readonly SubscriptionRecord[] {
    const pair = pairName(direction, watcher, presentity);
    const keys = this.#pairs.get(pair);
    if (keys !== undefined) return keys.map((key) => (this.#load(key) as Loaded).record);
    if (!this.#names.mayHave(pair)) return NO_RECORDS;
    const rows = this.#sql.ofPair.all(watcher, direction, presentity) as SubscriptionRow[];
    this.#pairs.set(
      pair,
      rows.map((row) => row[1]),
    );
    return this.#records(rows);
  }

  ofWatcher(direction: Direction, watcher: string, limit: number): readonly SubscriptionRecord[] {
    return this.#records(this.#sql.ofWatcher.all(watcher, direction, limit));
  }

  ofPresentity(direction: Direction, presentity: string, limit: number): readonly SubscriptionRecord[] {
    return this.#records(this.#sql.ofPresentity.all(presentity, direction, limit));
  }

  countOfWatcher(direction: Direction, watcher: string): number {
    if (!this.#names.mayHave(watcherName(direction, watcher))) return 0;
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
      (row) => (this.#recent.get(row[1]) ?? this.#loaded(row)).record,
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
    if (!this.#names.mayHave(key)) return undefined;
    const row = this.#sql.get.get(key) as SubscriptionRow | undefined;
    return row === undefined ? undefined : this.#keep(row);
  }

  #records(rows: readonly unknown[]): readonly SubscriptionRecord[] {
    return (rows as readonly SubscriptionRow[]).map(
      (row) => (this.#recent.get(row[1]) ?? this.#keep(row)).record,
    );
  }

  #keep(row: SubscriptionRow): Loaded {
    const loaded = this.#loaded(row);
    this.#recent.set(row[1], loaded);
    return loaded;
  }

  #loaded(row: SubscriptionRow): Loaded {
    const id = row[0];
    const record = recordOf(row);
    const onDisk = {
      lastCseq: record.dialog?.localCseq ?? 0,
      owed: record.direction === "sip-watcher" && record.owed,
    };
    const last = this.#notified.get(id);
    if (last === undefined || record.direction !== "sip-watcher") return { id, record, onDisk, writtenIn: 0 };
    const dialog = { ...record.dialog, localCseq: last >>> 1 };
    return { id, record: { ...record, dialog, owed: (last & OWED) !== 0 }, onDisk, writtenIn: 0 };
  }

  /** Undefined: what was written of a row is on disk. */
  #settled(loaded: Loaded | undefined): Promise<void> | undefined {
    return loaded !== undefined && this.#commit.isSettled(loaded.writtenIn)
      ? undefined
      : this.#commit.settled();
  }

  #save(
    key: string,
    before: Loaded | undefined,
    after: SubscriptionRecord | undefined,
  ): Promise<void> | undefined {
    if (after === undefined) return before === undefined ? this.#commit.settled() : this.#remove(key, before);
    return before === undefined ? this.#insert(key, after) : this.#update(key, before, after);
  }

  #insert(key: string, record: SubscriptionRecord): Promise<void> {
    const onDisk = onDiskOf(record, NO_BLOCK);
    const [progress, standing] = [progressOf(record, onDisk.lastCseq), standingOf(record)];
    const pair = pairName(record.direction, record.watcher, record.presentity);
    const others = this.#pairs.get(pair) ?? (this.#names.mayHave(pair) ? undefined : NO_KEYS);
    return this.#commit.now(() => {
      const id = Number(this.#sql.insertProgress.run(...progress).lastInsertRowid);
      this.#sql.insert.run(id, key, ...standing);
      this.#addNames(key, record.direction, record.watcher, record.presentity);
      // What she decides comes in a moment, for all rows of the pair.
      if (others === undefined) this.#pairs.delete(pair);
      else this.#pairs.set(pair, [...others, key]);
      this.#notified.delete(id);
      this.#remember(key, { id, record, onDisk, writtenIn: this.#commit.current });
      this.#count += 1;
    });
  }

  #update(key: string, loaded: Loaded, record: SubscriptionRecord): Promise<void> | undefined {
    const { id, record: before } = loaded;
    const onDisk = onDiskOf(record, loaded.onDisk.lastCseq);
    const isInBlock = onDisk.lastCseq === loaded.onDisk.lastCseq;
    const timesStand = isInBlock && timedAsBefore(before, record);
    const standing = standsAsBefore(before, record) ? undefined : standingOf(record);
    if (timesStand && standing === undefined) return this.#noted(key, loaded, record);
    const isAsOnDisk = timesStand && onDisk.owed === loaded.onDisk.owed;
    const progress = isAsOnDisk ? undefined : progressOf(record, onDisk.lastCseq);
    return this.#commit.now(() => {
      // An index is written whenever a column of it is named, also when nothing has changed.
      if (progress !== undefined && before.dueAt === record.dueAt)
        this.#sql.updateProgress.run(progress[0], progress[1], progress[2], progress[3], id);
      else if (progress !== undefined) this.#sql.updateProgressAndDue.run(...progress, id);
      const named = standing === undefined || sameNames(before, record);
      if (standing !== undefined && named) this.#sql.updateRecord.run(standing[standing.length - 1], id);
      else if (standing !== undefined) this.#sql.updateAll.run(...standing, id);
      if (!named) this.#renamed(key, before, record);
      this.#remember(key, { id, record, onDisk, writtenIn: this.#commit.current });
    });
  }

  #remember(key: string, loaded: Loaded): void {
    const { id, record, onDisk } = loaded;
    this.#recent.set(key, loaded);
    if (record.direction !== "sip-watcher") return;
    const { localCseq } = record.dialog;
    if (localCseq === onDisk.lastCseq && record.owed === onDisk.owed) this.#notified.delete(id);
    else this.#notified.set(id, 2 * localCseq + Number(record.owed));
  }

  /** A NOTIFY goes out, or has been answered, and the row on disk stays. */
  #noted(key: string, loaded: Loaded, record: SubscriptionRecord): Promise<void> | undefined {
    const { id, onDisk } = loaded;
    this.#remember(key, { ...loaded, record });
    if (onDisk.owed && record.direction === "sip-watcher" && !record.owed) {
      this.#paid.add(id);
      this.#recent.set(key, { ...loaded, record, onDisk: { ...onDisk, owed: false } });
    }
    return this.#settled(loaded);
  }

  /** Else a later life would send those NOTIFYs once more. */
  #writePaid(ids: readonly number[]): void {
    // Another may be owed meanwhile; of a row that is not noted the disk says all.
    const still = ids.filter((one) => ((this.#notified.get(one) ?? OWED) & OWED) === 0);
    if (still.length > 0) this.#sql.updateOwed.run(JSON.stringify(still));
  }

  #addNames(key: string, direction: Direction, watcher: string, presentity: string): void {
    this.#names.add(key);
    this.#names.add(watcherName(direction, watcher));
    this.#names.add(pairName(direction, watcher, presentity));
  }

  /** Its pair is another one now. */
  #renamed(
    key: string,
    before: SubscriptionRecord,
    { direction, watcher, presentity }: SubscriptionRecord,
  ): void {
    this.#pairs.delete(pairName(before.direction, before.watcher, before.presentity));
    this.#pairs.delete(pairName(direction, watcher, presentity));
    this.#addNames(key, direction, watcher, presentity);
  }

  #remove(key: string, { id, record }: Loaded): Promise<void> {
    return this.#commit.now(() => {
      this.#pairs.delete(pairName(record.direction, record.watcher, record.presentity));
      this.#notified.delete(id);
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
  /** What the row says of NOTIFYs. */
  readonly onDisk: OnDisk;
  /** The group that wrote it last; 0 when that was long ago. */
  readonly writtenIn: number;
}

interface OnDisk {
  /** A later life goes on above it. */
  readonly lastCseq: number;
  readonly owed: boolean;
}

/** @param lastCseq of the row as it is */
function onDiskOf(record: SubscriptionRecord, lastCseq: number): OnDisk {
  if (record.direction === "xmpp-watcher") return { lastCseq: record.dialog?.localCseq ?? 0, owed: false };
  const { localCseq } = record.dialog;
  return { lastCseq: localCseq <= lastCseq ? lastCseq : localCseq + CSEQ_BLOCK, owed: record.owed };
}

type Names = readonly [key: string, direction: Direction, watcher: string, presentity: string];

function pairName(direction: Direction, watcher: string, presentity: string): string {
  return `${direction} ${watcher} ${presentity}`;
}

function watcherName(direction: Direction, watcher: string): string {
  return `${direction} ${watcher}`;
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

/** Lowest bit of what is noted of NOTIFYs. */
const OWED = 1;
/** CSeq of a row that is not there yet: it gets its first block at once, since its first NOTIFY follows in a moment. */
const NO_BLOCK = -1;
const NO_KEYS: readonly string[] = [];
const NO_RECORDS: readonly SubscriptionRecord[] = [];

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
    keyOfDialog: database
      .prepare(
        "SELECT key FROM subscription WHERE direction = 'xmpp-watcher' AND call_id = ? AND local_tag = ?",
      )
      .pluck(),
    countOfWatcher: database
      .prepare("SELECT count(*) FROM subscription WHERE watcher = ? AND direction = ?")
      .pluck(),
    count: database.prepare("SELECT count(*) FROM subscription_progress").pluck(),
    names: database.prepare("SELECT key, direction, watcher, presentity FROM subscription").raw(),
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
    updateNotified: database.prepare(
      "UPDATE subscription_progress SET local_cseq = ?, owed = ? WHERE id = ?",
    ),
    updateOwed: database.prepare(
      "UPDATE subscription_progress SET owed = 0 WHERE id IN (SELECT value FROM json_each(?))",
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
