/** The store on SQLite: journal, receipts, counters; subscriptions and publications beside them. Architecture §5. */

import type Database from "better-sqlite3";
import type {
  BindingStore,
  DropRequests,
  JournalEntry,
  ListStore,
  PublicationStore,
  ReceiptRow,
  Store,
  SubscriptionStore,
  WaitingStore,
} from "../gateway/sides";
import { SqliteBindings } from "./bindings";
import { DiskSync } from "./disk-sync";
import { GroupCommit, SyncError } from "./group-commit";
import { IdsOfGroup } from "./ids-of-group";
import { entryOf, type JournalRow } from "./journal-row";
import { addRow, JournalRows } from "./journal-rows";
import { SqliteLists } from "./lists";
import { openDatabase, type StoreOptions } from "./opening";
import { explain } from "./problem";
import { SqlitePublications } from "./publications";
import { SqliteSubscriptions } from "./subscriptions";
import { SqliteWaiting } from "./waiting";

/** Sequence numbers are reserved on disk in blocks of this size, so that taking one costs no write. */
const SEQ_BLOCK = 10_000;

/** All that is kept on disk, behind one connection and one group commit. */
export interface OpenStore extends Store {
  readonly subscriptions: SubscriptionStore & DropRequests;
  readonly publications: PublicationStore;
  readonly bindings: BindingStore;
  readonly waiting: WaitingStore;
  readonly lists: ListStore;
}

/**
 * Opens or creates the database and brings it to the newest schema.
 * @throws Error with a sentence that names the file and what to do
 */
export function openStore(options: StoreOptions): OpenStore {
  const { database, release } = openDatabase(options);
  try {
    return new SqliteStore(database, new DiskSync(options.file), release, options.parsedRows);
  } catch (error) {
    database.close();
    release();
    throw explain(options.file, error);
  }
}

class SqliteStore implements OpenStore {
  readonly subscriptions: SqliteSubscriptions;
  readonly publications: PublicationStore;
  readonly bindings: BindingStore;
  readonly waiting: WaitingStore;
  readonly lists: ListStore;
  readonly #database: Database.Database;
  readonly #sync: DiskSync;
  readonly #release: () => void;
  readonly #commit: GroupCommit;
  readonly #rows: JournalRows;
  readonly #remove: Database.Statement;
  readonly #report: Database.Statement;
  readonly #putReceipt: Database.Statement;
  readonly #getReceipt: Database.Statement;
  readonly #forgetReceipts: Database.Statement;
  readonly #reserve: Database.Statement;
  /** Receipts on their way to the disk: whoever reads meanwhile must see them. */
  readonly #fresh = new Map<string, ReceiptRow>();
  /** Entries that the next group will write. */
  #batch: Batch | undefined;
  /** Entries to be removed with the next group. */
  readonly #done: IdsOfGroup;
  #size: number;
  #next: number;
  #reserved: number;

  constructor(database: Database.Database, sync: DiskSync, release: () => void, parsedRows?: number) {
    this.#database = database;
    this.#sync = sync;
    this.#release = release;
    this.#commit = new GroupCommit(database, sync);
    this.subscriptions = new SqliteSubscriptions(database, this.#commit, parsedRows);
    this.publications = new SqlitePublications(database, this.#commit);
    this.bindings = new SqliteBindings(database, this.#commit);
    this.waiting = new SqliteWaiting(database, this.#commit);
    this.lists = new SqliteLists(database, this.#commit);
    this.#rows = new JournalRows(database);
    this.#commit.onUndone(() => {
      this.#batch = undefined;
    });
    this.#remove = database.prepare("DELETE FROM journal WHERE seq IN (SELECT value FROM json_each(?))");
    this.#done = new IdsOfGroup(this.#commit, (seqs) => this.#remove.run(JSON.stringify(seqs)));
    this.#report = database.prepare("UPDATE journal SET report = ? WHERE seq = ?");
    this.#putReceipt = database.prepare("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?)");
    this.#getReceipt = database
      .prepare("SELECT value FROM receipt WHERE side = ? AND key = ? AND expires_at > ?")
      .pluck();
    this.#forgetReceipts = database.prepare("DELETE FROM receipt WHERE expires_at <= ?");
    this.#reserve = database.prepare(
      "INSERT INTO counter VALUES ('seq', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    this.#size = database.prepare("SELECT count(*) FROM journal").pluck().get() as number;
    this.#reserved = (database.prepare("SELECT value FROM counter WHERE name = 'seq'").pluck().get() ??
      1) as number;
    this.#next = this.#reserved;
  }

  journal(entry: JournalEntry): Promise<void> {
    this.#batch ??= this.#newBatch();
    const { seqs, values, written } = this.#batch;
    addRow(values, entry);
    seqs.push(entry.seq);
    this.#size += 1;
    return written;
  }

  /** Entries of one group share their statements, and the promise that all of them are on disk. */
  #newBatch(): Batch {
    const seqs: number[] = [];
    const values: unknown[] = [];
    const written = this.#commit
      .add(() => {
        this.#batch = undefined;
        this.#rows.write(values);
      })
      .catch((error) => {
        this.#size -= seqs.length;
        // Their senders are refused now, so a later life must not send them.
        if (error instanceof SyncError) for (const seq of seqs) this.#done.add(seq);
        throw error;
      });
    // Not every caller waits: a failure that nobody hears of must not end the process.
    written.catch(() => undefined);
    return { seqs, values, written };
  }

  journalReport(seq: number, report: string): Promise<void> {
    return this.#commit.add(() => this.#report.run(report, seq));
  }

  journalDone(seq: number): void {
    this.#size -= 1;
    this.#done.add(seq);
  }

  journalLeft(): readonly JournalEntry[] {
    this.#commit.flush();
    const rows = this.#database.prepare("SELECT * FROM journal ORDER BY seq").all() as JournalRow[];
    return rows.map(entryOf);
  }

  journalSize(): number {
    return this.#size;
  }

  nextSeq(): number {
    if (this.#next >= this.#reserved) {
      // Only when the disk has it: a number that was given out twice would fail the whole group that it is journalled with.
      if (this.#database.inTransaction) this.#commit.flush();
      this.#reserve.run(this.#next + SEQ_BLOCK);
      this.#reserved = this.#next + SEQ_BLOCK;
    }
    return this.#next++;
  }

  putReceipt(row: ReceiptRow): Promise<void> {
    const name = receiptName(row.side, row.key);
    this.#fresh.set(name, row);
    const written = this.#commit.add(() => this.#putReceipt.run(row.side, row.key, row.value, row.expiresAt));
    const forget = (): void => {
      if (this.#fresh.get(name) === row) this.#fresh.delete(name);
    };
    written.then(forget, forget);
    return written;
  }

  getReceipt(side: "sip" | "xmpp", key: string, now: number): string | undefined {
    const fresh = this.#fresh.get(receiptName(side, key));
    if (fresh !== undefined) return fresh.expiresAt > now ? fresh.value : undefined;
    return this.#getReceipt.get(side, key, now) as string | undefined;
  }

  forgetReceipts(before: number): void {
    this.#commit.add(() => this.#forgetReceipts.run(before));
  }

  close(): void {
    this.#commit.flush();
    // By itself: should it fail, nothing else is undone with it.
    this.subscriptions.close();
    this.#commit.flush();
    this.#sync.close();
    this.#database.close();
    this.#release();
  }
}

interface Batch {
  readonly seqs: number[];
  readonly values: unknown[];
  readonly written: Promise<void>;
}

function receiptName(side: ReceiptRow["side"], key: string): string {
  return `${side} ${key}`;
}
