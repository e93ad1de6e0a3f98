/** Opens the database of a gateway: alone, sound, writable, at the newest schema; or says in a sentence why not. */

import Database from "better-sqlite3";
import { takeInstanceLock } from "./instance-lock";
import { migrate } from "./migrations";
import { DAMAGED, explain } from "./problem";

/** How long a start waits for somebody else's transaction, milliseconds. */
const START_WAIT_MS = 2_000;
/** The same while the gateway runs, where the event loop stands still meanwhile: `isthmus subs` writes for some milliseconds. */
const RUNNING_WAIT_MS = 500;
/** Up to this size the whole file is looked through at every start: 0.2 s for 80 MB. Larger ones are left to `isthmus check`. */
const CHECKED_OCTETS = 256 * 1024 * 1024;
/**
 * Pages of the log (64 MiB) before they are copied into the file, which keeps the event loop waiting for the disk twice. Most
 * are of the same rows over and over: a longer log costs fewer waits, and 0.1 s more to a start after a crash.
 */
const CHECKPOINT_PAGES = 16_000;
/** What SQLite may keep of the file in memory, KiB: the inner pages of the indexes of 100,000 subscriptions, and their progress. */
const CACHE_KIB = 16_384;

export interface StoreOptions {
  /** Path of the database file, or ":memory:". */
  readonly file: string;
  /** Folder of the numbered migrations. */
  readonly migrations: string;
  /** Subscriptions whose rows are kept parsed; absent: as many as pay. */
  readonly parsedRows?: number;
}

export interface Opened {
  readonly database: Database.Database;
  /** Lets another gateway have it. */
  readonly release: () => void;
}

/**
 * Opens or creates the database and brings it to the newest schema.
 * @throws Error with a sentence that names the file and what to do
 */
export function openDatabase({ file, migrations }: StoreOptions): Opened {
  let database: Database.Database | undefined;
  let release = (): void => undefined;
  try {
    database = new Database(file, { timeout: START_WAIT_MS });
    database.pragma("journal_mode = WAL");
    release = onlyGateway(file);
    if (octetsOf(database) <= CHECKED_OCTETS) checkPages(database);
    migrate(database, migrations);
    checkWritable(database);
    // The promise covers a power cut, not only a crash: what FULL would do beyond NORMAL is done by DiskSync.
    database.pragma("synchronous = NORMAL");
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.pragma(`cache_size = ${-CACHE_KIB}`);
    database.pragma(`busy_timeout = ${RUNNING_WAIT_MS}`);
    return { database, release };
  } catch (error) {
    database?.close();
    release();
    throw explain(file, error);
  }
}

/**
 * Looks through every page for damage.
 * @throws Error naming what was found first
 */
export function checkPages(database: Database.Database): void {
  const found = database.pragma("quick_check(1)", { simple: true }) as string;
  if (found !== "ok") throw new Error(`${found.replaceAll("\n", " ")} (${DAMAGED})`);
}

/** Writes a page as it is: a full disk or a file that may only be read shows now, and not with the first message. */
export function checkWritable(database: Database.Database): void {
  database.pragma(`user_version = ${database.pragma("user_version", { simple: true })}`);
}

function onlyGateway(file: string): () => void {
  try {
    return takeInstanceLock(file);
  } catch (error) {
    if (!(error as { code?: string }).code?.startsWith("SQLITE_BUSY")) throw error;
    throw new Error("a gateway runs on it already: stop that one, or name another file in store.file");
  }
}

function octetsOf(database: Database.Database): number {
  const [pages, size] = ["page_count", "page_size"].map((name) => database.pragma(name, { simple: true }));
  return Number(pages) * Number(size);
}
