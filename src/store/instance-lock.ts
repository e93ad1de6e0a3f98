/** One gateway for one database: a lock beside the file, which ends with the process, however that ends. */

import { existsSync } from "node:fs";
import Database from "better-sqlite3";

/** A gateway that is being stopped lets go of its database within this time, milliseconds; nobody else waits on this lock. */
const WAIT_MS = 2_000;

/**
 * Takes the lock of a database file. It is an exclusive lock on an empty SQLite database of its own, `FILE-lock`, so that
 * readers, backups and `isthmus subs` are not kept from the real one. The file stays; the lock goes with the process.
 * @returns what lets it go
 * @throws Error of SQLite: SQLITE_BUSY when another gateway has it
 */
export function takeInstanceLock(file: string): () => void {
  if (file === ":memory:") return () => undefined;
  const lock = new Database(lockFile(file), { timeout: WAIT_MS });
  try {
    // Nothing is ever written, so nothing of a journal shall lie about.
    lock.pragma("journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw error;
  }
  return () => lock.close();
}

/** Does a gateway run on this database? Undefined: the lock may not be read by this user. */
export function isInstanceRunning(file: string): boolean | undefined {
  if (!existsSync(lockFile(file))) return false;
  try {
    const lock = new Database(lockFile(file), { readonly: true, timeout: 0 });
    try {
      lock.prepare("SELECT count(*) FROM sqlite_schema").get();
      return false;
    } finally {
      lock.close();
    }
  } catch (error) {
    return (error as { code?: string }).code?.startsWith("SQLITE_BUSY") ? true : undefined;
  }
}

export function lockFile(file: string): string {
  return `${file}-lock`;
}
