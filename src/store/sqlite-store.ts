/** The store on SQLite: journal, receipts, counters. Architecture §5. */

import Database from "better-sqlite3";
import type { SipMessageOut } from "../core/effect";
import type {
  DropRequests,
  JournalEntry,
  PublicationStore,
  ReceiptRow,
  Store,
  SubscriptionStore,
} from "../gateway/sides";
import { DiskSync } from "./disk-sync";
import { GroupCommit, SyncError } from "./group-commit";
import { migrate } from "./migrations";
import { SqlitePublications } from "./publications";
import { SqliteSubscriptions } from "./subscriptions";

/** Sequence numbers are reserved on disk in blocks of this size, so that taking one costs no write. */
const SEQ_BLOCK = 10_000;

/** Pages of the log (16 MiB) before they are copied into the file, which keeps the event loop waiting for the disk twice. */
const CHECKPOINT_PAGES = 4_000;

/** What SQLite may keep of the file in memory, KiB: the indexes of 100,000 subscriptions and the rows that change. */
const CACHE_KIB = 32_768;

export interface StoreOptions {
  /** Path of the database file, or ":memory:". */
  readonly file: string;
  /** Folder of the numbered migrations. */
  readonly migrations: string;
}

/** All that is kept on disk, behind one connection and one group commit. */
export interface OpenStore extends Store {
  readonly subscriptions: SubscriptionStore & DropRequests;
  readonly publications: PublicationStore;
}

/**
 * Opens or creates the database and brings it to the newest schema.
 * @throws Error with a sentence that names the file and what to do
 */
export function openStore(options: StoreOptions): OpenStore {
  const database = open(options.file);
  try {
    database.pragma("journal_mode = WAL");
    migrate(database, options.migrations);
    // The promise covers a power cut, not only a crash: what FULL would do beyond NORMAL is done by DiskSync.
    database.pragma("synchronous = NORMAL");
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.pragma(`cache_size = ${-CACHE_KIB}`);
    return new SqliteStore(database, new DiskSync(options.file));
  } catch (error) {
    database.close();
    throw new Error(explain(options.file, error));
  }
}

class SqliteStore implements OpenStore {
  readonly subscriptions: SubscriptionStore & DropRequests;
  readonly publications: PublicationStore;
  readonly #database: Database.Database;
  readonly #sync: DiskSync;
  readonly #commit: GroupCommit;
  readonly #insert: Database.Statement;
  readonly #remove: Database.Statement;
  readonly #report: Database.Statement;
  readonly #putReceipt: Database.Statement;
  readonly #getReceipt: Database.Statement;
  readonly #forgetReceipts: Database.Statement;
  readonly #reserve: Database.Statement;
  /** Receipts on their way to the disk: whoever reads meanwhile must see them. */
  readonly #fresh = new Map<string, ReceiptRow>();
  /** Entries to be removed with the next group. */
  #done: number[] | undefined;
  #size: number;
  #next: number;
  #reserved: number;

  constructor(database: Database.Database, sync: DiskSync) {
    this.#database = database;
    this.#sync = sync;
    this.#commit = new GroupCommit(database, sync);
    this.subscriptions = new SqliteSubscriptions(database, this.#commit);
    this.publications = new SqlitePublications(database, this.#commit);
    this.#insert = database.prepare("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM journal WHERE seq IN (SELECT value FROM json_each(?))");
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
    const { seq, pair, rid, receivedAt, request, origin, report = null } = entry;
    const [requestText, originText] = [requestJson(request), JSON.stringify(origin)];
    this.#size += 1;
    const written = this.#commit.add(() =>
      this.#insert.run(seq, pair, rid, receivedAt, requestText, request.body, originText, report),
    );
    return written.catch((error) => {
      this.#size -= 1;
      // Its sender is refused now, so a later life must not send it.
      if (error instanceof SyncError) this.#removeLater(seq);
      throw error;
    });
  }

  journalReport(seq: number, report: string): Promise<void> {
    return this.#commit.add(() => this.#report.run(report, seq));
  }

  journalDone(seq: number): void {
    this.#size -= 1;
    this.#removeLater(seq);
  }

  /** One statement removes all that were done since the last group. */
  #removeLater(seq: number): void {
    if (this.#done !== undefined) {
      this.#done.push(seq);
      return;
    }
    const done = [seq];
    this.#done = done;
    this.#commit.addLasting(() => {
      // Those that come from now on go with the next group, whatever becomes of this one.
      if (this.#done === done) this.#done = undefined;
      this.#remove.run(JSON.stringify(done));
    });
  }

  journalLeft(): readonly JournalEntry[] {
    this.#commit.flush();
    const rows = this.#database.prepare("SELECT * FROM journal ORDER BY seq").all() as JournalRow[];
    return rows.map(toEntry);
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
    this.#sync.close();
    this.#database.close();
  }
}

function receiptName(side: ReceiptRow["side"], key: string): string {
  return `${side} ${key}`;
}

interface JournalRow {
  readonly seq: number;
  readonly pair: string;
  readonly rid: string;
  readonly received_at: number;
  readonly request: string;
  readonly body: Buffer;
  readonly origin: string;
  readonly report: string | null;
}

/** Without its body, which has a column of its own. */
function requestJson(request: SipMessageOut): string {
  const { toUri, fromUri, fromTag, callId, cseq, branch, contentType, headers, peer } = request;
  // "Required": a field that is added to a request must be added here.
  const kept: Required<Omit<SipMessageOut, "body">> = {
    toUri,
    fromUri,
    fromTag,
    callId,
    cseq,
    branch,
    contentType,
    headers,
    peer,
  };
  return JSON.stringify(kept);
}

function toEntry(row: JournalRow): JournalEntry {
  return {
    seq: row.seq,
    pair: row.pair,
    rid: row.rid,
    receivedAt: row.received_at,
    request: { ...JSON.parse(row.request), body: row.body },
    origin: JSON.parse(row.origin),
    ...(row.report === null ? {} : { report: row.report }),
  };
}

function open(file: string): Database.Database {
  try {
    return new Database(file, { timeout: 2000 });
  } catch (error) {
    throw new Error(explain(file, error));
  }
}

function explain(file: string, error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  const advice = ADVICE.find(([prefix]) => code?.startsWith(prefix))?.[1] ?? "see the message of SQLite";
  return `database ${file}: ${message} (${advice})`;
}

const ADVICE: readonly (readonly [code: string, advice: string])[] = [
  ["SQLITE_CORRUPT", "the file is damaged: restore it from a backup, or move it away to start empty"],
  ["SQLITE_NOTADB", "this is not a database: move it away, or name another file in store.file"],
  ["SQLITE_BUSY", "another process holds it: is a gateway running already?"],
  ["SQLITE_LOCKED", "another process holds it: is a gateway running already?"],
  ["SQLITE_FULL", "the disk is full: make room"],
  ["SQLITE_CANTOPEN", "the folder must exist and be writable for the user that runs Isthmus"],
  ["SQLITE_READONLY", "the file must be writable for the user that runs Isthmus"],
  ["SQLITE_IOERR", "the disk did not take it: look at the system's log"],
];
